"""Ranges of bytes of a remote file: over HTTP, and by any file system of fsspec."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from omio.errors import FileMissingError, RemoteError
from omio.remote.trouble import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omio.remote.urls import Url

HEAD_BYTES = 16 << 10
"""What comes along with the first look at a file."""
AT_ONCE = 16
"""So many requests are on their way at the same time."""
LARGEST_WHOLE = 64 << 20
"""Files up to this size are taken whole from servers that do not give parts."""
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0
"""How long HTTP servers are waited for where ``storage_options`` say nothing else."""

type Range = tuple[int, int]
"""First byte, and the one behind the last."""


@dataclass(frozen=True)
class Look:
    """What a server says of a file.

    Attributes
    ----------
    size
        In bytes.
    version
        ETag, checksum or the like; empty where none is told.
    mtime_ns
        Time of the last change; 0 where it is not told.
    head
        First bytes, where they came along.
    is_whole
        Whether the server gives the file only whole.
    """

    size: int
    version: str = ""
    mtime_ns: int = 0
    head: bytes = b""
    is_whole: bool = False


class Wire(Protocol):
    """How bytes of one file come here."""

    def look(self) -> Look:
        """Ask for size and version."""
        ...

    def fetch(self, ranges: Sequence[Range], version: str) -> list[bytes]:
        """Return the bytes of ranges, all of one version of the file where the protocol can tell."""
        ...


def wire_to(url: Url) -> Wire:
    """Return how to reach a file; nothing is asked yet.

    Raises
    ------
    MissingDependencyError, OptionError
        No package for the scheme, or options that it does not take.
    """
    if url.scheme in ("http", "https"):
        return HttpWire(url, patiently(lambda: _http_system(url), url))
    return SystemWire(url, *system_of(url))


def system_of(url: Url) -> tuple[Any, str]:
    """Return the file system of fsspec, and the path in it; errors are those of `wire_to`."""
    from fsspec.core import url_to_fs

    found: tuple[Any, str] = patiently(lambda: url_to_fs(url.target, **url.options), url)
    return found


def _http_system(url: Url) -> Any:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
    client = {"timeout": timeout, **url.options.get("client_kwargs", {})}
    from fsspec.core import url_to_fs

    return url_to_fs(url.target, **{**url.options, "client_kwargs": client})[0]


class SystemWire:
    """A file system of fsspec: S3, Google Cloud, Azure, memory, ….

    Its versions are compared when a file is looked at, not with every range.
    """

    def __init__(self, url: Url, system: Any, path: str) -> None:
        self._url, self._system, self._path = url, system, path

    def look(self) -> Look:
        """Ask for size and version; raises `FileMissingError` also for a folder."""
        found = patiently(self._info, self._url)
        if found.get("type") == "directory" or found.get("size") is None:
            raise FileMissingError("is a folder, not a file", path=self._url)
        version = next((str(found[name]) for name in _VERSIONS if found.get(name)), "")
        changed = next((found[name] for name in _TIMES if found.get(name)), None)
        return Look(int(found["size"]), version, _nanoseconds(changed))

    def _info(self) -> dict[str, Any]:
        self._system.invalidate_cache(self._path)
        found: dict[str, Any] = self._system.info(self._path)
        return found

    def fetch(self, ranges: Sequence[Range], version: str) -> list[bytes]:
        """Return the bytes of ranges; asked for together where the file system can."""
        del version
        return _gathered(self._url, ranges, self._cat)

    def _cat(self, ranges: Sequence[Range]) -> list[bytes | BaseException]:
        starts, stops = map(list, zip(*ranges, strict=True))
        paths = [self._path] * len(starts)
        found: list[bytes | BaseException] = self._system.cat_ranges(paths, starts, stops, on_error="return")
        return found


_VERSIONS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "checksum")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")


def _nanoseconds(changed: Any) -> int:
    from datetime import datetime

    if isinstance(changed, datetime):
        return int(changed.timestamp() * 1_000_000) * 1000
    return int(changed * 1e9) if isinstance(changed, int | float) else 0


class HttpWire:
    """Range requests (RFC 9110, 14), on the connections of fsspec's HTTP file system.

    The first look is a request for the first bytes: it tells size and version too, also for addresses that are signed
    for GET alone. Later requests name the version (``If-Match``) where it is a strong one, and any answer with another
    version is `ChangedFileError`.
    """

    def __init__(self, url: Url, system: Any) -> None:
        self._url, self._system = url, system

    def look(self) -> Look:
        """Ask for size, version and the first bytes."""
        answer: Look = patiently(lambda: self._sync(self._ask, (0, HEAD_BYTES), ""), self._url)
        return answer

    def fetch(self, ranges: Sequence[Range], version: str) -> list[bytes]:
        """Return the bytes of ranges, asked for at the same time."""

        def ask(some: Sequence[Range]) -> list[bytes | BaseException]:
            found: list[bytes | BaseException] = self._sync(self._ask_all, some, version)
            return found

        return _gathered(self._url, ranges, ask)

    def _sync(self, function: Callable[..., Any], *arguments: Any) -> Any:
        from fsspec.asyn import sync

        return sync(self._system.loop, function, *arguments)

    async def _ask_all(self, ranges: Sequence[Range], version: str) -> list[bytes | BaseException]:
        import asyncio

        free = asyncio.Semaphore(AT_ONCE)

        async def ask(span: Range) -> bytes:
            async with free:
                answer = await self._ask(span, version)
            return answer.head[slice(*span)] if answer.is_whole else answer.head

        return await asyncio.gather(*map(ask, ranges), return_exceptions=True)

    async def _ask(self, span: Range, version: str) -> Look:
        keywords = dict(self._system.kwargs)
        wanted = {"Range": f"bytes={span[0]}-{span[1] - 1}", "Accept-Encoding": "identity"}
        if version.startswith('"'):
            wanted["If-Match"] = version
        keywords["headers"] = {**keywords.get("headers", {}), **wanted}
        session = await self._system.set_session()
        async with session.get(self._system.encode_url(self._url.target), **keywords) as answer:
            return await self._understood(answer, span, version)

    async def _understood(self, answer: Any, span: Range, version: str) -> Look:
        size = _whole_size(answer)
        if answer.status == 416 and span[0] == 0 and size == 0:  # no byte of an empty file can be asked for
            return _look(answer, 0)
        answer.raise_for_status()
        found = _look(answer, size, is_whole=answer.status == 200)
        if version and found.version and found.version != version:
            raise _Changed(412)
        if found.is_whole and not 0 < size <= LARGEST_WHOLE:
            told = f"the file has {size} bytes" if size else "does not say how long the file is"
            cause = f"the server gives no parts of files, and {told}"
            raise RemoteError(cause, path=self._url, remedy="Download it first.")
        return replace(found, head=await answer.read())


class _Changed(OSError):
    """Another version than the one asked for; told by the status that a server would give."""

    def __init__(self, status: int) -> None:
        super().__init__("another version")
        self.status = status


def _whole_size(answer: Any) -> int:
    """Return the size of the file: behind the slash of Content-Range, or the length of the answer."""
    _, slash, size = answer.headers.get("Content-Range", "").partition("/")
    if slash and size.isdigit():
        return int(size)
    return int(answer.headers.get("Content-Length", 0))


def _look(answer: Any, size: int, *, is_whole: bool = False) -> Look:
    from email.utils import parsedate_to_datetime

    changed = answer.headers.get("Last-Modified")
    try:
        seconds = parsedate_to_datetime(changed).timestamp() if changed else 0.0
    except ValueError:
        seconds = 0.0
    return Look(size, answer.headers.get("ETag", ""), int(seconds) * 10**9, is_whole=is_whole)


def _gathered(
    url: Url, ranges: Sequence[Range], ask: Callable[[Sequence[Range]], list[bytes | BaseException]]
) -> list[bytes]:
    """Return the bytes of all ranges; those that met passing trouble are asked for again, and only those."""
    found: dict[Range, bytes] = {}

    def some() -> None:
        lacking = [span for span in ranges if span not in found]
        answers = dict(zip(lacking, ask(lacking), strict=True))
        for span, answer in answers.items():
            if isinstance(answer, BaseException):
                raise answer
            if len(answer) != span[1] - span[0]:
                raise ConnectionError(f"{len(answer)} of {span[1] - span[0]} bytes came")
            found[span] = answer

    patiently(some, url)
    return [found[span] for span in ranges]

"""`Url`: the address of a file elsewhere, in a form that may be shown, and how it is reached."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Self, cast

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[A-Za-z0-9+.-]+)*://")
_SECRET = re.compile(r"sig|token|secret|passw|key|credential|policy|auth|session", re.IGNORECASE)
_LOCAL = ("file", "local")
_WEB = ("http", "https")
_PARTS = re.compile(r"[\\/]")


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a path is text with a scheme, such as ``s3://bucket/cells.czi``; of two letters or more.

    >>> is_url("https://host/a.tif"), is_url("C://a.tif"), is_url("run/a.tif")
    (True, False, False)
    """
    return isinstance(path, str) and _SCHEME.match(path) is not None


class Url(str):
    """The address of a remote file.

    As text it is what may be shown and compared: user and password are left out, and the values of queries that are
    secret by their names are replaced by a short digest. Pickles carry `target` and `options`, which workers need.

    Attributes
    ----------
    target
        The address itself.
    options
        ``storage_options``: what the file system is made with.
    """

    target: str
    options: Mapping[str, Any]

    def __new__(cls, target: str, options: Mapping[str, Any] | None = None) -> Self:
        """Take an address as the user gave it."""
        self = super().__new__(cls, _shown(target))
        self.target, self.options = target, dict(options or {})
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what reaches the file."""
        return type(self), (self.target, self.options)

    @property
    def scheme(self) -> str:
        """``"s3"``, ``"https"``, …; of a chain, such as ``zip::s3``, the first."""
        return self.target.partition(":")[0].lower()

    @property
    def name(self) -> str:
        """The last part of the path, without the query."""
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def path(self) -> str:
        """The path as its server knows it; of other schemes than HTTP with the bucket."""
        if self.scheme not in _WEB:
            return _path_of(self.target)
        from urllib.parse import unquote

        return unquote(_path_of(self.target))

    @property
    def root(self) -> str:
        """Scheme and host or bucket."""
        return "/".join(self.split("/", 3)[:3])

    def with_options(self, **options: Any) -> Url:
        """Return the same address, reached by further options."""
        return Url(self.target, {**self.options, **options})

    def child(self, path: str) -> Url:
        """Return what lies below; the query is kept, as it may hold a signature."""
        return self._with_path(f"{_path_of(self.target).rstrip('/')}/{self._quoted(path)}")

    def beside(self, name: str) -> Url | None:
        """Return a file in the same folder or below it; None for a name that leads anywhere else.

        >>> Url("s3://b/run/a.tif").beside("b.tif"), Url("s3://b/run/a.tif").beside("../c.tif")
        ('s3://b/run/b.tif', None)
        """
        parts = _PARTS.split(name)
        if any(part in ("", ".", "..") or ":" in part for part in parts):
            return None
        return self._with_path(f"{_path_of(self.target).rpartition('/')[0]}/{self._quoted('/'.join(parts))}")

    def hides(self, text: str) -> str:
        """Return a text with everything secret in it replaced."""
        for secret in sorted(set(_secrets(self.target, self.options)), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _quoted(self, path: str) -> str:
        if self.scheme not in _WEB:
            return path
        from urllib.parse import quote

        return quote(path)

    def _with_path(self, path: str) -> Url:
        if self.scheme not in _WEB:
            scheme = self.target.partition("://")[0]
            return Url(f"{scheme}://{path}", self.options)
        from urllib.parse import urlsplit, urlunsplit

        parts = urlsplit(self.target)
        return Url(urlunsplit(parts._replace(path=path)), self.options)


def _path_of(target: str) -> str:
    """Return the path; of other schemes than HTTP with the bucket, and with any ``?``, which a key may have."""
    if target.lower().startswith(("http://", "https://")):
        from urllib.parse import urlsplit

        return urlsplit(target).path
    return target.partition("://")[2]


def _shown(target: str) -> str:
    if not target.lower().startswith(("http://", "https://")):
        return re.sub(r"(://)[^/@]*@", r"\1", target)
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(target)
    query = "&".join(map(_shown_query, parts.query.split("&"))) if parts.query else ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment=""))


def _shown_query(pair: str) -> str:
    name, _, value = pair.partition("=")
    if not value or not _SECRET.search(name):
        return pair
    import hashlib

    return f"{name}=***{hashlib.blake2b(value.encode(), digest_size=4).hexdigest()}"


def _secrets(target: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must not be shown: the full query, passwords, and texts among the options."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(target)
    pairs = (pair.partition("=")[::2] for pair in parts.query.split("&"))
    yield from (value for name, value in pairs if value and _SECRET.search(name))
    yield from filter(None, (parts.password, parts.username, unquote(parts.password or "")))
    yield from _texts(options)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("latin-1")
        if len(text) > 3 and not is_url(text):
            yield text
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


class UrlPath(PurePosixPath):
    """A `Url` where a path is asked for: `name`, `suffix` and `parent` are those of its path.

    It is no file of this machine; ``os.fspath`` gives the `Url`.
    """

    def __init__(self, url: Url) -> None:
        super().__init__(url.path)
        self._url = url

    def with_segments(self, *segments: str | os.PathLike[str]) -> PurePosixPath:  # type: ignore[override]
        """Paths derived from it are plain text, and no longer lead anywhere."""
        return PurePosixPath(*segments)

    def __fspath__(self) -> str:
        """Return the address."""
        return self._url

    def __str__(self) -> str:
        """Return the address as it is shown."""
        return self._url


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return a path object: a `Path`, or for a `Url` what has its names and no file."""
    found = os.fspath(path)
    return cast("Path", UrlPath(found)) if isinstance(found, Url) else Path(found)


def base_name(path: str) -> str:
    """Return the name of a file without its folders, which are nobody else's business."""
    return path.name if isinstance(path, Url) else os.path.basename(path.rstrip("/"))  # noqa: PTH119 - a plain string


def named_by_user(path: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the `Url` that a user's text names; plain paths, also of ``file://``, are paths of this machine."""
    if isinstance(path, Url) or not is_url(path):
        return path
    if path.partition("://")[0].lower() in _LOCAL:
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return url2pathname(urlsplit(path).path)
    return Url(path, options)

"""A file at a URL that is whole or absent: written on this machine, then uploaded in one piece.

Object stores show an object when all of it has arrived. On other file systems it arrives under another name and is
renamed.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from omio.errors import OmioError, SourceOverwriteError, WriteError
from omio.remote.cache import CACHE
from omio.remote.trouble import patiently
from omio.remote.urls import Url
from omio.remote.wires import system_of
from omio.store.atomic import as_write_errors, exists, free_name, temporary_name
from omio.store.folders import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omio.lazy.leaf import FileStamp
    from omio.policies.write import Overwrite

_WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""Schemes where what is put appears whole."""


class Upload:
    """A file that will be uploaded.

    Attributes
    ----------
    file
        Open for reading and writing.
    temp
        Where it lies on this machine.
    path
        The URL it will have; with ``overwrite="increment"`` final only when the ``with`` block has ended.
    """

    def __init__(self, path: str, temp: Path, file: BinaryIO) -> None:
        self.path, self.temp, self.file = path, temp, file


@contextmanager
def upload(
    path: str, *, overwrite: Overwrite, sources: Iterable[FileStamp], options: Mapping[str, Any] | None
) -> Iterator[Upload]:
    """Write a file that appears at a URL only when the block ends without an error.

    Raises
    ------
    DestinationExistsError, SourceOverwriteError, WriteError
        The destination; what lay there is untouched.
    ChangedFileError
        A source changed meanwhile.
    """
    url, stamps = Url(path, options), tuple(sources)
    if url.scheme in ("http", "https"):
        raise WriteError("nothing can be written by HTTP", path=url, remedy="Write to a folder or an object store.")
    if overwrite != "increment" and any(stamp.path == url for stamp in stamps):
        raise SourceOverwriteError("is read by this dataset", path=url, remedy="Write to another name.")
    _free(url, overwrite)
    with as_write_errors(url), scratch(url.name or "upload") as folder:
        temp = folder / (url.name or "upload")
        with temp.open("x+b") as file:
            pending = Upload(url, temp, file)
            yield pending
            file.flush()
            for stamp in stamps:
                stamp.check()
            pending.path = _put(temp, _free(url, overwrite))


def _free(url: Url, overwrite: Overwrite) -> Url:
    """Return the URL to write to; raises where it is taken and may not be replaced."""
    taken, free = 0, url
    while overwrite != "replace" and _is_there(free):
        if overwrite == "error":
            raise exists(url)
        taken += 1
        free = url.beside(free_name(Path(url.name), taken).name) or url
    return free


def _is_there(url: Url) -> bool:
    system, path = system_of(url)

    def ask() -> bool:
        system.invalidate_cache(path)
        return bool(system.exists(path))

    return patiently(ask, url)


def _put(temp: Path, url: Url) -> Url:
    system, path = system_of(url)
    aside = path if url.scheme in _WHOLE else f"{path.rpartition('/')[0]}/{temporary_name(url.name)}"
    try:
        patiently(lambda: system.put_file(str(temp), aside), url)
        if aside != path:
            patiently(lambda: system.mv(aside, path), url)
    except OmioError as error:
        raise WriteError(f"cannot be uploaded: {error.cause}", path=url, remedy=error.remedy) from None
    CACHE.forget(url)
    return url

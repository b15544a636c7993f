"""Looks at remote files: each counts for some seconds, so what is asked again and again costs one request."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from omio.errors import DamagedFileError, FileAccessError, FileMissingError, OmioError, OmioWarning
from omio.remote.cache import CACHE
from omio.remote.wires import wire_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.remote.urls import Url
    from omio.remote.wires import Look

_ANONYMOUS: dict[str, dict[str, Any]] = {
    "s3": {"anon": True},
    "s3a": {"anon": True},
    "az": {"anon": True},
    "abfs": {"anon": True},
    "gs": {"token": "anon"},
    "gcs": {"token": "anon"},
}
"""Options by which public buckets are read without an account."""
MOST_READ_AT_ONCE = 256 << 20
"""Bytes of a document, and of an OME-XML file."""
_told: set[str] = set()


def look_at(url: Url) -> Look:
    """Return size and version of a file, as they were at most some seconds ago.

    Raises
    ------
    FileMissingError, FileAccessError, RemoteError, MissingDependencyError, OptionError
        What keeps it from being read.
    """
    found = CACHE.look(url) or _look_now(url)
    if isinstance(found, OmioError):
        raise found
    return found


def _look_now(url: Url) -> Look | OmioError:
    try:
        found: Look | OmioError = wire_to(url).look()
    except OmioError as error:
        found = error
    if isinstance(found, OmioError):
        CACHE.keep_look(url, found)
        return found
    if not found.version and not found.mtime_ns:
        CACHE.forget_blocks(url)  # nothing would tell that it changed
    CACHE.keep_blocks((url, found.size, found.version, found.mtime_ns), 0, found.head)
    CACHE.keep_look(url, found, lasts=found.is_whole)  # where another look would take the whole file again
    if found.is_whole:
        _tell(f"{url}: the server gives no parts of files; it is taken whole")
    return found


def entry_of(url: Url, documents: Sequence[str] = ()) -> str:
    """Return what of a URL is there: the file itself (empty), or the first of the `documents` of a folder.

    Folders cannot be asked for: object stores have none, and servers answer as they like.

    Raises
    ------
    FileMissingError, FileAccessError, RemoteError, MissingDependencyError, OptionError
        Nothing can be read there.
    """
    refused: list[OmioError] = []
    for name in (*documents, "") if url.name.endswith(".zarr") else ("", *documents):
        try:
            look_at(url.child(name) if name else url)
        except (FileMissingError, FileAccessError) as error:
            refused.append(error)
        else:
            return name
    raise next((error for error in refused if isinstance(error, FileAccessError)), FileMissingError(_ABSENT, path=url))


_ABSENT = "no such file or folder"


def content_of(url: Url) -> bytes:
    """Return all bytes of a small file.

    Raises
    ------
    DamagedFileError
        It is not small.
    """
    from omio.remote.files import RemoteFile

    file = RemoteFile(url)
    if file.size > MOST_READ_AT_ONCE:
        raise DamagedFileError(f"{file.size} bytes are more than are read at once", path=url)
    return file.read(file.size, 0)


def reached(url: Url, documents: Sequence[str] = ()) -> Url:
    """Look at a file or folder now, and return its address with the options by which it was reached.

    Where access is denied it is asked for without an account, as public buckets allow; a warning tells that once.
    Parameters and errors are those of `entry_of`.
    """
    CACHE.forget(url)
    anonymous = _ANONYMOUS.get(url.scheme)
    try:
        entry_of(url, documents)
    except FileAccessError as denied:
        if anonymous is None or anonymous.items() <= url.options.items():
            raise
        CACHE.forget(url)
        public = url.with_options(**anonymous)
        try:
            entry_of(public, documents)
        except (FileAccessError, FileMissingError):
            raise denied from None
        _tell(f"{url.root}: access was denied with the credentials at hand; it is read without any")
        return public
    return url


def _tell(text: str) -> None:
    if text not in _told:
        _told.add(text)
        warnings.warn(text, OmioWarning, stacklevel=5)

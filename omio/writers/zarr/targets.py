"""Where documents and chunks go: a folder, a zip file whose entries are written once, or a store elsewhere."""

from __future__ import annotations

import os
import secrets
import threading
import zipfile
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from omio.store.folders import ASIDE
from omio.store.platform import write_at

if TYPE_CHECKING:
    from pathlib import Path

    from omio.backends.zarr.fetch import Fetch
    from omio.backends.zarr.stored import Fetching


class Target(Protocol):
    """Takes the files of a hierarchy by their keys.

    Attributes
    ----------
    is_shared
        It can be pickled, and workers of a cluster put their chunks themselves.
    """

    is_shared: ClassVar[bool]

    @property
    def fetch(self) -> Fetching:
        """How what was put is read back."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Store a file; several threads may do so at once."""
        ...


class FolderTarget:
    """Files in a folder.

    Parameters
    ----------
    folder
        Is not there under its name until all is whole.
    aside
        Write each file aside and rename it. Workers of a cluster may put the same file twice, and one may be stopped
        at it: then what another has put stays whole.
    """

    is_shared: ClassVar[bool] = True

    def __init__(self, folder: Path, *, aside: bool = False) -> None:
        self._folder = os.fspath(folder)
        self._aside = f"{self._folder}/{ASIDE}" if aside else None
        if self._aside:
            os.makedirs(self._aside, exist_ok=True)  # noqa: PTH103 - one spelling in this class

    @property
    def fetch(self) -> Fetch:
        """How files are read back."""
        from zarr.storage import LocalStore, StorePath

        from omio.backends.zarr.fetch import Fetch

        return Fetch(StorePath(LocalStore(self._folder, read_only=True)), self._folder)

    def put(self, key: str, content: bytes) -> None:
        """Write a file; its folders are made when one is missing."""
        path = f"{self._folder}/{key}"
        place = partial(_write, path, content)
        if self._aside is not None:
            aside = f"{self._aside}/{secrets.token_hex(8)}"
            _write(aside, content)
            place = partial(os.replace, aside, path)
        try:
            place()
        except FileNotFoundError:
            os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - as above
            place()


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, _FLAGS, 0o666)
    try:
        write_at(descriptor, content, 0)  # all of it: a disk that is nearly full takes a part
    finally:
        os.close(descriptor)


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


class ZipTarget:
    """Entries of a zip file, stored as they are: chunks are compressed already."""

    is_shared: ClassVar[bool] = False

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._lock = threading.Lock()

    @property
    def fetch(self) -> ZipTarget:
        """Entries are read back by calling the target itself."""
        return self

    @property
    def path(self) -> str:
        """The file."""
        return str(self._archive.filename)

    def put(self, key: str, content: bytes) -> None:
        """Append an entry; ZIP64 where it needs that."""
        with self._lock:
            self._archive.writestr(zipfile.ZipInfo(key, _DATE), content)

    def __call__(self, key: str, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the bytes of an entry, or `length` of them from `start` (negative: from the end); None: no entry."""
        with self._lock:
            if key not in self._archive.NameToInfo:
                return None
            with self._archive.open(key) as entry:
                entry.seek(start, os.SEEK_END if start < 0 else os.SEEK_SET)
                return entry.read(-1 if length is None else length)


_DATE = (1980, 1, 1, 0, 0, 0)
"""What zip files say where no time is told: equal images give equal files."""

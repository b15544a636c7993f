"""The Zarr store that a reference file makes: nothing is read but what lies in folders that may be read."""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from omio.backends.rawfile import RawFile, open_raw
from omio.backends.references.entries import JsonReferences, Run
from omio.backends.references.look import PARQUET
from omio.backends.references.parquet import ParquetReferences
from omio.errors import DamagedFileError
from omio.lazy.leaf import FileStamp, lease
from omio.lazy.store import VirtualStore

if TYPE_CHECKING:
    from collections.abc import Iterable

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)


class ReferenceStore(VirtualStore):
    """Serves what a reference file holds, and the bytes that it names.

    Parameters
    ----------
    path
        The reference file, or the folder of Parquet references.
    outside
        Folders besides its own that its names may lead to.
    """

    def __init__(self, path: str, outside: tuple[str, ...] = ()) -> None:
        super().__init__(read_only=True)
        self.path = path
        self._folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH120 - as names are joined to it
        self._roots = tuple(os.path.realpath(folder) for folder in (self._folder, *outside))
        self._entries = entries_of(path)
        self._stamps: dict[str, FileStamp] = {}
        self._lock = Lock()
        if any(b"imagecodecs_" in document for document in self._entries.documents()):
            register_codecs()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReferenceStore) and other.path == self.path

    __hash__ = None  # type: ignore[assignment]

    def keys(self) -> Iterable[str]:
        """Return all keys."""
        return self._entries.keys()

    async def exists(self, key: str) -> bool:
        """Whether there is such a key."""
        return self._entries[key] is not None

    def content(self, key: str) -> bytes | None:
        """Return what a key holds.

        Raises
        ------
        DamagedFileError
            The bytes are not all there, or lie in a file that may not be read.
        FileMissingError, ChangedFileError
            The file.
        """
        entry = self._entries[key]
        return self._read(entry, key) if isinstance(entry, Run) else entry

    def _read(self, run: Run, key: str) -> bytes:
        stamp = self._stamp(run.name, key)
        length = stamp.size - run.start if run.length is None else run.length
        if run.start + length > stamp.size or length < 0:
            cause = f"{length} bytes at {run.start} do not lie in a file of {stamp.size}"
            raise DamagedFileError(cause, path=stamp.path, place=key)
        with lease(open_raw, stamp) as file:
            return _whole(file, length, run.start, stamp.path)

    def _stamp(self, name: str, key: str) -> FileStamp:
        """Return a file in the state in which it was first read from."""
        with self._lock:
            if name not in self._stamps:
                self._stamps[name] = FileStamp.of(self._find(name, key))
            return self._stamps[name]

    def _find(self, name: str, key: str) -> str:
        url = _URL.fullmatch(name)
        if url is not None and url["scheme"].lower() not in ("file", "local"):
            remedy = "fsspec's ReferenceFileSystem reads it."
            raise DamagedFileError(f"names a file on another host: {name}", path=self.path, place=key, remedy=remedy)
        found = os.path.join(self._folder, name if url is None else url["rest"])  # noqa: PTH118 - for each file
        real = os.path.realpath(found)
        if not any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots):
            remedy = "Name the folder that it leads to in allow_outside=."
            raise DamagedFileError(f"leads out of its folder: {name}", path=self.path, place=key, remedy=remedy)
        return found


def entries_of(path: str) -> JsonReferences | ParquetReferences:
    """Read what a reference file, or the folder of Parquet references, says; opening an image asks several times."""
    return _entries(path, FileStamp.of(Path(path) / PARQUET if Path(path).is_dir() else path))


@lru_cache(maxsize=2)
def _entries(path: str, stamp: FileStamp) -> JsonReferences | ParquetReferences:
    return JsonReferences(path) if stamp.path == os.path.abspath(path) else ParquetReferences(path)


def _whole(file: RawFile, length: int, start: int, path: str) -> bytes:
    data = file.read(length, start)
    if len(data) != length:
        raise DamagedFileError(f"only {len(data)} of {length} bytes could be read at {start}", path=path)
    return data


@cache
def register_codecs() -> None:
    """Make zarr-python know the codecs of imagecodecs."""
    import imagecodecs.numcodecs
    import imagecodecs.zarr

    imagecodecs.zarr.register_codecs(verbose=False)
    imagecodecs.numcodecs.register_codecs(verbose=False)

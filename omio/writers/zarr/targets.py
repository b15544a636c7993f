"""Where documents and chunks go: a folder, or a zip file whose entries are written once."""

from __future__ import annotations

import os
import threading
import zipfile
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Target(Protocol):
    """Takes the files of a hierarchy by their keys."""

    def put(self, key: str, content: bytes) -> None:
        """Store a file; several threads may do so at once."""
        ...


class FolderTarget:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)

    def put(self, key: str, content: bytes) -> None:
        """Write a file; its folders are made when one is missing."""
        path = f"{self._folder}/{key}"
        try:
            file = os.open(path, _FLAGS, 0o666)
        except FileNotFoundError:
            os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - for each of a million chunks
            file = os.open(path, _FLAGS, 0o666)
        with open(file, "wb", buffering=0) as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class ZipTarget:
    """Entries of a zip file, stored as they are: chunks are compressed already."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._lock = threading.Lock()

    def put(self, key: str, content: bytes) -> None:
        """Append an entry."""
        with self._lock:
            self._archive.writestr(zipfile.ZipInfo(key, _DATE), content)


_DATE = (1980, 1, 1, 0, 0, 0)
"""What zip files say where no time is told: equal images give equal files."""

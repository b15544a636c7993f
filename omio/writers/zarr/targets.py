"""Where documents and chunks go: a folder, or a zip file whose entries are written once."""

from __future__ import annotations

import os
import secrets
import threading
import zipfile
from typing import TYPE_CHECKING, ClassVar, Protocol

from omio.store.folders import ASIDE

if TYPE_CHECKING:
    from pathlib import Path


class Target(Protocol):
    """Takes the files of a hierarchy by their keys.

    Attributes
    ----------
    is_shared
        It can be pickled, and workers of a cluster put their chunks themselves.
    """

    is_shared: ClassVar[bool]

    def put(self, key: str, content: bytes) -> None:
        """Store a file; several threads may do so at once."""
        ...


class FolderTarget:
    """Files in a folder.

    Each is written aside and renamed: a file of that name is whole, whoever was killed meanwhile, and may be put again.
    """

    is_shared: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)
        self._aside = f"{self._folder}/{ASIDE}"
        os.makedirs(self._aside, exist_ok=True)  # noqa: PTH103 - one spelling in this class

    def put(self, key: str, content: bytes) -> None:
        """Write a file; its folders are made when one is missing."""
        path, aside = f"{self._folder}/{key}", f"{self._aside}/{secrets.token_hex(8)}"
        with open(os.open(aside, _FLAGS, 0o666), "wb", buffering=0) as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
        try:
            os.replace(aside, path)  # noqa: PTH105 - for each of a million chunks
        except FileNotFoundError:
            os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - as above
            os.replace(aside, path)  # noqa: PTH105 - as above


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class ZipTarget:
    """Entries of a zip file, stored as they are: chunks are compressed already."""

    is_shared: ClassVar[bool] = False

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._lock = threading.Lock()

    def put(self, key: str, content: bytes) -> None:
        """Append an entry."""
        with self._lock:
            self._archive.writestr(zipfile.ZipInfo(key, _DATE), content)


_DATE = (1980, 1, 1, 0, 0, 0)
"""What zip files say where no time is told: equal images give equal files."""

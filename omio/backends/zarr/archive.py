"""Zip files whose directory or members may be damaged, or unpack to more than memory holds."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError, MemoryLimitError, OmioError
from omio.memory import free_memory

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

LARGE = 64 << 20
"""Members that unpack to more bytes are held against the memory that is free."""
ARCHIVE_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
"""What damage raises: in bzip2 it is an OSError; a RuntimeError claims that it is encrypted, or packed otherwise."""


@contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open a zip file; `DamagedFileError` for one whose directory cannot be read."""
    with open(path, "rb") as file, telling(path), zipfile.ZipFile(file) as archive:  # noqa: PTH123 - a plain string
        yield archive


@contextmanager
def telling(path: str | os.PathLike[str], member: str | None = None) -> Iterator[None]:
    """Raise `DamagedFileError` for what damage raises."""
    try:
        yield
    except OmioError:
        raise
    except ARCHIVE_FAULTS as error:
        raise DamagedFileError(f"is no whole zip file: {error}", path=path, place=member) from error


def check_room(size: int, path: str | os.PathLike[str], member: str) -> None:
    """Raise `MemoryLimitError` for a member that claims to unpack to more than half of the memory that is free."""
    free = free_memory() if size > LARGE else None
    if free is not None and size > free // 2:
        raise MemoryLimitError(f"unpacks to {size:,} bytes, and {free:,} are free", path=path, place=member)

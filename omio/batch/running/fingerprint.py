"""What tells one state of a file from another: size, time of the last change, and a digest of its head and tail."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from omio.errors import FileAccessError, FileMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

VERSION = 1
ENDS_BYTES = 1 << 16


@dataclass(frozen=True)
class Stamp:
    """A state of a file, or of a folder that is one image.

    Attributes
    ----------
    size
        Bytes; of a folder the sum over its files.
    mtime_ns
        Time of the last change; of a folder that of the file that changed last.
    ends
        Digest of the first and last 64 KiB; of a folder, of the names and sizes of its files.
    """

    size: int
    mtime_ns: int
    ends: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file or folder; raises `FileMissingError` or `FileAccessError`."""
        try:
            return cls._of_folder(path) if path.is_dir() else cls._of_file(path)
        except PermissionError as error:
            raise FileAccessError(f"cannot be read: {error.strerror}", path=path, remedy="Ask for access.") from None
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissingError("no such file or folder", path=path) from None

    @classmethod
    def _of_file(cls, path: Path) -> Self:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest = _digest()
            digest.update(file.read(ENDS_BYTES))
            file.seek(max(file.tell(), status.st_size - ENDS_BYTES))
            digest.update(file.read(ENDS_BYTES))
        return cls(status.st_size, status.st_mtime_ns, digest.hexdigest())

    @classmethod
    def _of_folder(cls, path: Path) -> Self:
        found = sorted((name.relative_to(path).as_posix(), name.stat()) for name in path.rglob("*") if name.is_file())
        digest = _digest()
        digest.update(json.dumps([(name, status.st_size) for name, status in found]).encode())
        newest = max((status.st_mtime_ns for _, status in found), default=0)
        return cls(sum(status.st_size for _, status in found), newest, digest.hexdigest())

    def holds(self, other: Stamp) -> bool:
        """Whether both have the same content, as far as size and ends tell; a copy has another time."""
        return (self.size, self.ends) == (other.size, other.ends)


def fingerprint(names: Iterable[str], root: Path) -> str:
    """Return the identity of the inputs of a job: their paths below `root`, and the state of each."""
    digest = _digest()
    for name in names:
        stamp = Stamp.of(root / name)
        digest.update(f"{name}\0{stamp.size}\0{stamp.mtime_ns}\0{stamp.ends}\n".encode())
    return f"{VERSION}:{digest.hexdigest()}"


def digest_of(value: Mapping[str, Any]) -> str:
    """Return a short digest of what JSON holds."""
    digest = _digest()
    digest.update(json.dumps(value, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)

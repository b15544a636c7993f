"""Arrays one by one, and a checksum of every file: what copies are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omio.store.cache.entries import Check
from omio.writers.zarr.stream import Cutter, chunk_key
from omio.writers.zarr.targets import FolderTarget

if TYPE_CHECKING:
    from pathlib import Path

    from omio.writers.zarr.stream import Place


class CheckedTarget(FolderTarget):
    """Files in a folder, measured while they are written.

    Attributes
    ----------
    files
        Name -> size and checksum of what was put.
    """

    is_shared: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files: dict[str, Check] = {}

    def put(self, key: str, content: bytes) -> None:
        """Write a file and measure it."""
        super().put(key, content)
        self.files[key] = Check.of(content)


class LevelCutter(Cutter):
    """Cuts an array that lies at `place` itself, whatever number its plan gives it."""

    def key(self, number: int, place: Place) -> str:
        """Return the key of a chunk or shard."""
        del number
        return self.below(chunk_key(place, self.version))

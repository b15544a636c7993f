"""Decoded tiles that are kept for the next look, within the bytes that ``omio.config(cache_bytes=...)`` allows.

A tile is filed under the digest of the recipes it is made from, and is taken only while the files are as they were
opened. Pixels that do not come from files are never kept: nothing would tell that they changed.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio import settings
from omio.lazy.leaf import FileRecipe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import Recipe

MOST_FILES = 32
"""Looking at more files than these costs more than the decoding it saves."""


@dataclass(frozen=True)
class CacheInfo:
    """What the cache of decoded tiles of this process holds.

    Attributes
    ----------
    tiles, nbytes
        How many tiles, and how large they are.
    budget
        Bytes they may take (``omio.config(cache_bytes=...)``).
    hits, misses
        How many tiles were found, and how many had to be made.
    """

    tiles: int
    nbytes: int
    budget: int
    hits: int
    misses: int


class TileCache:
    """Least recently used tiles."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: also in the child of a fork, which must not wait for a lock that nobody will release."""
        self._lock = threading.Lock()
        self._tiles: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._nbytes = self._hits = self._misses = 0

    def get(self, key: Hashable, stamps: tuple[FileStamp, ...], make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return a tile that nobody may write to, made where it is not at hand.

        Raises
        ------
        ChangedFileError, FileMissingError
            A file is not as it was opened.
        """
        with self._lock:
            found = self._tiles.get(key)
            if found is not None:
                self._tiles.move_to_end(key)
                self._hits += 1
        if found is not None:
            for stamp in stamps:
                stamp.check()
            return found
        tile = make()
        tile.flags.writeable = False
        with self._lock:
            self._misses += 1
            self._keep(key, tile)
        return tile

    def _keep(self, key: Hashable, tile: NDArray[Any]) -> None:
        budget = settings.current().cache_bytes
        if tile.nbytes <= budget and key not in self._tiles:
            self._tiles[key] = tile
            self._nbytes += tile.nbytes
        while self._nbytes > budget:
            _, oldest = self._tiles.popitem(last=False)
            self._nbytes -= oldest.nbytes

    def info(self) -> CacheInfo:
        """Tell what is kept."""
        with self._lock:
            return CacheInfo(len(self._tiles), self._nbytes, settings.current().cache_bytes, self._hits, self._misses)


TILES = TileCache()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TILES.forget)


def cache_info() -> CacheInfo:
    """Tell how many decoded tiles this process keeps, how large they are, and how often they were of use."""
    return TILES.info()


def file_stamps(recipes: tuple[Recipe, ...]) -> tuple[FileStamp, ...] | None:
    """Return the stamps of all files that recipes read; None where pixels come from elsewhere, or from many files."""
    found: dict[FileStamp, None] = {}
    for recipe in recipes:
        for leaf in recipe.leaves():
            if not isinstance(leaf, FileRecipe) or len(found) > MOST_FILES:
                return None
            found[leaf.stamp] = None
    return tuple(found)

"""Files of one shape and dtype on a grid: one recipe for all of them, which holds little more than their names."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.lazy.grid import Grid
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.lazy.tokens import stable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from omio.lazy.recipe import Recipe


@dataclass(frozen=True, eq=False)
class AlikeFiles(Grid):
    """Files on a grid that are read as the first is.

    Attributes
    ----------
    first
        The recipe of the first file.
    folder, names
        Where each part lies; None for one that is missing.
    stamps
        Size and time of each file at opening, in the order of `names`; None where they were not looked at.
    """

    first: FileRecipe
    folder: str
    names: tuple[str | None, ...]
    stamps: NDArray[np.int64] | None = None

    @property
    def like(self) -> FileRecipe:
        """The recipe of the first file."""
        return self.first

    def part(self, number: int) -> Recipe | None:
        """Return the recipe of a file; None for one that is missing."""
        name = self.names[number]
        if name is None:
            return None
        if number not in self._known:
            self._known[number] = self._made(number, name)
        return self._known[number]

    def _made(self, number: int, name: str) -> Recipe:
        return self._stamped(number, name)

    @cached_property
    def _known(self) -> dict[int, Recipe]:
        """Files that were read."""
        return {}

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)  # noqa: PTH118 - a Path costs as much again, ten thousand times

    def _stamped(self, number: int, name: str) -> FileRecipe:
        """Return the recipe of a file without comparing it."""
        path = self._path(name)
        if self.stamps is None:
            return replace(self.first, stamp=FileStamp.of(path))
        size, changed = self.stamps[number].tolist()
        return replace(self.first, stamp=FileStamp(os.path.abspath(path), size, changed))

    def leaves(self) -> Iterator[FileRecipe]:
        """Yield the recipes of the files that are there, each looked up only now."""
        return (self._stamped(number, name) for number, name in enumerate(self.names) if name is not None)

    def parts(self) -> tuple[Recipe, ...]:
        """Return the recipes of the files that are there."""
        return tuple(self.leaves())

    def token(self) -> tuple[Any, ...]:
        """Join the first file's, the grid, and the state of all files."""
        files = tuple(stable(leaf.stamp) for leaf in self.leaves())
        gaps = tuple(number for number, name in enumerate(self.names) if name is None)
        return ("files", self.first.token(), self.counts, self.fill, gaps, files)

    def release(self) -> None:
        """Close the files that were read."""
        for recipe in (self.first, *self._known.values()):
            recipe.release()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is found again where it is needed."""
        return {name: value for name, value in self.__dict__.items() if name != "_known"}

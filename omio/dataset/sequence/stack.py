"""Files that are alike: one recipe for all of them, which holds little more than their names."""

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

    from omio.dataset.sequence.models import Model
    from omio.lazy.recipe import Recipe


@dataclass(frozen=True, eq=False)
class FileStack(Grid):
    """Files on a grid.

    Attributes
    ----------
    model
        The file that was opened.
    first
        Its recipe.
    folder, names
        Where each part lies; None for one that is missing.
    stamps
        Size and time of each file, in the order of `names`, where all were compared with the first at opening; None
        where each is compared when it is first read.
    """

    model: Model
    first: FileRecipe
    folder: str
    names: tuple[str | None, ...]
    stamps: NDArray[np.int64] | None = None

    @property
    def like(self) -> FileRecipe:
        """The recipe of the first file."""
        return self.first

    def part(self, number: int) -> Recipe | None:
        """Return the recipe of a file; one that was not looked at before is compared with the first now.

        Raises
        ------
        MergeError
            The file is not like the first.
        """
        name = self.names[number]
        if name is None:
            return None
        if number not in self._known:
            unseen = self.stamps is None
            self._known[number] = self.model.checked(self._path(name)) if unseen else self._stamped(number, name)
        return self._known[number]

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

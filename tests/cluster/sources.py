"""Recipes that workers import by name: pixels that are computed, slowly, or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import omio
from omio.errors import DamagedFileError
from omio.indexing import positions
from omio.lazy.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(frozen=True, eq=False)
class Slope(Recipe):
    """Pixels that tell where they lie.

    Attributes
    ----------
    seconds
        That a read takes at least.
    fails_at
        Time point that cannot be read.
    tries
        Folder with a file for each failure; a time point that failed twice is read.
    """

    shape: tuple[int, ...] = (24, 1, 1, 1024, 2048)
    seconds: float = 0.0
    fails_at: int | None = None
    tries: str | None = None
    dtype = np.dtype("uint16")

    @property
    def chunk(self) -> tuple[int, ...]:
        """A plane."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Compute."""
        time.sleep(self.seconds)
        if self.fails_at in key[0] and not self._is_mended():
            raise DamagedFileError("cannot be read", place=f"T {self.fails_at}")
        t, z, c, y, x = np.ix_(*map(positions, key))
        out[...] = (1000 * t + 100 * z + 10 * c + 7 * y + x) & 0xFFFF

    def _is_mended(self) -> bool:
        if self.tries is None:
            return False
        before = len(list(Path(self.tries).iterdir()))
        (Path(self.tries) / str(before)).touch()
        return before >= 2

    def token(self) -> tuple[Any, ...]:
        """Name the shape."""
        return ("slope", self.shape)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()


def slope(**fields: Any) -> omio.MicroscopyDataset:
    """Return a dataset of a `Slope`."""
    recipe = Slope(**fields)
    blank = omio.MicroscopyDataset.from_array(np.broadcast_to(np.uint16(0), recipe.shape), axes="TZCYX")
    return omio.MicroscopyDataset(recipe, blank.facts)

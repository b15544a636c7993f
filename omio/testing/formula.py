"""Images of any size that are computed where they are read, the same in every run: what a test of large files needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset import MicroscopyDataset
from omio.dataset.levels import Level
from omio.indexing import positions
from omio.lazy.recipe import Recipe
from omio.lazy.view import view
from omio.metadata.facts import Facts

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from omio.indexing import Key

BOARD = 64
"""Pixels of a field of the checkerboard."""
_WEIGHTS = (101, 37, 59, 3, 1, 71)
"""What a step along T, Z, C, Y, X and S adds to a pixel."""


@dataclass(frozen=True, eq=False)
class Formula(Recipe):
    """Ramps along all dims on a checkerboard; nothing is stored.

    Attributes
    ----------
    shape, dtype
        T Z C Y X [S].
    unit
        Natural unit of reading.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    unit: tuple[int, ...]

    @property
    def chunk(self) -> tuple[int, ...]:
        """A tile."""
        return self.unit

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Compute."""
        grids = np.meshgrid(*(positions(index) for index in key), indexing="ij", sparse=True)
        ramps = sum(grid * weight for grid, weight in zip(grids, _WEIGHTS, strict=False))
        board = (grids[3] // BOARD + grids[4] // BOARD) % 2
        span = 1 << (8 if self.dtype.itemsize == 1 else 12)
        values = (ramps + board * (span // 2)) % span
        out[...] = values % 2 if self.dtype.kind == "b" else values / span if self.dtype.kind == "f" else values

    def token(self) -> tuple[Any, ...]:
        """Shape, dtype and unit say all."""
        return ("formula", self.shape, self.dtype.str, self.unit)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()


def synthetic(
    shape: tuple[int, ...] = (1, 1, 1, 2048, 2048), *, dtype: DTypeLike = "uint8", tile: int = 256, levels: int = 1
) -> MicroscopyDataset:
    """Return an image T Z C Y X [S] of any size and dtype: ramps on a checkerboard, computed when they are read.

    Integers lie in 0..255, those of 16 bits and more in 0..4095, real numbers in 0..1. Pixels have 0.25 µm, channels
    are named.

    Parameters
    ----------
    tile
        Rows and columns that are best read together.
    levels
        How many there are, each of every second pixel of the one before.
    """
    unit = (1, 1, 1, tile, tile, *shape[5:])
    recipe = Formula(tuple(shape), np.dtype(dtype), unit)
    names = [{"name": f"Channel {number}"} for number in range(shape[2])]
    facts = Facts.of(recipe.shape, pixel_size={"Y": 0.25, "X": 0.25}, channels=names, name="synthetic")
    reduced = (_every(recipe, 1 << number) for number in range(1, levels))
    return MicroscopyDataset(recipe, facts, tuple(Level.of(level, recipe.shape) for level in reduced))


def _every(recipe: Recipe, step: int) -> Recipe:
    t, z, c, y, x, *samples = (range(size) for size in recipe.shape)
    return view(recipe, (t, z, c, y[::step], x[::step], *samples))

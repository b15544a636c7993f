"""Levels that no file holds: each pixel is the mean of 2 x 2 of the level before, made when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.indexing import compose_keys, hull, is_run, orthogonal, to_numpy, within
from omio.lazy.blocks import blocks, grow_unit
from omio.lazy.recipe import Derived
from omio.serve.work import check_time
from omio.writers.pyramid import auto_count, halved_planes, level_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.indexing import Index, Key
    from omio.lazy.recipe import Recipe

STEP_BYTES = 4 << 20
"""Pixels of the base that are read at a time, unless its own unit is larger."""


@dataclass(frozen=True, eq=False)
class Halved(Derived):
    """A recipe at half its rows and columns, as writers make levels; memory holds the result and a step a level."""

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the base with Y and X halved and rounded up."""
        return level_shapes(self.base.shape, 2)[-1]

    @property
    def chunk(self) -> tuple[int, ...]:
        """Unit of the base, halved as well."""
        t, z, c, y, x, *samples = self.base.chunk
        return t, z, c, max(1, y // 2), max(1, x // 2), *samples

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Make the pixels step by step; what is no run of rows and columns is picked from one."""
        rows, columns = key[3:5]
        if not out.size:
            return
        if not (is_run(rows) and is_run(columns)):
            made = self.load((*key[:3], hull(rows), hull(columns), *key[5:]))
            picks = (slice(None),) * 3 + (within(rows, hull(rows)), within(columns, hull(columns)))
            out[...] = orthogonal(picks, made)
            return
        for step in blocks(out.shape, grow_unit(out.shape, self.chunk, STEP_BYTES // 4 // self.dtype.itemsize)):
            check_time()
            out[tuple(map(to_numpy, step))] = self._made(compose_keys(key, step))

    def _made(self, key: Key) -> NDArray[Any]:
        fine = (self._below(key[3], 3), self._below(key[4], 4))
        pixels = self.base.load((*key[:3], *fine, *key[5:]))
        return halved_planes(pixels, "mean").reshape(tuple(map(len, key)))

    def _below(self, run: Index, axis: int) -> range:
        """Return the rows or columns of the base that a run is made of."""
        return range(2 * int(run[0]), min(2 * int(run[-1]) + 2, self.base.shape[axis]))

    def token(self) -> tuple[Any, ...]:
        """Join base and kind."""
        return ("halved", self.base.token())


def down_to(levels: Sequence[Recipe], side: int) -> tuple[Recipe, ...]:
    """Return stored levels, finest first, and halved ones below them until one fits into a square of `side`."""
    height, width = levels[-1].shape[3:5]
    found = list(levels)
    while len(found) < len(levels) + auto_count(height, width, side) - 1:
        found.append(Halved(found[-1]))
    return tuple(found)

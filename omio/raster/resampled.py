"""`Resampled`: the planes of a recipe at another size, lazily and in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import hull, orthogonal, positions, to_numpy, within
from omio.lazy.pool import map_window, workers
from omio.lazy.recipe import Derived
from omio.lazy.tree import Pad, pad
from omio.lazy.view import view
from omio.raster.scaling import along, from_work, reach, to_work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe
    from omio.raster.scaling import Resampling

UNIT = 1024
"""Rows and columns that are best made together: neighbours need the same pixels."""
SLAB_BYTES = 16 << 20
"""Rows that are read at a time, where chunks are larger than `LARGE_SLAB`."""
LARGE_SLAB = 256 << 20
NARROWED_BYTES = 64 << 20
"""Rows whose columns are done, and which wait for the others."""


@dataclass(frozen=True, eq=False)
class Resampled(Derived):
    """Every plane resampled to another number of rows and columns; the dtype is kept.

    A part of the result reads the pixels that it depends on, and equals that part of the whole. Rows are read in slabs
    whose columns are resampled at once, so memory holds slabs and what they became.

    Attributes
    ----------
    extent
        Rows and columns.
    how
        See `omio.raster.scaling.resize`; nearest pixels are a view, not this.
    """

    extent: tuple[int, int]
    how: Resampling

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the new rows and columns."""
        return (*self.base.shape[:3], *self.extent, *self.base.shape[5:])

    @property
    def chunk(self) -> tuple[int, ...]:
        """Part of a plane."""
        return (1, 1, 1, *(max(1, min(size, UNIT)) for size in self.extent), *self.shape[5:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Resample plane by plane."""
        if not out.size:
            return
        rows, columns = hull(key[3]), hull(key[4])
        runs = (rows, columns, *map(range, self.shape[5:]))
        pick = tuple(within(index, run) for index, run in zip(key[3:], runs, strict=True))
        for at in np.ndindex(out.shape[:3]):
            plane = tuple(
                range(int(index[place]), int(index[place]) + 1) for index, place in zip(key, at, strict=False)
            )
            out[at] = orthogonal(pick, self._region(plane, rows, columns))

    def _region(self, plane: Key, rows: range, columns: range) -> NDArray[Any]:
        found = np.empty((len(rows), len(columns), *self.shape[5:]), self.dtype)
        step = max(1, int(NARROWED_BYTES / (len(columns) * self._pixel_bytes * self._scale(0))))
        for top in range(0, len(rows), step):
            found[top : top + step] = self._block(plane, rows[top : top + step], columns)
        return found

    @property
    def _pixel_bytes(self) -> int:
        """What a pixel takes while it is worked on."""
        return max(4, self.dtype.itemsize) * math.prod(self.shape[5:])

    def _slabs(self, rows: range, width: int) -> list[range]:
        """Cut rows so that each chunk is met once, but for chunks too large to work on at once."""
        height, row = max(1, self.base.chunk[3]), max(1, width * self._pixel_bytes)
        if height * row > LARGE_SLAB:
            height = max(1, SLAB_BYTES // row)
        cuts = [rows.start, *range((rows.start // height + 1) * height, rows.stop, height), rows.stop]
        return [range(first, last) for first, last in pairwise(cuts)]

    def _scale(self, axis: int) -> float:
        return self.base.shape[3 + axis] / self.extent[axis]

    def _source(self, run: range, axis: int) -> range:
        """Return the pixels that rows or columns depend on."""
        scale, size = self._scale(axis), self.base.shape[3 + axis]
        around = reach(self.how, scale)
        return range(max(0, int(run.start * scale) - around), min(size, int(run.stop * scale) + 1 + around))

    def _block(self, plane: Key, rows: range, columns: range) -> NDArray[Any]:
        down, across = self._source(rows, 0), self._source(columns, 1)
        slabs = self._slabs(down, len(across))

        def narrowed(slab: range) -> NDArray[Any]:
            pixels = view(self.base, (*plane, slab, across, *map(range, self.shape[5:]))).load()[0, 0, 0]
            return self._along(to_work(pixels, self.how), 1, columns, across)

        # a single slab is decoded by all threads, several by one each
        found = map(narrowed, slabs) if len(slabs) == 1 else map_window(narrowed, slabs, window=workers() + 1)
        return from_work(self._along(np.concatenate(list(found)), 0, rows, down), self.dtype)

    def _along(self, work: NDArray[Any], axis: int, run: range, have: range) -> NDArray[Any]:
        scale = self._scale(axis)
        start, stop = run.start * scale - have.start, run.stop * scale - have.start
        return along(work, axis, len(run), self.how, start, stop)

    def token(self) -> tuple[Any, ...]:
        """Join base, size and kind."""
        return ("resampled", self.base.token(), self.extent, self.how)


@dataclass(frozen=True, eq=False)
class Ground(Derived):
    """Planes of samples on a ground of one colour, which `Pad`, whose fill is one value, cannot give.

    Attributes
    ----------
    base
        What is padded along Y and X.
    color
        Value of each sample.
    """

    base: Pad
    color: tuple[float, ...]

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read, and colour what was added."""
        self.base.read(key, out)
        color = np.array(self.color, self.dtype)[to_numpy(key[5])]
        for axis in (3, 4):
            at = positions(key[axis]) - self.base.before[axis]
            added = (at < 0) | (at >= self.base.base.shape[axis])
            out[(slice(None),) * axis + (added,)] = color

    def token(self) -> tuple[Any, ...]:
        """Join base and colour."""
        return ("ground", self.base.token(), self.color)


def on_ground(base: Recipe, widths: dict[int, tuple[int, int]], color: NDArray[Any]) -> Recipe:
    """Pad planes along axes 3 and 4 with a pixel: one value, or one a sample."""
    values = color.ravel().tolist()
    if len(set(values)) == 1:
        return pad(base, widths, fill=values[0])
    padded = pad(base, widths)
    return Ground(padded, tuple(values)) if isinstance(padded, Pad) else padded

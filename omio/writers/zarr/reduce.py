"""Halving part of a level so that the result does not depend on how the level was cut.

The mean, the mode and the nearest of 2 x 2 pixels need no others. The gaussian takes 4 x 4 around the same 2 x 2, so
what is read of a level reaches one pixel further on each side for each halving that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.pool import run_all, split
from omio.writers.pyramid import halve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.policies.write import Downsampling

_SLAB = 64
"""Rows of a result that are made at once: what is in between stays in the processor's cache."""
_BITS = 6
"""The weights along Y and X add up to 8 x 8."""


@dataclass(frozen=True)
class Region:
    """Part of a level.

    Attributes
    ----------
    planes
        Of shape (n, Y, X [, S]).
    rows, columns
        Where in the level it lies.
    """

    planes: NDArray[Any]
    rows: range
    columns: range

    def cropped(self, rows: range, columns: range) -> NDArray[Any]:
        """Return the planes of a part of it."""
        top, left = rows.start - self.rows.start, columns.start - self.columns.start
        return self.planes[:, top : top + len(rows), left : left + len(columns)]

    def halved(self, size: tuple[int, int], how: Downsampling) -> Region:
        """Return what it gives of the next level; `size` is that of the level it is of."""
        have = self.rows, self.columns
        rows, columns = (_given(run, full, how) for run, full in zip(have, size, strict=True))
        shape = (self.planes.shape[0], len(rows), len(columns), *self.planes.shape[3:])
        planes = np.empty(shape, self.planes.dtype)

        def fill(parts: list[range]) -> None:
            for part in parts:
                planes[:, part.start - rows.start : part.stop - rows.start] = self._reduced(part, columns, size, how)

        slabs = [range(top, min(top + _SLAB, rows.stop)) for top in range(rows.start, rows.stop, _SLAB)]
        run_all(fill, split(slabs, 8))
        return Region(planes, rows, columns)

    def _reduced(self, rows: range, columns: range, size: tuple[int, int], how: Downsampling) -> NDArray[Any]:
        if how != "gaussian":
            top = 2 * rows.start - self.rows.start
            return halve(self.planes[:, top : top + 2 * len(rows)], how)
        taken = self.planes
        for axis, (run, have, full) in enumerate(zip((rows, columns), (self.rows, self.columns), size, strict=True), 1):
            around = np.arange(2 * run.start - 1, 2 * run.stop + 1).clip(0, full - 1)
            taken = taken.take(around - have.start, axis)
        return gaussian(taken)


def margin(how: Downsampling, halvings: int) -> int:
    """Return how far to read around a block that is halved so often."""
    return (1 << halvings) - 1 if how == "gaussian" else 0


def _given(have: range, full: int, how: Downsampling) -> range:
    """Return the pixels of the next level that depend only on these."""
    if how != "gaussian":
        return range(have.start // 2, -(-have.stop // 2))
    start = 0 if have.start == 0 else (have.start + 2) // 2
    return range(start, -(-full // 2) if have.stop == full else (have.stop - 1) // 2)


def gaussian(planes: NDArray[Any]) -> NDArray[Any]:
    """Weigh rows and columns by 1 3 3 1 and take every other: (n, 2 Y + 2, 2 X + 2 [, S]) gives (n, Y, X [, S]).

    Integers are rounded to the nearest, halves up.
    """
    kind, size = planes.dtype.kind, planes.dtype.itemsize
    if kind in "fc":
        wide = np.result_type(planes.dtype, np.float32)
        return (_weighed(planes.astype(wide)) / (1 << _BITS)).astype(planes.dtype, copy=False)
    if kind == "b":
        return _rounded(_weighed(planes.astype(np.uint8))).astype(bool)
    if size < 8:
        wide = np.dtype(f"{kind}{2 * size}")
        return _rounded(_weighed(planes.astype(wide))).astype(planes.dtype)
    high, low = planes >> _BITS, planes & ((1 << _BITS) - 1)  # 64 bits have no wider type
    found: NDArray[Any] = _weighed(high) + _rounded(_weighed(low))
    return found


def _rounded(total: NDArray[Any]) -> NDArray[Any]:
    total += 1 << (_BITS - 1)
    total >>= _BITS
    return total


def _weighed(planes: NDArray[Any]) -> NDArray[Any]:
    """Add up neighbours by their weights, along Y and then along X."""
    for axis in (1, 2):
        pairs = planes.shape[axis] // 2 - 1
        before = (slice(None),) * axis
        outer, left, right, last = (planes[(*before, slice(at, at + 2 * pairs, 2))] for at in range(4))
        planes = (left + right) * 3 + outer + last
    return planes

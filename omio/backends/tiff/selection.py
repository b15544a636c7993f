"""Which segments a key meets, and which part of each goes where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.indexing import Index, Key, distinct, hull, is_full, is_run, orthogonal, positions, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.backends.tiff.layout import Layout


@dataclass(frozen=True, eq=False)
class Piece:
    """The part of one segment that a selection meets.

    Attributes
    ----------
    segment
        Number of the segment on its page.
    height
        Rows that the segment holds.
    band
        The sample it holds, or None where it holds all.
    source
        Rows and columns within the segment.
    target
        Rows and columns within the selection's hull.
    """

    segment: int
    height: int
    band: int | None
    source: tuple[slice, slice]
    target: tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Selection:
    """Pixels of a page.

    Attributes
    ----------
    key
        Indexes of Y, X and, where the page has samples, S.
    rows, columns
        The smallest box around them.
    samples
        Samples of a page.
    """

    key: Key
    rows: range
    columns: range
    samples: int

    @classmethod
    def of(cls, samples: int, key: Key) -> Selection:
        """Describe a key that selects at least one pixel."""
        return cls(key, hull(key[0]), hull(key[1]), samples)

    @cached_property
    def is_exact(self) -> bool:
        """Whether the box is the selection: nothing is left out, turned or repeated."""
        bands = len(self.key) < 3 or is_full(self.key[2], self.samples)
        return is_run(self.key[0]) and is_run(self.key[1]) and bands

    @property
    def box_shape(self) -> tuple[int, ...]:
        """Shape of the box, with all samples."""
        tail = (self.samples,) if len(self.key) > 2 else ()
        return (len(self.rows), len(self.columns), *tail)

    def pick(self, box: NDArray[Any]) -> NDArray[Any]:
        """Pick the selected pixels out of the box."""
        picks = [within(self.key[0], self.rows), within(self.key[1], self.columns)]
        if len(self.key) > 2:
            picks.append(within(self.key[2], range(self.samples)))
        return orthogonal(picks, box)

    def pieces(self, layout: Layout) -> list[Piece]:
        """Return the parts of segments that hold selected pixels."""
        down, across = layout.grid
        bands: Iterator[int | None] | list[int | None] = [None]
        if layout.is_planar:
            bands = [int(band) for band in distinct(positions(self.key[2]))]
        rows = _met(self.key[0], layout.rows)
        columns = _met(self.key[1], layout.columns)
        return [
            self._piece(layout, band, row, column, ((band or 0) * down + row) * across + column)
            for band in bands
            for row in rows
            for column in columns
        ]

    def _piece(self, layout: Layout, band: int | None, row: int, column: int, segment: int) -> Piece:
        height = layout.height_of(row)
        y_source, y_target = _overlap(row * layout.rows, height, self.rows)
        x_source, x_target = _overlap(column * layout.columns, layout.columns, self.columns)
        return Piece(segment, height, band, (y_source, x_source), (y_target, x_target))


def _met(index: Index, unit: int) -> list[int]:
    if isinstance(index, range) and abs(index.step) <= unit:
        low, high = sorted((index[0], index[-1]))
        return list(range(low // unit, high // unit + 1))
    return [int(number) for number in distinct(positions(index) // unit)]


def _overlap(start: int, length: int, run: range) -> tuple[slice, slice]:
    low, high = max(start, run.start), min(start + length, run.stop)
    return slice(low - start, high - start), slice(low - run.start, high - run.start)

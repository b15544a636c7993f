"""Where the sub-blocks of one image lie in its T Z C Y X array, at full size or at a pyramid level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.czi.checks import PIXEL_TYPES, check_box
from omio.indexing import distinct

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from omio.backends.czi.catalog import Content, Part, Planes
    from omio.backends.czi.directory import Directory, Ints
    from omio.backends.czi.segments import Container

MAX_CELLS = 1 << 20


@dataclass(frozen=True, eq=False)
class Grid:
    """The T, Z and C of an image and its box at full size.

    Attributes
    ----------
    first, count
        Of T and Z.
    channels
        Indexes C that there are, ascending.
    origin, size
        Of the box, in pixels, by X and Y.
    """

    first: dict[str, int]
    count: dict[str, int]
    channels: Ints
    origin: dict[str, int]
    size: dict[str, int]

    @property
    def planes(self) -> tuple[int, int, int]:
        """Lengths of T, Z and C."""
        return self.count["T"], self.count["Z"], len(self.channels)

    def number(self, planes: Planes) -> Ints:
        """Return which plane each row is, counted in the order T Z C; -1 where it is none of this grid."""
        _, depth, channels = self.planes
        zero = np.zeros(len(planes.row), np.int64)
        t = planes.index.get("T", zero) - self.first["T"]
        z = planes.index.get("Z", zero) - self.first["Z"]
        wanted = planes.index.get("C", zero)
        c = np.minimum(np.searchsorted(self.channels, wanted), channels - 1)
        inside = (t >= 0) & (t < self.count["T"]) & (z >= 0) & (z < depth) & (self.channels[c] == wanted)
        return np.where(inside, (t * depth + z) * channels + c, -1)


def make_grid(file: Container, columns: Directory, planes: Planes, place: str) -> Grid:
    """Find the T, Z, C and the box that the full-size planes span.

    Raises
    ------
    DamagedFileError
        The box is beyond all sense for the pixels that there are.
    """
    zero = np.zeros(len(planes.row), np.int64)
    first, count, origin, size = {}, {}, {}, {}
    for letter in "TZ":
        values = planes.index.get(letter, zero)
        first[letter] = int(values.min())
        count[letter] = int(values.max()) - first[letter] + 1
    for letter in "XY":
        starts = columns.starts(letter)[planes.row]
        origin[letter] = int(starts.min())
        size[letter] = int((starts + columns.sizes(letter)[planes.row]).max()) - origin[letter]
    channels = distinct(planes.index.get("C", zero))
    stored = columns.stored_sizes("X")[planes.row].astype(float) * columns.stored_sizes("Y")[planes.row]
    box = (count["T"], count["Z"], len(channels), size["Y"], size["X"])
    grid = Grid(first, count, channels, origin, size)
    check_box(file, box, len(distinct(grid.number(planes))), float(stored.sum()), place)
    return grid


@dataclass(frozen=True, eq=False)
class Layout:
    """Tiles of one image at one level, sorted by plane and then as they are drawn.

    Attributes
    ----------
    shape, dtype, samples
        Of the T Z C Y X [S] array; the dtype is little-endian as stored.
    tile
        Y, X of the commonest tile.
    plane
        Plane of each tile, ascending; among tiles of a plane, the mosaic index M ascends: what comes later lies on top.
    top, left, height, width
        Of each tile, in pixels of the level.
    row, sub
        Row of the directory, and plane of the sub-block.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    samples: int
    tile: tuple[int, int]
    plane: Ints
    top: Ints
    left: Ints
    height: Ints
    width: Ints
    row: Ints
    sub: Ints

    def runs(self, planes: Ints) -> tuple[Ints, Ints]:
        """Return where the tiles of each plane begin and end."""
        return np.searchsorted(self.plane, planes), np.searchsorted(self.plane, planes, side="right")

    def met(self, first: int, last: int, y: range, x: range) -> Ints:
        """Return which of a run of tiles meet the region, in the order of drawing."""
        some = slice(first, last)
        top, left = self.top[some], self.left[some]
        meets = (top < y.stop) & (top + self.height[some] > y.start)
        meets &= (left < x.stop) & (left + self.width[some] > x.start)
        found: Ints = np.flatnonzero(meets) + first
        return found

    def holds(self, tile: int, y: range, x: range) -> bool:
        """Whether one tile covers the whole region."""
        top, left = int(self.top[tile]), int(self.left[tile])
        rows = top <= y.start and y.stop <= top + int(self.height[tile])
        return rows and left <= x.start and x.stop <= left + int(self.width[tile])

    @property
    def missing(self) -> int:
        """Number of planes without any tile."""
        return int(np.prod(self.shape[:3])) - len(distinct(self.plane))


def make_layout(columns: Directory, planes: Planes, grid: Grid, part: Part, factor: int = 1) -> Layout:
    """Lay out the tiles of a level whose pixels join `factor` x `factor` full ones."""
    number = grid.number(planes)
    drawn = np.flatnonzero(number >= 0)
    order = drawn[np.lexsort((planes.row[drawn], planes.index.get("M", planes.row)[drawn], number[drawn]))]
    row = planes.row[order]
    place, extent = {}, {}
    for letter in "XY":
        place[letter] = (columns.starts(letter)[row] - grid.origin[letter] + factor // 2) // factor
        extent[letter] = (columns.sizes(letter) if factor == 1 else columns.stored_sizes(letter))[row]
    kind = PIXEL_TYPES[part.pixel_type]
    shape = tuple(_level_size(place[letter], extent[letter], grid.size[letter], factor) for letter in "YX")
    samples = (kind.samples,) if kind.samples > 1 else ()
    return Layout(
        (*grid.planes, *shape, *samples),
        kind.dtype,
        kind.samples,
        _commonest(extent["Y"], extent["X"]),
        number[order],
        place["Y"],
        place["X"],
        extent["Y"],
        extent["X"],
        row,
        planes.sub[order],
    )


def _level_size(place: Ints, extent: Ints, full: int, factor: int) -> int:
    """Return what the tiles span, within rounding of the full size; a tile may reach a pixel further."""
    if not len(place):
        return 0
    return min(int((place + extent).max()), -(-full // factor))


def _commonest(height: Ints, width: Ints) -> tuple[int, int]:
    if not len(height):
        return (1, 1)
    sizes, counts = np.unique(height * (1 << 32) + width, return_counts=True)
    best = int(sizes[counts.argmax()])
    return best >> 32, best & 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Coverage:
    """How often rectangles cover each cell of the grid that their edges make.

    Attributes
    ----------
    y, x
        Edges, ascending.
    counts
        Of each cell between them.
    """

    y: Ints
    x: Ints
    counts: NDArray[np.int32]

    @classmethod
    def of(cls, top: Ints, left: Ints, bottom: Ints, right: Ints) -> Coverage | None:
        """Count; None where there are too many edges for it to be worth it."""
        y, x = distinct((top, bottom)), distinct((left, right))
        if len(y) * len(x) > MAX_CELLS:
            return None
        counts = np.zeros((len(y), len(x)), np.int32)
        y0, y1, x0, x1 = (np.searchsorted(*pair) for pair in ((y, top), (y, bottom), (x, left), (x, right)))
        for rows, cols, change in ((y0, x0, 1), (y1, x1, 1), (y0, x1, -1), (y1, x0, -1)):
            np.add.at(counts, (rows, cols), change)
        return cls(y, x, counts.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)[:-1, :-1])

    @property
    def overlaps(self) -> bool:
        """Whether any cell is covered twice."""
        return bool((self.counts > 1).any())

    def fills(self, y: range, x: range) -> bool:
        """Whether no pixel of the region is uncovered."""
        spans = self.y[0] <= y.start and self.y[-1] >= y.stop and self.x[0] <= x.start and self.x[-1] >= x.stop
        return bool(spans and (self.counts > 0).all())

    def area(self, top: Ints, left: Ints, bottom: Ints, right: Ints) -> NDArray[np.float64]:
        """Return how many covered pixels lie in each of some rectangles."""
        cells = (self.counts > 0) * np.diff(self.y)[:, None] * np.diff(self.x).astype(float)
        total = np.zeros((len(self.y), len(self.x)))
        total[1:, 1:] = cells.cumsum(0).cumsum(1)
        corners = [self._below(total, y, x) for y, x in ((bottom, right), (top, right), (bottom, left), (top, left))]
        found: NDArray[np.float64] = corners[0] - corners[1] - corners[2] + corners[3]
        return found

    def _below(self, total: NDArray[np.float64], y: Ints, x: Ints) -> NDArray[np.float64]:
        """Interpolate the running total: exact, because cells are covered evenly."""
        row, down = _position(self.y, y)
        col, along = _position(self.x, x)
        upper = total[row, col] * (1 - along) + total[row, col + 1] * along
        lower = total[row + 1, col] * (1 - along) + total[row + 1, col + 1] * along
        found: NDArray[np.float64] = upper * (1 - down) + lower * down
        return found


def _position(edges: Ints, values: Ints) -> tuple[Ints, NDArray[np.float64]]:
    inside = np.clip(values, edges[0], edges[-1])
    cell = np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, len(edges) - 2)
    return cell, (inside - edges[cell]) / (edges[cell + 1] - edges[cell])


def full_layout(file: Container, columns: Directory, content: Content, part: Part, place: str) -> tuple[Grid, Layout]:
    """Lay out an image at full size."""
    grid = make_grid(file, columns, content.full, place)
    return grid, make_layout(columns, content.full, grid, part)

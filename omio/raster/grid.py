"""Tile grids: an image cut into tiles that may overlap, read ahead in threads, and put together again.

The arithmetic is that of large_image's tileIterator: tiles stand at multiples of a step, which is their size less their
overlap, counted from the image's upper left corner or the region's. Of an overlap, the half belongs to either tile, of
an odd one the larger half to the left or upper tile; the parts that tiles own cover every pixel once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import batched
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self, overload

import numpy as np

from omio.errors import RegionError, TileRangeError
from omio.image import Image
from omio.indexing import Key, full_key
from omio.lazy.pool import map_window, workers
from omio.lazy.view import view
from omio.raster.box import Box, Pair, magnification_of
from omio.raster.levels import Extent, both, pair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

type Origin = Literal["image", "region"]

AHEAD_BYTES = 64 << 20
"""Pixels of tiles that are read ahead, at most; one tile a thread is read in any case."""


class Croppable(Image, Protocol):
    """An image that gives selections of itself."""

    def _take(self, key: Key) -> Self: ...

    def _replace(self, **fields: Any) -> Self: ...


@dataclass(frozen=True)
class Span:
    """The pixels of a tile along one dim.

    Attributes
    ----------
    number
        Of the row or column of tiles, from 0.
    index
        Of the same in the grid of the whole image.
    run
        Pixels of the gridded picture.
    own
        Those of them that no other tile owns.
    """

    number: int
    index: int
    run: range
    own: range

    @property
    def overlap(self) -> tuple[int, int]:
        """Pixels before and after those that are owned."""
        return self.own.start - self.run.start, self.run.stop - self.own.stop


class Overlap(NamedTuple):
    """Pixels of a tile that belong to its neighbours."""

    left: int
    top: int
    right: int
    bottom: int


def spans(low: int, high: int, size: int, overlap: int, anchor: int, *, edges: bool) -> tuple[Span, ...]:
    """Cut pixels `low` to `high` into tiles of `size` that stand at multiples of ``size - overlap`` from `anchor`.

    With `edges`, tiles begin half an overlap before, as if the image went on.

    >>> [span.run for span in spans(0, 8, 5, 4, 0, edges=False)]
    [range(0, 5), range(1, 6), range(2, 7), range(3, 8)]
    """
    step, half = size - overlap, overlap // 2
    lead = half if edges else 0
    first = (low - anchor) // step
    end = max(first + 1, -((anchor + (0 if edges else overlap) - high) // step))
    starts = [anchor + index * step - lead for index in range(first, end)]
    cuts = [low, *(start + half for start in starts[1:]), high]
    return tuple(
        Span(
            number,
            first + number,
            range(max(low, start) - low, min(high, start + size) - low),
            range(cuts[number] - low, cuts[number + 1] - low),
        )
        for number, start in enumerate(starts)
    )


@dataclass(frozen=True)
class Placement:
    """Where the gridded picture lies in the image that it was taken from.

    Attributes
    ----------
    corner
        Row and column of its first pixel, in pixels of its own size.
    scale
        How many full pixels one of its pixels joins.
    """

    corner: Extent
    scale: Pair

    @classmethod
    def of(cls, box: Box, extent: Extent) -> Placement:
        """Describe a picture of `extent` that shows `box` of the image."""
        scale = Pair(box.height / extent[0], box.width / extent[1])
        return cls((round(box.top / scale.y), round(box.left / scale.x)), scale)


@dataclass(frozen=True, eq=False)
class Tile[P: Croppable]:
    """A tile: where it lies, and its pixels, which are read when asked for.

    Attributes
    ----------
    picture
        The image that was cut, at the scale of the grid.
    down, across
        Its rows and columns.
    position
        Its number in the grid, row by row.
    placement
        Where the picture lies in the full image.
    """

    picture: P = field(repr=False)
    down: Span
    across: Span
    position: int
    placement: Placement = field(repr=False)

    @property
    def box(self) -> Box:
        """Its pixels in the picture that was cut."""
        return Box(self.down.run.start, self.across.run.start, self.down.run.stop, self.across.run.stop)

    @property
    def x(self) -> int:
        """Its first column, counted from the image's left, in pixels of the grid."""
        return self.placement.corner[1] + self.across.run.start

    @property
    def y(self) -> int:
        """Its first row, counted from the image's top, in pixels of the grid."""
        return self.placement.corner[0] + self.down.run.start

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.across.run)

    @property
    def height(self) -> int:
        """Rows."""
        return len(self.down.run)

    @property
    def row(self) -> int:
        """Row of the grid."""
        return self.down.number

    @property
    def column(self) -> int:
        """Column of the grid."""
        return self.across.number

    @property
    def index(self) -> Extent:
        """Row and column in the grid of the whole image, of which a region shows a part."""
        return self.down.index, self.across.index

    @property
    def overlap(self) -> Overlap:
        """Pixels that belong to the neighbours: none at the rim."""
        (top, bottom), (left, right) = self.down.overlap, self.across.overlap
        return Overlap(left, top, right, bottom)

    @property
    def own(self) -> tuple[slice, slice]:
        """The rows and columns of the tile that no other tile owns: ``pixels[tile.own]`` of Y X."""
        rows, columns = (
            slice(span.own.start - span.run.start, span.own.stop - span.run.start) for span in (self.down, self.across)
        )
        return rows, columns

    @property
    def full(self) -> tuple[float, float, float, float]:
        """Left, top, width and height in pixels of the full image."""
        scale = self.placement.scale
        return self.x * scale.x, self.y * scale.y, self.width * scale.x, self.height * scale.y

    @property
    def scale(self) -> Pair:
        """How many full pixels one pixel of the tile joins, along Y and X."""
        return self.placement.scale

    @property
    def magnification(self) -> float | None:
        """Of its pixels; None where unknown."""
        return magnification_of(self.picture.facts)

    @property
    def pixel_size(self) -> dict[str, float | None]:
        """µm of Y and X; None where unknown."""
        axes = self.picture.facts.axes
        found = {dim: axes[dim].spacing if dim in axes else None for dim in "YX"}
        return {dim: None if spacing is None else abs(spacing) for dim, spacing in found.items()}

    @property
    def key(self) -> Key:
        """What it selects of the picture."""
        whole = full_key(self.picture.recipe.shape)
        return (*whole[:3], self.down.run, self.across.run, *whole[5:])

    @property
    def ds(self) -> P:
        """The tile as a lazy dataset, with positions of its own."""
        return self.picture._take(self.key)

    @cached_property
    def data(self) -> NDArray[Any]:
        """Its pixels, T Z C Y X [S]: read when first asked for, or ahead while a grid is iterated."""
        return self.picture.recipe.load(self.key)

    def plane(self, *, t: int = 0, z: int = 0, c: int = 0) -> NDArray[Any]:
        """Return one plane of its pixels, Y X [S]."""
        found: NDArray[Any] = self.data[t, z, c]
        return found

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> NDArray[Any]:
        """Return its pixels: ``np.asarray(tile)``."""
        return np.array(self.data, dtype=dtype, copy=copy)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the pixels: they are read again."""
        return {name: value for name, value in self.__dict__.items() if name != "data"}


@dataclass(frozen=True, eq=False)
class Batch[P: Croppable]:
    """Tiles of one size, stacked.

    Attributes
    ----------
    data
        N T Z C Y X [S]; tiles at the right and lower rim are filled with 0 up to the size of the others.
    tiles
        The tiles, which say what of their pixels is image.
    """

    data: NDArray[Any]
    tiles: tuple[Tile[P], ...]

    def __len__(self) -> int:
        return len(self.tiles)


@dataclass(frozen=True, eq=False)
class TileGrid[P: Croppable](Sequence[Tile[P]]):
    """The tiles of an image, row by row; lazy.

    ``len(grid)``, ``grid[7]``, ``grid[row, column]``, and iteration, which reads tiles ahead in threads.

    Attributes
    ----------
    picture
        What is cut: the region, at the scale that was asked for.
    rows, columns
        How.
    size
        Rows and columns of a tile that is not cut off.
    placement
        Where the picture lies in the full image.
    batch
        How many tiles `batches` stacks by default.
    """

    picture: P
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    size: Extent
    placement: Placement
    batch: int = 1

    @property
    def shape(self) -> Extent:
        """Rows and columns of tiles."""
        return len(self.rows), len(self.columns)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    @overload
    def __getitem__(self, place: int | tuple[int, int]) -> Tile[P]: ...

    @overload
    def __getitem__(self, place: slice) -> list[Tile[P]]: ...

    def __getitem__(self, place: int | tuple[int, int] | slice) -> Tile[P] | list[Tile[P]]:
        """Return a tile by number or by (row, column), or several by a slice; negative numbers count from the end.

        Raises
        ------
        TileRangeError
            There is no such tile.
        """
        if isinstance(place, slice):
            return [self._tile(number) for number in range(len(self))[place]]
        if isinstance(place, tuple):
            if len(place) != 2:
                raise TileRangeError(f"no tile {place}", remedy="Give its number, or (row, column).")
            row, column = (_within(at, size) for at, size in zip(place, self.shape, strict=True))
            return self._tile(row * len(self.columns) + column)
        return self._tile(_within(place, len(self)))

    def _tile(self, number: int) -> Tile[P]:
        row, column = divmod(number, len(self.columns))
        return Tile(self.picture, self.rows[row], self.columns[column], number, self.placement)

    def __iter__(self) -> Iterator[Tile[P]]:
        """Yield the tiles with their pixels, read ahead in threads: a few, whatever the size of the image."""
        recipe = self.picture.recipe
        tile_bytes = recipe.nbytes // max(1, recipe.shape[3] * recipe.shape[4]) * self.size[0] * self.size[1]
        window = max(workers(), min(4 * workers(), AHEAD_BYTES // max(1, tile_bytes)))
        return map_window(_filled, map(self._tile, range(len(self))), window=window)

    def batches(self, count: int | None = None) -> Iterator[Batch[P]]:
        """Yield the tiles stacked, `count` at a time, the last batch as many as are left.

        Raises
        ------
        RegionError
            For a count below 1.
        """
        number = self.batch if count is None else count
        check_batch(number)
        return (self._stacked(tiles) for tiles in batched(self, number))

    def _stacked(self, tiles: tuple[Tile[P], ...]) -> Batch[P]:
        shape = self.picture.recipe.shape
        data = np.zeros((len(tiles), *shape[:3], *self.size, *shape[5:]), self.picture.recipe.dtype)
        for place, tile in zip(data, tiles, strict=True):
            place[..., : tile.height, : tile.width, *(slice(None) for _ in shape[5:])] = tile.data
        return Batch(data, tiles)

    def to_dask(self) -> list[Any]:
        """Return a dask array of one chunk a tile, T Z C Y X [S], in the order of the grid."""
        from omio.lazy.graph import to_dask

        parts = (view(self.picture.recipe, tile.key) for tile in map(self._tile, range(len(self))))
        return [to_dask(part, tuple((size,) for size in part.shape)) for part in parts]

    def paste(self, results: Iterable[Any], *, axes: str | None = None, out: Any = None) -> P:
        """Put together what was made of each tile: the part that it owns; see `omio.raster.paste.paste`."""
        from omio.raster.paste import paste

        return paste(self, results, axes, out)

    def __repr__(self) -> str:
        rows, columns = self.shape
        height, width = self.size
        return f"<TileGrid of {rows} x {columns} tiles, {height} x {width} pixels each (Y x X)>"


def _within(number: Any, count: int) -> int:
    if not (isinstance(number, Integral) and -count <= int(number) < count):
        raise TileRangeError(f"no tile {number}", remedy=f"There are {count}, from 0 to {count - 1}.")
    return int(number) % count


def check_batch(count: int) -> None:
    """Raise `RegionError` where that is no number of tiles."""
    if not isinstance(count, Integral) or count < 1:
        raise RegionError(f"batches of {count!r} tiles", remedy="Use whole numbers, 1 or more.")


def _filled[P: Croppable](tile: Tile[P]) -> Tile[P]:
    tile.data  # noqa: B018 - read in this thread, and kept
    return tile


def make_grid[P: Croppable](
    picture: P,
    box: Box,
    *,
    size: int | Extent,
    overlap: int | Extent,
    edges: bool,
    origin: Origin,
    batch: int,
) -> TileGrid[P]:
    """Cut a picture that shows `box` of the full image; see `omio.dataset.looking.Looking.tiles`. No pixel is read.

    Raises
    ------
    RegionError
        Tiles that overlap by their whole size, an unknown origin, or a region without pixels.
    """
    sizes, overlaps = both(size), pair(overlap)
    if overlaps is None or any(not 0 <= lap < length for lap, length in zip(overlaps, sizes, strict=True)):
        raise RegionError(f"tiles of {sizes} overlap by {overlap}", remedy="Overlap by less than the size, or by 0.")
    check_batch(batch)
    if origin not in ("image", "region"):
        raise RegionError(f"origin={origin!r}", remedy='Use "image" or "region".')
    extent = picture.recipe.shape[3], picture.recipe.shape[4]
    if not all(extent):
        return TileGrid(picture, (), (), sizes, Placement((0, 0), Pair(1.0, 1.0)), batch)
    placement = Placement.of(box, extent)
    steps = [length - lap for length, lap in zip(sizes, overlaps, strict=True)]
    own = origin == "region" and all(whole >= step for whole, step in zip(extent, steps, strict=True))
    rows, columns = (
        spans(low, low + whole, length, lap, low if own else 0, edges=edges)
        for low, whole, length, lap in zip(placement.corner, extent, sizes, overlaps, strict=True)
    )
    return TileGrid(picture, rows, columns, sizes, placement, batch)

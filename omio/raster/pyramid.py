"""`Pyramid`: the tiles of all virtual levels of an image, read where the level is stored and made where it is not.

How tiles are made follows large_image, whose tiles they equal bit for bit: the finest stored level gives up to three
levels above it, which give the next three; tiles beyond the image are nothing, and what a tile holds beyond the image
is black. So each tile needs a bounded number of others, however far it is from what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np

from omio.errors import RegionError, TileRangeError
from omio.indexing import hull, orthogonal, within
from omio.lazy.recipe import Recipe
from omio.naming import counted, span
from omio.raster.cache import TILES, file_stamps
from omio.raster.levels import both, resolutions, tile_count, tile_extent, virtual_levels
from omio.raster.room import zeros
from omio.raster.scaling import along, from_work, to_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from omio.image import Image
    from omio.indexing import Key
    from omio.lazy.leaf import FileStamp
    from omio.raster.levels import Extent

type LevelSynthesis = Literal["auto", "lanczos", "mean", "nearest"]
"""How tiles of levels that are not stored are made.

``lanczos`` and ``mean`` weigh the pixels that are joined, ``nearest`` takes the first of them as it is, which keeps the
numbers of labels. ``auto`` is lanczos for pictures (8 bits, up to 4 samples) and nearest for measured values.
"""

type Plane = tuple[int, int, int]
"""T, Z, C."""

STAGE = 3
"""So many levels are made from one."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Tiles of all levels of the planes of an image.

    Attributes
    ----------
    stored
        Level -> its pixels; level 0 is always there.
    tile
        Rows and columns of a tile.
    how
        How tiles are made that are not stored.
    """

    stored: Mapping[int, Recipe]
    tile: Extent
    how: Literal["lanczos", "mean", "nearest"]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the full image."""
        return self.stored[0].shape

    @cached_property
    def count(self) -> int:
        """Number of levels."""
        return virtual_levels(self.shape[4], self.shape[3], self.tile)

    def extent(self, level: int) -> Extent:
        """Return rows and columns of a level."""
        at = self.finer(level)
        rows, columns = self.stored[at].shape[3:5]
        step = 1 << (level - at)
        return -(-rows // step), -(-columns // step)

    def check(self, level: int, x: int, y: int, plane: Plane) -> None:
        """Raise `TileRangeError` for a tile, level or plane that does not exist."""
        if not (isinstance(level, Integral) and 0 <= level < self.count):
            raise TileRangeError(f"no level {level}", remedy=counted(self.count, "level"))
        down, across = tile_count(self.shape[4], self.shape[3], level, self.tile)
        for name, at, size in (("x", x, across), ("y", y, down), *zip("tzc", plane, self.shape, strict=False)):
            if not (isinstance(at, Integral) and 0 <= at < size):
                raise TileRangeError(f"{name}={at} is outside of {span(size)}", place=f"level {level}")

    def read(self, level: int, x: int, y: int, plane: Plane) -> NDArray[Any]:
        """Return a whole tile, Y X [S], that nobody may write to."""
        if self.stamps is None:
            return self._made(level, x, y, plane)
        key = (self._digest, self.tile, self.how, level, x, y, plane)
        return TILES.get(key, self.stamps, lambda: self._made(level, x, y, plane))

    @cached_property
    def stamps(self) -> tuple[FileStamp, ...] | None:
        """The files that the levels lie in; None where pixels come from elsewhere, or from many files."""
        return file_stamps(tuple(self.stored.values()))

    @cached_property
    def _digest(self) -> tuple[tuple[int, str], ...]:
        return tuple((level, recipe.digest) for level, recipe in self.stored.items())

    def finer(self, level: int) -> int:
        """Return the coarsest stored level that is as fine as `level`."""
        return max(at for at in self.stored if at <= level)

    def _made(self, level: int, x: int, y: int, plane: Plane) -> NDArray[Any]:
        if level in self.stored:
            return self._patch(level, range(y, y + 1), range(x, x + 1), plane)
        gap = level - self.finer(level)
        source = self.finer(level) + (gap - 1) // STAGE * STAGE
        step = 1 << (level - source)
        down, across = tile_count(self.shape[4], self.shape[3], source, self.tile)
        rows = range(y * step, min(down, (y + 1) * step))
        columns = range(x * step, min(across, (x + 1) * step))
        patch = self._patch(source, rows, columns, plane)
        if self.how == "lanczos":
            return self._whole(self._smoothed(patch, step))
        height, width = self.extent(source)
        patch = patch[: height - rows.start * self.tile[0], : width - columns.start * self.tile[1]]
        return self._whole(patch[::step, ::step] if self.how == "nearest" else _means(patch, step))

    def _patch(self, level: int, rows: range, columns: range, plane: Plane) -> NDArray[Any]:
        """Return neighbouring tiles of a level in one array; black beyond the image."""
        height, width = self.tile
        shape = (len(rows) * height, len(columns) * width, *self.shape[5:])
        found = zeros(shape, self.stored[0].dtype, "the tile, with those it is made of,", "Give a smaller size=.")
        if level not in self.stored:
            for y in rows:
                for x in columns:
                    top, left = (y - rows.start) * height, (x - columns.start) * width
                    found[top : top + height, left : left + width] = self.read(level, x, y, plane)
            return found
        recipe = self.stored[level]
        down = range(rows.start * height, min(rows.stop * height, recipe.shape[3]))
        across = range(columns.start * width, min(columns.stop * width, recipe.shape[4]))
        if down and across:
            key = (*(range(at, at + 1) for at in plane), down, across, *map(range, self.shape[5:]))
            recipe.read(key, found[None, None, None, : len(down), : len(across)])
        return found

    def _whole(self, pixels: NDArray[Any]) -> NDArray[Any]:
        if pixels.shape[:2] == self.tile:
            return np.ascontiguousarray(pixels)
        whole = np.zeros((*self.tile, *pixels.shape[2:]), pixels.dtype)
        whole[: pixels.shape[0], : pixels.shape[1]] = pixels
        return whole

    def _smoothed(self, patch: NDArray[Any], step: int) -> NDArray[Any]:
        """Join `step` x `step` pixels; where no tile is, nothing counts."""
        height, width = (min(size, edge * step) for size, edge in zip(self.shape[3:5], self.tile, strict=True))
        have = patch[:height, :width]
        new = -(-height // step), -(-width // step)
        if have.shape[:2] == (height, width):
            work = to_work(have, "lanczos")
            for axis in (1, 0):
                work = along(work, axis, new[axis], "lanczos")
            return from_work(work, patch.dtype)
        canvas = np.zeros((height, width, *patch.shape[2:]), patch.dtype)
        canvas[: have.shape[0], : have.shape[1]] = have
        opaque = np.zeros((height, width), np.uint8)
        opaque[: have.shape[0], : have.shape[1]] = 255
        return _weighed(canvas, opaque, new)


def _means(patch: NDArray[Any], step: int) -> NDArray[Any]:
    """Return the means of `step` x `step` pixels; at the edges of those that are there."""
    work = to_work(patch, "area")
    for axis in (1, 0):
        new = -(-work.shape[axis] // step)
        work = along(work, axis, new, "area", 0.0, float(new * step))
    return from_work(work, patch.dtype)


def _weighed(canvas: NDArray[Any], opaque: NDArray[np.uint8], new: Extent) -> NDArray[Any]:
    """Resample pixels, each weighed by how opaque it is."""
    if canvas.dtype == np.uint8:
        return _weighed_by_pillow(canvas, opaque, new)
    weights, work = (opaque / 255).astype(np.float32), to_work(canvas, "lanczos")
    for axis in (1, 0):
        work, weights = along(work, axis, new[axis], "lanczos"), along(weights, axis, new[axis], "lanczos")
    shares = weights.reshape(*new, *(1,) * (work.ndim - 2))
    return from_work(np.divide(work, shares, out=np.zeros_like(work), where=shares > 0), canvas.dtype)


def _weighed_by_pillow(canvas: NDArray[Any], opaque: NDArray[np.uint8], new: Extent) -> NDArray[Any]:
    from PIL import Image

    def resized(band: NDArray[Any]) -> NDArray[Any]:
        picture = Image.merge("LA", (Image.fromarray(np.ascontiguousarray(band)), Image.fromarray(opaque)))
        return np.asarray(picture.resize((new[1], new[0]), Image.Resampling.LANCZOS))[..., 0]

    if canvas.ndim == 2:
        return resized(canvas)
    return np.stack([resized(canvas[..., band]) for band in range(canvas.shape[2])], axis=-1)


@dataclass(frozen=True, eq=False)
class VirtualLevel(Recipe):
    """A whole level of a pyramid as an array, T Z C Y X [S]."""

    pyramid: Pyramid
    level: int

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the level."""
        full = self.pyramid.shape
        return (*full[:3], *self.pyramid.extent(self.level), *full[5:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Dtype of the image."""
        return self.pyramid.stored[0].dtype

    @property
    def chunk(self) -> tuple[int, ...]:
        """One tile."""
        return (1, 1, 1, *self.pyramid.tile, *self.shape[5:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Put the tiles together that the key meets."""
        if not out.size:
            return
        rows, columns = hull(key[3]), hull(key[4])
        pick = tuple(
            within(index, run) for index, run in zip(key[3:], (rows, columns, *map(range, self.shape[5:])), strict=True)
        )
        for at in np.ndindex(out.shape[:3]):
            t, z, c = (int(index[place]) for index, place in zip(key, at, strict=False))
            out[at] = orthogonal(pick, self._block(rows, columns, (t, z, c)))

    def _block(self, rows: range, columns: range, plane: Plane) -> NDArray[Any]:
        block = np.empty((len(rows), len(columns), *self.shape[5:]), self.dtype)
        height, width = self.pyramid.tile
        for y, inner, outer in _cuts(rows, height):
            for x, inner_x, outer_x in _cuts(columns, width):
                block[outer, outer_x] = self.pyramid.read(self.level, x, y, plane)[inner, inner_x]
        return block

    def token(self) -> tuple[Any, ...]:
        """Join what is stored, tiles and level."""
        stored = tuple((level, recipe.token()) for level, recipe in self.pyramid.stored.items())
        return ("virtual level", stored, self.pyramid.tile, self.pyramid.how, self.level)

    def parts(self) -> tuple[Recipe, ...]:
        """Return the stored levels."""
        return tuple(self.pyramid.stored.values())


def _cuts(run: range, length: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield for each tile that a run meets its number, what lies in it, and where that goes."""
    for number in range(run.start // length, -(-run.stop // length)):
        first, last = max(run.start, number * length), min(run.stop, (number + 1) * length)
        start = number * length
        yield number, slice(first - start, last - start), slice(first - run.start, last - run.start)


_known: WeakKeyDictionary[Image, dict[tuple[Any, ...], Pyramid]] = WeakKeyDictionary()


def pyramid_of(image: Image, tile: int | Extent | None = None, how: LevelSynthesis = "auto") -> Pyramid:
    """Return the pyramid of an image; it is planned once.

    Raises
    ------
    RegionError
        An unknown `how`, or a tile without pixels.
    ClosedError
        The dataset was closed.
    """
    recipe = image.recipe  # raises where the dataset is closed
    planned = _known.setdefault(image, {})
    if (tile, how) not in planned:
        if how not in get_args(LevelSynthesis.__value__):
            known = ", ".join(get_args(LevelSynthesis.__value__))
            raise RegionError(f"synthesis={how!r}", remedy=f"Use {known}.")
        extent = tile_extent(image) if tile is None else both(tile)
        found = {level.halvings: level.recipe for level in reversed(resolutions(image)) if level.halvings is not None}
        stored = {level: found[level] for level in sorted(found)}
        planned[tile, how] = Pyramid(stored, extent, _word(recipe, how))
    return planned[tile, how]


def _word(recipe: Recipe, how: LevelSynthesis) -> Literal["lanczos", "mean", "nearest"]:
    if how != "auto":
        return how
    return "lanczos" if is_picture(recipe) else "nearest"


def is_picture(recipe: Recipe) -> bool:
    """Whether pixels are 8 bits of up to four samples, as pictures are."""
    return recipe.dtype == np.uint8 and recipe.shape[5:] <= (4,)

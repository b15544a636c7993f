"""Pixels in another reference system, warped by GDAL in blocks that are made when they are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from omio.errors import RegionError
from omio.indexing import hull, meet, orthogonal, to_numpy
from omio.lazy.leaf import first_stamp
from omio.lazy.placed import indexer
from omio.lazy.recipe import Derived
from omio.raster.geo import Affine, Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index, Key
    from omio.lazy.recipe import Recipe

type Warping = Literal["nearest", "bilinear", "cubic", "average", "lanczos", "mode"]

BLOCK = 512
"""Rows and columns that are warped at once, fewer where each joins many pixels.

Always the same blocks, so that a part is what the whole shows there.
"""
_AROUND = 4
"""Pixels around those that a block shows: what the widest kernel needs, times the scale."""
_NODATA = 42113
"""GDAL's tag."""


@dataclass(frozen=True, eq=False)
class Warped(Derived):
    """Planes of a recipe in another reference system.

    Attributes
    ----------
    source, place
        Where the pixels of the base lie, and where these do.
    extent
        Rows and columns.
    how
        Resampling.
    nodata
        Value of pixels that show nothing, here and in the base; None: all show something, and what lies outside is 0.
    """

    source: Place
    place: Place
    extent: tuple[int, int]
    how: Warping
    nodata: float | None

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the new rows and columns."""
        return (*self.base.shape[:3], *self.extent, *self.base.shape[5:])

    @property
    def chunk(self) -> tuple[int, ...]:
        """One block."""
        return (1, 1, 1, *(min(self._side, size) for size in self.extent), *self.shape[5:])

    @cached_property
    def _side(self) -> int:
        scales = (old / new for old, new in zip(self.base.shape[3:5], self.extent, strict=True))
        return max(4, int(BLOCK / max(1.0, *scales)))

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Warp the blocks that are met, one after another: GDAL's threads and the reader's work on each."""
        rows, columns = _blocks(key[3], self._side), _blocks(key[4], self._side)
        for at in np.ndindex(out.shape[:3]):
            plane = tuple(int(index[place]) for index, place in zip(key, at, strict=False))
            for top, rows_out, rows_in in rows:
                for left, columns_out, columns_in in columns:
                    found = orthogonal(map(to_numpy, (rows_in, columns_in, *key[5:])), self._block(plane, top, left))
                    out[at][indexer((rows_out, columns_out))] = found

    def _block(self, plane: tuple[int, ...], top: int, left: int) -> NDArray[Any]:
        from rasterio import Affine as Matrix
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        size = tuple(min(self._side, whole - start) for whole, start in zip(self.extent, (top, left), strict=True))
        affine = self.place.affine.after((left, 1.0), (top, 1.0))
        found = np.full((*self.shape[5:], *size), self.nodata or 0, self.dtype)
        rows, columns = self._shown(affine, size)
        if len(rows) and len(columns):
            key = (*(range(at, at + 1) for at in plane), rows, columns, *map(range, self.shape[5:]))
            reproject(
                np.ascontiguousarray(_bands_first(self.base.load(key)[0, 0, 0])),
                found,
                src_transform=Matrix(*self.source.affine.after((columns.start, 1.0), (rows.start, 1.0))),
                src_crs=self.source.crs,
                src_nodata=self.nodata,
                dst_transform=Matrix(*affine),
                dst_crs=self.place.crs,
                dst_nodata=self.nodata,
                resampling=Resampling[self.how],
                tolerance=0,
                # otherwise GDAL takes the scale of kernels from each block, and blocks would not quite meet
                XSCALE=self.extent[1] / self.base.shape[4],
                YSCALE=self.extent[0] / self.base.shape[3],
            )
        return np.moveaxis(found, 0, -1) if found.ndim == 3 else found

    def _shown(self, affine: Affine, size: tuple[int, ...]) -> tuple[range, range]:
        """Return the rows and columns of the base that a block shows, and those around that kernels reach."""
        from rasterio.warp import transform

        steps = np.linspace(0, 1, 22)
        down, across = (grid.ravel() for grid in np.meshgrid(steps * size[0], steps * size[1], indexing="ij"))
        there = affine.point(across, down)  # type: ignore[arg-type]
        xs, ys = map(np.asarray, transform(self.place.crs, self.source.crs, *there))
        known = np.isfinite(xs) & np.isfinite(ys)
        if not known.any():
            return range(0), range(0)
        a, b, c, d, e, f = self.source.affine
        shown = np.linalg.solve([[a, b], [d, e]], np.stack([xs[known] - c, ys[known] - f]))
        columns, rows = (
            _around(places, whole, length)
            for places, whole, length in zip(shown, self.base.shape[4:2:-1], size[::-1], strict=True)
        )
        return rows, columns

    def token(self) -> tuple[Any, ...]:
        """Join base and places."""
        return ("warped", self.base.token(), self.source, self.place, self.extent, self.how, self.nodata)


def _around(places: NDArray[np.float64], whole: int, length: int) -> range:
    low, high = float(places.min()), float(places.max())
    margin = _AROUND * max(1.0, (high - low) / length) + (high - low) / 20
    return range(max(0, int(low - margin)), max(0, min(whole, int(high + margin) + 1)))


def _blocks(index: Index, side: int) -> list[tuple[int, Index, Index]]:
    """Return where each block that is met begins, places in the result, and rows or columns of the block."""
    if not len(index):
        return []
    run = hull(index)
    starts = range(run.start // side * side, run.stop, side)
    return [(start, *meet(index, start, start + side)) for start in starts]


def _bands_first(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else pixels


def warped(
    recipe: Recipe,
    source: Place,
    crs: str,
    resolution: float | tuple[float, float] | None,
    how: Warping,
    nodata: float | None,
) -> Warped:
    """Plan; see `omio.raster.geo.Geo.reproject`.

    Raises
    ------
    RegionError
        An unknown way of resampling, or pixels that GDAL does not know.
    """
    from rasterio import Affine as Matrix
    from rasterio.dtypes import check_dtype
    from rasterio.transform import array_bounds
    from rasterio.warp import calculate_default_transform

    if how not in get_args(Warping.__value__):
        raise RegionError(f"resample={how!r}", remedy=f"There are {', '.join(get_args(Warping.__value__))}.")
    if recipe.dtype.kind in "bc" or not check_dtype(recipe.dtype):
        raise RegionError(f"pixels of {recipe.dtype} cannot be warped", remedy='Convert them: astype("uint8").')
    height, width = recipe.shape[3:5]
    bounds = array_bounds(height, width, Matrix(*source.affine))
    affine, columns, rows = calculate_default_transform(source.crs, crs, width, height, *bounds, resolution=resolution)
    empty = nodata_of(recipe) if nodata is None else nodata
    return Warped(recipe, source, Place(crs, Affine(*affine[:6])), (rows, columns), how, empty)


def nodata_of(recipe: Recipe) -> float | None:
    """Return the value that GDAL's tag says means nothing; None where there is no such tag."""
    from omio.backends.tiff.dialects import open_document

    stamp = first_stamp(recipe)
    if stamp is None:
        return None
    with open_document(stamp) as document:
        text = document.first.tags.valueof(_NODATA)
    try:
        return float(str(text).strip("\0 "))
    except ValueError:
        return None

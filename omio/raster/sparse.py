"""Tiles that a file leaves out: TIFF tiles without bytes (as GDAL writes them), chunks of Zarr, missing files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakKeyDictionary

from omio.errors import RegionError, TileRangeError, UnwritableError
from omio.lazy.ranges import ABSENT, table_of
from omio.lazy.view import view
from omio.raster.scaling import resize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe
    from omio.raster.levels import Extent
    from omio.raster.pyramid import Plane, Pyramid

type Missing = Literal["fill", "coarser", "raise"]
"""What becomes of pixels that no file holds: the file's fill value, or what a coarser level shows, or an error."""

type Gap = tuple[range, range]
"""Rows and columns of a level."""


def is_stored(pyramid: Pyramid, level: int, x: int, y: int, plane: Plane) -> bool:
    """Whether a file holds any pixel of a tile; of a level that is not stored, any that the tile is made from."""
    at, rows, columns = _source(pyramid, level, x, y)
    missed = sum(len(down) * len(across) for down, across in gaps(pyramid.stored[at], rows, columns, plane))
    return missed < len(rows) * len(columns)


def _source(pyramid: Pyramid, level: int, x: int, y: int) -> tuple[int, range, range]:
    """Return the stored level that a tile comes from, and its rows and columns there."""
    at = pyramid.finer(level)
    step = 1 << (level - at)
    edges = [length * step for length in pyramid.tile]
    rows, columns = (
        range(min(size, number * edge), min(size, (number + 1) * edge))
        for number, edge, size in zip((y, x), edges, pyramid.stored[at].shape[3:5], strict=True)
    )
    return at, rows, columns


def mended(
    pyramid: Pyramid, tile: NDArray[Any], level: int, x: int, y: int, plane: Plane, missing: Missing
) -> NDArray[Any]:
    """Return a tile of a stored level with what is missing taken from a coarser level.

    Raises
    ------
    TileRangeError
        Where ``missing="raise"``, or no coarser level holds it.
    RegionError
        Another word.
    """
    if missing not in get_args(Missing.__value__):
        raise RegionError(f"missing={missing!r}", remedy=f"Use {', '.join(get_args(Missing.__value__))}.")
    at, rows, columns = _source(pyramid, level, x, y)
    found = gaps(pyramid.stored[at], rows, columns, plane)
    if found and missing == "raise":
        raise TileRangeError("is not stored in the file", place=f"level {level}, tile x={x}, y={y}")
    if not found or at != level:
        return tile
    whole = tile.copy()
    for down, across in found:
        inner = (
            slice(down.start - rows.start, down.stop - rows.start),
            slice(across.start - columns.start, across.stop - columns.start),
        )
        whole[inner] = _from_coarser(pyramid, level, down, across, plane)
    return whole


def gaps(recipe: Recipe, rows: range, columns: range, plane: Plane) -> list[Gap]:
    """Return the parts of a region that no file holds; none where the format does not tell."""
    found = _absent(recipe, plane)
    if found is None:
        return []
    (height, width), grid = found
    return [
        (
            range(max(rows.start, at_y * height), min(rows.stop, (at_y + 1) * height)),
            range(max(columns.start, at_x * width), min(columns.stop, (at_x + 1) * width)),
        )
        for at_y in range(rows.start // height, -(-rows.stop // height))
        for at_x in range(columns.start // width, -(-columns.stop // width))
        if grid[at_y, at_x]
    ]


type Holes = tuple[Extent, NDArray[np.bool_]]
"""Rows and columns of the chunks of a plane, and which of them no file holds."""

_known: WeakKeyDictionary[Recipe, dict[Plane, Holes | None]] = WeakKeyDictionary()


def _absent(recipe: Recipe, plane: Plane) -> Holes | None:
    """Return the holes of a plane, looked for once; None where there are none."""
    planes = _known.setdefault(recipe, {})
    if plane not in planes:
        planes[plane] = _holes(recipe, plane)
    return planes[plane]


def _holes(recipe: Recipe, plane: Plane) -> Holes | None:
    try:
        table = table_of(view(recipe, _key(recipe, plane, *map(range, recipe.shape[3:5]))))
    except UnwritableError:  # chunks that Zarr could not refer to: nothing says that any is missing
        return None
    if not table.is_sparse:
        return None
    grid = (table.file == ABSENT)[0, 0, 0]
    return (table.chunk[3], table.chunk[4]), grid if grid.ndim == 2 else grid.any(axis=2)


def _key(recipe: Recipe, plane: Plane, rows: range, columns: range) -> Key:
    return (*(range(at, at + 1) for at in plane), rows, columns, *map(range, recipe.shape[5:]))


def _from_coarser(pyramid: Pyramid, level: int, rows: range, columns: range, plane: Plane) -> NDArray[Any]:
    for at in (number for number in pyramid.stored if number > level):
        step, recipe = 1 << (at - level), pyramid.stored[at]
        down, across = (
            range(run.start // step, min(size, -(-run.stop // step)))
            for run, size in zip((rows, columns), recipe.shape[3:5], strict=True)
        )
        if down and across and not gaps(recipe, down, across, plane):
            pixels = recipe.load(_key(recipe, plane, down, across))[0, 0, 0]
            larger = resize(pixels, (len(down) * step, len(across) * step), "bicubic")
            top, left = rows.start - down.start * step, columns.start - across.start * step
            return larger[top : top + len(rows), left : left + len(columns)]
    raise TileRangeError("is stored in no coarser level either", place=f"level {level}, rows {rows}, columns {columns}")

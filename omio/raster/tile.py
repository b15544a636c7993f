"""One tile of a level, stored or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.raster.fill import fill_values
from omio.raster.pyramid import pyramid_of
from omio.raster.sparse import is_stored, mended

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.image import Image
    from omio.raster.fill import Fill
    from omio.raster.levels import Extent
    from omio.raster.pyramid import LevelSynthesis
    from omio.raster.sparse import Missing

PAD, CROP = "pad", "crop"


def read_tile(
    image: Image,
    level: int,
    x: int,
    y: int,
    *,
    t: int = 0,
    z: int = 0,
    c: int = 0,
    size: int | Extent | None = None,
    edge: Fill = PAD,
    synthesis: LevelSynthesis = "auto",
    missing: Missing = "fill",
) -> NDArray[Any]:
    """Read one tile, Y X [S].

    Parameters
    ----------
    level
        0 is the full image; each level halves the one before, whether the file stores it or not.
    x, y
        Number of the tile, from the left and from the top.
    t, z, c
        Of the plane.
    size
        Edge of the tiles, or (rows, columns); by default as the file is tiled, else 256.
    edge
        What stands beyond the image: ``"pad"`` is black, ``"crop"`` returns less, a colour or a value fills.
    synthesis
        How tiles are made of levels that are not stored; see `LevelSynthesis`.
    missing
        What stands where the file leaves pixels out: ``"fill"``, its fill value; ``"coarser"``, what a coarser stored
        level shows; or ``"raise"``.

    Raises
    ------
    TileRangeError
        No such tile, level or plane, or pixels that are missing.
    RegionError
        A size, edge or synthesis that means nothing.
    """
    pyramid = pyramid_of(image, size, synthesis)
    pyramid.check(level, x, y, (t, z, c))
    tile = pyramid.read(level, x, y, (t, z, c))
    if missing != "fill":
        tile = mended(pyramid, tile, level, x, y, (t, z, c), missing)
    if isinstance(edge, str) and edge == PAD:
        return tile.copy()
    rows, columns = (
        min(length, have - at * length)
        for length, have, at in zip(pyramid.tile, pyramid.extent(level), (y, x), strict=True)
    )
    inside = tile[: max(0, rows), : max(0, columns)]
    if isinstance(edge, str) and edge == CROP:
        return inside.copy()
    filled = np.empty_like(tile)
    filled[...] = fill_values(edge, tile.dtype, tile.shape[2:])
    filled[: inside.shape[0], : inside.shape[1]] = inside
    return filled


def tile_exists(
    image: Image, level: int, x: int, y: int, *, t: int = 0, z: int = 0, c: int = 0, size: int | Extent | None = None
) -> bool:
    """Whether a file holds any pixel of a tile, as far as its format tells.

    Raises
    ------
    TileRangeError
        No such tile, level or plane.
    """
    pyramid = pyramid_of(image, size)
    pyramid.check(level, x, y, (t, z, c))
    return is_stored(pyramid, level, x, y, (t, z, c))

"""One tile of a level, stored or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.raster.fill import fill_values
from omio.raster.pyramid import pyramid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.image import Image
    from omio.raster.fill import Fill
    from omio.raster.levels import Extent
    from omio.raster.pyramid import LevelSynthesis

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

    Raises
    ------
    TileRangeError
        No such tile, level or plane.
    RegionError
        A size, edge or synthesis that means nothing.
    """
    pyramid = pyramid_of(image, size, synthesis)
    pyramid.check(level, x, y, (t, z, c))
    tile = pyramid.read(level, x, y, (t, z, c))
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

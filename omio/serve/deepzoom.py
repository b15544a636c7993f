"""Deep Zoom, as OpenSeadragon and many other viewers read it: level 0 is one pixel, each level twice the one before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from omio.errors import TileRangeError
from omio.serve import pictures

if TYPE_CHECKING:
    from omio.serve import ask
    from omio.serve.limits import Limits
    from omio.serve.shown import Shown


def descriptor(width: int, height: int, tile: int) -> bytes:
    """Return the document of an image (schema deepzoom/2008)."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="{tile}" Overlap="0" Format="jpg">'
        f'<Size Width="{width}" Height="{height}"/></Image>\n'
    ).encode()


def finest(width: int, height: int) -> int:
    """Return the level that is the full image.

    >>> finest(1, 1), finest(1024, 700), finest(1025, 700)
    (0, 10, 11)
    """
    return math.ceil(math.log2(max(width, height)))


def tile(shown: Shown, picture: ask.Picture, *, level: int, x: int, y: int, limits: Limits) -> bytes:
    """Return a tile; levels smaller than one tile are thumbnails.

    Raises
    ------
    TileRangeError
        There is none.
    """
    width, height = shown.image.sizes["X"], shown.image.sizes["Y"]
    halvings = finest(width, height) - level
    if halvings < 0:
        raise TileRangeError(f"no level {level}", remedy=f"The finest is {finest(width, height)}.")
    if halvings < shown.levels:
        return pictures.level_tile(shown, picture, halvings, x, y)
    if x or y:
        raise TileRangeError(f"no tile {x}, {y} of level {level}", remedy="It has one tile.")
    width, height = -(-width >> halvings), -(-height >> halvings)
    return pictures.thumbnail(shown, picture, width=width, height=height, limits=limits)

"""One pixel: what it says, and where it lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from omio.errors import RegionError
from omio.metadata.facts import channel_rows
from omio.raster.box import Frame
from omio.raster.frames import PlaneNumbers

if TYPE_CHECKING:
    from omio.image import Image
    from omio.indexing import Key


def read_pixel(
    image: Image, x: float, y: float, *, units: str = "px", t: int = 0, z: int = 0, c: int | None = None
) -> dict[str, Any]:
    """Read the pixel that a point lies in; see `omio.dataset.looking.Looking.pixel`.

    Raises
    ------
    TileRangeError
        No such plane.
    RegionError
        An unknown unit, or coordinates that are no numbers.
    """
    frame = Frame.of(image)
    PlaneNumbers.of(image).number(t=t, z=z, c=c or 0)
    per = frame.pixels_per(units)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise RegionError(f"a pixel at x={x}, y={y}", remedy="Use numbers.")
    column, row = math.floor(x * per.x), math.floor(y * per.y)
    if not (0 <= row < frame.extent[0] and 0 <= column < frame.extent[1]):
        return {}
    channels = range(image.sizes["C"]) if c is None else range(c, c + 1)
    samples = map(range, image.recipe.shape[5:])
    key = (range(t, t + 1), range(z, z + 1), channels, range(row, row + 1), range(column, column + 1), *samples)
    values = image.recipe.load(key).ravel().tolist()
    names = [channel_rows(image.facts)[at].get("name") for at in channels]
    return {"x": column, "y": row, "value": values, "channels": names, "position": _position(image, key)}


def _position(image: Image, key: Key) -> dict[str, float]:
    """Return where the pixel's center lies: µm, and seconds along T, as far as known."""
    axes = image.facts.axes
    places = dict(zip("TZCYX", key, strict=False))
    return {dim: float(axes[dim].take(places[dim]).values()[0]) for dim in "TZYX" if dim in axes}

"""Boxes of a map as pixels of the image that shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omio.errors import RegionError
from omio.raster.box import Frame, find_box, sides
from omio.raster.geo import Bounds, place_of, transformed

if TYPE_CHECKING:
    from omio.image import Image
    from omio.raster.box import Box, Side
    from omio.raster.geo import Place

type Run = tuple[float, float]

_SYSTEM = re.compile(r"EPSG:\d+", re.IGNORECASE)


def box_of(
    image: Image,
    x: Side = None,
    y: Side = None,
    *,
    width: float | None = None,
    height: float | None = None,
    units: str = "px",
    size_units: str | None = None,
    magnification: float | None = None,
) -> Box:
    """Return the pixels of a region of an image: as `find_box`, and for units such as ``"EPSG:4326"`` on its map.

    Raises
    ------
    RegionError
        Units, sides or sizes that mean nothing for the image.
    """
    frame = Frame.of(image)
    if not isinstance(units, str) or not _SYSTEM.fullmatch(units):
        return find_box(
            frame, x, y, width=width, height=height, units=units, size_units=size_units, magnification=magnification
        )
    if width is not None or height is not None:
        raise RegionError(f"a width or height in {units}", remedy="Give x=(west, east) and y=(south, north).")
    columns, rows = window(place_of(image.recipe), frame.extent, x, y, units.upper())
    return find_box(frame, columns, rows)


def window(place: Place, extent: tuple[int, int], x: Side, y: Side, crs: str) -> tuple[Run, Run]:
    """Return the columns and rows, as fractions too, of the smallest window that holds a box of the map.

    Parameters
    ----------
    place, extent
        Where the image lies; its rows and columns.
    x, y
        (west, east) and (south, north) in units of `crs`; None: the edge of the image.

    Raises
    ------
    MissingDependencyError
        A system other than that of the image needs ``omio[geo]``.
    RegionError
        Sides in the wrong order, or no such system.
    """
    whole = transformed(place.affine.box(extent), place.crs, crs)
    west, east = _ends("x", x, whole.left, whole.right)
    south, north = _ends("y", y, whole.bottom, whole.top)
    box = transformed(Bounds(west, south, east, north), crs, place.crs)
    back = place.affine.inverse()
    points = [back.point(across, up) for across in (box.left, box.right) for up in (box.bottom, box.top)]
    columns, rows = (
        (_inside(min(places), size), _inside(max(places), size))
        for places, size in zip(zip(*points, strict=True), reversed(extent), strict=True)
    )
    return columns, rows


def _ends(name: str, side: Side, low: float, high: float) -> Run:
    first, last = sides(name, side)
    begin, end = low if first is None else first, high if last is None else last
    if not begin < end:
        raise RegionError(f"{name}={side!r}", remedy="On a map x is (west, east) and y is (south, north).")
    return begin, end


def _inside(place: float, size: int) -> float:
    """Cut off what lies outside: as part of a region, what lies before an image would count from its far edge."""
    return min(max(place, 0.0), float(size))

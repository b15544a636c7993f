"""Pictures and numbers of an image, made by `omio.raster`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from omio.dims import SAMPLES, SPATIAL
from omio.errors import MemoryLimitError, OptionError, SelectionError, TileRangeError
from omio.metadata.facts import channel_rows
from omio.raster.tile import CROP, read_tile
from omio.serve import ask
from omio.serve.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.serve.limits import Limits

type Json = dict[str, Any]
type Planes = Mapping[int, NDArray[Any]]
"""Channel -> Y X [S]."""


@dataclass(frozen=True)
class Box:
    """Which part of the image, and how large its picture may be."""

    words: ClassVar[tuple[str, ...]] = ("x", "y", "units", "max_width", "max_height")

    x: tuple[float, float] | None
    y: tuple[float, float] | None
    units: str
    max_width: int
    max_height: int

    @classmethod
    def of(cls, query: Mapping[str, str], limits: Limits) -> Self:
        """Return what a query says.

        Raises
        ------
        OptionError
            What means nothing.
        """
        width, height = (
            ask.whole(query, name, limits.side, least=1, most=limits.side) for name in ("max_width", "max_height")
        )
        return cls(ask.pair(query, "x"), ask.pair(query, "y"), query.get("units", "px"), width, height)


def tile(shown: Shown, picture: ask.Picture, *, z: int, x: int, y: int, edge: str = CROP) -> bytes:
    """Return a tile, z counted from the coarsest level; see `level_tile`.

    Raises
    ------
    TileRangeError
        There is none.
    """
    if z >= shown.levels:
        raise TileRangeError(f"no level {z}", remedy=f"There are {shown.levels}.")
    return level_tile(shown, picture, shown.levels - 1 - z, x, y, edge=edge)


def level_tile(shown: Shown, picture: ask.Picture, level: int, x: int, y: int, *, edge: str = CROP) -> bytes:
    """Return a tile, level 0 being the full image.

    Parameters
    ----------
    edge
        Tiles at the far edges are cut (``"crop"``), or as large as others and transparent beyond the image (``"pad"``).
    """
    from omio.raster.encode import encode
    from omio.raster.encoded import stored_bytes

    t, z = picture.plane.t, picture.plane.z
    if edge == CROP and _is_picture(shown, picture) and picture.quality is None and shown.stored is not None:
        found = stored_bytes(shown.image, level, x, y, format=picture.encoding, t=t, z=z, c=picture.plane.channels[0])
        if found is not None:
            return found
    planes = {
        c: read_tile(shown.image, level, x, y, t=t, z=z, c=c, size=shown.tile, edge=CROP)
        for c in picture.plane.channels
    }
    pixels = colored(shown, picture, planes)
    return encode(pixels if edge == CROP else _padded(pixels, shown.tile), picture.encoding, quality=picture.quality)


def _padded(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return colours in a square that is transparent where they do not reach."""
    height, width, samples = pixels.shape
    if height == width == side:
        return pixels
    found = np.zeros((side, side, 4), np.uint8)
    found[:height, :width, 3] = 255
    found[:height, :width, :samples] = pixels
    return found


def region(shown: Shown, picture: ask.Picture, *, box: Box, limits: Limits) -> bytes:
    """Return a region, made smaller where it exceeds what was asked for.

    Raises
    ------
    RegionError, OptionError, MemoryLimitError
        A region that means nothing, is empty, or needs more pixels to be read than a request may cost.
    """
    from omio.raster.window import box_of

    wanted = box_of(shown.image, box.x, box.y, units=box.units)
    if wanted.is_empty:
        raise OptionError("the region holds no pixel")
    width = box.max_width if wanted.width > box.max_width or wanted.height > box.max_height else None
    height = None if width is None else box.max_height
    found = shown.image.region(box.x, box.y, units=box.units, max_width=width, max_height=height)
    return painted(shown, picture, _planes(found, picture.plane, limits))


def _planes(image: MicroscopyDataset, plane: ask.Plane, limits: Limits) -> Planes:
    found = image.isel(T=plane.t, Z=plane.z, C=list(plane.channels))
    if found.nbytes > limits.decoded:
        raise MemoryLimitError(f"{found.nbytes:,} bytes of pixels", remedy=f"At most {limits.decoded:,} are read.")
    return dict(zip(plane.channels, found.load()[0, 0], strict=True))


def thumbnail(shown: Shown, picture: ask.Picture, *, width: int, height: int, limits: Limits) -> bytes:
    """Return the whole image, as large as fits into a box."""
    found = shown.image.region(max_width=width, max_height=height)
    return painted(shown, picture, _planes(found, picture.plane, limits))


def associated(image: MicroscopyDataset, encoding: str, limits: Limits) -> bytes:
    """Return a label, macro or thumbnail, not larger than a picture may be."""
    width, height = (min(limits.side, image.sizes[dim]) for dim in ("X", "Y"))
    picture = ask.picture({}, image.sizes, encoding)
    return thumbnail(Shown(image), picture, width=width, height=height, limits=limits)


def painted(shown: Shown, picture: ask.Picture, planes: Planes) -> bytes:
    """Return `colored` planes, encoded."""
    from omio.raster.encode import encode

    return encode(colored(shown, picture, planes), picture.encoding, quality=picture.quality)


def colored(shown: Shown, picture: ask.Picture, planes: Planes) -> NDArray[np.uint8]:
    """Colour planes and put them together: Y X S; limits that are not asked for are the whole image's.

    Raises
    ------
    OptionError
        Limits in the wrong order.
    """
    from omio.policies.style import Style
    from omio.raster.render import render

    if _is_picture(shown, picture):
        (pixels,) = planes.values()
        return pixels
    style = Style(
        channels={row.number: row.color for row in picture.channels},
        gamma={row.number: row.gamma for row in picture.channels if row.gamma is not None},
    )
    limits = {row.number: _limits(shown, row) for row in picture.channels}
    return render(_opaque(shown, planes), channel_rows(shown.image.facts), style, limits=limits)


def _opaque(shown: Shown, planes: Planes) -> Planes:
    """Let alpha use as many bits as the colours do, where those are fewer than there are: it is scaled by its dtype."""
    dtype = shown.image.dtype
    if shown.image.sizes.get(SAMPLES) != 4 or dtype not in (np.uint16, np.uint32):
        return planes
    found = {}
    for c, pixels in planes.items():
        found[c] = pixels.copy()
        found[c][..., 3] = np.minimum(pixels[..., 3] / shown.limits(c)[1], 1) * np.iinfo(dtype).max
    return found


def _is_picture(shown: Shown, picture: ask.Picture) -> bool:
    """Whether pixels are shown as they are: 8-bit RGB, of which nothing else is asked."""
    untouched = all((row.low, row.high, row.gamma) == (None, None, None) for row in picture.channels)
    return untouched and shown.image.sizes.get(SAMPLES) == 3 and shown.image.dtype == np.uint8


def _limits(shown: Shown, row: ask.Channel) -> tuple[float, float]:
    low, high = shown.limits(row.number)
    low, high = low if row.low is None else row.low, high if row.high is None else row.high
    if low > high:
        raise OptionError(f"channel {row.number}: min={low:g} is above max={high:g}")
    return low, high


def histogram(shown: Shown, plane: ask.Plane, *, bins: int) -> Json:
    """Count the finite values of an overview of a plane."""
    return {"channels": [_counted(shown, plane, c, bins) for c in plane.channels]}


def _counted(shown: Shown, plane: ask.Plane, c: int, bins: int) -> Json:
    values = _values(shown, plane, c)
    if not values.size:
        return {"c": c, "counts": [], "edges": [], "min": None, "max": None, "limits": shown.limits(c)}
    low, high = values.min().item(), values.max().item()
    if values.dtype.kind in "iu":  # bins of less than one whole number would show gaps that are none
        bins, ends = min(bins, high - low + 1), (low, high + 1)
    else:
        ends = (low, high)
    counts, edges = np.histogram(values, bins, ends)
    return {"c": c, "counts": counts, "edges": edges, "min": low, "max": high, "limits": shown.limits(c)}


def statistics(shown: Shown, plane: ask.Plane) -> Json:
    """Sum up the finite values of an overview of a plane."""
    found = []
    for c in plane.channels:
        values = _values(shown, plane, c)
        names = ("min", "max", "mean", "std") if values.size else ()
        known = {name: float(getattr(values, name)()) for name in names}
        found.append({"c": c, "min": None, "max": None, "mean": None, "std": None, **known, "limits": shown.limits(c)})
    return {"channels": found}


def _values(shown: Shown, plane: ask.Plane, c: int) -> NDArray[Any]:
    from omio.raster.contrast import check_real
    from omio.raster.thumbnail import overview

    check_real(shown.image.dtype)
    pixels = overview(shown.image, t=plane.t, z=plane.z, c=c)
    values = pixels.view(np.uint8) if pixels.dtype == bool else pixels  # which numpy counts and subtracts
    return values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)


def pixel(shown: Shown, plane: ask.Plane, *, x: int, y: int) -> Json:
    """Return the values of a pixel, and where it lies.

    Raises
    ------
    SelectionError
        Outside of the image.
    """
    image = shown.image
    if not (0 <= x < image.sizes["X"] and 0 <= y < image.sizes["Y"]):
        raise SelectionError(f"no pixel x={x}, y={y}", remedy="The image has {X} x {Y}.".format(**image.sizes))
    found = image.isel(T=plane.t, Z=plane.z, C=list(plane.channels), Y=y, X=x).load()[0, 0, :, 0, 0]
    where = {"X": x, "Y": y, "Z": plane.z}
    axes = {dim: image.facts.axes.get(dim) for dim in SPATIAL}
    position = {dim: None if axis is None else float(axis.values()[where[dim]]) for dim, axis in axes.items()}
    return {"x": x, "y": y, "values": found, "position": position}

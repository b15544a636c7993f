"""Parts of a picture in px, µm, mm, fractions or pixels of a magnification, and what they are in pixels; pure.

Lengths count from the upper left corner of the image, not from where its first pixel lies on the stage: that is what
`MicroscopyDataset.sel` takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.errors import RegionError
from omio.units import length_factor

if TYPE_CHECKING:
    from omio.image import Image
    from omio.metadata.facts import Facts

type PixelSize = float | tuple[float, float] | Mapping[str, float]
"""µm of both dims, (Y, X), or a mapping of Y and X."""

type Side = float | tuple[float | None, float | None] | None
"""Where a region begins, or where it begins and ends; None: at the edge of the image."""

CONVENTION_UM = 10.0
"""µm per pixel times magnification: slide scanners call 0.25 µm per pixel 40x (DICOM and vendors' practice)."""

REDUCING = ("region", "level")
"""Steps of the provenance whose ``factor`` says how many pixels along X became one."""

_PIXELS = ("px", "pixel", "pixels")
_FRACTIONS = ("fraction", "fractions")
_MAGNIFIED = ("mag", "mag_px")


class Pair(NamedTuple):
    """A value along Y and one along X."""

    y: float
    x: float


class Box(NamedTuple):
    """Pixels of a region; stops are not part of it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return not (self.height and self.width)


@dataclass(frozen=True)
class Frame:
    """What lengths in a picture refer to.

    Attributes
    ----------
    extent
        Rows and columns.
    spacing
        µm per pixel along Y and X; None where unknown.
    magnification
        Of the pixels; None where unknown.
    """

    extent: tuple[int, int]
    spacing: tuple[float | None, float | None]
    magnification: float | None

    @classmethod
    def of(cls, image: Image) -> Frame:
        """Describe the planes of an image."""
        facts = image.facts
        return cls((facts.sizes["Y"], facts.sizes["X"]), _spacing(facts), magnification_of(facts))

    def pixels_per(self, units: str, magnification: float | None = None) -> Pair:
        """Return how many pixels one unit is, along Y and X.

        Raises
        ------
        RegionError
            An unknown unit, or one that needs a size or a magnification that is not known.
        """
        if units in _PIXELS:
            return Pair(1.0, 1.0)
        if units in _FRACTIONS:
            return Pair(*map(float, self.extent))
        if units in _MAGNIFIED:
            return Pair(*self.reduction(magnification)) if magnification is not None else Pair(1.0, 1.0)
        micrometres = length_factor(units)
        if micrometres is None:
            raise RegionError(
                f"units={units!r}", remedy='Use "px", "um", "mm", "nm" or another length, "fraction", "mag".'
            )
        down, across = (self._known(spacing, dim) for spacing, dim in zip(self.spacing, "YX", strict=True))
        return Pair(micrometres / down, micrometres / across)

    def _known(self, spacing: float | None, dim: str) -> float:
        if spacing is None:
            raise RegionError(
                f"the size of pixels along {dim} is not known",
                remedy="Count in pixels, or say it: with_metadata(pixel_size={...}).",
            )
        return spacing

    def reduction(self, magnification: float) -> Pair:
        """Return how many pixels one pixel of a magnification joins, along Y and X."""
        if self.magnification is None:
            raise RegionError(
                "the magnification is not known: the image states neither an objective nor a pixel size",
                remedy="Say one: with_metadata(objective={...}) or with_metadata(pixel_size={...}).",
            )
        ratio = self.magnification / positive("magnification", magnification)
        return Pair(ratio, ratio)

    def coarsening(self, pixel_size: PixelSize) -> Pair:
        """Return how many pixels one of `pixel_size` joins, along Y and X."""
        wanted = _both(pixel_size)
        down, across = (self._known(spacing, dim) for spacing, dim in zip(self.spacing, "YX", strict=True))
        return Pair(positive("pixel_size", wanted.y) / down, positive("pixel_size", wanted.x) / across)


def _both(pixel_size: PixelSize) -> Pair:
    if isinstance(pixel_size, int | float | np.number):
        return Pair(float(pixel_size), float(pixel_size))
    try:
        return Pair(pixel_size["Y"], pixel_size["X"]) if isinstance(pixel_size, Mapping) else Pair(*pixel_size)
    except (KeyError, TypeError):
        remedy = "Give µm: one number, (Y, X), or a mapping of Y and X."
        raise RegionError(f"pixel_size={pixel_size!r}", remedy=remedy) from None


def _spacing(facts: Facts) -> tuple[float | None, float | None]:
    found = [facts.axes[dim].spacing if dim in facts.axes else None for dim in "YX"]
    down, across = (None if spacing is None else abs(spacing) for spacing in found)
    return down, across


def magnification_of(facts: Facts) -> float | None:
    """Return the magnification of the pixels.

    That is the objective's, divided by what `region` and `levels` reduced since; where no objective is stated, 10 µm
    over the width of a pixel, which is what slide scanners mean by magnification; None where neither is known.
    """
    if stated := states_magnification(facts):
        factors = (step["factor"] for step in facts.static.provenance if step["action"] in REDUCING)
        return float(stated / math.prod(factors))
    across = _spacing(facts)[1]
    return None if across is None else CONVENTION_UM / across


def states_magnification(facts: Facts) -> float | None:
    """Return the magnification that the objective is said to have."""
    return (facts.static.objective or {}).get("magnification")


def converted(
    frame: Frame,
    where: Mapping[str, Any],
    *,
    to: str,
    units: str = "px",
    magnification: float | None = None,
    to_magnification: float | None = None,
) -> dict[str, Any]:
    """Express lengths in other units; see `omio.dataset.looking.Looking.convert`."""
    before, after = frame.pixels_per(units, magnification), frame.pixels_per(to, to_magnification)
    factors = {"x": before.x / after.x, "y": before.y / after.y}
    factors |= {"width": factors["x"], "height": factors["y"]}
    if unknown := ", ".join(map(repr, set(where) - set(factors))):
        raise RegionError(f"cannot convert {unknown}", remedy="Give x, y, width and height.")
    return {name: _times(value, factors[name]) for name, value in where.items()}


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, tuple | list):
        return tuple(_times(side, factor) for side in value)
    if not (value is None or isinstance(value, Real)):
        raise RegionError(f"cannot convert {value!r}", remedy="Give numbers.")
    return None if value is None else value * factor


def positive(name: str, value: float) -> float:
    """Return a number above 0; `RegionError` for any other."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < math.inf:
        raise RegionError(f"{name}={value!r}", remedy="Use a number above 0.")
    return value


def find_box(
    frame: Frame,
    x: Side = None,
    y: Side = None,
    *,
    width: float | None = None,
    height: float | None = None,
    units: str = "px",
    size_units: str | None = None,
    magnification: float | None = None,
) -> Box:
    """Return the pixels of a region, cut off at the edges of the image.

    Parameters
    ----------
    x, y
        Begin, or (begin, end) along X and Y; None: the edge. Negative values count from the far edge.
    width, height
        Extent instead of an end, or, where only an end is given, before it.
    units, size_units
        Of x and y; of width and height, where those differ.
    magnification
        That of the pixels of ``units="mag"``.
    """
    per, size_per = frame.pixels_per(units, magnification), frame.pixels_per(size_units or units, magnification)
    left, right = _ends("x", x, width, per.x, size_per.x, frame.extent[1])
    top, bottom = _ends("y", y, height, per.y, size_per.y, frame.extent[0])
    return Box(top, left, bottom, right)


def _ends(name: str, side: Side, length: float | None, per: float, length_per: float, size: int) -> tuple[int, int]:
    first, last = sides(name, side)
    if length is not None and first is not None and last is not None:
        raise RegionError(f"{name} has both ends and a length", remedy="Give two of begin, end and length.")
    begin, end = (None if value is None else _from_edge(value * per, size) for value in (first, last))
    extent = None if length is None else length * length_per
    if begin is None:
        begin = end - extent if end is not None and extent is not None else 0.0
    if end is None:
        end = size if extent is None else begin + extent
    start = min(size, max(0, _whole(name, begin)))
    return start, min(size, max(start, _whole(name, end)))


def sides(name: str, side: Side) -> tuple[float | None, float | None]:
    """Return begin and end of a side; `RegionError` for what is none."""
    found = tuple(side) if isinstance(side, tuple | list | np.ndarray) else (side, None)
    if len(found) != 2 or not all(value is None or isinstance(value, Real) for value in found):
        raise RegionError(f"{name}={side!r}", remedy="Give (begin, end), or the begin; None is the edge.")
    return found


def _from_edge(value: float, size: int) -> float:
    return value + size if value < 0 else value


def _whole(name: str, value: float) -> int:
    """Round to a pixel, halves to the even one."""
    if not math.isfinite(value):
        raise RegionError(f"{name} lies at {value}", remedy="Use numbers.")
    return round(value)


def fit(extent: Pair, reduction: Pair | None, max_width: int | None, max_height: int | None) -> tuple[int, int]:
    """Return rows and columns of a picture of `extent` pixels.

    Parameters
    ----------
    reduction
        How many pixels one pixel of the picture joins; the rest that makes no whole pixel is dropped.
    max_width, max_height
        Box that the picture fills, keeping its aspect; with `reduction` it only becomes smaller by it.
    """
    scale = Pair(1 / reduction.y, 1 / reduction.x) if reduction else Pair(1.0, 1.0)
    rows, columns = (_at_least_one(size * s) for size, s in zip(extent, scale, strict=True))
    limits = [(limit, at) for limit, at in ((max_height, 0), (max_width, 1)) if limit is not None]
    for limit, at in limits:
        if isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 1:
            raise RegionError(f"{('max_height', 'max_width')[at]}={limit!r}", remedy="Use whole pixels, 1 or more.")
    shares = [limit / (extent[at] * scale[at]) for limit, at in limits]
    share = min(shares, default=1.0)
    if not limits or (reduction and share >= 1):
        return rows, columns
    found = [_at_least_one(size * s * share) for size, s in zip(extent, scale, strict=True)]
    for (limit, at), own in zip(limits, shares, strict=True):
        if own <= share:
            found[at] = int(limit)
    return found[0], found[1]


def _at_least_one(size: float) -> int:
    # a millionth of a millionth forgives the rounding of ratios that are meant to be whole
    return max(1, math.floor(size * (1 + 1e-12) + 1e-9))

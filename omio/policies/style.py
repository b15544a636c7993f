"""`Style`: how pixels become a picture."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from omio.policies.base import Policy

type Blend = Literal["max", "add", "multiply", "screen"]

PERCENTILES = re.compile(r"p(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
"""Such as ``p0.5-99.8``: what lies between two percentiles."""

WORDS = ("auto", "minmax", "dtype", "stored")


def percentiles(text: str) -> tuple[float, float] | None:
    """Return the two percentiles that a word names; None where it names none.

    >>> percentiles("p2-98"), percentiles("minmax")
    ((2.0, 98.0), None)
    """
    found = PERCENTILES.fullmatch(text)
    return None if found is None else (float(found[1]), float(found[2]))


def _word(text: str) -> str:
    pair = percentiles(text)
    if text not in WORDS and (pair is None or not 0 <= pair[0] < pair[1] <= 100):
        raise ValueError(f"{text!r} is no range: use {', '.join(WORDS)}, (low, high), or percentiles such as p0.5-99.8")
    return text


def _pair(pair: tuple[float, float]) -> tuple[float, float]:
    if not pair[0] < pair[1]:
        raise ValueError("the first limit is below the second; invert=True shows dark what is bright")
    return pair


type Finite = Annotated[float, Field(allow_inf_nan=False)]
type Range = Annotated[tuple[Finite, Finite], AfterValidator(_pair)] | Annotated[str, AfterValidator(_word)]
type Exponent = Annotated[float, Field(gt=0, allow_inf_nan=False)]
type Name = int | str
"""A channel, by number or name."""
type Colors = str | tuple[str, ...]
"""A colour, a palette, or colours at even distances."""


class Style(Policy):
    """How pixels become a picture; `omio.raster.render` tells the arithmetic.

    What can be given channel by channel is a mapping from names or numbers of channels; channels that it leaves out
    have the default.

    Attributes
    ----------
    clim
        Pixel values shown darkest and brightest, or how they are found: ``"minmax"``, the smallest and largest value;
        percentiles such as ``"p2-98"``; ``"dtype"``, all that the dtype can say (floats: 0 to 1); ``"auto"``, 0 to 255
        where all values lie there, else as minmax; ``"stored"``, what the file says, else as by default. None, the
        default, is ``"p0.5-99.8"``, and ``"dtype"`` for RGB. Or one of these a channel.
    channels
        Which channels are shown, in which colours: names or numbers, or a mapping to colours (``"#0ff"``, ``"cyan"``),
        palettes (``"magma"``), lists of colours, or None for the channel's own. None shows all in their own.
    gamma
        Exponent of brightness from 0 to 1: below 1 shows faint structures.
    blend
        How channels are put together: max, add, multiply or screen.
    nodata
        Pixel value that shows nothing; where all channels have it, the picture is transparent. NaN is possible.
    clip
        Whether values beyond the limits look like the limits; else they show nothing.
    palette
        Colours of all channels that `channels` gives none.
    discrete
        Whether the colours of a palette are steps; else what lies between is interpolated.
    invert
        Whether bright values are shown dark.
    per
        Whether limits are those of the whole image, or of what is rendered.
    icc
        Whether the colour profile of an RGB file is applied; see `omio.raster.icc`.
    """

    default_kind: ClassVar[str] = "style"
    kind: ClassVar[str] = "style"

    clim: Range | dict[Name, Range] | None = None
    channels: dict[Name, Colors | None] | tuple[Name, ...] | None = None
    gamma: Exponent | dict[Name, Exponent] = 1.0
    blend: Blend = "max"
    nodata: float | None = None
    clip: bool = True
    palette: Colors | None = None
    discrete: bool = False
    invert: bool | dict[Name, bool] = False
    per: Literal["image", "region"] = "image"
    icc: bool = False

"""What a query asks for: every word known, every number within bounds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.errors import OptionError, SelectionError
from omio.raster.tile import CROP, PAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import QueryParams

MOST_CHANNELS = 64
"""In one picture."""
FORMATS: Mapping[str, str] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
"""Ending of a URL -> media type."""
PLANE = ("scene", "t", "zplane", "c")
STYLE = (*PLANE, "min", "max", "color", "gamma", "quality")
"""Words that all pictures know."""


@dataclass(frozen=True)
class Channel:
    """How one channel is shown; None is left to omio."""

    number: int
    low: float | None
    high: float | None
    color: str | None
    gamma: float | None


@dataclass(frozen=True)
class Plane:
    """Which plane of which channels."""

    t: int
    z: int
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    """A plane, how its channels are shown, and how it is encoded."""

    plane: Plane
    channels: tuple[Channel, ...]
    encoding: str
    quality: int | None


def known(query: QueryParams, *words: str) -> None:
    """Raise `OptionError` for a word that the route does not know, or that is given twice."""
    if unknown := sorted(set(query) - set(words)):
        raise OptionError(f"no parameter {', '.join(map(repr, unknown))}", remedy=f"There are {', '.join(words)}.")
    if len(query.multi_items()) > len(query):
        raise OptionError("a parameter is given twice")


def whole(
    query: Mapping[str, str], name: str, default: int | None = None, *, least: int = 0, most: int = 1 << 31
) -> int:
    """Return a whole number within bounds.

    Raises
    ------
    OptionError
        It is none, or beyond the bounds; or it is missing and has no default.
    """
    text = query.get(name, "")
    if not text and default is not None:
        return default
    if re.fullmatch("-?[0-9]{1,10}", text) is None or not least <= int(text) <= most:
        raise OptionError(f"{name}={text[:20]}: a whole number from {least} to {most} is needed")
    return int(text)


def real(name: str, text: str) -> float | None:
    """Return a finite number; None for nothing.

    Raises
    ------
    OptionError
        It is none.
    """
    if not text:
        return None
    try:
        value = float(text) if len(text) < 40 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise OptionError(f"{name}={text[:20]}: a number is needed")
    return value


def plane(query: Mapping[str, str], sizes: Mapping[str, int]) -> Plane:
    """Return the plane that is asked for.

    Raises
    ------
    OptionError, SelectionError
        No numbers, or none of the image's.
    """
    t, z = (_within(dim, whole(query, name, 0), sizes) for dim, name in (("T", "t"), ("Z", "zplane")))
    asked = query.get("c", "")
    if re.fullmatch(r"([0-9]{1,6}(,[0-9]{1,6})*)?", asked) is None:
        raise OptionError(f"c={asked[:20]}: numbers of channels are needed, such as 0,2")
    found = tuple(int(number) for number in asked.split(",")) if asked else tuple(range(sizes["C"]))[:MOST_CHANNELS]
    if len(found) > MOST_CHANNELS or len(set(found)) < len(found):
        raise OptionError(f"c={asked[:20]}: at most {MOST_CHANNELS} channels, each once")
    return Plane(t, z, tuple(_within("C", number, sizes) for number in found))


def _within(dim: str, number: int, sizes: Mapping[str, int]) -> int:
    if number >= sizes[dim]:
        raise SelectionError(f"{dim} {number}: there are {sizes[dim]}")
    return number


def picture(query: Mapping[str, str], sizes: Mapping[str, int], encoding: str) -> Picture:
    """Return how a picture is to be made.

    Raises
    ------
    OptionError, SelectionError
        What means nothing, or lies outside of the image.
    """
    if encoding not in FORMATS:
        raise SelectionError(f"no pictures of the kind {encoding[:20]!r}", remedy=f"There are {', '.join(FORMATS)}.")
    shown = plane(query, sizes)
    count = len(shown.channels)
    lows, highs, gammas = (
        [real(name, text) for text in _listed(query, name, count)] for name in ("min", "max", "gamma")
    )
    colors = [_color(text) for text in _listed(query, "color", count)]
    if any(gamma is not None and not 0.01 <= gamma <= 100 for gamma in gammas):
        raise OptionError("gamma: a number from 0.01 to 100 is needed")
    rows = zip(shown.channels, lows, highs, colors, gammas, strict=True)
    quality = whole(query, "quality", 0, least=1, most=100) or None
    return Picture(shown, tuple(Channel(*row) for row in rows), encoding, quality)


def edge(query: Mapping[str, str], encoding: str) -> str:
    """Return what becomes of tiles at the far edges: ``"crop"`` or ``"pad"``.

    Raises
    ------
    OptionError
        Another word, or one that the format cannot do.
    """
    found = query.get("edge", CROP)
    if found not in (CROP, PAD):
        raise OptionError(f"edge={found[:20]}", remedy=f"There are {CROP}, {PAD}.")
    if found == PAD and encoding == "jpg":
        raise OptionError("edge=pad makes pixels transparent, which JPEG has not", remedy="Ask for png or webp.")
    return found


def _listed(query: Mapping[str, str], name: str, count: int) -> list[str]:
    texts = query[name].split(",") if query.get(name) else [""] * count
    if len(texts) != count:
        raise OptionError(f"{name}: {len(texts)} values for {count} channels")
    return texts


def _color(text: str) -> str | None:
    if re.fullmatch("([0-9A-Fa-f]{6})?", text) is None:
        raise OptionError(f"color={text[:20]}: six hexadecimal digits are needed, such as 00ff88")
    return f"#{text.upper()}" if text else None


def pair(query: Mapping[str, str], name: str) -> tuple[float, float] | None:
    """Return two numbers ``a,b``; None where the word is not there."""
    if name not in query:
        return None
    found = [real(name, text) for text in query[name].split(",")]
    if len(found) != 2 or found[0] is None or found[1] is None:
        raise OptionError(f"{name}={query[name][:20]}: two numbers are needed, such as 0,512")
    return found[0], found[1]

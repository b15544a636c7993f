"""Numbers as files state them, and unit spellings of the field, to micrometre and second.

Sources: the OME 2016-06 enumerations UnitsLength and UnitsTime; ImageJ's Calibration and its saved ``unit`` keys;
Zeiss CZI (metres); NGFF's long names. ``pixel`` and ``reference frame`` are no physical units and convert to None.
"""

from __future__ import annotations

import math
from typing import Any

MICRO = "\N{MICRO SIGN}m"

_LENGTH_UM = {
    "Ym": 1e30, "Zm": 1e27, "Em": 1e24, "Pm": 1e21, "Tm": 1e18, "Gm": 1e15, "Mm": 1e12, "km": 1e9, "hm": 1e8,
    "dam": 1e7, "m": 1e6, "dm": 1e5, "cm": 1e4, "mm": 1e3, MICRO: 1.0, "nm": 1e-3, "pm": 1e-6, "fm": 1e-9,
    "am": 1e-12, "zm": 1e-15, "ym": 1e-18, "Å": 1e-4, "thou": 25.4, "li": 25400 / 12, "in": 25400.0, "ft": 304800.0,
    "yd": 914400.0, "mi": 1.609344e9, "pt": 25400 / 72,
}  # fmt: skip
_TIME_S = {
    "Ys": 1e24, "Zs": 1e21, "Es": 1e18, "Ps": 1e15, "Ts": 1e12, "Gs": 1e9, "Ms": 1e6, "ks": 1e3, "hs": 1e2,
    "das": 1e1, "s": 1.0, "ds": 1e-1, "cs": 1e-2, "ms": 1e-3, "\N{MICRO SIGN}s": 1e-6, "ns": 1e-9, "ps": 1e-12,
    "fs": 1e-15, "as": 1e-18, "zs": 1e-21, "ys": 1e-24, "min": 60.0, "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_LENGTH_WORDS = {
    "um": MICRO, "micron": MICRO, "microns": MICRO, "micrometer": MICRO, "micrometers": MICRO, "micrometre": MICRO,
    "micrometres": MICRO, "\\u00b5m": MICRO, "\\u03bcm": MICRO,
    "\N{LATIN SMALL LETTER A WITH CIRCUMFLEX}\N{MICRO SIGN}m": MICRO,  # UTF-8 read as Latin-1
    "nanometer": "nm", "nanometers": "nm", "nanometre": "nm", "millimeter": "mm", "millimeters": "mm",
    "millimetre": "mm", "centimeter": "cm", "centimeters": "cm", "centimetre": "cm", "meter": "m", "meters": "m",
    "metre": "m", "inch": "in", "inches": "in", '"': "in", "picometer": "pm", "angstrom": "Å",
    "\N{ANGSTROM SIGN}": "Å", "kilometer": "km", "foot": "ft", "yard": "yd", "mile": "mi", "point": "pt",
}  # fmt: skip
_TIME_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "usec": "\N{MICRO SIGN}s", "us": "\N{MICRO SIGN}s", "microsecond": "\N{MICRO SIGN}s", "nanosecond": "ns",
    "minute": "min", "minutes": "min", "mins": "min", "hour": "h", "hours": "h", "hr": "h", "day": "d", "days": "d",
}  # fmt: skip


def _factor(unit: str | None, table: dict[str, float], words: dict[str, str]) -> float | None:
    if not isinstance(unit, str):  # metadata that users write can hold anything
        return None
    # GREEK SMALL LETTER MU is what keyboards and many writers give for the MICRO SIGN
    spelled = unit.strip().strip("\x00").replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
    return table.get(words.get(spelled.lower(), spelled))


def length_factor(unit: str | None) -> float | None:
    """Return how many µm one `unit` is; None when it is no known unit of length."""
    return _factor(unit, _LENGTH_UM, _LENGTH_WORDS)


def time_factor(unit: str | None) -> float | None:
    """Return how many seconds one `unit` is; None when it is no known unit of time."""
    return _factor(unit, _TIME_S, _TIME_WORDS)


def to_um(value: float, unit: str | None) -> float | None:
    """Convert a length to µm; None where the unit is unknown or the value not finite."""
    return _convert(value, length_factor(unit))


def to_s(value: float, unit: str | None) -> float | None:
    """Convert a time to seconds; None where the unit is unknown or the value not finite."""
    return _convert(value, time_factor(unit))


def _convert(value: float, factor: float | None) -> float | None:
    if factor is None:
        return None
    converted = value * factor
    return converted if math.isfinite(converted) else None


def number(value: Any) -> float | None:
    """Read a finite number, also from text; None for anything else.

    >>> number("0.5"), number(2), number("nan"), number(None)
    (0.5, 2.0, None, None)
    """
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def positive(value: Any) -> float | None:
    """Read a number as sizes have it, finite and above 0, also from text; None for anything else."""
    found = number(value)
    return found if found is not None and found > 0 else None

"""Scale bars of lengths that people read at a glance: 1, 2 or 5 of a unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

SHARE = 0.2
"""Of the width of a picture that a bar is to take, as nearly as a nice length can."""
_UNITS = ((1e-3, "nm"), (1.0, "µm"), (1e3, "mm"), (1e4, "cm"))


@dataclass(frozen=True)
class ScaleBar:
    """A scale bar.

    Attributes
    ----------
    length
        µm.
    pixels
        How long it is drawn.
    label
        The length with its unit.
    """

    length: float
    pixels: float
    label: str


def scale_bar(spacing: float | None, width: int) -> ScaleBar | None:
    """Return a bar for a picture of `width` pixels of `spacing` µm; None where the spacing is not known.

    >>> scale_bar(0.325, 512)
    ScaleBar(length=50.0, pixels=153.84615384615384, label='50 µm')
    """
    if spacing is None or width < 1:
        return None
    length = nice_length(SHARE * width * abs(spacing))
    return ScaleBar(length, length / abs(spacing), length_text(length))


def nice_length(wanted: float) -> float:
    """Return the length of one significant digit 1, 2 or 5 whose ratio to the one wanted is nearest to 1."""
    power = math.floor(math.log10(wanted))
    candidates = [float(f"{digit}e{power}") for digit in (1, 2, 5, 10)]
    return min(candidates, key=lambda length: abs(math.log(length / wanted)))


def length_text(length: float) -> str:
    """Write a length of µm in the largest unit of which it is at least one.

    >>> length_text(0.5), length_text(20), length_text(2000)
    ('500 nm', '20 µm', '2 mm')
    """
    size, unit = next((pair for pair in reversed(_UNITS) if length >= pair[0]), _UNITS[0])
    return f"{length / size:.6g} {unit}"

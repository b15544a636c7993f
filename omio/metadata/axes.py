"""Positions along a dim, in µm (Z, Y, X) or seconds (T)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index

DECIMALS = 9
"""Positions are rounded to so many decimals, and to more where a step is small."""
TOLERANCE = 1e-6
"""Share of a step within which two positions are the same."""
_GUARD = 3
"""Digits that origins and spacings keep beyond those of positions."""
_EXACT = 2.0**53
"""Doubles are no finer than whole numbers from here on."""


@dataclass(frozen=True)
class Regular:
    """Evenly spaced positions of pixel centres; nothing grows with `size`.

    Attributes
    ----------
    origin
        Position of the first pixel's centre.
    spacing
        Distance of neighbours; negative where the selection runs backwards, kept also for a single pixel.
    size
        Number of pixels.
    """

    origin: float
    spacing: float
    size: int

    def values(self) -> NDArray[np.float64]:
        """Return the positions, rounded so that typed decimals match."""
        return _rounded(self.origin + self.spacing * np.arange(self.size), _decimals(self.spacing))

    def take(self, index: Index) -> Regular | Listed:
        """Select; a stride multiplies the spacing, a list of positions has none."""
        if not isinstance(index, range):
            return Listed(self.values()[index])
        if not len(index):
            return replace(self, size=0)
        # one pixel keeps the spacing of its neighbours, whatever stride it was picked with
        spacing = self.spacing * (index.step if len(index) > 1 else 1)
        origin = round(self.origin + index[0] * self.spacing, _decimals(self.spacing) + _GUARD)
        return Regular(origin, spacing, len(index))

    def extend(self, before: int, after: int) -> Regular:
        """Go on before and after with the same spacing."""
        return Regular(self.origin - before * self.spacing, self.spacing, self.size + before + after)

    def coarsen(self, factor: float, size: int) -> Regular:
        """Join `factor` pixels to one: the first centre moves by (factor - 1) / 2 spacings."""
        return Regular(self.origin + (factor - 1) / 2 * self.spacing, self.spacing * factor, size)

    def agrees(self, other: Regular | Listed) -> bool:
        """Whether both give the same positions within a millionth of a step."""
        if not isinstance(other, Regular) or self.size != other.size:
            return False
        slack = TOLERANCE * abs(self.spacing)
        return (
            abs(self.spacing - other.spacing) * max(1, self.size - 1) <= slack
            and abs(self.origin - other.origin) <= slack
        )


@dataclass(frozen=True, eq=False)
class Listed:
    """Positions that follow no rule; they have no spacing."""

    positions: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of positions."""
        return len(self.positions)

    @property
    def spacing(self) -> None:
        """No one spacing."""
        return None

    @property
    def origin(self) -> float | None:
        """First position."""
        return float(self.positions[0]) if self.size else None

    def values(self) -> NDArray[np.float64]:
        """Return the positions, rounded so that typed decimals match."""
        return _rounded(self.positions, _decimals(_smallest_step(self.positions)))

    def take(self, index: Index) -> Listed:
        """Select."""
        return Listed(self.positions[np.asarray(index, dtype=np.intp)])

    def agrees(self, other: Regular | Listed) -> bool:
        """Whether both give the same positions within a millionth of their smallest step."""
        if not isinstance(other, Listed) or self.size != other.size:
            return False
        slack = TOLERANCE * _smallest_step(self.positions)
        return bool(np.allclose(self.positions, other.positions, rtol=0, atol=slack, equal_nan=True))


type AxisPositions = Regular | Listed


def positions_of(values: NDArray[np.float64]) -> AxisPositions:
    """Return the rule behind evenly spaced positions, or the list itself."""
    if len(values) > 1:
        spacing = (values[-1] - values[0]) / (len(values) - 1)
        even = values[0] + spacing * np.arange(len(values))
        if spacing and np.allclose(values, even, rtol=0, atol=TOLERANCE * abs(spacing)):
            return Regular(float(values[0]), _tidy_spacing(float(spacing), len(values)), len(values))
    return Listed(values)


UNKNOWN = "unknown"
"""What stands for the spacing of positions that look even, yet are not said to be."""


def told_positions(values: NDArray[np.float64], spacing: Any, factor: float = 1.0) -> AxisPositions:
    """Return positions beside which a spacing is stored, in `factor` µm or s, as `told_spacing` gives it."""
    if spacing == UNKNOWN:
        return Listed(values)
    if len(values) == 1 and isinstance(spacing, int | float) and spacing > 0:
        return Regular(float(values[0]), float(spacing) * factor, 1)
    return positions_of(values)


def told_spacing(axis: AxisPositions) -> float | str | None:
    """Return the spacing to store beside positions: a number, `UNKNOWN` where they only look even, or None."""
    if axis.spacing is not None:
        return abs(axis.spacing)
    return None if positions_of(axis.values()).spacing is None else UNKNOWN


def same_step(a: AxisPositions, b: AxisPositions) -> bool:
    """Whether both are evenly spaced, and alike within a millionth of a step; directions apart."""
    if a.spacing is None or b.spacing is None:
        return False
    return abs(abs(a.spacing) - abs(b.spacing)) <= TOLERANCE * abs(a.spacing)


def is_increasing(axis: AxisPositions) -> bool:
    """Whether the positions are unique and increasing: then they can index the dim."""
    if isinstance(axis, Regular):
        return axis.spacing > 0 or axis.size < 2
    return bool((np.diff(axis.positions) > 0).all())


def axis_ends(axis: AxisPositions) -> tuple[float, float]:
    """Return the first and the last position of an axis that is not empty."""
    if isinstance(axis, Regular):
        return axis.origin, axis.origin + (axis.size - 1) * axis.spacing
    return float(axis.positions[0]), float(axis.positions[-1])


def _decimals(step: float) -> int:
    """Return how many decimals hold positions to a ten-millionth of a step."""
    if not step or not math.isfinite(step):
        return DECIMALS
    return min(300, max(DECIMALS, 7 - math.floor(math.log10(abs(step)))))


def _rounded(values: NDArray[Any], decimals: int) -> NDArray[np.float64]:
    largest = np.fmax.reduce(np.abs(values), initial=0.0)
    # far from the origin doubles hold fewer decimals: rounding would only add noise
    return np.round(values, decimals) if largest < _EXACT * 10.0**-decimals else values


def _tidy_spacing(spacing: float, size: int) -> float:
    """Return the decimal number that the spacing is meant to be, where it leads to the same positions."""
    tidy = round(spacing, _decimals(spacing) + _GUARD)
    return tidy if abs(tidy - spacing) * size <= 0.1 * TOLERANCE * abs(spacing) else spacing


def _smallest_step(values: NDArray[np.float64]) -> float:
    steps = np.abs(np.diff(values))
    return float(steps[steps > 0].min()) if np.any(steps > 0) else 1.0

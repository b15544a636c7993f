"""Positions along a dim, in µm (Z, Y, X) or seconds (T)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index

DECIMALS = 9
TOLERANCE = 1e-6
"""Share of a step within which two positions are the same."""


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
        return np.round(self.origin + self.spacing * np.arange(self.size), DECIMALS)

    def take(self, index: Index) -> Regular | Listed:
        """Select; a stride multiplies the spacing, a list of positions has none."""
        if not isinstance(index, range):
            return Listed(self.values()[index])
        if not len(index):
            return replace(self, size=0)
        # one pixel keeps the spacing of its neighbours, whatever stride it was picked with
        spacing = self.spacing * (index.step if len(index) > 1 else 1)
        return Regular(round(self.origin + index[0] * self.spacing, 12), spacing, len(index))

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
        return np.round(self.positions, DECIMALS)

    def take(self, index: Index) -> Listed:
        """Select."""
        return Listed(self.positions[np.asarray(index, dtype=np.intp)])

    def agrees(self, other: Regular | Listed) -> bool:
        """Whether both give the same positions within a millionth of their smallest step."""
        if not isinstance(other, Listed) or self.size != other.size:
            return False
        steps = np.abs(np.diff(self.positions))
        smallest = steps[steps > 0].min() if np.any(steps > 0) else 1.0
        return bool(np.allclose(self.positions, other.positions, rtol=0, atol=TOLERANCE * smallest, equal_nan=True))


type AxisPositions = Regular | Listed


def positions_of(values: NDArray[np.float64]) -> AxisPositions:
    """Return the rule behind evenly spaced positions, or the list itself."""
    if len(values) > 1:
        spacing = (values[-1] - values[0]) / (len(values) - 1)
        even = values[0] + spacing * np.arange(len(values))
        if spacing and np.allclose(values, even, rtol=0, atol=TOLERANCE * abs(spacing)):
            return Regular(float(values[0]), round(float(spacing), 12), len(values))
    return Listed(values)


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

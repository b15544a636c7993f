"""Positions along a dim of images that stand one after another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from omio.errors import MergeError
from omio.metadata.axes import TOLERANCE, Listed, Regular, positions_of, same_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts

type Times = Literal["continue", "restart", "stamps"]


def join_axis(parts: Sequence[Facts], along: str, times: Times = "continue") -> AxisPositions | None:
    """Return the positions of parts put one after another; None where a part does not know its own.

    Parts go on with their spacing where each begins a step after the one before, and where all begin at the same
    place, as files do that say nothing of it. Else every part keeps its own positions.

    Parameters
    ----------
    times
        Along T: ``continue`` is as above, ``restart`` keeps each part's own seconds, ``stamps`` adds the time between
        the parts' acquisition dates (a frame without seconds counts from its date).

    Raises
    ------
    MergeError
        For ``stamps`` without dates.
    """
    stamps = along == "T" and times == "stamps"
    axes = [part.axes.get(along, _ALONE if stamps and part.sizes[along] == 1 else None) for part in parts]
    known = [axis for axis in axes if axis is not None]
    if len(known) < len(axes):
        return None
    if len(known) == 1:
        return known[0]
    whole = _continued(known) if along != "T" or times == "continue" else None
    if whole is not None:
        return whole
    shifts = stamp_shifts(parts) if stamps else [0.0] * len(parts)
    values = np.concatenate([axis.values() + shift for axis, shift in zip(known, shifts, strict=True)])
    found, told = positions_of(values), [axis for axis in known if axis.spacing is not None]
    # evenly picked planes have no spacing but their own, whatever their order; and two positions alone prove none
    proven = all(same_step(found, axis) for axis in told) and (told or len(values) > 2)
    return found if proven else Listed(values)


_ALONE = Listed(np.zeros(1))


def _continued(axes: Sequence[AxisPositions]) -> Regular | None:
    first = next((axis for axis in axes if axis.size), axes[0])
    together = contiguous = True
    size = 0
    for axis in axes:
        if not (isinstance(axis, Regular) and isinstance(first, Regular) and same_step(first, axis)):
            return None
        slack = TOLERANCE * abs(first.spacing)
        if axis.size:
            together &= axis.spacing * first.spacing > 0 and abs(axis.origin - first.origin) <= slack
            contiguous &= _goes_on(first, axis, size, slack)
        size += axis.size
    return replace(first, size=size) if isinstance(first, Regular) and (together or contiguous) else None


def _goes_on(first: Regular, axis: Regular, size: int, slack: float) -> bool:
    aligned = axis.size == 1 or axis.spacing * first.spacing > 0  # a single pixel has no direction
    return aligned and abs(axis.origin - first.origin - size * first.spacing) <= slack


def stamp_shifts(parts: Sequence[Facts]) -> list[float]:
    """Return the seconds from the first part's acquisition date to each part's.

    Raises
    ------
    MergeError
        Where the dates do not say.
    """
    dates = [_date(part) for part in parts]
    first = dates[0]
    for part in parts:
        if (reason := date_conflict(parts[0], part)) is not None:
            raise MergeError(reason)
    return [(date - first).total_seconds() for date in dates if date is not None and first is not None]


def date_conflict(first: Facts, part: Facts) -> str | None:
    """Say why the time between two images is not known from their dates; None where it is."""
    a, b = _date(first), _date(part)
    if a is not None and b is not None and (a.tzinfo is None) == (b.tzinfo is None):
        return None
    need = "stamps need dates, all with a time zone or all without"
    return f"acquired: {first.static.acquired} and {part.static.acquired}; {need}"


def undated(first: Facts, part: Facts) -> Iterator[str]:
    """Yield why dates do not say when the frames of a part were taken, counted from the first part's."""
    if (reason := date_conflict(first, part)) is not None:
        yield reason
    if part.sizes["T"] > 1 and "T" not in part.axes:
        yield f"T positions: its date says when the first of {part.sizes['T']} frames was taken, and nothing the others"


def _date(part: Facts) -> datetime | None:
    try:
        return datetime.fromisoformat(str(part.static.acquired))
    except ValueError:
        return None


def restarts(parts: Sequence[Facts], along: str) -> Iterator[tuple[int, str]]:
    """Yield the parts (from 1) whose uneven positions lie among those of the part before."""
    axes = [part.axes.get(along) for part in parts]
    if not any(isinstance(axis, Listed) and axis.size > 1 for axis in axes):
        return
    before: tuple[float, float] | None = None
    for number, axis in enumerate(axes, start=1):
        if axis is None or not axis.size:
            continue
        low, high = float(axis.values().min()), float(axis.values().max())
        if before is not None and low <= before[1] and high >= before[0]:
            yield number, f"{along}: uneven positions {low:g} to {high:g} after {before[0]:g} to {before[1]:g}"
        before = low, high

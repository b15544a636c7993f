"""Finding pixels by physical position, in µm (Z, Y, X) or seconds (T)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.dims import UNITS
from omio.errors import SelectionError
from omio.indexing import positions, simplify
from omio.metadata.axes import TOLERANCE, Regular, axis_ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index
    from omio.metadata.axes import AxisPositions, Listed

type Method = Literal["nearest", "pad", "ffill", "backfill", "bfill"]

BEFORE, AFTER = ("pad", "ffill"), ("backfill", "bfill")


def check_method(method: Any) -> None:
    """Raise `SelectionError` for a method that does not exist."""
    if method not in (None, "nearest", *BEFORE, *AFTER):
        raise SelectionError(f"no method {method!r}", remedy="There are nearest, pad, ffill, backfill and bfill.")


def find(dim: str, axis: AxisPositions, label: Any, method: Method | None) -> Index:
    """Return the pixels that a number, a list of numbers or a slice means."""
    if not axis.size:
        raise SelectionError("has no pixels left", place=dim)
    if isinstance(label, slice):
        return _interval(dim, axis, label)
    values = _numbers(dim, label)
    if not np.isfinite(values).all():
        raise SelectionError(f"{label!r} is no position", place=dim)
    at = _pixels(dim, axis, np.atleast_1d(values), method)
    return range(int(at[0]), int(at[0]) + 1) if values.ndim == 0 else simplify(at)


def _numbers(dim: str, label: Any) -> NDArray[np.float64]:
    try:
        values = np.asarray(label)
    except ValueError:
        values = np.empty(0, dtype=object)  # lists of unequal length
    if values.ndim > 1 or values.dtype.kind not in "iuf":
        raise SelectionError(
            f"{label!r} is no position", place=dim, remedy=f"Give numbers in {UNITS[dim]}, or a slice."
        )
    return values.astype(np.float64)


def _interval(dim: str, axis: AxisPositions, wanted: slice) -> Index:
    """Return what lies in the closed interval, in the order of the axis."""
    ends = [float(_numbers(dim, end)) for end in (wanted.start, wanted.stop) if end is not None]
    if any(math.isnan(end) for end in ends):
        raise SelectionError(f"{wanted} is no interval", place=dim)
    low = -math.inf if wanted.start is None else min(ends)
    high = math.inf if wanted.stop is None else max(ends)
    inside = _inside_regular(axis, low, high) if isinstance(axis, Regular) else _inside_listed(axis, low, high)
    if not len(inside):
        cause = f"nothing lies in {low:g} to {high:g} {UNITS[dim]}"
        raise SelectionError(cause, place=dim, remedy=f"It spans {_span(dim, axis)}.")
    return stepped(dim, inside, wanted.step)


def stepped(dim: str, inside: Index, step: Any) -> Index:
    """Take every `step`-th pixel of a selection."""
    if step is None:
        return inside
    if not isinstance(step, int | np.integer) or not step:
        raise SelectionError(f"a step of {step!r}", place=dim, remedy="Use a whole number of pixels.")
    return simplify(positions(inside)[:: int(step)])


def _inside_regular(axis: Regular, low: float, high: float) -> range:
    ends = sorted(((low - axis.origin) / axis.spacing, (high - axis.origin) / axis.spacing))
    first = 0 if ends[0] == -math.inf else max(0, math.ceil(ends[0] - TOLERANCE))
    last = axis.size - 1 if ends[1] == math.inf else min(axis.size - 1, math.floor(ends[1] + TOLERANCE))
    return range(first, max(first, last + 1))


def _inside_listed(axis: Listed, low: float, high: float) -> Index:
    ordered = np.sort(axis.positions)
    steps = np.diff(ordered[np.isfinite(ordered)])
    slack = TOLERANCE * (float(steps.min()) if len(steps) else 1e-3)
    return simplify(np.flatnonzero((axis.positions >= low - slack) & (axis.positions <= high + slack)))


def _span(dim: str, axis: AxisPositions) -> str:
    low, high = sorted(axis_ends(axis))
    return f"{low:g} to {high:g} {UNITS[dim]}"


def _pixels(dim: str, axis: AxisPositions, values: NDArray[np.float64], method: Method | None) -> NDArray[np.intp]:
    places, steps = _places(dim, axis, values)
    if method in BEFORE or method in AFTER:
        # between two pixels the one before has the smaller position: floor where positions grow
        down = (method in BEFORE) == _grows(axis)
        at = np.floor(places + TOLERANCE) if down else np.ceil(places - TOLERANCE)
        beyond = at < 0 if down else at > axis.size - 1
        if beyond.any():
            raise SelectionError(f"no pixel on that side of {values[beyond][0]:g} {UNITS[dim]}", place=dim)
        return _rank(axis, np.clip(at, 0, axis.size - 1))
    at = np.clip(np.round(places), 0, axis.size - 1)
    far = np.abs(places - at) * steps > steps * (0.5 + TOLERANCE)
    if method is None and far.any():
        raise SelectionError(
            f"{values[far][0]:g} {UNITS[dim]} is more than half a step away from any pixel",
            place=dim,
            remedy=f'It spans {_span(dim, axis)}; method="nearest" takes the nearest at any distance.',
        )
    return _rank(axis, at)


def _grows(axis: AxisPositions) -> bool:
    return not isinstance(axis, Regular) or axis.spacing > 0


def _places(
    dim: str, axis: AxisPositions, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where values lie among the pixels, counted in pixels and fractions, and the step there.

    Listed positions count in ascending order.
    """
    if isinstance(axis, Regular):
        return (values - axis.origin) / axis.spacing, np.full(values.shape, abs(axis.spacing))
    ordered = np.sort(axis.positions[np.isfinite(axis.positions)])
    steps = np.diff(ordered)
    if not len(ordered) or (len(steps) and not steps.min()):
        raise SelectionError("positions repeat or are unknown", place=dim, remedy=f"Select with isel({dim}=...).")
    if not len(steps):
        steps = np.array([1e-6])  # a lone pixel is found by its own position only
    left = np.clip(np.searchsorted(ordered, values, side="right") - 1, 0, len(steps) - 1)
    return left + (values - ordered[left]) / steps[left], steps[left]


def _rank(axis: AxisPositions, at: NDArray[np.float64]) -> NDArray[np.intp]:
    """Turn counts in ascending order into places on the axis."""
    whole = at.astype(np.intp)
    if isinstance(axis, Regular):
        return whole
    known = np.flatnonzero(np.isfinite(axis.positions))
    return known[np.argsort(axis.positions[known], kind="stable")][np.minimum(whole, len(known) - 1)]

"""What ``sel`` and ``isel`` mean: by integer, name and physical position, by omio's own rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import SelectionError
from omio.indexing import positions, simplify, to_index
from omio.metadata.axes import TOLERANCE, Listed, Regular, axis_ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.indexing import Index, Key
    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts

type Method = Literal["nearest", "pad", "ffill", "backfill", "bfill"]
UNITS = {"T": "s", "Z": "µm", "Y": "µm", "X": "µm"}


def index_key(facts: Facts, indexers: Mapping[str, Any]) -> Key:
    """Turn integers, slices, lists and masks by dim into a key; an integer keeps its dim at length 1."""
    _check_dims(facts, indexers)
    key = []
    for dim, size in facts.sizes.items():
        try:
            key.append(to_index(indexers.get(dim, range(size)), size))
        except (IndexError, TypeError) as error:
            raise SelectionError(str(error), place=dim) from None
    return tuple(key)


def label_key(facts: Facts, labels: Mapping[str, Any], method: Method | None) -> Key:
    """Turn channel names and physical positions by dim into a key."""
    _check_dims(facts, labels)
    return tuple(
        _find(facts, dim, labels[dim], method) if dim in labels else range(size) for dim, size in facts.sizes.items()
    )


def _check_dims(facts: Facts, names: Mapping[str, Any]) -> None:
    if unknown := set(names) - set(facts.sizes):
        raise SelectionError(f"no dim {', '.join(sorted(unknown))}", remedy=f"There are {' '.join(facts.sizes)}.")


def _find(facts: Facts, dim: str, label: Any, method: Method | None) -> Index:
    if dim == "C":
        return _find_channels(facts, label)
    axis = facts.axes.get(dim)
    if axis is None:
        raise SelectionError(
            "has no positions: the file does not say its spacing",
            place=dim,
            remedy=f"Select by index with isel({dim}=...), or give the spacing with with_metadata.",
        )
    found = _Finder(dim, axis)
    if isinstance(label, slice):
        return found.interval(label)
    values = np.asarray(label)
    if values.dtype == bool:
        return index_key(facts, {dim: values})[list(facts.sizes).index(dim)]
    if values.ndim == 0:
        at = found.nearest(float(values), method)
        return range(at, at + 1)
    return simplify(np.array([found.nearest(float(value), method) for value in values.ravel()], dtype=np.intp))


def _find_channels(facts: Facts, label: Any) -> Index:
    names = facts.channels.get("name")
    if names is None:
        raise SelectionError("the channels have no names", place="C", remedy="Select by index with isel(C=...).")
    if isinstance(label, slice):
        first = 0 if label.start is None else _places(names, label.start)[0]
        last = len(names) - 1 if label.stop is None else _places(names, label.stop)[-1]
        return range(first, last + 1, label.step or 1)
    if isinstance(label, str):
        return simplify(np.array(_places(names, label), dtype=np.intp))
    values = np.asarray(label)
    if values.dtype == bool:
        return to_index(values, len(names))
    return simplify(np.array([at for name in values.ravel() for at in _places(names, name)], dtype=np.intp))


def _places(names: tuple[Any, ...], label: Any) -> list[int]:
    found = [at for at, name in enumerate(names) if name is not None and name == str(label)]
    if not found:
        known = ", ".join(repr(name) for name in names)
        raise SelectionError(f"no channel {str(label)!r}", place="C", remedy=f"There are {known}.")
    return found


class _Finder:
    """Finds positions on one axis."""

    def __init__(self, dim: str, axis: AxisPositions) -> None:
        self.dim, self.axis, self.unit = dim, axis, UNITS[dim]
        if isinstance(axis, Listed) and len(np.unique(axis.positions)) != axis.size:
            raise SelectionError("positions repeat", place=dim, remedy=f"Select by index with isel({dim}=...).")

    def interval(self, wanted: slice) -> Index:
        """Return what lies in the closed interval, in the order of the axis."""
        ends = [end for end in (wanted.start, wanted.stop) if end is not None]
        low = -math.inf if wanted.start is None else float(min(ends))
        high = math.inf if wanted.stop is None else float(max(ends))
        inside = self._inside(low, high)
        if not len(inside):
            raise SelectionError(
                f"nothing lies in {low:g} to {high:g} {self.unit}", place=self.dim, remedy=f"It spans {self._span()}."
            )
        return inside if wanted.step is None else simplify(positions(inside)[:: int(wanted.step)])

    def _span(self) -> str:
        low, high = sorted(axis_ends(self.axis))
        return f"{low:g} to {high:g} {self.unit}"

    def _inside(self, low: float, high: float) -> Index:
        axis = self.axis
        if not isinstance(axis, Regular):
            values = axis.values()
            slack = TOLERANCE * _smallest_step(values)
            return simplify(np.flatnonzero((values >= low - slack) & (values <= high + slack)))
        ends = sorted(((low - axis.origin) / axis.spacing, (high - axis.origin) / axis.spacing))
        first = 0 if ends[0] == -math.inf else max(0, math.ceil(ends[0] - TOLERANCE))
        last = axis.size - 1 if ends[1] == math.inf else min(axis.size - 1, math.floor(ends[1] + TOLERANCE))
        return range(first, max(first, last + 1))

    def nearest(self, value: float, method: Method | None) -> int:
        """Return the pixel at a position: the nearest within half a step, or as `method` says."""
        if method in ("pad", "ffill"):
            return self._beside(value, -math.inf, value, max)
        if method in ("backfill", "bfill"):
            return self._beside(value, value, math.inf, min)
        if method not in (None, "nearest"):
            raise SelectionError(f"no method {method!r}", remedy="There are nearest, pad, ffill, backfill, bfill.")
        at = self._closest(value)
        if method is None and not self._within_half_step(at, value):
            raise SelectionError(
                f"{value:g} {self.unit} is more than half a step away from any pixel",
                place=self.dim,
                remedy=f'It spans {self._span()}; method="nearest" takes the nearest at any distance.',
            )
        return at

    def _beside(self, value: float, low: float, high: float, choose: Any) -> int:
        values = self.axis.values()
        inside = positions(self._inside(low, high))
        if not len(inside):
            raise SelectionError(f"no pixel on that side of {value:g} {self.unit}", place=self.dim)
        return int(choose(inside, key=lambda at: values[at]))

    def _closest(self, value: float) -> int:
        axis = self.axis
        if isinstance(axis, Regular):
            return min(max(0, round((value - axis.origin) / axis.spacing)), axis.size - 1)
        return int(np.abs(axis.positions - value).argmin())

    def _within_half_step(self, at: int, value: float) -> bool:
        axis = self.axis
        if isinstance(axis, Regular):
            distance, step = abs(axis.origin + at * axis.spacing - value), abs(axis.spacing)
        else:
            distance, step = abs(float(axis.positions[at]) - value), _step_at(axis.positions, at)
        return distance <= step * (0.5 + TOLERANCE)


def _smallest_step(values: NDArray[np.float64]) -> float:
    steps = np.abs(np.diff(np.sort(values)))
    return float(steps.min()) if len(steps) else 1e-3


def _step_at(values: NDArray[np.float64], at: int) -> float:
    ordered = np.sort(values)
    place = int(np.searchsorted(ordered, values[at]))
    steps = np.diff(ordered[max(0, place - 1) : place + 2])
    return float(steps.max()) if len(steps) else 1e-6

"""Where the facts of two images differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts, PlaneTable

STATIC_FIELDS = ("name", "description", "acquired", "objective", "stage_position", "annotations", "original")
"""Static facts that make an image what it is; provenance and sources tell how it came to be."""


def differences(a: Facts, b: Facts) -> tuple[str, ...]:
    """Say where two images differ, provenance and sources apart; an empty tuple where they do not."""
    found = list(axis_differences(a, b))
    found += channel_differences(a, b)
    if not _same_planes(a.planes, b.planes):
        found.append("facts of planes differ")
    found += [f"{name} differs" for name in STATIC_FIELDS if not _same_static(a, b, name)]
    return tuple(found)


def axis_differences(a: Facts, b: Facts, *, skip: str = "", lengths: str = "") -> Iterator[str]:
    """Yield the dims but `skip` whose length, spacing or positions differ.

    Of the dims in `lengths` the lengths may differ: they are compared as far as both reach.
    """
    for dim in dict.fromkeys((*a.sizes, *b.sizes)):
        if dim in skip:
            continue
        shared = min(a.sizes.get(dim, 0), b.sizes.get(dim, 0)) if dim in lengths else None
        if shared is None and a.sizes.get(dim) != b.sizes.get(dim):
            yield f"size of {dim}: {a.sizes.get(dim)} and {b.sizes.get(dim)}"
        elif not _same_axis(a.axes.get(dim), b.axes.get(dim), shared):
            yield f"{dim}: {_tell(a.axes.get(dim))} and {_tell(b.axes.get(dim))}"


def channel_differences(a: Facts, b: Facts) -> list[str]:
    """Return the channel facts that differ."""
    names = dict.fromkeys((*a.channels, *b.channels))
    return [
        f"channel {name}: {_short(a.channels.get(name))} and {_short(b.channels.get(name))}"
        for name in names
        if a.channels.get(name) != b.channels.get(name)
    ]


def objective_differences(a: Facts, b: Facts) -> list[str]:
    """Return what both know of the objective and do not agree in."""
    left, right = a.static.objective or {}, b.static.objective or {}
    return [
        f"objective {name}: {left[name]} and {right[name]}"
        for name in left
        if name in right and None not in (left[name], right[name]) and left[name] != right[name]
    ]


def _same_axis(a: AxisPositions | None, b: AxisPositions | None, shared: int | None = None) -> bool:
    if a is None or b is None:
        return a is b
    return a.agrees(b) if shared is None else a.take(range(shared)).agrees(b.take(range(shared)))


def _tell(axis: AxisPositions | None) -> str:
    if axis is None:
        return "unknown positions"
    if axis.spacing is None:
        return f"{axis.size} listed positions from {axis.origin:g}" if axis.origin is not None else "no positions"
    return f"{axis.spacing:g} a step from {axis.origin:g}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _same_planes(a: PlaneTable | None, b: PlaneTable | None) -> bool:
    left, right = (table.columns if table else {} for table in (a, b))
    return left.keys() == right.keys() and all(_same_column(left[name], right[name]) for name in left)


def _same_column(a: Any, b: Any) -> bool:
    if a.shape != b.shape or (a.dtype.kind == "f") != (b.dtype.kind == "f"):
        return False
    if a.dtype.kind == "f":
        return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))
    return bool((a == b).all())


def _same_static(a: Facts, b: Facts, name: str) -> bool:
    left, right = getattr(a.static, name), getattr(b.static, name)
    return bool((left or None) == (right or None))

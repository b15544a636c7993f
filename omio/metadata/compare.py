"""Where the facts of two images differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.axes import TOLERANCE, Regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts, PlaneTable

STATIC_FIELDS = ("name", "description", "acquired", "objective", "stage_position", "annotations", "original")
"""Static facts that make an image what it is; provenance and sources tell how it came to be."""


def differences(a: Facts, b: Facts) -> tuple[str, ...]:
    """Say where two images differ, provenance and sources apart; an empty tuple where they do not."""
    found: list[str] = []
    for dim in dict.fromkeys((*a.sizes, *b.sizes)):
        found += (*size_differences(dim, a, b), *position_differences(dim, a, b))
    found += channel_differences(a, b)
    if not _same_planes(a.planes, b.planes):
        found.append("facts of planes differ")
    found += [f"{name} differs" for name in STATIC_FIELDS if not _same_static(a, b, name)]
    return tuple(found)


def size_differences(dim: str, a: Facts, b: Facts) -> list[str]:
    """Return how the lengths of a dim differ, in a list of at most one."""
    left, right = a.sizes.get(dim), b.sizes.get(dim)
    return [] if left == right else [f"{dim} size: {_none(left)} and {_none(right)}"]


def position_differences(dim: str, a: Facts, b: Facts) -> Iterator[str]:
    """Yield how spacing and origin of a dim differ, or its listed positions, as far as both images reach."""
    left, right = a.axes.get(dim), b.axes.get(dim)
    if left is None and right is None:
        return
    reach = min(a.sizes.get(dim, 0), b.sizes.get(dim, 0))
    if isinstance(left, Regular) and isinstance(right, Regular):
        slack = TOLERANCE * abs(left.spacing)
        if abs(left.spacing - right.spacing) * max(1, reach - 1) > slack:
            yield f"{dim} spacing: {lengths(dim, left.spacing, right.spacing)}"
        if abs(left.origin - right.origin) > slack:
            yield f"{dim} origin: {lengths(dim, left.origin, right.origin)}"
    elif left is None or right is None or not left.take(range(reach)).agrees(right.take(range(reach))):
        yield f"{dim} positions: {_tell(dim, left)} and {_tell(dim, right)}"


def channel_differences(a: Facts, b: Facts) -> list[str]:
    """Return the channel facts that differ."""
    names = dict.fromkeys((*a.channels, *b.channels))
    return [
        f"channel {name}: {short(a.channels.get(name))} and {short(b.channels.get(name))}"
        for name in names
        if a.channels.get(name) != b.channels.get(name)
    ]


def lengths(dim: str, left: float, right: float) -> str:
    """Write two lengths or times with their unit, with as many digits as tell them apart."""
    texts = [f"{value:g} {_unit(dim)}" for value in (left, right)]
    exact = [f"{float(value)!r} {_unit(dim)}" for value in (left, right)]
    return " and ".join(texts if texts[0] != texts[1] else exact)


def _unit(dim: str) -> str:
    return "s" if dim == "T" else "µm"


def _none(size: int | None) -> str:
    return "none" if size is None else str(size)


def _tell(dim: str, axis: AxisPositions | None) -> str:
    if axis is None:
        return "unknown"
    if axis.spacing is not None:
        return f"a step of {axis.spacing:g} {_unit(dim)}"
    return f"{axis.size} listed from {axis.origin:g} {_unit(dim)}" if axis.origin is not None else "none"


def short(value: Any) -> str:
    """Return a value as text that fits into a line."""
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

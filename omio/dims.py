"""Names and order of dimensions: T Z C Y X, and S for the samples of RGB."""

from __future__ import annotations

from omio.errors import AxesError

DIMS = ("T", "Z", "C", "Y", "X")
SAMPLES = "S"
SPATIAL = ("Z", "Y", "X")
PLANE_DIMS = ("T", "Z", "C")
UNITS = {"T": "s", "Z": "µm", "Y": "µm", "X": "µm"}
"""Units of positions, everywhere inside."""


def dims_of(ndim: int) -> tuple[str, ...]:
    """Return the dims of a canonical array: five, or six with samples last."""
    if ndim not in (5, 6):
        raise AxesError(f"an image has 5 dims (T Z C Y X) or 6 (with S), not {ndim}")
    return (*DIMS, SAMPLES)[:ndim]


def parse_axes(axes: str, ndim: int) -> tuple[str, ...]:
    """Check a user's axes string such as ``"TYX"`` against an array of `ndim` dims."""
    names = tuple(axes.upper())
    unknown = [name for name in names if name not in (*DIMS, SAMPLES)]
    if unknown:
        raise AxesError(f"axes={axes!r} has unknown {', '.join(unknown)}", remedy="Use letters of TZCYXS.")
    if len(set(names)) != len(names):
        raise AxesError(f"axes={axes!r} names an axis twice")
    if len(names) != ndim:
        raise AxesError(f"axes={axes!r} names {len(names)} axes, the array has {ndim}")
    if "Y" not in names or "X" not in names:
        raise AxesError(f"axes={axes!r} lacks Y or X")
    return names


def canonical_shape(axes: tuple[str, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the T Z C Y X [S] shape of an array whose dims are `axes`; absent dims have length 1."""
    sizes = dict(zip(axes, shape, strict=True))
    samples = (sizes[SAMPLES],) if SAMPLES in sizes else ()
    return (*(sizes.get(dim, 1) for dim in DIMS), *samples)

"""Names and order of dimensions: T Z C Y X, and S for the samples of RGB."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.errors import AxesError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

DIMS = ("T", "Z", "C", "Y", "X")
SAMPLES = "S"
SPATIAL = ("Z", "Y", "X")
PLANE_DIMS = ("T", "Z", "C")
UNITS = {"T": "s", "Z": "µm", "Y": "µm", "X": "µm"}
"""Units of positions, everywhere inside."""
UNKNOWN = "?"
"""Stands for the name of a dim that a file does not name."""

type Outer = tuple[tuple[str, int], ...]
"""Name and length of each dim before Y and X, slowest first."""


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
        raise AxesError(
            f"axes={axes!r} has unknown {', '.join(dict.fromkeys(unknown))}", remedy="Use letters of TZCYXS."
        )
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


@dataclass(frozen=True)
class FileDims:
    """What a file says of the dims along which its planes follow each other.

    Attributes
    ----------
    outer
        Name and length of each dim before Y and X, slowest first. The name is `UNKNOWN`, or whatever letter the file
        writes (tifffile's Q and I), where it means none of T, Z, C.
    samples
        Whether pixels have samples (S); these always know what they are.
    format
        Name of the backend.
    path
        The file.
    """

    outer: Outer
    samples: bool = False
    format: str = ""
    path: str | os.PathLike[str] | None = None

    @property
    def count(self) -> int:
        """Number of planes."""
        return math.prod(size for _, size in self.outer)

    @property
    def long(self) -> Outer:
        """The dims that are longer than 1: only they need a name."""
        return tuple((name, size) for name, size in self.outer if size > 1)

    @property
    def is_named(self) -> bool:
        """Whether each dim that needs a name has one of its own."""
        names = [name for name, _ in self.long]
        return set(names) <= set(PLANE_DIMS) and len(set(names)) == len(names)

    @property
    def axes(self) -> str:
        """The names in a row, such as ``"?YX"``."""
        return axes_text(self.long, samples=self.samples)

    def named(self, names: str) -> Outer:
        """Return the dims that are longer than 1 under other names, one letter each.

        >>> FileDims((("?", 3), ("?", 1), ("?", 5))).named("TZ")
        (('T', 3), ('Z', 5))
        """
        if len(names) != len(self.long):
            raise AxesError(f"{len(names)} names for {len(self.long)} axes", path=self.path)
        return tuple((name, size) for name, (_, size) in zip(names, self.long, strict=True))

    def __str__(self) -> str:
        return f"{' x '.join(str(size) for _, size in self.long) or 1} {'page' if self.count == 1 else 'pages'}"


def axes_text(outer: Outer, *, samples: bool) -> str:
    """Return the names of all dims in a row, such as ``"TYX"``."""
    return "".join(name for name, _ in outer) + "YX" + (SAMPLES if samples else "")


def assume(dims: FileDims, axes: str, sizes: Mapping[str, int] | None = None) -> Outer:
    """Name a file's own dims as a user says.

    Parameters
    ----------
    axes
        A name for each of all dims in order, or of those longer than 1, such as ``"TYX"``; S may be left out.
    sizes
        Lengths along which the planes are dealt out anew; at most one of the dims may be left out.

    Raises
    ------
    AxesError
        Where the names or the lengths do not fit the file.
    """
    names = _outer_names(dims, axes)
    if sizes:
        return _dealt(dims, names, sizes)
    for outer in (dims.outer, dims.long):
        if len(outer) == len(names):
            return tuple((name, size) for name, (_, size) in zip(names, outer, strict=True))
    cause = f"axes={axes!r} names {len(axes)} axes, the file has {len(dims.axes)}: {dims}"
    raise AxesError(cause, path=dims.path, remedy="Name each in order; S may be left out.")


def _outer_names(dims: FileDims, axes: str) -> tuple[str, ...]:
    try:
        names = parse_axes(axes, len(axes))
    except AxesError as error:
        raise AxesError(error.cause, path=dims.path, remedy=error.remedy) from None
    if SAMPLES in names and not dims.samples:
        raise AxesError(f"axes={axes!r}: pixels of this file have no samples", path=dims.path)
    names = tuple(name for name in names if name != SAMPLES)
    if names[-2:] != ("Y", "X"):
        raise AxesError(f"axes={axes!r}: Y and X come last in this file", path=dims.path)
    return names[:-2]


def _dealt(dims: FileDims, names: tuple[str, ...], sizes: Mapping[str, int]) -> Outer:
    rest, over = divmod(dims.count, math.prod(sizes.values()))
    left = [name for name in names if name not in sizes]
    if len(left) > 1:
        cause = f"nothing says how long each of {', '.join(left)} is"
        raise AxesError(cause, path=dims.path, remedy="Give sizes= for all dims but one.")
    if over or not (rest if left else rest == 1):
        given = " x ".join(f"{name} {size}" for name, size in sizes.items())
        raise AxesError(f"{dims.count} pages cannot be dealt out as {given}", path=dims.path)
    return tuple((name, sizes.get(name, rest)) for name in names)

"""What the dims of a plain array are: as its document names them, or as the user says.

Sources: zarr-specs 3, ``dimension_names``; xarray's "Zarr encoding specification" (``_ARRAY_DIMENSIONS`` in Zarr 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.backends.axes import name_axes, resolve_axes
from omio.dims import DIMS, PLANE_DIMS, SAMPLES, UNKNOWN, FileDims, parse_axes
from omio.errors import AxesError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.axes import AxesChoice

ATTRIBUTE = "_ARRAY_DIMENSIONS"
_WORDS = {"time": "T", "channel": "C", "channels": "C", "sample": SAMPLES, "samples": SAMPLES}


def own_names(ndim: int, document: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return what an array calls its dims; None for those that it does not name."""
    told = document.get("dimension_names") or attributes.get(ATTRIBUTE)
    if not isinstance(told, list) or len(told) != ndim:
        return (None,) * ndim
    return tuple(None if name is None else str(name) for name in told)


def may_be_image(names: tuple[str | None, ...]) -> bool:
    """Whether dims of these names can be those of an image: Y and X are among them, or some have no name."""
    return None in names or {"Y", "X"} <= set(_letters(names))


def file_dims(names: tuple[str | None, ...], shape: tuple[int, ...], path: str, place: str) -> FileDims:
    """Return the dims besides Y and X; without any name the last two are Y and X, as in numpy.

    Raises
    ------
    AxesError
        The names do not say which dims are Y and X, or say one thing twice.
    """
    letters = _letters(names)
    known = [letter for letter in letters if letter != UNKNOWN]
    if len(set(known)) != len(known) or not {"Y", "X"} <= set(letters):
        called = ", ".join(str(name) for name in names)
        remedy = f'Name them in order: axes= with {len(names)} letters of TZCYXS, such as "ZYX".'
        raise AxesError(f"calls its dims {called}", path=path, place=place, remedy=remedy)
    outer = tuple((name, size) for name, size in zip(letters, shape, strict=True) if name not in ("Y", "X", SAMPLES))
    return FileDims(outer, SAMPLES in letters, "zarr", path)


def named_dims(
    names: tuple[str | None, ...], shape: tuple[int, ...], choice: AxesChoice, path: str, place: str
) -> tuple[str, ...]:
    """Return a letter for each dim, as the user, the file or the policy names it.

    Raises
    ------
    AxesError
        A dim stays without a name, or names do not fit.
    """
    chosen = resolve_axes(choice)
    if isinstance(chosen, str):
        try:
            return parse_axes(chosen, len(shape))
        except AxesError as error:
            raise AxesError(error.cause, path=path, place=place, remedy=error.remedy) from None
    dims = file_dims(names, shape, path, place)
    plan = name_axes(dims, choice)
    if tuple(size for _, size in plan) != tuple(size for _, size in dims.long):
        remedy = "Name each dim in order, such as axes='TZYX'."
        raise AxesError(f"{dims}, and the axes policy deals them out anew", path=path, place=place, remedy=remedy)
    return _filled(_letters(names), shape, [name for name, _ in plan])


def _letters(names: tuple[str | None, ...]) -> tuple[str, ...]:
    if all(name is None for name in names):
        return (*(UNKNOWN,) * (len(names) - 2), "Y", "X")
    return tuple(_letter(name) for name in names)


def _letter(name: str | None) -> str:
    found = _WORDS.get((name or "").lower(), (name or "").upper())
    return found if found in (*DIMS, SAMPLES) else UNKNOWN


def _filled(letters: tuple[str, ...], shape: tuple[int, ...], long: list[str]) -> tuple[str, ...]:
    """Put the chosen names to the dims that are longer than 1; other dims without a name get those that are left."""
    chosen = iter(long)
    named = [
        next(chosen) if size > 1 and letter in (*PLANE_DIMS, UNKNOWN) else letter
        for letter, size in zip(letters, shape, strict=True)
    ]
    left = iter([dim for dim in (*PLANE_DIMS, SAMPLES) if dim not in named])
    return tuple(next(left) if letter == UNKNOWN else letter for letter in named)

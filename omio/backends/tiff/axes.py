"""Names for the dims along which a file's pages follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.dims import PLANE_DIMS, SAMPLES, parse_axes
from omio.errors import AxesError, SelectionError
from omio.indexing import simplify, to_index

if TYPE_CHECKING:
    from omio.backends.base import OpenOptions

UNKNOWN = "?"

type Outer = tuple[tuple[str, int], ...]
"""Name and length of each dim before Y and X, slowest first; `UNKNOWN` where the file does not say."""


def name_axes(outer: Outer, axes: str | None, *, samples: bool, path: str) -> Outer:
    """Return the dims with names: the user's, else the file's.

    Parameters
    ----------
    outer
        As the file has them; lengths of 1 need no name.
    axes
        The user's names of all dims in order, such as ``"TYX"``; S may be left out.
    samples
        Whether pages have samples.

    Raises
    ------
    AxesError
        Where a dim has no name, or the user's names do not fit.
    """
    long = tuple((name, size) for name, size in outer if size > 1)
    if axes is not None:
        return _named_by_user(long, axes, samples=samples, path=path)
    names = [name for name, _ in long]
    if all(name in PLANE_DIMS for name in names) and len(set(names)) == len(names):
        return long
    raise AxesError(
        f"{' x '.join(str(size) for _, size in long)} pages, and the file does not say along which axis they follow",
        path=path,
        remedy=_remedy(len(long)),
    )


def _remedy(count: int) -> str:
    if count == 1:
        return 'Name it: axes="TYX" for time, "ZYX" for depth, "CYX" for channels.'
    examples = {2: '"TZYX" or "ZCYX"', 3: '"TZCYX"'}.get(count, '"TZCYX"')
    return f"Name them, slowest first: axes={examples}."


def _named_by_user(long: Outer, axes: str, *, samples: bool, path: str) -> Outer:
    wanted = axes.upper()
    if samples and SAMPLES not in wanted:
        wanted += SAMPLES
    try:
        names = parse_axes(wanted, len(long) + 2 + samples)
    except AxesError as error:
        raise AxesError(error.cause, path=path, remedy=error.remedy) from None
    names = tuple(name for name in names if name != SAMPLES)
    if names[-2:] != ("Y", "X"):
        raise AxesError(f"axes={axes!r}: Y and X come last in this file", path=path)
    return tuple((name, size) for name, (_, size) in zip(names, long, strict=False))


def choose_pages(options: OpenOptions, outer: Outer, count: int, path: str) -> tuple[range | tuple[int, ...], Outer]:
    """Return which of `count` pages the user takes, and the dims that are left.

    Raises
    ------
    SelectionError
        For pages that are not there.
    """
    if options.pages is None:
        return range(count), outer
    wanted = options.pages if isinstance(options.pages, slice) else list(options.pages)
    try:
        index = to_index(wanted, count)
    except (IndexError, TypeError) as error:
        raise SelectionError(f"pages={options.pages!r}: {error}", path=path, place=f"{count} pages") from error
    if not len(index):
        raise SelectionError(f"pages={options.pages!r} selects nothing", path=path, place=f"{count} pages")
    long = [name for name, size in outer if size > 1]
    left = ((long[0] if len(long) == 1 else UNKNOWN, len(index)),)
    if isinstance(index, range):
        return index, left
    chosen = simplify(index)
    return (chosen if isinstance(chosen, range) else tuple(int(page) for page in chosen)), left

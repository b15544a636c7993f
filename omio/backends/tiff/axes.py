"""Which pages of a stack a user takes, and the dims that are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.dims import UNKNOWN, Outer
from omio.errors import SelectionError
from omio.indexing import simplify, to_index

if TYPE_CHECKING:
    from omio.backends.base import OpenOptions


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

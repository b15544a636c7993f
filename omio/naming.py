"""Names of files: their natural order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

type SortKey = tuple[tuple[bool, int, str], ...]

_NUMBER = re.compile(r"([0-9]+)")
_ZEROS = str.maketrans("123456789", "000000000")


def natural(value: int | str) -> SortKey:
    """Return a sort key that puts t2 before t10.

    >>> sorted(["t10", "t2", "t1"], key=natural)
    ['t1', 't2', 't10']
    """
    if isinstance(value, int):
        return ((True, value, ""),)
    pieces = _NUMBER.split(value)
    # a list inside: a generator costs as much again, and sequences sort ten thousand names
    return tuple([(at % 2 == 1, int(piece) if at % 2 else 0, piece) for at, piece in enumerate(pieces)])


def in_natural_order(names: Collection[str]) -> list[str]:
    """Sort names naturally; those that differ in digits alone, place by place, are sorted as text, which is faster.

    >>> in_natural_order(["t10", "t2"]), in_natural_order(["t010", "t002"])
    (['t2', 't10'], ['t002', 't010'])
    """
    plain = len({name.translate(_ZEROS) for name in names}) < 2
    return sorted(names) if plain else sorted(names, key=natural)

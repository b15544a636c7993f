"""Names of files: their natural order."""

from __future__ import annotations

import re

type SortKey = tuple[tuple[bool, int, str], ...]

_NUMBER = re.compile(r"([0-9]+)")


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

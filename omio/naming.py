"""Names of files: their natural order."""

from __future__ import annotations

import re

type SortKey = tuple[tuple[bool, int, str], ...]


def natural(value: int | str) -> SortKey:
    """Return a sort key that puts t2 before t10.

    >>> sorted(["t10", "t2", "t1"], key=natural)
    ['t1', 't2', 't10']
    """
    if isinstance(value, int):
        return ((True, value, ""),)
    pieces = re.split(r"([0-9]+)", value)
    return tuple((number % 2 == 1, int(piece) if number % 2 else 0, piece) for number, piece in enumerate(pieces))

"""Names: of files as text and in natural order, and which one a misspelt one is near to."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from omio.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

type SortKey = tuple[tuple[bool, int, str], ...]

SHOWN = 10
"""So many of any number of names are told."""

_NUMBER = re.compile(r"([0-9]+)")
_ZEROS = str.maketrans("123456789", "000000000")


def spelled(path: Any, what: str = "fname") -> str:
    """Return a path as text.

    Raises
    ------
    OptionError
        It is none: an empty one would mean the current folder, which nobody asked for.
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise OptionError(f"{what}={path!r:.80} is no path", remedy="Give a file, a folder, or a list of files.")
    return name


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


def near(word: object, known: Iterable[str]) -> str | None:
    """Return the name that a misspelt one was perhaps meant to be; None where none is like it.

    >>> near("paded", ["strict", "padded"]), near("x", ["strict"])
    ('padded', None)
    """
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    found = get_close_matches(str(word).lower(), names, 1)
    return names[found[0]] if found else None


def listed(known: Iterable[str], word: object = None, verb: str = "There are") -> str:
    """Return a remedy that lists what there is, the name first that is near to a misspelt one.

    >>> listed(["strict", "padded"], "paded"), listed([])
    ("Did you mean 'padded'? There are strict, padded.", 'There are none.')
    """
    names = list(known)
    return f"{meant(word, names)}{verb} {', '.join(names) or 'none'}."


def some(names: Collection[str]) -> str:
    """List the first names, and say how many there are where that is not all.

    >>> some([str(number) for number in range(100)])
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … (100 in all)'
    """
    more = f", … ({len(names)} in all)" if len(names) > SHOWN else ""
    return ", ".join(islice(names, SHOWN)) + more


def counted(count: int, what: str) -> str:
    """Return a remedy that says how things are numbered.

    >>> counted(1, "level"), counted(3, "level")
    ('There is level 0 only.', 'There are levels 0 to 2.')
    """
    return f"There is {what} 0 only." if count == 1 else f"There are {what}s {span(count)}."


def span(count: int) -> str:
    """Return the numbers that there are.

    >>> span(1), span(3)
    ('0, the only one', '0 to 2')
    """
    return "0, the only one" if count == 1 else f"0 to {count - 1}"


def meant(word: object, known: Iterable[str]) -> str:
    """Return a question that names what is near to a misspelt name; empty where nothing is."""
    found = near(word, known)
    return "" if found is None else f"Did you mean {found!r}? "


def missing_files(count: int, names: Iterable[str], between: str = ", ") -> str:
    """Say how many files are missing, and the first of them.

    >>> missing_files(1, ["T=4"])
    '1 file is missing: T=4'
    """
    shown = between.join(islice(names, SHOWN))
    return f"{count} file{' is' if count == 1 else 's are'} missing: {shown}{' …' if count > SHOWN else ''}"

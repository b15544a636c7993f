"""Where each file stands, and which are missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from omio.dims import DIMS
from omio.errors import AxesError, MergeError, OptionError
from omio.naming import missing_files, natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omio.dataset.sequence.names import Labelled, Listing

type Label = int | str
type Categories = Mapping[str, Mapping[str, int] | Sequence[str]]

MOST_PLACES = 1_000_000
"""A grid with more is taken for names that are no counts, such as dates."""


@dataclass(frozen=True)
class FileGrid:
    """Files by their place.

    Attributes
    ----------
    listing
        The files.
    dims
        The dims that the files lie along, T Z C Y X.
    labels
        For each of them its values in order: numbers, or texts.
    files
        Number of the place in C order -> name.
    """

    listing: Listing
    dims: tuple[str, ...]
    labels: tuple[Sequence[Label], ...]
    files: Mapping[int, str]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of places along each dim."""
        return {dim: len(values) for dim, values in zip(self.dims, self.labels, strict=True)}

    @property
    def size(self) -> int:
        """Number of places."""
        return math.prod(self.counts.values())

    def missing(self) -> Iterator[int]:
        """Yield the places that have no file."""
        return (number for number in range(self.size) if number not in self.files)

    def place(self, number: int) -> list[Label]:
        """Return the values of a place."""
        found: list[Label] = []
        for values in reversed(self.labels):
            number, at = divmod(number, len(values))
            found.append(values[at])
        return found[::-1]

    def channel(self, number: int) -> Label | None:
        """Return which channel a place has; None where files are not told apart by channels."""
        return self.place(number)[self.dims.index("C")] if "C" in self.dims else None

    def gaps(self) -> str | None:
        """Say which files are missing; None where none is."""
        count = self.size - len(self.files)
        places = (zip(self.dims, self.place(number), strict=True) for number in self.missing())
        names = (", ".join(f"{dim}={value}" for dim, value in place) for place in places)
        return missing_files(count, names, "; ") if count else None


def in_a_row(listing: Listing, along: str) -> FileGrid:
    """Put files one after another as they are listed."""
    return FileGrid(listing, (along,), (range(len(listing.names)),), dict(enumerate(listing.names)))


def by_name(found: Labelled, categories: Categories) -> FileGrid:
    """Put files where their names say.

    Raises
    ------
    AxesError
        Two files with the same place, or text where a number belongs.
    MergeError
        Numbers that lie so far apart that they do not count files.
    """
    listing = found.listing
    columns = dict(zip(found.dims, zip(*found.texts, strict=True), strict=True))
    if strange := set(categories) - set(columns):
        raise OptionError(
            f"categories= has {', '.join(sorted(map(str, strange)))}, the names have {', '.join(columns)}"
        )
    dims = tuple(dim for dim in DIMS if dim in columns)
    values, labels = zip(
        *(_values(dim, columns[dim], _order(dim, categories), listing.names) for dim in dims), strict=True
    )
    size = math.prod(map(len, labels))
    if size > MOST_PLACES:
        ends = ", ".join(f"{dim} {own[0]} to {own[-1]}" for dim, own in zip(dims, labels, strict=True))
        raise MergeError(f"{len(listing.names)} files for {size:,} places: {ends}", path=listing.title)
    files: dict[int, str] = {}
    for number, name in zip(_numbers(values, labels), listing.names, strict=True):
        if files.setdefault(number, name) is not name:
            raise AxesError(f"{files[number]} and {name} have the same place", path=listing.title)
    return FileGrid(listing, dims, labels, dict(sorted(files.items())))


def _numbers(values: Sequence[Sequence[Label]], labels: Sequence[Sequence[Label]]) -> list[int]:
    """Return for each file the number of its place."""
    numbers = [0] * len(values[0])
    for column, own in zip(values, labels, strict=True):
        at = {label: index for index, label in enumerate(own)}
        numbers = [number * len(own) + at[value] for number, value in zip(numbers, column, strict=True)]
    return numbers


def _values(
    dim: str, texts: Sequence[str], order: Sequence[str] | None, names: Sequence[str]
) -> tuple[Sequence[Label], Sequence[Label]]:
    """Return the values of all files along a dim, and those that the dim should have, in order."""
    if order is not None:
        _check(texts, names, lambda text: text in order, f"{dim} has no category for")
        return texts, order
    if dim == "C":
        return texts, sorted(set(texts), key=natural)
    remedy = f'Name the order: categories={{"{dim}": [...]}}.'
    _check(texts, names, lambda text: text.isascii() and text.isdigit(), f"{dim} takes numbers, not", remedy)
    numbers = [int(text) for text in texts]
    return numbers, _expected(sorted(set(numbers)))


def _check(
    texts: Sequence[str], names: Sequence[str], fits: Callable[[str], bool], cause: str, remedy: str | None = None
) -> None:
    for text, name in zip(texts, names, strict=True):
        if not fits(text):
            raise AxesError(f"{cause} {text!r}", path=name, remedy=remedy)


def _expected(numbers: list[int]) -> Sequence[int]:
    """Return the numbers with those that are left out of an even count, such as 2 in 0, 1, 3."""
    if len(numbers) < 2:
        return numbers
    step = min(after - before for before, after in pairwise(numbers))
    even = all((number - numbers[0]) % step == 0 for number in numbers)
    return range(numbers[0], numbers[-1] + 1, step if even else 1)


def _order(dim: str, categories: Categories) -> tuple[str, ...] | None:
    """Return the texts of a dim in the user's order."""
    given = categories.get(dim)
    if given is None:
        return None
    if isinstance(given, Mapping):
        numbers = list(given.values())
        is_order = all(isinstance(number, int) for number in numbers) and len(set(numbers)) == len(numbers)
        names = sorted(given, key=given.__getitem__) if is_order else []
    else:
        names = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else []
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise OptionError(f"categories of {dim} are {given!r}", remedy='List each once: {"C": ["GFP", "RFP"]}.')
    return tuple(names)

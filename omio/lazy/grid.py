"""Parts of one shape and dtype on a grid: one recipe for ten thousand files."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import Index, Key, grouped, positions, simplify, to_numpy
from omio.lazy import filled
from omio.lazy.recipe import Recipe
from omio.lazy.view import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Grid(Recipe):
    """Base of recipes whose parts are all alike and stand side by side; a part is made when it is read.

    Attributes
    ----------
    counts
        Number of parts along each dim. Parts are numbered in C order.
    fill
        Value of the parts that are not there.
    """

    counts: tuple[int, ...]
    fill: float

    @property
    @abstractmethod
    def like(self) -> Recipe:
        """A part that says shape, dtype and chunk of all."""

    @abstractmethod
    def part(self, number: int) -> Recipe | None:
        """Return a part; None where it is not there."""

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the whole."""
        return tuple(count * size for count, size in zip(self.counts, self.like.shape, strict=True))

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Dtype of the parts."""
        return self.like.dtype

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunk of the parts."""
        return self.like.chunk

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read from the parts that the key meets, and from no other."""
        runs = [self._met(axis, index) for axis, index in enumerate(key)]
        for met in product(*runs):
            owners, local, places = zip(*met, strict=True)
            self._read_part(self.part(int(np.ravel_multi_index(owners, self.counts))), local, places, out)

    def _read_part(self, part: Recipe | None, key: Key, places: Key, out: NDArray[Any]) -> None:
        if part is None:
            filled.tell("", "its file is missing", absent=True)
        if all(isinstance(place, range) for place in places):
            target = out[tuple(to_numpy(place) for place in places)]
            if part is None:
                target[...] = self.fill
            else:
                part.read(key, target)
        elif part is None:
            out[np.ix_(*map(positions, places))] = self.fill
        else:
            for block, pixels in pieces(part, key):
                out[np.ix_(*(positions(place)[run] for place, run in zip(places, block, strict=True)))] = pixels

    def owners(self, axis: int, index: Index) -> NDArray[np.intp]:
        """Return for each position along a dim in which row of parts it lies."""
        return positions(index) // self.like.shape[axis]

    def _met(self, axis: int, index: Index) -> list[tuple[int, Index, Index]]:
        """Return the rows of parts that an index meets: number, index within the row, places in the result."""
        if self.counts[axis] == 1:
            return [(0, index, range(len(index)))]
        return list(runs(index, self.like.shape[axis]))


def runs(index: Index, unit: int) -> Iterator[tuple[int, Index, Index]]:
    """Cut an index at multiples of `unit`.

    Yields
    ------
    For each row that is met: its number, the index within it, and the places of that in the whole index.
    """
    wanted = positions(index)
    owners = wanted // unit
    for places in grouped(owners):
        owner = int(owners[places[0]])
        yield owner, simplify(wanted[places] - owner * unit), simplify(places)

"""Parts that lie at places of their own on a larger plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.indexing import Key, compose_keys, hull, meet, positions, to_numpy
from omio.lazy.blocks import walk
from omio.lazy.pool import map_window, workers
from omio.lazy.recipe import Joined, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

type Ints = NDArray[np.intp]


class _Piece(NamedTuple):
    """A block of one part: what to read of it, and where that goes."""

    item: Recipe
    inside: Key
    out: Key


@dataclass(frozen=True, eq=False)
class Placed(Joined):
    """Parts of one dtype and the same T Z C [S], drawn one after another on a plane: the later lies on top.

    Attributes
    ----------
    items
        The parts.
    corners
        Row and column of each part's first pixel: an array of shape (parts, 2).
    plane
        Y, X of the whole; every part lies within.
    fill
        What stands where no part lies.
    """

    items: tuple[Recipe, ...]
    corners: Ints
    plane: tuple[int, int]
    fill: float = 0

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the whole."""
        first = self.items[0].shape
        return (*first[:3], *self.plane, *first[5:])

    @cached_property
    def _ends(self) -> Ints:
        """Row and column behind each part's last pixel."""
        return self.corners + np.array([item.shape[3:5] for item in self.items], dtype=np.intp)

    def met(self, rows: range, columns: range) -> Ints:
        """Return the numbers of the parts that meet a region, in the order of drawing."""
        below = self.corners < (rows.stop, columns.stop)
        above = self._ends > (rows.start, columns.start)
        return np.flatnonzero((below & above).all(axis=1))

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read from the parts that the key meets, and from no other; in threads, drawn in order."""
        if not out.size:
            return
        numbers = self.met(hull(key[3]), hull(key[4]))
        if len(numbers) == 1 and self._read_alone(int(numbers[0]), key, out):
            return
        out[...] = self.fill
        pieces = (piece for number in numbers.tolist() for piece in self._pieces(number, key))
        for where, pixels in map_window(_load, pieces, window=workers() + 1):
            out[indexer(where)] = pixels

    def _read_alone(self, number: int, key: Key, out: NDArray[Any]) -> bool:
        """Read straight from the one part that is met; False where it does not show all that is asked."""
        inside, where = self._within(number, key)
        if tuple(map(len, where)) != out.shape:
            return False
        self.items[number].read(inside, out)
        return True

    def _within(self, number: int, key: Key) -> tuple[Key, Key]:
        """Return what a key selects of a part, and where that lies in the selection."""
        (top, left), (bottom, right) = self.corners[number].tolist(), self._ends[number].tolist()
        rows_out, rows = meet(key[3], top, bottom)
        columns_out, columns = meet(key[4], left, right)
        whole = tuple(range(len(index)) for index in key)
        return (*key[:3], rows, columns, *key[5:]), (*whole[:3], rows_out, columns_out, *whole[5:])

    def _pieces(self, number: int, key: Key) -> Iterator[_Piece]:
        """Yield blocks of what a key selects of a part: few are in memory at a time."""
        inside, where = self._within(number, key)
        item = self.items[number]
        for block in walk(tuple(map(len, where)), item.chunk, item.dtype.itemsize):
            yield _Piece(item, compose_keys(inside, block), compose_keys(where, block))

    def token(self) -> tuple[Any, ...]:
        """Parts, places, plane and fill."""
        corners = tuple(map(tuple, self.corners.tolist()))
        return ("placed", corners, self.plane, self.fill, *(item.token() for item in self.items))


def _load(piece: _Piece) -> tuple[Key, NDArray[Any]]:
    return piece.out, piece.item.load(piece.inside)


def indexer(key: Key) -> tuple[Any, ...]:
    """Return the indexer of an array, dim by dim: for reading, and for storing."""
    if sum(not isinstance(index, range) for index in key) > 1:
        return np.ix_(*map(positions, key))
    return tuple(to_numpy(index) for index in key)

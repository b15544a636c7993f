"""An array without those of its chunks that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import compose, positions
from omio.lazy.grid import runs
from omio.lazy.recipe import Derived

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index, Key

type Met = tuple[int, Index, Index]
"""Number of a chunk along a dim, what is wanted of it, and the places of that in the result."""


@dataclass(frozen=True, eq=False)
class Patched(Derived):
    """An array in which one value stands for some chunks, which are never asked for.

    Attributes
    ----------
    holes
        Numbers of these chunks along each dim, counted by the `chunk` of the base.
    fill
        What stands there.
    """

    holes: tuple[tuple[int, ...], ...]
    fill: float = 0

    @cached_property
    def _holes(self) -> frozenset[tuple[int, ...]]:
        return frozenset(self.holes)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read at once what meets no hole, else chunk by chunk."""
        met = [list(runs(index, unit)) for index, unit in zip(key, self.chunk, strict=True)]
        if self._holes.isdisjoint(product(*([number for number, _, _ in along] for along in met))):
            self.base.read(key, out)
            return
        for chunk in product(*met):
            self._read_chunk(chunk, out)

    def _read_chunk(self, met: tuple[Met, ...], out: NDArray[Any]) -> None:
        number, inside, places = zip(*met, strict=True)
        at = np.ix_(*map(positions, places))
        if number in self._holes:
            out[at] = self.fill
            return
        chunk = (range(here * unit, (here + 1) * unit) for here, unit in zip(number, self.chunk, strict=True))
        out[at] = self.base.load(tuple(map(compose, chunk, inside)))

    def token(self) -> tuple[Any, ...]:
        """Join base, holes and value."""
        return ("patched", self.base.token(), self.holes, self.fill)

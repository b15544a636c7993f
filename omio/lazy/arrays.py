"""Recipes of arrays that exist already: in memory, and lazy ones of other libraries."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import Index, Key, compose, hull, orthogonal, simplify, to_numpy, within
from omio.lazy.blocks import walk
from omio.lazy.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ArrayRecipe(Recipe):
    """An array in memory, T Z C Y X [S]; shared, not copied, and pickled whole."""

    array: NDArray[Any]
    identity: str = field(default_factory=lambda: os.urandom(16).hex())

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the array."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Native dtype."""
        return self.array.dtype.newbyteorder("=")

    @property
    def chunk(self) -> tuple[int, ...]:
        """One plane: nothing is gained by reading less."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Copy the selection; lists block by block, as numpy gathers them in an array of their own."""
        if all(isinstance(index, range) for index in key):
            out[...] = self.array[tuple(to_numpy(index) for index in key)]
            return
        for block in walk(out.shape, (1,) * out.ndim, out.itemsize):
            wanted = tuple(compose(index, run) for index, run in zip(key, block, strict=True))
            out[tuple(to_numpy(run) for run in block)] = _select(self.array, wanted)

    def token(self) -> tuple[Any, ...]:
        """Name this very array."""
        return ("array", self.identity)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()


@dataclass(frozen=True, eq=False)
class DuckRecipe(Recipe):
    """A foreign lazy array (dask, zarr, h5py, …) of T Z C Y X [S]; see `omio.lazy.arranged` for other axes."""

    array: Any
    identity: str = field(default_factory=lambda: os.urandom(16).hex())

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the array."""
        return tuple(int(size) for size in self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Native dtype."""
        native: np.dtype[Any] = np.dtype(self.array.dtype).newbyteorder("=")
        return native

    @property
    def declared(self) -> tuple[int, ...] | None:
        """Chunks of the array, the longest of each dim; None where it has none."""
        chunks = getattr(self.array, "chunksize", None) or getattr(self.array, "chunks", None)
        return tuple(int(np.max(lengths)) for lengths in chunks) if chunks else None

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunks of the array where it has any, else one plane."""
        return self.declared or (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Ask for ascending slices, which all libraries take; order and repeat afterwards.

        Along the dim whose list spans the most chunks, each group of neighbours is a request of its own.
        """
        chunk = self.declared or (1,) * len(key)
        spans = [
            0 if isinstance(index, range) else len(hull(index)) / unit for index, unit in zip(key, chunk, strict=True)
        ]
        axis = spans.index(max(spans))
        for places in _neighbours(key[axis], chunk[axis]):
            wanted = (*key[:axis], compose(key[axis], places), *key[axis + 1 :])
            out[(slice(None),) * axis + (to_numpy(places),)] = _select(self.array, wanted)

    def token(self) -> tuple[Any, ...]:
        """Name this very array."""
        return ("duck", self.identity)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()


def _neighbours(index: Index, unit: int) -> Iterator[Index]:
    """Yield the places of those entries of a list that lie within `unit` of each other."""
    if isinstance(index, range):
        yield range(len(index))
        return
    order = np.argsort(index, kind="stable")
    gaps = np.flatnonzero(np.diff(index[order]) > unit) + 1
    for group in np.split(order, gaps):
        yield simplify(np.sort(group))


def _select(array: Any, key: Key) -> NDArray[Any]:
    """Read one block by ascending slices, and pick from it."""
    asked, picked = zip(*(_ascending(index) for index in key), strict=True)
    return orthogonal(picked, np.asarray(array[asked]))


def _ascending(index: Index) -> tuple[slice, slice | NDArray[np.intp]]:
    """Return the ascending slice that holds an index, and what to pick of it."""
    if not isinstance(index, range):
        run = hull(index)
        return slice(run.start, run.stop), within(index, run)
    if index.step > 0:
        return slice(index[0], index[-1] + 1, index.step), slice(None)
    return slice(index[-1], index[0] + 1, -index.step), slice(None, None, -1)

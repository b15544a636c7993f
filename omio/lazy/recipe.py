"""The `LazyArray` protocol, the `Recipe` base class, and arrays that lie in memory."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omio.indexing import Index, Key, compose, full_key, hull, orthogonal, simplify, to_index, to_numpy, within
from omio.lazy.blocks import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class LazyArray(Protocol):
    """What omio needs of an array that is read on demand.

    ``read`` fills `out`, whose shape is that of the key, with native byte order. It may be called from several
    threads at once. ``chunk`` is the natural unit of reading, one length a dim.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dim: T Z C Y X, then S for RGB."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native dtype of the pixels."""
        ...

    @property
    def chunk(self) -> tuple[int, ...]:
        """Natural unit of reading."""
        ...

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with the pixels that `key` selects."""
        ...


class Recipe(ABC):
    """Base of all recipes: a frozen, picklable value that says how to get an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    @abstractmethod
    def chunk(self) -> tuple[int, ...]:
        """Natural unit of reading, one length a dim."""

    @abstractmethod
    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with the pixels that `key` selects; thread-safe."""

    @abstractmethod
    def token(self) -> tuple[Any, ...]:
        """Return a value that equal recipes share, also in other processes."""

    @abstractmethod
    def parts(self) -> tuple[Recipe, ...]:
        """Return the recipes that this one is made of."""

    @property
    def ndim(self) -> int:
        """Number of dims."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array once read."""
        return self.size * self.dtype.itemsize

    @property
    def digest(self) -> str:
        """Hexadecimal digest of the token: the name of a dask array."""
        import hashlib  # opening needs no digest, and this is slow to import

        return hashlib.blake2b(repr(self.token()).encode(), digest_size=16).hexdigest()

    def leaves(self) -> Iterator[Recipe]:
        """Yield the recipes at the ends of the tree."""
        parts = self.parts()
        if not parts:
            yield self
        for part in parts:
            yield from part.leaves()

    def release(self) -> None:
        """Close files as soon as nobody reads them; a later read opens them again."""
        for part in self.parts():
            part.release()

    def load(self, key: Key | None = None) -> NDArray[Any]:
        """Read the selected pixels (all by default) into one new array."""
        key = full_key(self.shape) if key is None else key
        out = np.empty(tuple(len(index) for index in key), self.dtype)
        if out.size:
            self.read(key, out)
        return out

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read as numpy would index: integers drop their dim (this is what dask and zarr call)."""
        entries = key if isinstance(key, tuple) else (key,)
        entries += (slice(None),) * (self.ndim - len(entries))
        full = tuple(to_index(entry, size) for entry, size in zip(entries, self.shape, strict=True))
        drop = tuple(0 if isinstance(entry, int | np.integer) else slice(None) for entry in entries)
        return self.load(full)[drop]


@dataclass(frozen=True, eq=False)
class Derived(Recipe):
    """Base of recipes over one other: what a subclass does not say is as in its base."""

    base: Recipe

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the base."""
        return self.base.shape

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Dtype of the base."""
        return self.base.dtype

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunk of the base."""
        return self.base.chunk

    def parts(self) -> tuple[Recipe, ...]:
        """Return the base."""
        return (self.base,)


class Joined(Recipe):
    """Base of recipes over several others of one dtype, which are their `items`."""

    items: tuple[Recipe, ...]

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Dtype of the parts."""
        return self.items[0].dtype

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunk of the first part."""
        return self.items[0].chunk

    def parts(self) -> tuple[Recipe, ...]:
        """Return the parts."""
        return self.items


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

"""The `LazyArray` protocol, and the base classes of recipes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omio.indexing import Key, full_key, to_index

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

"""Pixels of Zarr arrays."""

from __future__ import annotations

import json
import math
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.zarr.codecs import layout_of
from omio.backends.zarr.fetch import Fetch
from omio.backends.zarr.store import open_store
from omio.backends.zarr.stored import StoredArray
from omio.errors import DamagedFileError, OmioError, UnsupportedFormatError
from omio.lazy.arranged import arranged
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import zarr
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

NUMBERS = "biufc"
"""Kinds of dtypes that pixels can have."""

_KEPT = 256
"""So many arrays are kept open: plates have ten thousands."""
_LARGEST = (1 << 63) - 1
_CHUNK = re.compile(r"(c[./])?\d+([./]\d+)*", re.ASCII)
_NUMBER = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True)
class ArrayPlace:
    """An array of a hierarchy.

    Attributes
    ----------
    path
        Where it lies.
    dims
        What its dims are, in order.
    document
        Its own document as JSON, without attributes: whoever reads pixels need not read it again, and an array that
        became another one is another recipe.
    strict
        False: chunks that cannot be decoded are filled, and one warning lists them.
    """

    path: str
    dims: tuple[str, ...]
    document: str
    strict: bool = True

    @classmethod
    def of(cls, path: str, dims: tuple[str, ...], document: Mapping[str, Any], *, strict: bool = True) -> ArrayPlace:
        """Describe an array by its document."""
        return cls(path, dims, json.dumps({**document, "attributes": {}}, separators=(",", ":")), strict)


class ZarrReader:
    """An open hierarchy; its arrays are opened when first read."""

    def __init__(self, path: str, *outside: str) -> None:
        self.path = path
        self._root = open_store(path, outside)
        self._fetch = Fetch(self._root, path)
        self._arrays: dict[ArrayPlace, Recipe] = {}
        self._opening = Lock()

    def read(self, where: ArrayPlace, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` from the chunks that `key` meets.

        Raises
        ------
        DamagedFileError
            Where a chunk cannot be decoded.
        """
        try:
            self.recipe(where).read(key, out)
        except (ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            if isinstance(error, OmioError):
                raise
            raise DamagedFileError(f"a chunk cannot be decoded: {error}", path=self.path, place=where.path) from error

    def recipe(self, where: ArrayPlace) -> Recipe:
        """Return an array as T Z C Y X [S]."""
        with self._opening:
            if where not in self._arrays:
                if len(self._arrays) >= _KEPT:
                    self._arrays.clear()
                self._arrays[where] = arranged(self._source(where), where.dims)
            return self._arrays[where]

    def _source(self, where: ArrayPlace) -> StoredArray | zarr.Array[Any]:
        array = self.array(where)
        layout = layout_of(array)
        if layout is None:
            return array
        return StoredArray(array=array, place=where.path, layout=layout, fetch=self._fetch, strict=where.strict)

    def array(self, where: ArrayPlace) -> zarr.Array[Any]:
        """Open an array of numbers.

        Raises
        ------
        DamagedFileError, UnsupportedFormatError
            Its document cannot be true, or it holds no numbers.
        """
        found = self._any(where)
        if found.dtype.kind not in NUMBERS:
            place = where.path or "/"
            raise UnsupportedFormatError(f"holds {found.dtype}: pixels are numbers", path=self.path, place=place)
        return found

    def values(self, where: ArrayPlace) -> NDArray[Any]:
        """Return all of a small array of any type, in the order of its own dims.

        Raises
        ------
        DamagedFileError
            It cannot be read.
        """
        try:
            return np.asarray(self._any(where)[...])
        except (ValueError, RuntimeError) as error:
            if isinstance(error, OmioError):
                raise
            raise DamagedFileError(f"cannot be read: {error}", path=self.path, place=where.path) from error

    def arrays(self) -> list[str]:
        """List the paths of all arrays, at any depth, without going into them.

        Raises
        ------
        DamagedFileError
            A document that cannot be true.
        """
        import zarr

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zarr warns of files that are neither documents nor chunks
                members = zarr.open_group(self._root, mode="r", use_consolidated=False).members(max_depth=None)
        except (ValueError, TypeError, KeyError, FileNotFoundError, RecursionError) as error:
            if isinstance(error, OmioError):
                raise
            raise DamagedFileError(f"holds no groups that can be read: {error}", path=self.path) from error
        return sorted((path for path, node in members if isinstance(node, zarr.Array)), key=natural)

    def _any(self, where: ArrayPlace) -> zarr.Array[Any]:
        import zarr

        document = json.loads(where.document)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zarr warns of data types without a specification: they read well
                found = zarr.Array(zarr.AsyncArray.from_dict(self._root / where.path, document))
                _check_lengths(found.shape, _chunks_in(document), found.dtype.itemsize)
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RuntimeError) as error:
            raise DamagedFileError(f"no array can be read: {error}", path=self.path, place=where.path or "/") from error
        return found

    def count(self, where: ArrayPlace) -> int:
        """Return how many chunks (or shards) of an array are there; their keys are listed."""
        return len(self.chunks(where))

    def chunks(self, where: ArrayPlace) -> frozenset[str]:
        """Return the keys of the chunks (or shards) of an array that are there, relative to it."""
        counts = grid_of(self.array(where))
        return frozenset(key for key in self._fetch.below(where.path) if is_chunk(key, counts))

    def contents(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return several files of the hierarchy, None for those that are not there."""
        return self._fetch.many(keys)

    def close(self) -> None:
        """Close the store."""
        self._root.store.close()


def _chunks_in(document: Mapping[str, Any]) -> list[int]:
    """Return the lengths that a document says; zarr-python makes 1 of 0."""
    if "chunks" in document:
        return list(document["chunks"])
    return list(document["chunk_grid"]["configuration"]["chunk_shape"])


def _check_lengths(shape: tuple[int, ...], chunks: list[int], itemsize: int) -> None:
    """Raise `ValueError` for an array that no memory could address, and for chunks that hold nothing."""
    if math.prod(shape) * itemsize > _LARGEST:
        raise ValueError(f"its shape is {' x '.join(map(str, shape))}")
    if min(chunks, default=1) < 1:
        raise ValueError(f"its chunks have the shape {' x '.join(map(str, chunks))}")


def grid_of(array: zarr.Array[Any]) -> tuple[int, ...]:
    """Return how many chunks (or shards) an array has along each dim."""
    unit = array.shards or array.chunks
    return tuple(-(-size // length) for size, length in zip(array.shape, unit, strict=True))


def is_chunk(key: str, counts: tuple[int, ...]) -> bool:
    """Whether a key below an array is that of one of its chunks, of which there are `counts` along the dims.

    >>> is_chunk("c/0/1", (2, 2)), is_chunk("0.1", (2, 2)), is_chunk("0/7", (2, 2)), is_chunk(".zarray", (2, 2))
    (True, True, False, False)
    """
    if not _CHUNK.fullmatch(key):
        return False
    place = [int(number) for number in _NUMBER.findall(key)]
    return len(place) == len(counts) and all(at < count for at, count in zip(place, counts, strict=True))

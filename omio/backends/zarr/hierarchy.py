"""`ZarrBackend`: what all backends of Zarr hierarchies do alike."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.base import Backend, OpenOptions
from omio.backends.zarr.documents import Documents
from omio.backends.zarr.reader import ArrayPlace, ZarrReader, grid_of
from omio.backends.zarr.store import StoreStamp
from omio.errors import DamagedFileError, SceneError
from omio.lazy.leaf import FileRecipe, lease

if TYPE_CHECKING:
    from collections.abc import Mapping


class ZarrBackend(Backend):
    """Base of backends that read Zarr hierarchies."""

    reads_urls = True

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        # the folder of a remote hierarchy is nothing that could be stamped, so the base does not do it
        self.path, self.options = path, options or OpenOptions()
        self.stamp: StoreStamp = StoreStamp.of_store(path, self.options.allow_outside)

    @cached_property
    def documents(self) -> Documents:
        """What groups and arrays say."""
        return Documents(self.stamp)

    def _document(self, place: str) -> dict[str, Any]:
        """Return the document of an array."""
        found = self.documents[place].array
        if found is None:
            remedy = "Copy the hierarchy again, whole; its arrays can be opened one by one by their paths."
            raise SceneError("no such array", path=self.path, place=place or "/", remedy=remedy)
        return found

    def _shape(self, place: str) -> tuple[int, ...]:
        """Return the shape that the document of an array says."""
        told = self._document(place).get("shape")
        if not isinstance(told, list) or not all(isinstance(size, int) and size >= 0 for size in told):
            raise DamagedFileError("has no shape", path=self.path, place=place or "/")
        return tuple(told)

    def _leaf(self, place: str, dims: tuple[str, ...]) -> FileRecipe:
        """Return the recipe of an array whose dims are `dims`; its chunks are those that are read alone."""
        if len(dims) != len(self._shape(place)):
            cause = f"has {len(self._shape(place))} dims, and is said to have {', '.join(dims)}"
            raise DamagedFileError(cause, path=self.path, place=place or "/")
        where = ArrayPlace.of(place, dims, self._document(place), strict=self.options.strict)
        with lease(ZarrReader, self.stamp, *self.stamp.outside) as reader:
            base = reader.recipe(where)
        return FileRecipe(
            ZarrReader, self.stamp, self.stamp.outside, where, base.shape, base.dtype, base.chunk, self.name
        )

    def _stored(self, place: str) -> Mapping[str, Any]:
        """Return how an array is stored; chunks (shards, where there are some) that are missing are counted."""
        where = ArrayPlace.of(place, (), self._document(place))
        with lease(ZarrReader, self.stamp, *self.stamp.outside) as reader:
            array, stored = reader.array(where), reader.count(where)
        return {
            "zarr_format": array.metadata.zarr_format,
            "compression": ", ".join(type(codec).__name__ for codec in array.compressors) or "none",
            "shards": array.shards,
            "missing_chunks": math.prod(grid_of(array)) - stored or None,
        }

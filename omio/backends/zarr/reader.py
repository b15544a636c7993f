"""Pixels of Zarr arrays."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from omio.backends.zarr.store import open_store
from omio.errors import DamagedFileError, OmioError, SceneError
from omio.lazy.arranged import arranged

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe


@dataclass(frozen=True)
class ArrayPlace:
    """An array of a hierarchy, and what its dims are, in order."""

    path: str
    dims: tuple[str, ...]


class ZarrReader:
    """An open hierarchy; its arrays are opened when first read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._store = open_store(path)
        self._arrays: dict[ArrayPlace, Recipe] = {}
        self._opening = Lock()

    def read(self, where: ArrayPlace, key: Key, out: NDArray[Any]) -> None:
        """Fill `out`; zarr decodes the chunks that `key` meets.

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
        """Return an array as T Z C Y X."""
        with self._opening:
            if where not in self._arrays:
                self._arrays[where] = arranged(self.array(where.path), where.dims)
            return self._arrays[where]

    def array(self, path: str) -> zarr.Array[Any]:
        """Open an array.

        Raises
        ------
        SceneError, DamagedFileError
            There is none, or its document cannot be true.
        """
        import zarr

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zarr warns of data types without a specification: they read well
                found = zarr.open_array(self._store, path=path, mode="r")
        except FileNotFoundError:
            raise SceneError("no such array", path=self.path, place=path) from None
        except (ValueError, TypeError, KeyError) as error:
            raise DamagedFileError(f"no array can be read: {error}", path=self.path, place=path) from error
        return found

    def attributes(self, path: str) -> dict[str, Any]:
        """Return the attributes of a group or array; empty where there is none."""
        import zarr

        try:
            node = zarr.open(self._store, path=path, mode="r")
        except FileNotFoundError:
            return {}
        return dict(node.attrs)

    def content(self, key: str) -> bytes:
        """Return a file of the hierarchy that is neither document nor chunk.

        Raises
        ------
        DamagedFileError
            There is none.
        """
        from zarr.core.buffer import default_buffer_prototype
        from zarr.core.sync import sync

        found = sync(self._store.get(key, default_buffer_prototype()))
        if found is None:
            raise DamagedFileError("is missing", path=self.path, place=key)
        return found.to_bytes()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

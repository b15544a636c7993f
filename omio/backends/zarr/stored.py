"""Arrays of a hierarchy as recipes: each chunk is fetched and decoded in omio's threads, and put where it belongs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omio.backends.zarr.codecs import MISSING
from omio.errors import DamagedFileError, OmioWarning
from omio.indexing import Index, Key, orthogonal, positions, to_numpy
from omio.lazy import filled
from omio.lazy.arrays import DuckRecipe
from omio.lazy.decoding import check_decoded
from omio.lazy.grid import runs
from omio.lazy.pool import run_all, split, workers

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray

    from omio.backends.zarr.codecs import ChunkCodec, Layout, Shards

type Met = tuple[int, Index, Index]
"""Number of a chunk along a dim, what is wanted of it, and the places of that in the result."""

_LISTED = 20
_KEPT = 1024
"""So many tables of shards are kept: large arrays have millions of chunks."""
_TASKS = 8
"""So many tasks a thread: chunks differ in size, and each task takes some time to start."""


class Fetching(Protocol):
    """Where bytes are read from; `omio.backends.zarr.fetch.Fetch` is for stores."""

    @property
    def path(self) -> str:
        """What to call it in errors."""
        ...

    def __call__(self, key: str, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the bytes of a key, or `length` of them; a negative `start` counts from the end; None: no such key."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredArray(DuckRecipe):
    """A Zarr array whose codecs omio decodes itself.

    Attributes
    ----------
    array
        As zarr-python opened it.
    place
        Where it lies in the hierarchy.
    layout
        How its chunks are stored.
    fetch
        Where they are read from.
    strict
        False: chunks that are damaged have the array's fill value, and one warning lists them.
    """

    array: zarr.Array[Any]
    place: str
    layout: Layout
    fetch: Fetching
    strict: bool = True

    @property
    def declared(self) -> tuple[int, ...]:
        """Shape of a chunk; within shards too, as each of their chunks is read alone."""
        return self.layout.codec.shape

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Decode each chunk that the key meets once.

        Raises
        ------
        DamagedFileError
            Where a chunk cannot be decoded.
        """
        met = [list(runs(index, unit)) for index, unit in zip(key, self.declared, strict=True)]
        damaged: list[DamagedFileError] = []

        def read_chunks(chunks: list[tuple[Met, ...]]) -> None:
            for chunk in chunks:
                self._read_chunk(chunk, out, damaged)

        run_all(read_chunks, split(list(product(*met)), _TASKS * workers()))
        self._tell(damaged)

    def _read_chunk(self, met: tuple[Met, ...], out: NDArray[Any], damaged: list[DamagedFileError]) -> None:
        place, local, targets = zip(*met, strict=True)
        chunk = None
        try:
            chunk = self._chunk(place)
            if chunk is None:
                self._tell_absent(place)
        except DamagedFileError as error:
            if self.strict:
                raise
            damaged.append(error)
            filled.tell(error.place or "", error.cause)
        pixels = self.layout.fill if chunk is None else orthogonal(map(to_numpy, local), chunk)
        if all(isinstance(target, range) for target in targets):
            out[tuple(map(to_numpy, targets))] = pixels
        else:
            out[np.ix_(*map(positions, targets))] = pixels

    def _tell_absent(self, place: tuple[int, ...]) -> None:
        number = ", ".join(map(str, place))
        filled.tell(self.place or "/", f"chunk ({number}) is not stored, and reads as {self.layout.fill}", absent=True)

    def _tell(self, damaged: list[DamagedFileError]) -> None:
        new = sorted({f"{error.place}: {error.cause}" for error in damaged} - self._told)
        if new:
            self._told.update(new)
            more = f"; and {len(new) - _LISTED} more" if len(new) > _LISTED else ""
            text = f"{self.fetch.path}: filled with {self.layout.fill}: {'; '.join(new[:_LISTED])}{more}"
            warnings.warn(text, OmioWarning, stacklevel=2)

    @cached_property
    def _told(self) -> set[str]:
        return set()

    def _chunk(self, place: tuple[int, ...]) -> NDArray[Any] | None:
        """Return a chunk; None where it is not there."""
        content, key = self._content(place)
        return None if content is None else self._decoded(self.layout.codec, content, key)

    def _content(self, place: tuple[int, ...]) -> tuple[bytes | None, str]:
        shards = self.layout.shards
        if shards is None:
            key = self._key(place)
            return self.fetch(key), key
        owner, inner = zip(*map(divmod, place, shards.counts), strict=True)
        key = self._key(owner)
        table = self._table(key, shards)
        if table is None:
            return None, key
        start, length = map(int, table[inner])
        return (None if start == length == MISSING else self.fetch(key, start, length)), key

    def _key(self, place: tuple[int, ...]) -> str:
        return "/".join(filter(None, (self.place, self.array.metadata.encode_chunk_key(place))))

    def _table(self, key: str, shards: Shards) -> NDArray[np.uint64] | None:
        """Return where the chunks of a shard lie; None where there is no such shard."""
        if key in (kept := self._tables):
            return kept[key]
        content = self.fetch(key, *shards.span)
        table = None if content is None else self._decoded(shards.index, content, key)
        if len(kept) >= _KEPT:
            self._tables = kept = {}
        kept[key] = table
        return table

    @cached_property
    def _tables(self) -> dict[str, NDArray[np.uint64] | None]:
        return {}

    def _decoded(self, codec: ChunkCodec, content: bytes, key: str) -> NDArray[Any]:
        check_decoded(codec.nbytes, len(content), path=self.fetch.path, place=key)
        try:
            return codec.decode(content)
        except (ValueError, RuntimeError, MemoryError) as error:
            cause, remedy = f"a chunk cannot be decoded: {error}", "strict=False fills it."
            raise DamagedFileError(cause, path=self.fetch.path, place=key, remedy=remedy) from error

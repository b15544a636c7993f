"""Read-only Zarr stores whose content is made when zarr asks for it; a recipe as such a store."""

from __future__ import annotations

import asyncio
import itertools
import json
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

from omio.dims import dims_of
from omio.lazy.blocks import grow
from omio.lazy.chunks import chunk_lengths, plan_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

    from omio.lazy.chunks import ChunkChoice
    from omio.lazy.recipe import Recipe

CHUNK_BYTES = 4 << 20


class VirtualStore(Store):
    """Base of read-only stores: a subclass says which keys there are, and what they hold."""

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    @abstractmethod
    def content(self, key: str) -> bytes | None:
        """Return what a key holds; None where there is none. Called from several threads."""

    @abstractmethod
    def keys(self) -> Iterable[str]:
        """Return all keys."""

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Return what a key holds, or a part of it."""
        content = self.content(key)
        prototype = default_buffer_prototype() if prototype is None else prototype
        return None if content is None else prototype.buffer.from_bytes(_cut(content, byte_range))

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Return what a key holds, or a part of it."""
        return await asyncio.to_thread(self.get_sync, key, prototype=prototype, byte_range=byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return several documents or chunks."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def set(self, key: str, value: Buffer) -> None:
        """Refuse: the store is read-only."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Refuse: the store is read-only."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Yield all keys."""
        for key in self.keys():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""
        for key in self.keys():
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield the names right below `prefix`."""
        start = f"{prefix.rstrip('/')}/" if prefix else ""
        for name in dict.fromkeys(key[len(start) :].split("/")[0] for key in self.keys() if key.startswith(start)):
            yield name


class RecipeStore(VirtualStore):
    """Serves ``zarr.json`` and the uncompressed chunks of one array (Zarr specification 3, codec ``bytes``)."""

    def __init__(self, recipe: Recipe, block: tuple[int, ...] | None = None) -> None:
        super().__init__(read_only=True)
        self.recipe = recipe
        self.block = block or grow(recipe, CHUNK_BYTES)
        self._document = json.dumps(self._describe()).encode()

    def _describe(self) -> dict[str, Any]:
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(self.recipe.shape),
            "data_type": str(self.recipe.dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(self.block)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "fill_value": zero(self.recipe.dtype),
            "dimension_names": list(dims_of(self.recipe.ndim)),
            "attributes": {},
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecipeStore) and other.recipe.token() == self.recipe.token()

    __hash__ = None  # type: ignore[assignment]

    def content(self, key: str) -> bytes | None:
        """Return the document or a chunk."""
        if key == "zarr.json":
            return self._document
        place = self._place(key)
        if place is None:
            return None
        runs = tuple(
            range(i * length, min((i + 1) * length, size))
            for i, length, size in zip(place, self.block, self.recipe.shape, strict=True)
        )
        out = np.zeros(self.block, self.recipe.dtype)
        self.recipe.read(runs, out[tuple(slice(0, len(run)) for run in runs)])
        return out.astype(out.dtype.newbyteorder("<"), copy=False).tobytes()

    def _place(self, key: str) -> tuple[int, ...] | None:
        head, *numbers = key.split("/")
        if head != "c" or len(numbers) != self.recipe.ndim or not all(number.isdigit() for number in numbers):
            return None
        place = tuple(int(number) for number in numbers)
        return place if all(i < count for i, count in zip(place, self._counts, strict=True)) else None

    @property
    def _counts(self) -> tuple[int, ...]:
        return tuple(-(-size // length) for size, length in zip(self.recipe.shape, self.block, strict=True))

    async def exists(self, key: str) -> bool:
        """Whether there is such a document or chunk."""
        return key == "zarr.json" or self._place(key) is not None

    def keys(self) -> Iterator[str]:
        """Yield all keys."""
        yield "zarr.json"
        for place in itertools.product(*(range(count) for count in self._counts)):
            yield "c/" + "/".join(map(str, place))


class GroupStore(VirtualStore):
    """Serves a group whose arrays are ``0``, ``1`` and so on: the levels of an image."""

    def __init__(self, arrays: Sequence[RecipeStore]) -> None:
        super().__init__(read_only=True)
        self.arrays = arrays

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupStore) and other.arrays == self.arrays

    __hash__ = None  # type: ignore[assignment]

    def content(self, key: str) -> bytes | None:
        """Return the document of the group, or what an array holds."""
        if key == "zarr.json":
            return b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'
        number, _, rest = key.partition("/")
        known = number.isdecimal() and int(number) < len(self.arrays)
        return self.arrays[int(number)].content(rest) if known else None

    async def exists(self, key: str) -> bool:
        """Whether there is such a document or chunk."""
        number, _, rest = key.partition("/")
        known = number.isdecimal() and int(number) < len(self.arrays)
        return key == "zarr.json" or (known and await self.arrays[int(number)].exists(rest))

    def keys(self) -> Iterator[str]:
        """Yield all keys."""
        yield "zarr.json"
        for number, array in enumerate(self.arrays):
            yield from (f"{number}/{key}" for key in array.keys())  # noqa: SIM118 - a store, no mapping


def zero(dtype: np.dtype[Any]) -> Any:
    """Return the fill value as the specification writes it for a data type."""
    return {"b": False, "c": [0, 0]}.get(dtype.kind, 0)


def _cut(content: bytes, byte_range: ByteRequest | None) -> bytes:
    match byte_range:
        case RangeByteRequest(start=start, end=end):
            return content[start:end]
        case OffsetByteRequest(offset=offset):
            return content[offset:]
        case SuffixByteRequest(suffix=suffix):
            return content[-suffix:]
    return content


def virtual_zarr(recipes: Sequence[Recipe], chunks: ChunkChoice | None = None, *, as_group: bool = False) -> Any:
    """Open recipes as a read-only `zarr.Group` with the arrays ``0``, ``1`` and so on, or one as a `zarr.Array`.

    Chunks, of which each is read when it is asked for, are cut as `chunks` says in the words of ``omio.open``; None:
    whole units of the source of together about `CHUNK_BYTES`.
    """
    import zarr

    stores = [
        RecipeStore(recipe, None if chunks is None else chunk_lengths(plan_chunks(recipe, chunks)))
        for recipe in recipes
    ]
    return zarr.open_group(GroupStore(stores), mode="r") if as_group else zarr.open_array(stores[0], mode="r")

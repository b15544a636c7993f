from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

from omio.lazy.arrays import ArrayRecipe
from omio.lazy.store import virtual_zarr

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from zarr.abc.store import ByteRequest, Store


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u4", "f2", "f4", "f8", "c8", "c16"])
def test_every_dtype_is_served(dtype: str) -> None:
    pixels = (np.arange(2 * 3 * 4 * 5).reshape(2, 1, 3, 4, 5) * (1 - 2j if "c" in dtype else 1)).astype(dtype)
    array = virtual_zarr([ArrayRecipe(pixels)])
    assert array.dtype == pixels.dtype
    np.testing.assert_array_equal(array[1:, :, ::2], pixels[1:, :, ::2])


def test_chunks_are_cut_as_asked() -> None:
    pixels = np.arange(2 * 3 * 40 * 50).reshape(2, 1, 3, 40, 50)
    array = virtual_zarr([ArrayRecipe(pixels)], {"T": 1, "C": 3, "Y": 16, "X": 20})
    assert array.chunks == (1, 1, 3, 16, 20)
    np.testing.assert_array_equal(array[...], pixels)


def test_several_make_a_group() -> None:
    full = np.arange(1 * 1 * 1 * 40 * 50).reshape(1, 1, 1, 40, 50)
    group = virtual_zarr([ArrayRecipe(full), ArrayRecipe(full[..., ::2, ::2])], as_group=True)
    assert sorted(group.array_keys()) == ["0", "1"]
    np.testing.assert_array_equal(group["1"][...], full[..., ::2, ::2])
    with pytest.raises(KeyError):
        group["2"]


async def _all(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]


def store_of(levels: int) -> Store:
    full = np.arange(2 * 40 * 50, dtype="u2").reshape(2, 1, 1, 40, 50)
    recipes = [ArrayRecipe(full[..., :: 1 << level, :: 1 << level]) for level in range(levels)]
    found: Store = virtual_zarr(recipes, {"T": 1, "Y": 16, "X": 20}, as_group=levels > 1).store
    return found


def answer[T](asked: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asked)


@pytest.mark.parametrize("levels", [1, 2])
def test_what_is_listed_is_there_and_nothing_else(levels: int) -> None:
    store = store_of(levels)
    keys = answer(_all(store.list()))
    assert len(set(keys)) == len(keys) == {1: 1 + 2 * 3 * 3, 2: 1 + 1 + 2 * 3 * 3 + 1 + 2 * 2 * 2}[levels]
    for key in keys:
        assert answer(store.exists(key))
        assert answer(store.get(key, default_buffer_prototype())) is not None
    for key in ("c/2/0/0/0/0", "c/0/0/0/0", "c/-1/0/0/0/0", "9/zarr.json", "zarr.jso", ""):
        assert not answer(store.exists(key))
        assert answer(store.get(key, default_buffer_prototype())) is None


def test_prefixes_choose_among_the_keys() -> None:
    store = store_of(2)
    keys = answer(_all(store.list()))
    assert answer(_all(store.list_prefix("1/c/"))) == [key for key in keys if key.startswith("1/c/")]
    assert set(answer(_all(store.list_dir("")))) == {"zarr.json", "0", "1"}


def test_parts_of_a_content_are_those_of_the_whole() -> None:
    store, key = store_of(1), "c/0/0/0/0/0"
    whole = answer(store.get(key, default_buffer_prototype()))
    assert whole is not None
    data = whole.to_bytes()
    asked: list[ByteRequest | None] = [RangeByteRequest(3, 40), OffsetByteRequest(100), SuffixByteRequest(7), None]
    parts = answer(store.get_partial_values(default_buffer_prototype(), [(key, part) for part in asked]))
    assert [part and part.to_bytes() for part in parts] == [data[3:40], data[100:], data[-7:], data]


def test_nothing_can_be_written() -> None:
    store = store_of(1)
    with pytest.raises(ValueError, match="read-only"):
        answer(store.set("zarr.json", default_buffer_prototype().buffer.from_bytes(b"{}")))
    with pytest.raises(ValueError, match="read-only"):
        answer(store.delete("zarr.json"))

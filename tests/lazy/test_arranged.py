from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from omio.lazy.arranged import arranged
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.testing.keys import pick, sample_keys

SIZES = {"T": 5, "Z": 3, "C": 2, "Y": 6, "X": 7, "S": 3}


class Counting:
    """An array that takes ascending slices only, as h5py does, and counts what is read of it."""

    def __init__(self, pixels: np.ndarray[Any, Any], chunks: tuple[int, ...] | None = None) -> None:
        self.chunks = chunks
        self.pixels, self.shape, self.dtype, self.read = pixels, pixels.shape, pixels.dtype, 0

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray[Any, Any]:
        assert all(isinstance(entry, slice) and (entry.step or 1) > 0 for entry in key)
        found = self.pixels[key]
        self.read += found.size
        return found


def pixels_of(axes: str, dtype: str = "u2") -> np.ndarray[Any, Any]:
    shape = tuple(SIZES[dim] for dim in axes)
    return np.arange(np.prod(shape)).astype(dtype).reshape(shape)


def canonical(pixels: np.ndarray[Any, Any], axes: str) -> np.ndarray[Any, Any]:
    order = [dim for dim in "TZCYXS" if dim in axes]
    moved = pixels.transpose([axes.index(dim) for dim in order])
    samples = (SIZES["S"],) if "S" in axes else ()
    return moved.reshape(*(SIZES[dim] if dim in axes else 1 for dim in "TZCYX"), *samples)


@pytest.mark.parametrize("axes", ["YX", "XY", "TYX", "YXS", "SYX", "XYZCT", "CZTYX", "TZCYX", "SXYCZT", "TZCYXS"])
def test_any_order_of_axes_reads_canonically(axes: str) -> None:
    pixels = pixels_of(axes)
    expected = canonical(pixels, axes)
    for array in (pixels, Counting(pixels)):
        recipe = arranged(array, tuple(axes))
        assert recipe.shape == expected.shape
        assert len(recipe.chunk) == len(recipe.shape)
        assert recipe.dtype == expected.dtype
        for key in sample_keys(expected.shape, count=20):
            np.testing.assert_array_equal(recipe.load(key), pick(expected, key))


def test_an_absent_dim_may_be_repeated() -> None:
    recipe = arranged(Counting(pixels_of("YX")), ("Y", "X"))
    key = (np.array([0, 0]), range(1), range(1), range(6), range(7))
    np.testing.assert_array_equal(recipe.load(key)[1, 0, 0], pixels_of("YX"))


def test_numpy_arrays_are_shared_and_canonical_ones_not_wrapped() -> None:
    pixels = pixels_of("XYZ")
    recipe = arranged(pixels, ("X", "Y", "Z"))
    assert isinstance(recipe, ArrayRecipe)
    assert np.shares_memory(recipe.array, pixels)
    assert isinstance(arranged(Counting(pixels_of("TZCYX")), tuple("TZCYX")), DuckRecipe)


def test_zarr() -> None:
    zarr = pytest.importorskip("zarr")
    pixels = pixels_of("ZXYT")
    array = zarr.create_array({}, shape=pixels.shape, chunks=(2, 3, 4, 1), dtype="u2")
    array[...] = pixels
    recipe = arranged(array, tuple("ZXYT"))
    assert recipe.chunk == (1, 2, 1, 4, 3)
    expected = canonical(pixels, "ZXYT")
    for key in sample_keys(expected.shape, count=20):
        np.testing.assert_array_equal(recipe.load(key), pick(expected, key))


def test_a_list_reads_the_runs_it_names() -> None:
    source = Counting(np.zeros((1000, 1, 1, 2, 3), "u1"))
    recipe = DuckRecipe(source)
    recipe.load((np.array([1, 5, 9, 2, 999]), *(range(size) for size in source.shape[1:])))
    assert source.read == 5 * 6


def test_a_list_reads_each_chunk_once() -> None:
    source = Counting(np.arange(600, dtype="u2").reshape(100, 1, 1, 2, 3), chunks=(10, 1, 1, 2, 3))
    wanted = np.array([35, 1, 9, 4, 31])
    got = DuckRecipe(source).load((wanted, *(range(size) for size in source.shape[1:])))
    np.testing.assert_array_equal(got, source.pixels[wanted])
    assert source.read == 9 * 6 + 2 * 6


def test_lists_on_several_dims() -> None:
    pixels = pixels_of("TZCYX")
    lists: tuple[list[int], ...] = ([4, 0, 4], [2, 0], [1], [5, 0, 3], [6, 1])
    key = tuple(np.array(entries) for entries in lists)
    source = Counting(pixels, chunks=(1, 1, 1, 6, 7))
    np.testing.assert_array_equal(DuckRecipe(source).load(key), pixels[np.ix_(*lists)])
    assert source.read == 2 * (3 * 1 * 6 * 6)


def test_dask_and_reversed() -> None:
    import dask.array as da

    pixels = pixels_of("YXT")
    recipe = arranged(da.from_array(pixels, chunks=(2, 3, 1)), ("Y", "X", "T"))  # type: ignore[no-untyped-call]
    assert recipe.chunk == (1, 1, 1, 2, 3)
    expected = canonical(pixels, "YXT")
    for runs in itertools.product((range(4, -1, -2),), (range(1),), (range(1),), (range(5, 0, -1),), (range(7),)):
        np.testing.assert_array_equal(recipe.load(runs), pick(expected, runs))

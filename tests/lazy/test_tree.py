from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.lazy.tree import JoinSamples, SplitSamples, cast, concat, pad
from omio.lazy.view import View, view
from omio.testing.keys import pick, sample_keys

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe

SHAPE = (3, 2, 2, 5, 7)


def numbers(shape: tuple[int, ...] = SHAPE, start: int = 0) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return (np.arange(np.prod(shape)) + start).astype(np.uint16).reshape(shape)


def check(recipe: Recipe, expected: np.ndarray[Any, Any]) -> None:
    assert recipe.shape == expected.shape
    assert recipe.dtype == expected.dtype
    for key in sample_keys(recipe.shape, count=30):
        np.testing.assert_array_equal(recipe.load(key), pick(expected, key))
    again = pickle.loads(pickle.dumps(recipe))  # noqa: S301 - our own bytes
    assert again.digest == recipe.digest
    np.testing.assert_array_equal(again.load(), expected)


def test_views_of_views_flatten() -> None:
    base = ArrayRecipe(numbers())
    keys = sample_keys(SHAPE, count=20)
    for first in keys:
        once = view(base, first)
        expected = pick(numbers(), first)
        for second in sample_keys(once.shape, count=3):
            twice = view(once, second)
            assert not isinstance(twice, View) or twice.base is base
            check(twice, pick(expected, second))


@pytest.mark.parametrize("axis", range(5))
def test_concat(axis: int) -> None:
    parts = [numbers(start=1000 * i) for i in range(3)]
    joined = concat(tuple(ArrayRecipe(part) for part in parts), axis)
    check(joined, np.concatenate(parts, axis))


def test_concat_reads_only_the_parts_it_meets() -> None:
    reads: list[int] = []

    class Counted(ArrayRecipe):
        def read(self, key: Any, out: Any) -> None:
            reads.append(int(self.array.flat[0]))
            super().read(key, out)

    parts = tuple(Counted(numbers(start=1000 * i)) for i in range(50))
    concat(parts, 0).load((range(7, 8), *(range(n) for n in SHAPE[1:])))
    assert reads == [2000]


def test_concat_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="shapes"):
        concat((ArrayRecipe(numbers()), ArrayRecipe(numbers((3, 2, 2, 5, 6)))), 0)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect"])
def test_pad_is_numpys_pad(mode: Any) -> None:
    widths = {0: (1, 2), 2: (0, 1), 3: (3, 0), 4: (2, 4)}
    full = [widths.get(axis, (0, 0)) for axis in range(5)]
    expected = np.pad(numbers(), full, mode=mode, **({"constant_values": 9} if mode == "constant" else {}))
    check(pad(ArrayRecipe(numbers()), widths, mode, 9), expected)


@given(st.integers(0, 6), st.integers(0, 6))
def test_pad_then_crop_is_identity(before: int, after: int) -> None:
    base = ArrayRecipe(numbers())
    padded = pad(base, {4: (before, after)})
    cropped = view(padded, (*(range(n) for n in SHAPE[:4]), range(before, before + SHAPE[4])))
    np.testing.assert_array_equal(cropped.load(), numbers())


def test_cast() -> None:
    base = ArrayRecipe(numbers())
    assert cast(base, np.dtype(np.uint16)) is base
    check(cast(base, np.dtype(np.float32)), numbers().astype(np.float32))


def test_samples_and_channels() -> None:
    rgb = numbers((2, 2, 1, 5, 7, 3))
    split = SplitSamples(ArrayRecipe(rgb))
    check(split, np.moveaxis(rgb[:, :, 0], -1, 2))
    check(JoinSamples(split), rgb)


def test_foreign_arrays_are_read_by_slices() -> None:
    import dask.array as da

    check_pixels = numbers()
    lazy = DuckRecipe(da.from_array(check_pixels, chunks=(1, 2, 1, 5, 7)))  # type: ignore[no-untyped-call]
    assert lazy.chunk == (1, 2, 1, 5, 7)
    for key in sample_keys(SHAPE, count=20):
        np.testing.assert_array_equal(lazy.load(key), pick(check_pixels, key))


def test_numpy_indexing_drops_integer_dims() -> None:
    recipe = ArrayRecipe(numbers())
    np.testing.assert_array_equal(recipe[1, :, 0, 2:4, ::-1], numbers()[1, :, 0, 2:4, ::-1])
    np.testing.assert_array_equal(recipe[2], numbers()[2])

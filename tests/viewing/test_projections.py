"""What a picture shows of an image, and what it costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import PolicyError, SelectionError
from omio.indexing import to_index
from omio.viewing.projections import decoded_bytes, flat, reduced, thinned
from tests.viewing.images import Watched, cells, over, zeros


@pytest.mark.parametrize("how", ["max", "min", "mean", "sum", "std"])
def test_depths_become_one_as_numpy_does_it(how: str) -> None:
    image = cells()
    shown = flat(image, t=1, how=how, most=1000)  # type: ignore[arg-type]
    pixels = image.isel(T=1).load()
    assert shown.image.load() == pytest.approx(getattr(pixels, how)(axis=1, keepdims=True))
    assert shown.title == f"T 2.5 s, {how} of 5 planes"


def test_middle_and_chosen_planes() -> None:
    image = cells()
    middle = flat(image, how="slice", most=1000)
    assert np.array_equal(middle.image.load(), image.isel(T=1, Z=2).load())
    assert middle.title == "T 2.5 s, Z 3 µm"
    chosen = flat(image, t=0, z=-1, most=1000)  # a depth that is given is shown alone
    assert np.array_equal(chosen.image.load(), image.isel(T=0, Z=4).load())
    assert flat(image.isel(T=0, Z=0), most=1000).title == ""
    assert flat(cells(pixel_size={"Y": 1, "X": 1}), z=1, most=1000).title == "T 2.5 s, Z 1 of 0 to 4"


@pytest.mark.parametrize("wrong", [{"t": 3}, {"z": 5}, {"z": -6}])
def test_a_plane_that_is_not_there(wrong: dict[str, Any]) -> None:
    with pytest.raises(SelectionError, match="there are"):
        flat(cells(), most=100, **wrong)


def test_a_projection_that_is_none() -> None:
    with pytest.raises(PolicyError, match="median"):
        flat(cells(), how="median", most=100)  # type: ignore[arg-type]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 600))
def test_thinning_leaves_enough_and_less_than_twice_as_much(height: int, width: int, most: int) -> None:
    image = over(Watched(zeros(1, 1, 1, height, width)))
    longer = max(thinned(image, most).shape)
    assert min(max(height, width), most) <= longer <= max(2 * most, 1)


def test_thinning_keeps_the_pixel_size_true() -> None:
    assert reduced(cells(), 20).pixel_size == {"Z": 1.5, "Y": 2.0, "X": 2.0}


def test_a_projection_reads_each_plane_once_in_bounded_pieces() -> None:
    recipe = Watched(zeros(1, 200, 1, 1024, 1024))
    flat(over(recipe), most=1024).image.load()
    assert sum(recipe.read_bytes) == 200 * (2 << 20)
    assert max(recipe.read_bytes) <= 64 << 20


class TestCost:
    UNIT = (1, 1, 1, 64, 64)

    @given(st.integers(0, 199), st.integers(1, 200), st.integers(1, 90))
    def test_is_that_of_the_chunks_that_are_met(self, start: int, length: int, step: int) -> None:
        recipe = Watched(zeros(1, 1, 1, 200, 200), unit=self.UNIT)
        rows = to_index(slice(start, start + length, step), 200)
        key = (range(1), range(1), range(1), rows, range(64))
        met = len({row // 64 for row in rows})
        assert decoded_bytes(recipe, key) == met * 64 * 64 * 2

    def test_of_a_view_is_that_of_what_it_looks_at(self) -> None:
        image = over(Watched(zeros(1, 10, 1, 128, 128), unit=self.UNIT))
        assert decoded_bytes(image.isel(Z=3, Y=0, X=0).recipe) == 64 * 64 * 2
        assert decoded_bytes(image.isel(Z=3, Y=slice(None, None, 64), X=0).recipe) == 2 * 64 * 64 * 2

    def test_of_a_projection_is_that_of_all_depths(self) -> None:
        image = over(Watched(zeros(1, 10, 1, 128, 128), unit=self.UNIT))
        assert decoded_bytes(image.project("Z").isel(Y=0, X=0).recipe) == 10 * 64 * 64 * 2

    def test_of_a_function_is_not_known(self) -> None:
        assert math.isinf(decoded_bytes(cells().map(lambda data: data + 1).recipe))

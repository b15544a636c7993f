"""Limits: exact, deterministic, of what can be seen, and at bounded cost."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import omio
from omio.errors import PolicyError
from omio.raster.contrast import dtype_limits, image_limits, limits

if TYPE_CHECKING:
    from numpy.typing import NDArray


@given(hnp.arrays(st.sampled_from([np.uint8, np.int16, np.float32]), (7, 9), elements=st.integers(0, 100)))
def test_percentiles_are_those_of_numpy(pixels: NDArray[Any]) -> None:
    low, high = np.percentile(pixels, (2, 98))
    expected = (low, high) if low < high else (pixels.min(), pixels.max())
    assert limits(pixels, "p2-98") == pytest.approx(expected)


def test_a_few_bright_spots_on_nothing_are_seen() -> None:
    pixels = np.zeros((100, 100), np.uint16)
    pixels[50, 50:60] = 900
    assert limits(pixels) == (0, 900)


def test_eight_bits_are_shown_as_they_are_and_more_from_end_to_end() -> None:
    assert limits(np.array([3, 200], np.uint8), "auto") == (0, 255)
    assert limits(np.array([3, 256], np.uint16), "auto") == (3, 256)
    assert limits(np.array([0.0, 1.0]), "auto") == (0, 1)


def test_what_is_no_number_does_not_count() -> None:
    pixels = np.array([np.nan, -np.inf, np.inf, 2, 4, -9999])
    assert limits(pixels, "minmax", nodata=-9999) == (2, 4)
    assert limits(np.array([7, 2, 4], np.uint8), "minmax", nodata=7) == (2, 4)


@pytest.mark.parametrize(
    ("dtype", "whole"),
    [
        (np.bool_, (0, 1)),
        (np.int8, (-128, 127)),
        (np.uint16, (0, 65535)),
        (np.int64, (-(2.0**63), 2.0**63)),
        (np.float16, (0, 1)),
    ],
)
def test_a_dtype_has_its_own(dtype: Any, whole: tuple[float, float]) -> None:
    assert dtype_limits(dtype) == whole
    assert limits(np.zeros((0, 0), dtype)) == whole
    assert limits(np.ones((2, 2), dtype), "dtype") == whole


def test_only_missing_pixels_have_those_of_the_dtype() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert limits(np.full((3, 3), np.nan, np.float32)) == (0, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_whole_range_of_floats_has_percentiles(dtype: Any) -> None:
    most = float(np.finfo(dtype).max)
    assert limits(np.linspace(-most, most, 101).astype(dtype), "p10-90") == pytest.approx(
        (-0.8 * most, 0.8 * most), rel=1e-2
    )


def test_complex_has_none() -> None:
    with pytest.raises(PolicyError, match="complex64"):
        limits(np.zeros(3, np.complex64))


class Counted:
    """An array that counts what is read of it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array, self.read = array, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self.chunks = (1, 64, 64)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        found: NDArray[Any] = self.array[key]
        self.read += found.nbytes
        return found


def test_an_image_is_judged_by_one_reduced_plane_in_its_middle() -> None:
    pixels = np.random.default_rng(2).integers(0, 1000, (5, 3000, 2500), np.uint16)
    pixels[2] += 5000
    source = Counted(pixels)
    ds = omio.MicroscopyDataset.from_array(source, "ZYX")
    found = image_limits(ds, 0)
    assert found == image_limits(ds, 0) == pytest.approx((5005, 5998), abs=3)
    assert source.read <= 2 * 1024 * 1024 * 2


def test_a_middle_plane_without_contrast_gives_way_to_the_first() -> None:
    pixels = np.zeros((4, 8, 8), np.uint8)
    pixels[0, 3] = 77
    assert image_limits(omio.MicroscopyDataset.from_array(pixels, "TYX"), 0) == (0, 77)
    assert image_limits(omio.MicroscopyDataset.from_array(pixels[1:], "TYX"), 0) == (0, 0)


def test_a_stored_level_is_enough() -> None:
    from omio.dataset.levels import Level
    from omio.lazy.arrays import ArrayRecipe
    from omio.metadata.facts import Facts

    full, coarse = Counted(np.zeros((1, 4096, 4096), np.uint8)), np.full((1, 1, 1, 1024, 1024), 9, np.uint8)
    recipe = omio.MicroscopyDataset.from_array(full, "CYX").recipe
    ds = omio.MicroscopyDataset(recipe, Facts.of(recipe.shape), (Level.of(ArrayRecipe(coarse), recipe.shape),))
    assert image_limits(ds, 0, "minmax") == (9, 9)
    assert full.read == 0


def test_the_range_of_the_file_is_taken_where_asked() -> None:
    channels = [{"name": "A", "window": (10.0, 20.0)}, {"name": "B"}]
    ds = omio.MicroscopyDataset.from_array(np.arange(32, dtype=np.uint8).reshape(2, 4, 4), "CYX", channels=channels)
    found = ds.style(clim="stored").limits
    assert found[0] == (10, 20)
    assert found[1] == ds.style().limits[1]

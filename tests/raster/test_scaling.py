"""Pictures at another size, held to Pillow and to plain means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from omio.errors import RegionError
from omio.raster.scaling import Resampling, resize

RANDOM = np.random.default_rng(5)
RGB = RANDOM.integers(0, 256, (61, 83, 3), np.uint8)
KERNELS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}
EXTENTS = [(20, 30), (61, 30), (100, 83), (150, 200), (1, 1), (60, 82)]
DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("how", KERNELS)
@pytest.mark.parametrize("extent", EXTENTS)
def test_8_bits_are_as_pillow_has_them(how: Resampling, extent: tuple[int, int]) -> None:
    for pixels in (RGB, RGB[..., 0]):
        expected = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(extent[::-1], KERNELS[how]))
        np.testing.assert_array_equal(resize(pixels, extent, how), expected)


def test_auto_is_lanczos_down_and_bicubic_up() -> None:
    np.testing.assert_array_equal(resize(RGB, (20, 30)), resize(RGB, (20, 30), "lanczos"))
    np.testing.assert_array_equal(resize(RGB, (90, 130)), resize(RGB, (90, 130), "bicubic"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", ["auto", "lanczos", "bicubic", "area", "nearest"])
def test_the_dtype_is_kept(dtype: str, how: Resampling) -> None:
    pixels = (RANDOM.random((20, 30, 2)) * 100).astype(dtype)
    for extent in ((7, 11), (41, 43)):
        found = resize(pixels, extent, how)
        assert (found.shape, found.dtype) == ((*extent, 2), pixels.dtype)


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("how", ["lanczos", "bicubic"])
def test_more_bits_are_resampled_in_floats(dtype: str, how: Resampling) -> None:
    """Section B: no 16 bits by way of 8, no floats by way of integers."""
    pixels = (RANDOM.random((40, 60, 3)) * (60000 if dtype == "u2" else 1)).astype(dtype)
    found = resize(pixels, (17, 23), how)
    wide = resize(pixels.astype("f8"), (17, 23), how)
    tolerance = 0.51 if dtype == "u2" else 1e-6
    np.testing.assert_allclose(found, np.clip(wide, *((0, 65535) if dtype == "u2" else (-9, 9))), atol=tolerance)
    assert len(np.unique(found)) > 500


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "i8"])
def test_areas_are_means(dtype: str) -> None:
    pixels = RANDOM.integers(0, 200, (12, 18)).astype(dtype)
    means = pixels.reshape(4, 3, 6, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(pixels, (4, 6), "area"), means if dtype == "f4" else np.rint(means), rtol=1e-6)


def test_areas_share_pixels_that_they_cut() -> None:
    found = resize(np.array([[0.0, 3.0, 6.0]]), (1, 2), "area")
    np.testing.assert_allclose(found, [[1.0, 5.0]])


def test_limits_are_not_crossed() -> None:
    """Kernels swing beyond edges; integers must not wrap around there."""
    for dtype in ("u1", "u2", "i2", "u4", "i8", "u8"):
        limits = np.iinfo(dtype)
        step = np.full((8, 16), limits.min, dtype)
        step[:, 8:] = limits.max
        found = resize(step, (8, 37), "bicubic").astype(float)
        assert (np.diff(found[0]) >= -abs(float(limits.max)) * 0.2).all()
        assert found[0, 0] <= found[0, -1]


def test_samples_do_not_mix() -> None:
    """Pillow would weigh colours by a fourth sample."""
    pixels = RANDOM.integers(0, 256, (30, 30, 4), np.uint8)
    pixels[..., 3] = 0
    found = resize(pixels, (10, 10), "lanczos")
    for band in range(4):
        np.testing.assert_array_equal(found[..., band], resize(pixels[..., band], (10, 10), "lanczos"))


def test_unknown_pixels_stay_where_they_are() -> None:
    pixels = np.ones((9, 9))
    pixels[0, 0] = np.nan
    for dtype in ("f4", "f8"):
        found = resize(pixels.astype(dtype), (3, 3), "area")
        assert np.isnan(found).sum() == 1
        assert np.isfinite(resize(pixels.astype(dtype), (9, 3), "lanczos")[4:]).all()


def test_other_words_are_refused() -> None:
    with pytest.raises(RegionError, match="'cubic'"):
        resize(RGB, (3, 3), "cubic")  # type: ignore[arg-type]


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(shapes, shapes, st.sampled_from(["auto", "lanczos", "bicubic", "area", "nearest"]), st.sampled_from(DTYPES))
@settings(max_examples=60)
def test_what_is_even_stays_so(extent: tuple[int, int], new: tuple[int, int], how: Any, dtype: str) -> None:
    value = np.asarray(1 if dtype == "?" else 77).astype(dtype)
    found = resize(np.full(extent, value), new, how)
    assert found.shape == new
    np.testing.assert_allclose(found, np.full(new, value), rtol=1e-5)

"""Thumbnails and overviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import omio
from omio.errors import MemoryLimitError, RegionError, TileRangeError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.raster.thumbnail import overview
from tests.raster.test_region import Watched, pyramid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RGB = np.random.default_rng(2).integers(0, 256, (60, 80, 3), np.uint8)
PICTURE = omio.MicroscopyDataset.from_array(RGB, "YXS")


@pytest.mark.parametrize(
    ("size", "shape"),
    [(256, (192, 256)), ((640, 480), (480, 640)), ((100, None), (75, 100)), ((None, 100), (100, 133)), (20, (15, 20))],
)
def test_a_thumbnail_fits_a_box(size: Any, shape: tuple[int, int]) -> None:
    assert PICTURE.thumbnail(size).shape == (*shape, 3)


def test_it_is_as_pillow_has_it() -> None:
    expected = np.asarray(Image.fromarray(RGB).resize((40, 30), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(PICTURE.thumbnail(40), expected)


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_planes_are_chosen_and_the_dtype_is_kept(dtype: str) -> None:
    pixels = (np.random.default_rng(2).random((2, 3, 4, 40, 40)) * 999).astype(dtype)
    image = omio.MicroscopyDataset.from_array(pixels)
    found = image.thumbnail(20, t=1, z=2, c=3)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, image.frame(23).region(max_width=20).load()[0, 0, 0])


@pytest.mark.parametrize("size", [1, 0, (None, None), (1, 100)])
def test_sizes_below_2_are_refused(size: Any) -> None:
    with pytest.raises(RegionError, match="2 or more"):
        PICTURE.thumbnail(size)


def test_more_pixels_than_memory_has_are_refused() -> None:
    image = omio.MicroscopyDataset.from_array(np.zeros((30, 40), np.uint8))
    with omio.config(memory="1MiB"):
        with pytest.raises(MemoryLimitError, match="smaller"):
            image.thumbnail(4000)
        with pytest.raises(MemoryLimitError, match="size="):
            image.tile(0, 0, 0, size=4000)
    with pytest.raises(MemoryLimitError):
        image.thumbnail(10**15)


@pytest.mark.parametrize("plane", [{"t": 1}, {"z": -1}, {"c": 1}])
def test_there_is_no_other_plane(plane: dict[str, int]) -> None:
    with pytest.raises(TileRangeError):
        PICTURE.thumbnail(20, **plane)
    with pytest.raises(TileRangeError):
        overview(PICTURE, **plane)


class TestOverview:
    def watched(self, pixels: NDArray[Any], chunk: int) -> tuple[omio.MicroscopyDataset, Watched]:
        recipe = Watched(ArrayRecipe(pixels.reshape(1, 1, 1, *pixels.shape)), unit=(1, 1, 1, chunk, chunk))
        return omio.MicroscopyDataset(recipe, Facts.of(recipe.shape)), recipe

    def test_pixels_are_those_of_the_image(self) -> None:
        image, seen = self.watched(np.arange(1_000_000).reshape(1000, 1000), 64)
        found = overview(image, 100)
        assert found.shape == (100, 100)
        assert set(found.ravel().tolist()) <= set(range(1_000_000))
        assert seen.pixels == 100 * 100

    def test_a_small_image_is_taken_whole(self) -> None:
        np.testing.assert_array_equal(overview(PICTURE), RGB)

    def test_the_coarsest_level_that_suffices_is_read(self, tmp_path: Path) -> None:
        image, levels = pyramid(tmp_path)
        for most, number in ((600, 0), (400, 0), (300, 1), (200, 1), (150, 2), (10, 2)):
            found = overview(image, most)
            assert found.max() == levels[number].max(), most
            assert max(found.shape) <= most

    def test_no_more_chunks_are_decoded_than_said(self) -> None:
        image, _ = self.watched(np.zeros((4096, 4096), np.uint8), 256)
        assert overview(image, 1024, max_bytes=16 << 20).shape == (1024, 1024)
        few = overview(image, 1024, max_bytes=1 << 20)
        assert 1 <= few.size * 256 * 256 <= 1 << 20

"""Tiles of stored and virtual levels, their edges, and the cache of them."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import omio
from omio.backends.tiff.planes import Planes
from omio.errors import ChangedFileError, RegionError, TileRangeError
from omio.raster.cache import TILES
from omio.raster.pyramid import VirtualLevel, pyramid_of
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RANDOM = np.random.default_rng(7)
RGB = RANDOM.integers(0, 256, (300, 420, 3), np.uint8)


@pytest.fixture(autouse=True)
def _no_tiles() -> None:
    TILES.forget()


def tiled(folder: Path, pixels: NDArray[Any] = RGB, tile: int = 64, name: str = "tiled.tif") -> omio.MicroscopyDataset:
    kind = "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(folder / name, pixels, tile=(tile, tile), photometric=kind, compression="deflate")
    return omio.open(folder / name)


class TestStored:
    @given(
        st.integers(1, 200),
        st.integers(1, 200),
        st.integers(1, 70),
        st.sampled_from(["u1", "u2", "f4"]),
        st.sampled_from(["YX", "YXS"]),
    )
    @settings(max_examples=40)
    def test_tiles_side_by_side_are_the_level(self, height: int, width: int, size: int, dtype: str, axes: str) -> None:
        pixels = (RANDOM.random((height, width, *((3,) if "S" in axes else ()))) * 200).astype(dtype)
        image = omio.MicroscopyDataset.from_array(pixels, axes)
        rows = [
            np.concatenate([image.tile(0, x, y, size=size, edge="crop") for x in range(-(-width // size))], axis=1)
            for y in range(-(-height // size))
        ]
        np.testing.assert_array_equal(np.concatenate(rows), pixels)

    def test_beyond_the_image_is_black_nothing_or_a_colour(self, tmp_path: Path) -> None:
        image, inside = tiled(tmp_path), RGB[256:, 384:]
        black = image.tile(0, 6, 4)
        assert black.shape == (64, 64, 3)
        np.testing.assert_array_equal(black[:44, :36], inside)
        assert not black[44:].any()
        assert not black[:, 36:].any()
        np.testing.assert_array_equal(image.tile(0, 6, 4, edge="crop"), inside)
        red = image.tile(0, 6, 4, edge="#ff0000")
        np.testing.assert_array_equal(red[:44, :36], inside)
        assert (red[44:] == (255, 0, 0)).all()

    def test_levels_of_the_file_are_given_as_they_are(self, tmp_path: Path) -> None:
        full = RANDOM.integers(0, 60000, (256, 256), np.uint16)
        path = tmp_path / "levels.tif"
        with tifffile.TiffWriter(path) as writer:
            writer.write(full, subifds=1, tile=(64, 64))
            writer.write(full[::4, ::4], subfiletype=1, tile=(64, 64))
        image = omio.open(path)
        np.testing.assert_array_equal(image.tile(2, 0, 0), full[::4, ::4])
        np.testing.assert_array_equal(image.tile(1, 1, 1), full[128::2, 128::2])

    def test_planes_are_chosen(self) -> None:
        pixels = RANDOM.integers(0, 99, (2, 3, 4, 8, 8))
        image = omio.MicroscopyDataset.from_array(pixels)
        np.testing.assert_array_equal(image.tile(0, 1, 0, t=1, z=2, c=3, size=(8, 4)), pixels[1, 2, 3, :, 4:])

    def test_one_tile_costs_one_decode(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        image, decoded = tiled(tmp_path), []
        before = Planes._read_segment

        def counted(planes: Planes, *arguments: Any) -> None:
            decoded.append(arguments)
            before(planes, *arguments)

        monkeypatch.setattr(Planes, "_read_segment", counted)
        image.tile(0, 3, 2)
        assert len(decoded) == 1
        image.tile(0, 3, 2)
        assert len(decoded) == 1


@pytest.mark.parametrize(
    ("level", "x", "y", "plane"),
    [
        (-1, 0, 0, {}),
        (4, 0, 0, {}),
        (0, 7, 0, {}),
        (0, 0, 5, {}),
        (0, -1, 0, {}),
        (3, 1, 0, {}),
        (0, 0, 0, {"t": -1}),
    ],
)
def test_there_is_no_such_tile(tmp_path: Path, level: int, x: int, y: int, plane: dict[str, int]) -> None:
    with pytest.raises(TileRangeError) as error:
        tiled(tmp_path).tile(level, x, y, **plane)  # type: ignore[arg-type]
    assert isinstance(error.value, IndexError)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"synthesis": "best"}, "'best'"),
        ({"edge": "frayed"}, "no colour"),
        ({"missing": "guess"}, "'guess'"),
        ({"size": 0}, "size 0"),
    ],
)
def test_words_that_mean_nothing_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(RegionError, match=says):
        omio.MicroscopyDataset.from_array(np.zeros((9, 9))).tile(0, 0, 0, **options)


class TestVirtual:
    def test_pictures_are_smoothed_as_pillow_does(self, tmp_path: Path) -> None:
        tile = tiled(tmp_path).tile(2, 0, 0)
        expected = Image.fromarray(RGB[:256, :256]).resize((64, 64), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(tile, np.asarray(expected))

    def test_nothing_counts_where_no_tile_is(self, tmp_path: Path) -> None:
        """What lies beyond the tiles of the file neither darkens nor brightens the edge."""
        white = np.full((100, 100, 3), 255, np.uint8)
        image = omio.MicroscopyDataset.from_array(np.pad(white, ((0, 28), (0, 28), (0, 0)), mode="edge"), "YXS")
        tile = image.tile(1, 0, 0, size=64)
        np.testing.assert_array_equal(tile[:60, :60], np.full((60, 60, 3), 255))

    @pytest.mark.parametrize("dtype", ["u2", "f4", "?", "i8"])
    def test_measured_values_are_picked(self, dtype: str) -> None:
        pixels = (RANDOM.random((300, 420)) * 60000).astype(dtype)
        image = omio.MicroscopyDataset.from_array(pixels)
        for level in range(4):
            step = 1 << level
            expected = pixels[::step, ::step][:64, :64]
            np.testing.assert_array_equal(image.tile(level, 0, 0, size=64, edge="crop"), expected)

    @pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
    def test_means_are_of_pixels_that_there_are(self, dtype: str) -> None:
        pixels = (RANDOM.random((65, 127)) * 200).astype(dtype)
        tile = omio.MicroscopyDataset.from_array(pixels).tile(1, 0, 0, size=64, synthesis="mean", edge="crop")
        assert tile.shape == (33, 64)
        expected = pixels[:64, :126].reshape(32, 2, 63, 2).astype(float).mean(axis=(1, 3))
        np.testing.assert_allclose(tile[:32, :63], expected, atol=0.5 if dtype != "f4" else 1e-4)
        assert tile[32, 0] == pytest.approx(pixels[64, :2].astype(float).mean(), abs=0.5)

    def test_sixteen_bits_are_smoothed_in_floats(self) -> None:
        pixels = RANDOM.integers(0, 65536, (128, 128), np.uint16)
        image = omio.MicroscopyDataset.from_array(pixels)
        tile = image.tile(1, 0, 0, size=64, synthesis="lanczos")
        expected = np.asarray(Image.fromarray(pixels.astype("f4")).resize((64, 64), Image.Resampling.LANCZOS))
        np.testing.assert_array_equal(tile, np.clip(np.rint(expected), 0, 65535))

    def test_a_level_is_its_tiles(self) -> None:
        image = omio.MicroscopyDataset.from_array(RGB, "YXS")
        level = VirtualLevel(pyramid_of(image, 32), 2)
        assert level.shape == (1, 1, 1, 75, 105, 3)
        whole = level.load()[0, 0, 0]
        for x, y in ((0, 0), (3, 2), (1, 1)):
            part = whole[y * 32 : (y + 1) * 32, x * 32 : (x + 1) * 32]
            np.testing.assert_array_equal(part, image.tile(2, x, y, size=32, edge="crop"))
        np.testing.assert_array_equal(level[0, 0, 0, 70:20:-7, [3, 90, 40], 1], whole[70:20:-7][:, [3, 90, 40], 1])
        assert pickle.loads(pickle.dumps(level)).digest == level.digest  # noqa: S301


class TestSparse:
    """Files that leave tiles out."""

    full = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8) // 2

    def sparse(self, folder: Path) -> omio.MicroscopyDataset:
        tiles = [self.full[y : y + 64, x : x + 64] for y in range(0, 256, 64) for x in range(0, 256, 64)]
        some = (None if number == 5 else tile for number, tile in enumerate(tiles))
        half = self.full[::2, ::2]
        path = folder / "sparse.tif"
        kind: dict[str, Any] = {"tile": (64, 64), "photometric": "minisblack", "compression": "deflate"}
        with tifffile.TiffWriter(path) as writer:
            writer.write(some, shape=(256, 256), dtype=np.uint8, subifds=1, **kind)
            writer.write(half, subfiletype=1, **kind)
        return omio.open(path)

    def test_it_is_told_which_are_there(self, tmp_path: Path) -> None:
        image = self.sparse(tmp_path)
        assert [image.tile_exists(0, x, 1) for x in range(4)] == [True, False, True, True]
        assert image.tile_exists(1, 0, 0)
        assert image.tile_exists(2, 0, 0)
        assert omio.MicroscopyDataset.from_array(self.full).tile_exists(0, 0, 0)
        with pytest.raises(TileRangeError):
            image.tile_exists(0, 4, 0)

    def test_they_are_filled_refused_or_taken_from_a_coarser_level(self, tmp_path: Path) -> None:
        image = self.sparse(tmp_path)
        assert not image.tile(0, 1, 1).any()
        with pytest.raises(TileRangeError, match="x=1, y=1: is not stored"):
            image.tile(0, 1, 1, missing="raise")
        np.testing.assert_array_equal(image.tile(0, 0, 1, missing="raise"), self.full[64:128, :64])
        seen = image.tile(0, 1, 1, missing="coarser").astype(int)
        assert np.abs(seen - self.full[64:128, 64:128]).mean() < 2
        large = image.tile(0, 0, 0, size=128, missing="coarser")
        np.testing.assert_array_equal(large[:64], self.full[:64, :128])
        np.testing.assert_array_equal(large[64:, 64:], seen)

    def test_where_no_level_holds_them_it_is_said(self, tmp_path: Path) -> None:
        alone = self.sparse(tmp_path)
        alone = omio.MicroscopyDataset(alone.recipe, alone.facts)
        with pytest.raises(TileRangeError, match="no coarser level either"):
            alone.tile(0, 1, 1, missing="coarser")


class TestCache:
    def test_a_second_look_decodes_nothing_and_gives_an_array_of_its_own(self, tmp_path: Path) -> None:
        image = tiled(tmp_path)
        first = image.tile(0, 1, 1)
        first[...] = 0
        np.testing.assert_array_equal(image.tile(0, 1, 1), RGB[64:128, 64:128])
        assert (omio.cache_info().hits, omio.cache_info().misses) == (1, 1)

    def test_the_same_file_opened_twice_is_decoded_once(self, tmp_path: Path) -> None:
        tiled(tmp_path).tile(0, 0, 0)
        omio.open(tmp_path / "tiled.tif").tile(0, 0, 0)
        assert omio.cache_info().hits == 1

    def test_the_budget_is_kept(self, tmp_path: Path) -> None:
        image, tile = tiled(tmp_path), 64 * 64 * 3
        with omio.config(cache_bytes=2 * tile + 1):
            for x in range(5):
                image.tile(0, x, 0)
            assert (omio.cache_info().tiles, omio.cache_info().nbytes) == (2, 2 * tile)
            image.tile(0, 4, 0)
            assert omio.cache_info().hits == 1
        with omio.config(cache_bytes=0):
            image.tile(0, 0, 1)
            assert omio.cache_info().nbytes == 0

    def test_a_changed_file_is_not_shown_from_memory(self, tmp_path: Path) -> None:
        image = tiled(tmp_path)
        image.tile(0, 0, 0)
        later = tiled(tmp_path, 255 - RGB)
        os.utime(tmp_path / "tiled.tif", ns=(0, 1))
        with pytest.raises(ChangedFileError):
            image.tile(0, 0, 0)
        later = omio.open(tmp_path / "tiled.tif")
        np.testing.assert_array_equal(later.tile(0, 0, 0), 255 - RGB[:64, :64])

    def test_arrays_that_may_change_are_not_kept(self) -> None:
        pixels = RGB.copy()
        image = omio.MicroscopyDataset.from_array(pixels, "YXS")
        image.tile(0, 0, 0, size=64)
        pixels[...] = 9
        assert (image.tile(0, 0, 0, size=64) == 9).all()

    def test_a_closed_dataset_shows_nothing(self, tmp_path: Path) -> None:
        image = tiled(tmp_path)
        image.tile(0, 0, 0)
        image.close()
        with pytest.raises(omio.errors.ClosedError):
            image.tile(0, 0, 0)

    def test_images_of_one_file_do_not_mix(self, tmp_path: Path) -> None:
        image = tiled(tmp_path)
        left, right = image.region(x=(0, 64)), image.region(x=(64, 128))
        for _ in range(2):
            np.testing.assert_array_equal(left.tile(0, 0, 0, size=64), RGB[:64, :64])
            np.testing.assert_array_equal(right.tile(0, 0, 0, size=64), RGB[:64, 64:128])


def test_tiles_of_a_slide_are_as_tifffile_decodes_them() -> None:
    path = real("svs-cmu1-small.svs")
    slide = omio.open(path)
    full = tifffile.imread(path, key=0)
    rows, columns = slide.tile_info.tile_height, slide.tile_info.tile_width
    np.testing.assert_array_equal(slide.tile(0, 2, 3), full[3 * rows : 4 * rows, 2 * columns : 3 * columns])

"""What no version of omio may do with pictures: each was seen in a library of this kind, or in what teaches it.

Each test is named for the fault; the parts concerned are tested deeply in their own places.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import multiprocessing.pool
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.errors import OptionError, PolicyError, UnwritableError
from omio.raster.contrast import limits

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RANDOM = np.random.default_rng(3)


def image(pixels: NDArray[Any], axes: str = "YX", **known: Any) -> omio.MicroscopyDataset:
    return omio.MicroscopyDataset.from_array(pixels, axes, **known)


def tczyx(path: Path) -> NDArray[np.uint16]:
    """Write a stack as tifffile does, and return its pixels T C Z Y X."""
    pixels = RANDOM.integers(0, 65536, (3, 2, 4, 40, 50), np.uint16)
    metadata = {"axes": "TCZYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata)
    return pixels


# ---------------------------------------------------------------- canvases


def put(job: tuple[omio.TileCanvas, int]) -> None:
    canvas, number = job
    canvas.add_tile(np.full((32, 32), number + 1, np.uint8), 32 * (number % 4), 32 * (number // 4))


MADE = np.arange(1, 17, dtype=np.uint8).reshape(4, 4).repeat(32, 0).repeat(32, 1)


def test_processes_lose_tiles_unless_a_far_one_was_added_first() -> None:
    with omio.TileCanvas(chunk=64) as canvas:
        with multiprocessing.get_context("spawn").Pool(processes=2) as pool:
            pool.map(put, [(canvas, number) for number in range(16)], chunksize=2)
        assert np.array_equal(canvas.to_dataset().load()[0, 0, 0], MADE)


def test_the_pools_of_the_manual_cannot_be_made() -> None:
    with omio.TileCanvas(chunk=64) as canvas:
        with multiprocessing.pool.ThreadPool(processes=5) as pool:
            pool.map(put, [(canvas, number) for number in reversed(range(16))])
        assert np.array_equal(canvas.to_dataset().load()[0, 0, 0], MADE)


def test_a_tile_of_another_dtype_is_cast_in_silence() -> None:
    with omio.TileCanvas(dtype="uint8") as canvas:
        with pytest.raises(UnwritableError, match="uint16 on a canvas of uint8"):
            canvas.add_tile(np.full((4, 4), 3000, np.uint16))
        assert canvas.keys() == ()


def test_a_tile_at_a_negative_place_is_dropped() -> None:
    with omio.TileCanvas(pixel_size={"Y": 1.0, "X": 0.5}) as canvas:
        canvas.add_tile(np.full((4, 4), 1, np.uint8))
        canvas.add_tile(np.full((4, 4), 2, np.uint8), -4, -2)
        found = canvas.to_dataset()
    assert found.shape[3:] == (6, 8)
    assert found.metadata.axis("X").origin == -2.0


def test_floats_are_written_as_8_bits(tmp_path: Path) -> None:
    values = RANDOM.random((60, 70), np.float32)
    with omio.TileCanvas() as canvas:
        canvas.add_tile(values)
        for name in ("a.tif", "a.ome.tif", "a.ome.zarr"):
            canvas.write(tmp_path / name)
            found = omio.open(tmp_path / name)
            assert found.dtype == np.float32
            assert np.array_equal(found.load()[0, 0, 0], values)
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), values)


def test_a_second_file_has_the_levels_of_the_first(tmp_path: Path) -> None:
    with omio.TileCanvas() as canvas:
        for number, name in enumerate(("a.ome.zarr", "b.ome.zarr", "c.ome.tif")):
            pixels = RANDOM.integers(0, 256, (300, 260), np.uint8)
            canvas.add_tile(pixels, 0, 40 * number)
            canvas.write(tmp_path / name, levels=2, downsampling="nearest")
            full, half = (level.load()[0, 0, 0] for level in omio.open(tmp_path / name).levels)
            assert np.array_equal(half, full[::2, ::2])
            assert np.array_equal(full[40 * number :], pixels)


def test_a_png_holds_a_tiff(tmp_path: Path) -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(np.zeros((4, 4), np.uint8))
        with pytest.raises(UnwritableError, match="ending"):
            canvas.write(tmp_path / "x.png")
        assert canvas.to_dataset().encode("png").startswith(b"\x89PNG")
    assert not list(tmp_path.iterdir())


def test_a_crop_has_no_size_and_no_channel_names(tmp_path: Path) -> None:
    with omio.TileCanvas(pixel_size={"Y": 0.5, "X": 0.25}, channels=["DAPI"]) as canvas:
        canvas.add_tile(np.ones((30, 40), np.uint8))
        for name in ("a.ome.tif", "a.ome.zarr"):
            canvas.write(tmp_path / name, x=(10, 20), y=(5, 25))
            found = omio.open(tmp_path / name)
            assert found.shape[3:] == (20, 10)
            assert found.pixel_size == {"Z": None, "Y": 0.5, "X": 0.25}
            assert found.metadata.channels[0].name == "DAPI"


# ---------------------------------------------------------------- planes


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (2, 1, 1), (2, 3, 2)])
def test_a_loop_over_planes_copies_nothing_where_there_is_one(shape: tuple[int, int, int]) -> None:
    source = image(RANDOM.integers(0, 256, (*shape, 20, 30), np.uint8), "TZCYX")
    with omio.TileCanvas() as canvas:
        for at in source.frames:
            for tile in source.frame(at.number).tiles(16):
                canvas.add_tile(tile.plane(), tile.x, tile.y, t=at.t, z=at.z, c=at.c)
        assert np.array_equal(canvas.to_dataset().load(), source.load())


def test_an_image_smaller_than_a_tile_has_no_level() -> None:
    small = image(np.ones((8, 8), np.uint8))
    assert small.n_levels == 1
    assert small.tile(0, 0, 0, size=16, edge="crop").shape == (8, 8)


def test_an_unknown_picture_beside_a_slide_is_none() -> None:
    with pytest.raises(KeyError):
        image(np.zeros((4, 4))).associated["label"]


def test_planes_of_a_stack_are_anonymous(tmp_path: Path) -> None:
    pixels = tczyx(tmp_path / "a.ome.tif")
    found = omio.open(tmp_path / "a.ome.tif")
    assert found.tile_info.sizes == {"T": 3, "Z": 4, "C": 2}
    for at in found.frames:
        assert at.channel == ("DAPI", "GFP")[at.c]
        assert np.array_equal(found.tile(0, 0, 0, t=at.t, z=at.z, c=at.c, edge="crop"), pixels[at.t, at.c, at.z])
    assert np.array_equal(found.sel(C="GFP").load()[:, :, 0], pixels[:, 1])


def test_sixteen_bits_of_a_stack_become_rgba(tmp_path: Path) -> None:
    pixels = tczyx(tmp_path / "a.ome.tif")
    found = omio.open(tmp_path / "a.ome.tif")
    assert (found.dtype, found.tile_info.samples) == (np.dtype(np.uint16), 1)
    whole = found.tile(0, 0, 0, t=2, z=3, c=1, edge="crop")
    assert np.array_equal(whole, pixels[2, 1, 3])
    assert np.array_equal(tifffile.imread(io.BytesIO(found.encode("tiff", t=2, z=3, c=1))), whole)


# ---------------------------------------------------------------- regions


@pytest.mark.parametrize("how", ["auto", "lanczos", "bicubic", "area", "nearest"])
def test_floats_become_8_bits_when_resized(how: Any) -> None:
    values = RANDOM.random((64, 96), np.float32)
    small = image(values).region(max_width=48, resample=how)
    assert small.dtype == np.float32
    found = small.load()
    assert np.unique(found).size > 1000
    assert abs(float(found.mean()) - 0.5) < 0.05
    with pytest.raises(UnwritableError, match="float32"):
        small.encode("png")


def test_colours_of_16_bits_become_8_when_resized() -> None:
    pixels = RANDOM.integers(0, 65536, (64, 96, 3), np.uint16)
    found = image(pixels, "YXS").region(max_width=48).load()
    assert found.dtype == np.uint16
    assert (found % 257 != 0).mean() > 0.9
    expected = [
        np.asarray(Image.fromarray(pixels[..., s].astype("f4")).resize((48, 32), Image.Resampling.LANCZOS))
        for s in range(3)
    ]
    assert np.array_equal(found[0, 0, 0], np.clip(np.rint(np.stack(expected, -1)), 0, 65535))


def test_an_empty_region_is_of_floats_and_a_file_that_nobody_reads() -> None:
    slide = image(np.ones((20, 30, 3), np.uint8), "YXS")
    with pytest.warns(omio.OmioWarning, match="no pixel"):
        empty = slide.region(x=(100, 120))
    assert (empty.shape, empty.dtype) == ((1, 1, 1, 0, 0, 3), np.dtype(np.uint8))
    with pytest.raises(UnwritableError, match="without pixels"):
        empty.encode("png")


@pytest.mark.parametrize(("magnification", "width"), [(7, 1400), (33, 6600), (15, 3000), (0.3, 60)])
def test_a_magnification_is_rounded_to_another(magnification: float, width: int) -> None:
    slide = omio.testing.synthetic((1, 1, 1, 6000, 8000), dtype="uint8").with_metadata(
        pixel_size={"Y": 0.25, "X": 0.25}
    )
    found = slide.region(magnification=magnification)
    assert found.sizes["X"] == width
    assert found.tile_info.magnification == pytest.approx(magnification, rel=1e-12)


def test_bounds_are_those_of_the_file_whatever_the_projection(tmp_path: Path) -> None:
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    from tests.raster.test_geo import geotiff

    land = omio.open(geotiff(tmp_path / "a.tif"))
    web = land.geo.reproject("EPSG:3857")
    assert web.geo.crs == "EPSG:3857"
    left, bottom, right, top = web.geo.bounds()
    assert (left, bottom, right, top) == pytest.approx(land.geo.bounds("EPSG:3857"), rel=1e-4)
    assert left != pytest.approx(land.geo.bounds().left, rel=0.1)


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("unknown", [{"gama": 0.5}, {"pallete": "red"}, {"clim": "minimax"}, {"gamma": -1}])
def test_words_of_a_style_are_ignored(unknown: dict[str, Any]) -> None:
    shown = image(np.arange(256, dtype=np.uint8).reshape(16, 16))
    with pytest.raises(PolicyError):
        shown.style(**unknown)


def test_gamma_changes_nothing() -> None:
    shown = image(np.arange(256, dtype=np.uint8).reshape(16, 16))
    plain, bright = (shown.style(clim=(0, 255), gamma=gamma).render()[4, 0, 0] for gamma in (1, 0.5))
    assert (plain, bright) == (64, 127)


def test_a_format_that_no_tile_has_is_accepted_at_first() -> None:
    shown = image(np.zeros((16, 16), np.uint8))
    for make in (shown.encode, shown.style(clim=(0, 1)).encode):
        with pytest.raises(OptionError, match="no format 'TILED'"):
            make("TILED")


def test_limits_of_an_image_are_those_of_one_that_is_gone() -> None:
    """Where they are kept by the number of an object, which another one has after it."""
    seen = []
    for level in range(1, 60):
        shown = image(np.full((16, 16), level, np.uint8) * (np.arange(16) % 2))
        seen.append((level, shown.style(clim="minmax").limits[0], limits(shown.load(), "minmax")))
        del shown
        gc.collect(0)
    assert all(found == again == (0.0, float(level)) for level, found, again in seen)

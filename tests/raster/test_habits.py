"""What people who know other libraries of slides and pictures expect, and find under omio's names.

Values that those libraries gave are in `test_golden` and `test_grid`; here are the abilities that no module's tests of
its own tell of, compared with Pillow, tifffile and numpy.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.errors import FileMissingError, OmioError, UnsupportedFormatError, UnwritableError
from omio.raster.cache import TILES
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RANDOM = np.random.default_rng(11)


def colors(height: int, width: int) -> NDArray[np.uint8]:
    return RANDOM.integers(0, 256, (height, width, 3), np.uint8)


def slide(width: int = 8000, height: int = 6000) -> omio.MicroscopyDataset:
    return omio.testing.synthetic((1, 1, 1, height, width, 3))


class TestOpening:
    def test_errors_are_those_of_the_standard_library_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.bin").write_bytes(b"neither picture nor image" * 9)
        for path, kind, builtin in (
            (tmp_path / "none.tif", FileMissingError, FileNotFoundError),
            (tmp_path / "a.bin", UnsupportedFormatError, ValueError),
            (io.BytesIO(b"II*\0"), OmioError, TypeError),
        ):
            with pytest.raises(kind) as error:
                omio.open(path)  # type: ignore[arg-type]
            assert isinstance(error.value, builtin)

    def test_who_could_read_a_file_is_told_in_order(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.zeros((3, 3)))
        tifffile.imwrite(tmp_path / "a.ome.tif", np.zeros((3, 3), np.uint8), ome=True)
        assert omio.backends.candidates(tmp_path / "a.npy") == ()
        assert omio.backends.candidates(tmp_path / "a.ome.tif")[0] == "ometiff"
        assert "tiff" in omio.backends.names()

    def test_pictures_of_any_extent_open(self, tmp_path: Path) -> None:
        pixels = np.zeros((20, 5000, 3), np.uint8)
        pixels[5, 4900] = (9, 8, 7)
        Image.fromarray(pixels).save(tmp_path / "long.png")
        assert omio.open(tmp_path / "long.png").pixel(4900, 5)["value"] == [9, 8, 7]

    def test_what_the_scanner_says_is_kept(self) -> None:
        path = real("svs-cmu1-small.svs")
        with tifffile.TiffFile(path) as file:
            said = tifffile.tifffile.svs_description_metadata(file.pages.first.description)
        kept = str(omio.open(path).metadata.original)
        assert str(said["AppMag"]) in kept
        assert said["ScanScope ID"] in kept


class TestTiles:
    def test_the_last_tile_of_a_slide(self) -> None:
        ds = slide()
        whole = ds.isel(Y=slice(5888, 6000), X=slice(7936, 8000)).load()[0, 0, 0]
        assert ds.n_levels == 6
        assert np.array_equal(ds.tile(0, 31, 23, edge="crop"), whole)
        for edge, ground in (("pad", (0, 0, 0)), ("#ff0000", (255, 0, 0))):
            tile = ds.tile(0, 31, 23, edge=edge)
            assert tile.shape == (256, 256, 3)
            assert np.array_equal(tile[:112, :64], whole)
            assert (tile[112:] == ground).all()
            assert (tile[:, 64:] == ground).all()

    def test_levels_that_are_missing_come_from_the_next_finer_one(self, tmp_path: Path) -> None:
        """Of six levels the file stores the first and the fourth."""
        full, stored = colors(1024, 2048), colors(128, 256)
        path = tmp_path / "gaps.tif"
        kind: dict[str, Any] = {"photometric": "rgb", "tile": (64, 64)}
        with tifffile.TiffWriter(path) as writer:
            writer.write(full, subifds=1, **kind)
            writer.write(stored, subfiletype=1, **kind)
        ds = omio.open(path)
        assert (ds.n_levels, ds.tile_info.stored) == (6, (1.0, 8.0))

        def smaller(pixels: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
            part = Image.fromarray(pixels[: 64 * step, 64 * step : 128 * step])
            return np.asarray(part.resize((64, 64), Image.Resampling.LANCZOS))

        for level in (1, 2):
            assert np.array_equal(ds.tile(level, 1, 0), smaller(full, 1 << level))
        assert np.array_equal(ds.tile(3, 1, 0), stored[:64, 64:128])
        assert np.array_equal(ds.tile(4, 1, 0), smaller(stored, 2))

    def test_levels_far_from_what_is_stored_are_made_in_steps_of_three(self) -> None:
        ds = omio.MicroscopyDataset.from_array(colors(1024, 1024), "YXS")
        tile: dict[str, Any] = {"size": 32}
        third = np.concatenate([np.concatenate([ds.tile(3, x, y, **tile) for x in range(4)], 1) for y in range(4)])
        for level in (4, 5):
            part = Image.fromarray(third[: 32 << (level - 3), : 32 << (level - 3)])
            expected = part.resize((32, 32), Image.Resampling.LANCZOS)
            assert np.array_equal(ds.tile(level, 0, 0, **tile), np.asarray(expected))

    def test_a_second_look_needs_the_budget(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", colors(128, 128), tile=(64, 64), photometric="rgb")
        TILES.forget()
        for budget, hits in ((0, 0), ("1MiB", 1)):
            with omio.config(cache_bytes=budget):
                for _ in range(2):
                    omio.open(tmp_path / "a.tif").tile(0, 1, 1)
                assert omio.cache_info().hits == hits
        assert omio.cache_info().tiles == 1

    def test_a_tile_of_a_grid_at_another_scale_knows_both(self) -> None:
        tile = slide().tiles(256, magnification=20, x=(1024, 4096), y=(512, 2048))[1, 2]
        assert (tile.x, tile.y, tile.width, tile.height) == (1024, 512, 256, 256)
        assert tile.full == (2048, 1024, 512, 512)
        assert (tile.position, tile.row, tile.column, tile.index) == (8, 1, 2, (2, 4))
        assert (tile.magnification, tile.pixel_size, tile.scale) == (20, {"Y": 0.5, "X": 0.5}, (2, 2))
        assert "data" not in vars(tile)


class TestPictures:
    def test_pillow_takes_what_is_given(self) -> None:
        ds = omio.MicroscopyDataset.from_array(colors(60, 80), "YXS")
        for pixels in (ds.thumbnail(40), ds.style().render(max_width=40), ds.tile(0, 0, 0, edge="crop")):
            assert np.array_equal(np.asarray(Image.fromarray(pixels)), pixels)

    def test_one_sample_of_rgb_is_a_channel(self) -> None:
        pixels = colors(60, 80)
        samples = omio.MicroscopyDataset.from_array(pixels, "YXS").split_samples()
        assert np.array_equal(samples.sel(C="Red").load()[0, 0, 0], pixels[..., 0])
        shown = samples.style(channels={"Green": "#fff"}, clim=(0, 255)).render()
        assert np.array_equal(shown, pixels[..., [1, 1, 1]])

    def test_of_many_channels_some_are_shown_and_all_are_written(self) -> None:
        pixels = RANDOM.integers(0, 256, (8, 30, 40), np.uint8)
        ds = omio.MicroscopyDataset.from_array(pixels, "CYX")
        shown = ds.style(channels={0: "#f00", 2: "#00f"}, clim=(0, 255)).render()
        assert np.array_equal(shown[..., 0], pixels[0])
        assert np.array_equal(shown[..., 2], pixels[2])
        with tifffile.TiffFile(io.BytesIO(ds.join_samples().encode("tiff"))) as file:
            assert np.array_equal(file.asarray(), np.moveaxis(pixels, 0, -1))

    def test_transparency_is_never_dropped(self) -> None:
        pixels = RANDOM.integers(0, 256, (20, 30, 4), np.uint8)
        ds = omio.MicroscopyDataset.from_array(pixels, "YXS")
        with pytest.raises(UnwritableError, match="hold transparency"):
            ds.encode("jpeg")
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(ds.encode("png")))), pixels)

    def test_colour_modes_do_not_depend_on_the_size(self) -> None:
        ds = omio.MicroscopyDataset.from_array(colors(60, 80), "YXS")
        for format_ in ("png", "tiff"):
            for region in (ds, ds.region(max_width=40)):
                assert Image.open(io.BytesIO(region.encode(format_))).mode == "RGB"

    def test_a_region_becomes_a_pyramid_that_others_read(self, tmp_path: Path) -> None:
        ds = omio.MicroscopyDataset.from_array(colors(1200, 1600), "YXS", pixel_size={"Y": 0.5, "X": 0.5})
        part = ds.region(x=(100, 1500), y=(50, 1150))
        part.to_ometiff(tmp_path / "a.ome.tif", levels="auto", tile=(256, 256), compression="lzw")
        with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
            levels, page = file.series[0].levels, file.pages.first
            assert [level.shape[:2] for level in levels] == [(1100, 1400), (550, 700), (275, 350), (138, 175)]
            assert (page.tilelength, page.tilewidth) == (256, 256)
            assert page.compression == tifffile.COMPRESSION.LZW
            assert page.get_resolution("micrometer") == pytest.approx((2, 2))
            assert np.array_equal(levels[0].asarray(), part.load()[0, 0, 0])

    def test_pictures_beside_a_slide_have_thumbnails_of_their_own(self) -> None:
        ds = omio.open(real("svs-cmu1-small.svs"))
        label = ds.associated["label"]
        found = label.thumbnail((100, None))
        assert found.shape[1] == 100
        assert found.shape[0] == pytest.approx(100 * label.sizes["Y"] / label.sizes["X"], abs=1)


class TestNumbers:
    def test_a_histogram_is_that_of_any_part(self) -> None:
        pixels = RANDOM.integers(0, 4096, (2, 60, 80), np.uint16)
        ds = omio.MicroscopyDataset.from_array(pixels, "CYX")
        found = ds.region(x=(10, 50), y=(5, 40)).histogram(32, range=(0, 4096))
        for c, plane in enumerate(pixels[:, 5:40, 10:50]):
            assert np.array_equal(found.hist[c], np.histogram(plane, 32, (0, 4096))[0])
        assert int(found["samples"][0]) == 35 * 40

    @pytest.mark.parametrize("word", ["um", "µm", "μm", "micron", "microns", "micrometer"])
    def test_micrometres_have_many_names(self, word: str) -> None:
        assert slide().convert({"x": 100, "width": 2}, units=word, to="px") == {"x": 400, "width": 8}
        assert slide().region(x=(100, 101), units=word).sizes["X"] == 4


class TestCanvas:
    def test_tiles_of_all_dims_are_put_at_once(self) -> None:
        pixels = RANDOM.integers(0, 256, (2, 3, 8, 9, 3), np.uint8)
        with omio.TileCanvas() as canvas:
            canvas.add_tile(pixels, 4, 5, t=1, axes="TZYXS")
            found = canvas.to_dataset()
            assert found.shape == (3, 3, 1, 13, 13, 3)
            assert np.array_equal(found.load()[1:, :, 0, 5:, 4:], pixels)

    def test_the_last_of_overlapping_tiles_is_seen_whenever_it_is_looked_at(self) -> None:
        with omio.TileCanvas() as canvas:
            for value in (1, 2):
                canvas.add_tile(np.full((10, 10), value, np.uint8), 5 * value)
                seen = canvas.to_dataset().load()[0, 0, 0, 0]
                assert seen.tolist() == [0] * 5 + [1] * (10 if value == 1 else 5) + [2] * (10 * (value - 1))


def test_everything_travels() -> None:
    """To another process, as recipes: regions, grids' tiles, styles."""
    ds = omio.testing.synthetic((1, 1, 1, 400, 500), dtype="uint16", tile=128)
    for made, read in (
        (ds.region(x=(10, 90), max_width=20), lambda image: image.load()),
        (ds.tiles(100, 10)[7], np.asarray),
        (ds.style(gamma=0.5), lambda styled: styled.render(max_width=50)),
        (ds.montage("T"), lambda image: image.load()),
    ):
        assert np.array_equal(read(pickle.loads(pickle.dumps(made))), read(made))  # noqa: S301

"""TIFF without a dialect: stacks, shapes that tifffile writes, pyramids, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from omio.backends.base import Confidence, OpenOptions
from omio.backends.tiff.imagej import ImageJBackend
from omio.backends.tiff.plain import PlainTiffBackend
from omio.errors import AxesError, SceneError, SelectionError
from tests.backends.tiff.made import noise, write

if TYPE_CHECKING:
    from pathlib import Path

    from omio.metadata.facts import Facts


def opened(path: Path, **options: Any) -> PlainTiffBackend:
    return PlainTiffBackend(str(path), OpenOptions(**options))


def facts_of(path: Path, **options: Any) -> Facts:
    return opened(path, **options).metadata("0")


def spacing(facts: Facts) -> dict[str, float | None]:
    return {dim: axis.spacing for dim, axis in facts.axes.items()}


def test_a_stack_needs_a_name_for_its_axis(tmp_path: Path) -> None:
    pixels = noise(5, 20, 30)
    path = write(tmp_path / "a.tif", pixels)
    with pytest.raises(AxesError, match=r'5 pages.*axes="TYX"'):
        opened(path).array("0")
    for axes, shape in {"TYX": (5, 1, 1), "zyx": (1, 5, 1), "CYX": (1, 1, 5)}.items():
        recipe = opened(path, axes=axes).array("0")
        assert recipe.shape == (*shape, 20, 30)
        np.testing.assert_array_equal(recipe.load().reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    ("axes", "text"), [("TZYX", "4 axes"), ("YX", "2 axes"), ("YXT", "come last"), ("QYX", "unknown"), ("TTX", "twice")]
)
def test_names_that_do_not_fit_are_refused(tmp_path: Path, axes: str, text: str) -> None:
    path = write(tmp_path / "a.tif", noise(5, 20, 30))
    with pytest.raises(AxesError, match=text):
        opened(path, axes=axes).array("0")


def test_single_pages_need_none(tmp_path: Path) -> None:
    pixels = noise(20, 30, 3, dtype="uint8")
    recipe = opened(write(tmp_path / "a.tif", pixels, photometric="rgb")).array("0")
    assert recipe.shape == (1, 1, 1, 20, 30, 3)
    np.testing.assert_array_equal(recipe.load()[0, 0, 0], pixels)


def test_extra_samples_stay_samples(tmp_path: Path) -> None:
    pixels = noise(20, 30, 5)
    path = write(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=("unassalpha", "unspecified"))
    recipe = opened(path).array("0")
    np.testing.assert_array_equal(recipe.load()[0, 0, 0], pixels)
    assert facts_of(path).static.original["ExtraSamples"] == ["UNASSALPHA", "UNSPECIFIED"]


@pytest.mark.parametrize("pages", [slice(1, 4), slice(None, None, -2), (4, 0, 3)])
def test_pages_can_be_chosen(tmp_path: Path, pages: Any) -> None:
    pixels = noise(5, 20, 30)
    path = write(tmp_path / "a.tif", pixels)
    recipe = opened(path, axes="TYX", pages=pages).array("0")
    wanted = pixels[pages] if isinstance(pages, slice) else pixels[list(pages)]
    np.testing.assert_array_equal(recipe.load()[:, 0, 0], wanted)
    assert opened(path, pages=(3,)).array("0").shape == (1, 1, 1, 20, 30)
    with pytest.raises(SelectionError, match="5 pages"):
        opened(path, axes="TYX", pages=(9,)).array("0")


def test_pages_of_several_sizes_are_scenes(tmp_path: Path) -> None:
    path, large, small = tmp_path / "a.tif", noise(3, 40, 50), noise(2, 33, 20)
    with tifffile.TiffWriter(path) as tiff:
        for page in (*large, *small):
            tiff.write(page, contiguous=False, metadata=None, photometric="minisblack")
    backend = opened(path, axes="TYX")
    assert backend.scenes() == ("0", "1")
    np.testing.assert_array_equal(backend.array("0").load()[:, 0, 0], large)
    np.testing.assert_array_equal(backend.array("1").load()[:, 0, 0], small)
    with pytest.raises(SceneError, match="There are 0, 1"):
        backend.array("2")


class TestShaped:
    def test_names_that_the_file_gives_are_taken(self, tmp_path: Path) -> None:
        pixels = noise(2, 3, 4, 20, 30)
        path = write(tmp_path / "a.tif", pixels, metadata={"axes": "ZTCYX"})
        recipe = opened(path).array("0")
        assert recipe.shape == (3, 2, 4, 20, 30)
        np.testing.assert_array_equal(recipe.load(), pixels.swapaxes(0, 1))

    def test_unnamed_shapes_keep_their_dims(self, tmp_path: Path) -> None:
        pixels = noise(2, 3, 20, 30)
        path = write(tmp_path / "a.tif", pixels, metadata={})
        with pytest.raises(AxesError, match=r"2 x 3 pages.*TZYX"):
            opened(path).array("0")
        np.testing.assert_array_equal(opened(path, axes="TCYX").array("0").load(), pixels[:, None])

    def test_data_behind_one_ifd(self, tmp_path: Path) -> None:
        pixels = noise(7, 20, 30)
        path = write(tmp_path / "a.tif", pixels, truncate=True, metadata={"axes": "TYX"})
        with tifffile.TiffFile(path) as tiff:
            assert len(tiff.pages) == 1
        recipe = opened(path).array("0")
        np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)
        np.testing.assert_array_equal(opened(path, pages=(5, 2)).array("0").load()[:, 0, 0], pixels[[5, 2]])

    def test_rgb_and_planar(self, tmp_path: Path) -> None:
        pixels = noise(4, 20, 30, 3, dtype="uint8")
        path = write(tmp_path / "a.tif", pixels, photometric="rgb", metadata={"axes": "ZYXS"})
        np.testing.assert_array_equal(opened(path).array("0").load()[0, :, 0], pixels)
        planar = write(tmp_path / "b.tif", np.moveaxis(pixels, -1, 1), photometric="rgb", metadata={})
        np.testing.assert_array_equal(opened(planar, axes="TYX").array("0").load()[:, 0, 0], pixels)

    def test_several_series_are_named_scenes(self, tmp_path: Path) -> None:
        path, first, second = tmp_path / "a.tif", noise(3, 20, 30), noise(20, 30, seed=1)
        with tifffile.TiffWriter(path) as tiff:
            tiff.write(first, photometric="minisblack", metadata={"axes": "ZYX", "name": "cells"})
            tiff.write(second, photometric="minisblack", metadata={"name": "blank"})
        backend = opened(path)
        assert backend.scenes() == ("cells", "blank")
        np.testing.assert_array_equal(backend.array("cells").load()[0, :, 0], first)
        np.testing.assert_array_equal(backend.array("blank").load()[0, 0, 0], second)


class TestPyramids:
    def test_smaller_pages_are_levels(self, tmp_path: Path) -> None:
        pixels, path = noise(100, 81), tmp_path / "a.tif"
        with tifffile.TiffWriter(path) as tiff:
            for level, step in enumerate((1, 2, 4)):
                options: dict[str, Any] = {"subfiletype": 1} if level else {}
                tiff.write(pixels[::step, ::step], metadata=None, photometric="minisblack", tile=(16, 16), **options)
        backend = opened(path)
        assert backend.scenes() == ("0",)
        assert backend.level_count("0") == 3
        for level, step in enumerate((1, 2, 4)):
            np.testing.assert_array_equal(backend.array("0", level).load()[0, 0, 0], pixels[::step, ::step])

    def test_subifds_are_levels(self, tmp_path: Path) -> None:
        pixels, path = noise(5, 64, 48), tmp_path / "a.tif"
        with tifffile.TiffWriter(path) as tiff:
            for page in pixels:
                tiff.write(page, subifds=2, metadata=None, photometric="minisblack", contiguous=False)
                for step in (2, 4):
                    tiff.write(page[::step, ::step], subfiletype=1, metadata=None, photometric="minisblack")
        backend = opened(path, axes="TYX")
        assert backend.level_count("0") == 3
        np.testing.assert_array_equal(backend.array("0", 1).load()[:, 0, 0], pixels[:, ::2, ::2])
        np.testing.assert_array_equal(backend.array("0", 2)[3, 0, 0], pixels[3, ::4, ::4])

    def test_reduced_pages_of_another_aspect_are_thumbnails(self, tmp_path: Path) -> None:
        path, pixels, small = tmp_path / "a.tif", noise(100, 80), noise(20, 20, dtype="uint8")
        with tifffile.TiffWriter(path) as tiff:
            tiff.write(pixels, metadata=None, photometric="minisblack")
            tiff.write(small, metadata=None, photometric="minisblack", subfiletype=1)
        backend = opened(path)
        assert backend.scenes() == ("0",)
        recipe, facts = backend.associated()["thumbnail"]
        np.testing.assert_array_equal(recipe.load()[0, 0, 0], small)
        assert facts.shape == recipe.shape


class TestTags:
    @pytest.mark.parametrize(
        ("resolution", "unit", "expected"),
        [
            ((20000, 10000), "centimeter", {"X": 0.5, "Y": 1.0}),
            ((25400, 50800), "inch", {"X": 1.0, "Y": 0.5}),
            ((2, 2), "none", {}),
            ((72, 72), "inch", {}),
            ((300.5, 600), "inch", {}),
            ((118.11, 118.11), "centimeter", {}),  # 300 dpi
            ((96, 20000), "inch", {"Y": 1.27}),
        ],
    )
    def test_resolution(self, tmp_path: Path, resolution: Any, unit: str, expected: dict[str, float]) -> None:
        path = write(tmp_path / "a.tif", noise(8, 8), resolution=resolution, resolutionunit=unit)
        facts = facts_of(path)
        assert spacing(facts) == pytest.approx(expected)
        assert set(facts.static.sources) == {f"pixel_size.{dim}" for dim in expected}
        assert "XResolution" in facts.static.original

    def test_texts_and_dates(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "a.tif",
            noise(8, 8),
            description="two cells",
            software="a camera",
            datetime="2024:05:06 07:08:09",
            extratags=[
                (315, 2, 0, "somebody", True),
                (50000, 3, 2, (4, 5), True),
                (269, 2, 0, "C:\\d\\x.tif", True),
            ],
        )
        static = facts_of(path).static
        assert (static.acquired, static.description, static.name) == ("2024-05-06T07:08:09", "two cells", "x.tif")
        original = static.original
        assert (original["Software"], original["Artist"], original["50000"]) == ("a camera", "somebody", [4, 5])
        assert original["ImageDescription"] == "two cells"

    def test_palette_gives_indices_and_a_lut(self, tmp_path: Path) -> None:
        colors = np.arange(3 * 256, dtype="uint16").reshape(3, 256) * 64
        pixels = noise(8, 8, dtype="uint8")
        path = write(tmp_path / "a.tif", pixels, photometric="palette", colormap=colors)
        np.testing.assert_array_equal(opened(path).array("0").load()[0, 0, 0], pixels)
        lut = bytes.fromhex(facts_of(path).channels["lut"][0])
        np.testing.assert_array_equal(np.frombuffer(lut, "u1").reshape(256, 3), colors.T >> 8)

    def test_white_is_zero_stays_and_is_told(self, tmp_path: Path) -> None:
        pixels = noise(8, 8, dtype="uint8")
        path = write(tmp_path / "a.tif", pixels, photometric="miniswhite")
        np.testing.assert_array_equal(opened(path).array("0").load()[0, 0, 0], pixels)
        assert facts_of(path).static.original["PhotometricInterpretation"] == "MINISWHITE"

    def test_orientation_turns_pixels_and_sizes(self, tmp_path: Path) -> None:
        stored = noise(20, 30)
        tag = [(274, 3, 1, 6, True)]
        options: dict[str, Any] = {"resolution": (10000, 20000), "resolutionunit": "centimeter", "extratags": tag}
        path = write(tmp_path / "a.tif", stored, **options)
        facts = facts_of(path)
        np.testing.assert_array_equal(opened(path).array("0").load()[0, 0, 0], np.rot90(stored, -1))
        assert spacing(facts) == pytest.approx({"X": 0.5, "Y": 1.0})
        assert facts.static.provenance == ({"action": "upright", "orientation": "right top"},)

    def test_details_say_how_it_is_stored(self, tmp_path: Path) -> None:
        options: dict[str, Any] = {"tile": (16, 32), "compression": "zlib", "predictor": True, "byteorder": ">"}
        details = opened(write(tmp_path / "a.tif", noise(40, 50), bigtiff=True, **options)).details("0")
        assert details["compression"] == "adobe_deflate"
        assert details["predictor"] == "horizontal"
        assert details["segments"] == "tiles"
        assert details["segment_shape"] == (16, 32)
        assert (details["bigtiff"], details["byte_order"], details["pages"]) == (True, "big", 1)


def test_content_decides_who_reads(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.ome.tif", noise(8, 8), ome=False)
    stack = write(tmp_path / "b.tif", noise(8, 8), imagej=True)
    expected = {plain: (Confidence.GENERIC, Confidence.NO), stack: (Confidence.NO, Confidence.CONTENT)}
    for path, answers in expected.items():
        head = path.read_bytes()[:4096]
        assert (PlainTiffBackend.can_read(path, head), ImageJBackend.can_read(path, head)) == answers
    text = tmp_path / "c.tif"
    text.write_text("no image")
    assert PlainTiffBackend.can_read(text, text.read_bytes()) is Confidence.NO
    torn = tmp_path / "d.tif"
    torn.write_bytes(plain.read_bytes()[:12])
    assert PlainTiffBackend.can_read(torn, torn.read_bytes()) is Confidence.GENERIC

"""The arithmetic of virtual levels, by formulas of large_image restated here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.errors import RegionError
from omio.raster.levels import nearest_level, tile_count, virtual_levels
from omio.raster.pyramid import pyramid_of

if TYPE_CHECKING:
    from pathlib import Path

edges = st.integers(1, 10**6)


@given(edges, edges, st.integers(1, 2048))
def test_one_more_level_than_halvings_until_a_tile_holds_all(width: int, height: int, tile: int) -> None:
    count = virtual_levels(width, height, tile)
    assert tile_count(width, height, count - 1, tile) == (1, 1)
    assert count == 1 or tile_count(width, height, count - 2, tile) != (1, 1)


@pytest.mark.parametrize(
    ("width", "height", "tile", "levels"),
    [(8000, 6000, 256, 6), (2051, 1237, 256, 5), (8000, 6000, 240, 7), (8, 8, 16, 1), (512, 512, 256, 2)],
)
def test_levels_are_those_of_large_image(width: int, height: int, tile: int, levels: int) -> None:
    assert virtual_levels(width, height, tile) == levels
    assert max(0, math.ceil(math.log2(max(width, height) / tile))) + 1 == levels


def test_a_tile_without_pixels_is_refused() -> None:
    with pytest.raises(RegionError, match="size 0"):
        virtual_levels(10, 10, 0)


def image(width: int, height: int, **known: float) -> omio.MicroscopyDataset:
    size = dict.fromkeys("YX", known["um"]) if "um" in known else {}
    return omio.MicroscopyDataset.from_array(np.zeros((height, width), "u1"), pixel_size=size)


class TestLevelFor:
    slide = image(8000, 6000, um=0.25)

    @pytest.mark.parametrize(("magnification", "level"), [(40, 0), (30, 0), (20, 1), (1, 5), (80, 0)])
    def test_the_nearest_level_is_taken(self, magnification: float, level: int) -> None:
        assert self.slide.level_for(magnification=magnification) == level

    def test_it_may_have_to_be_exact_or_fine_enough(self) -> None:
        assert self.slide.level_for(magnification=30, exact=True) is None
        assert self.slide.level_for(magnification=10, exact=True) == 2
        assert self.slide.level_for(magnification=80, rounding="finer") is None
        assert self.slide.level_for(magnification=25, rounding="finer") == 0

    def test_it_may_lie_between_levels(self) -> None:
        assert self.slide.level_for(magnification=30, rounding="none") == 0.415

    def test_pixel_sizes_count_as_well(self) -> None:
        assert self.slide.level_for(pixel_size=0.5) == 1
        assert self.slide.level_for(pixel_size={"Y": 0.5, "X": 2.0}) == 2
        assert self.slide.level_for(pixel_size=(0.5, 1.0), exact=True) is None

    def test_what_is_not_known_is_said(self) -> None:
        with pytest.raises(RegionError, match="magnification is not known"):
            image(100, 100).level_for(magnification=20)
        with pytest.raises(RegionError, match="size of pixels along Y is not known"):
            image(100, 100).level_for(pixel_size=1.0)
        with pytest.raises(RegionError, match="for what"):
            self.slide.level_for()
        with pytest.raises(RegionError, match="rounding"):
            self.slide.level_for(magnification=20, rounding="up")  # type: ignore[arg-type]

    def test_several_sizes_are_averaged_as_powers(self) -> None:
        assert nearest_level([2.0, 8.0], 6) == 2


class TestMagnification:
    def test_the_objective_says_it_and_what_is_reduced_divides_it(self) -> None:
        seen = image(4000, 4000, um=0.1).with_metadata(objective={"magnification": 63})
        assert seen.tile_info.magnification == 63
        assert seen.tile_info.magnification_from == "objective"
        half = seen.region(magnification=31.5)
        assert half.shape[-1] == 2000
        assert half.tile_info.magnification == 31.5
        assert half.level_for(magnification=31.5) == 0

    def test_without_it_scanners_practice_counts(self) -> None:
        info = image(100, 100, um=1.23).tile_info
        assert info.magnification == 8.130081300813009
        assert info.magnification_from == "pixel size"

    def test_a_level_is_of_less(self, tmp_path: Path) -> None:
        slide = pyramid(tmp_path).with_metadata(objective={"magnification": 40})
        assert [level.tile_info.magnification for level in slide.levels] == [40, 20, 10]


class TestResolutions:
    def test_stored_levels_are_told(self, tmp_path: Path) -> None:
        found = pyramid(tmp_path).resolutions
        assert [(level.width, level.height) for level in found] == [(601, 400), (300, 200), (150, 100)]
        assert [level.factors for level in found] == [(1, 1), (2, 2), (4, 4)]
        assert [level.halvings for level in found] == [0, 1, 2]

    def test_they_are_told_without_their_pixels(self) -> None:
        image = omio.MicroscopyDataset.from_array(np.zeros((20, 30), np.uint8))
        assert repr(image.resolutions) == "(<level of 20 x 30 pixels, each 1 x 1 full ones (Y x X)>,)"

    def test_levels_of_other_factors_are_no_tiles(self) -> None:
        thirds = omio.MicroscopyDataset.from_array(np.zeros((90, 90)))
        assert pyramid_of(thirds).stored.keys() == {0}


def pyramid(folder: Path) -> omio.MicroscopyDataset:
    full = np.arange(601 * 400, dtype="u2").reshape(400, 601)
    path = folder / "pyramid.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(full, subifds=2, tile=(64, 64))
        writer.write(full[::2, :-1:2], subfiletype=1, tile=(64, 64))
        writer.write(full[::4, :-1:4], subfiletype=1, tile=(64, 64))
    return omio.open(path)


def test_tile_info_is_json_and_reads_no_pixel(tmp_path: Path) -> None:
    info = pyramid(tmp_path).tile_info
    assert (info.levels, info.width, info.height, info.tile_width) == (5, 601, 400, 64)
    assert info.stored == (1.0, 2.0, 4.0)
    assert type(info).model_validate_json(info.model_dump_json()) == info


class TestFrames:
    planes = omio.MicroscopyDataset.from_array(np.arange(24 * 4).reshape(3, 4, 2, 2, 2), channels=["a", "b"])

    def test_channels_count_fastest(self) -> None:
        frames = self.planes.frames
        assert len(frames) == 24
        assert (frames[23].c, frames[23].z, frames[23].t, frames[23].channel) == (1, 3, 2, "b")
        assert self.planes.tile_info.strides == {"T": 8, "Z": 2, "C": 1}
        assert [frames.number(t=at.t, z=at.z, c=at.c) for at in frames] == list(range(24))

    def test_a_plane_is_selected_by_its_number(self) -> None:
        for at in self.planes.frames[5:20:7]:
            plane = self.planes.frame(at.number)
            assert plane.shape == (1, 1, 1, 2, 2)
            np.testing.assert_array_equal(plane.load()[0, 0, 0], self.planes.load()[at.t, at.z, at.c])

    @pytest.mark.parametrize("number", [-1, 24])
    def test_there_are_no_others(self, number: int) -> None:
        with pytest.raises(omio.errors.TileRangeError, match="0 to 23"):
            self.planes.frames[number]
        with pytest.raises(IndexError):
            self.planes.frames.number(z=4)

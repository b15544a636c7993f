"""Regions in all units, as pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.errors import OptionError, RegionError
from omio.raster.box import Box, Frame, Pair, find_box, fit

SLIDE = Frame((600, 800), (0.25, 0.25), 40.0)
UNKNOWN = Frame((600, 800), (None, None), None)


@pytest.mark.parametrize(
    ("asked", "box"),
    [
        ({}, (0, 0, 600, 800)),
        ({"x": (10, 210), "y": (20, 70)}, (20, 10, 70, 210)),
        ({"x": 10, "y": 20, "width": 200, "height": 50}, (20, 10, 70, 210)),
        ({"x": (None, 210), "width": 200}, (0, 10, 600, 210)),
        ({"x": -50, "y": (-40, None)}, (560, 750, 600, 800)),
        ({"x": (0.25, 0.75), "y": (0.25, 0.5), "units": "fraction"}, (150, 200, 300, 600)),
        ({"x": (-0.25, None), "units": "fraction"}, (0, 600, 600, 800)),
        ({"x": (5, 20), "y": (5, 20), "units": "um"}, (20, 20, 80, 80)),
        ({"x": (0.005, 0.02), "y": (0.005, 0.02), "units": "mm"}, (20, 20, 80, 80)),
        ({"x": (5000, 20000), "units": "nm"}, (0, 20, 600, 80)),
        ({"x": (-0.01, None), "units": "mm"}, (0, 760, 600, 800)),
        ({"x": (10, 40), "y": (10, 40), "units": "mag", "magnification": 10}, (40, 40, 160, 160)),
        ({"x": (10, 40), "units": "mag"}, (0, 10, 600, 40)),
        ({"x": 0.5, "width": 20, "units": "fraction", "size_units": "px"}, (0, 400, 600, 420)),
        ({"x": (10.5, 20.5), "y": (21.5, 30)}, (22, 10, 30, 20)),
        ({"x": (700, 900), "y": (-700, 10)}, (0, 700, 10, 800)),
        ({"x": (50, 40)}, (0, 50, 600, 50)),
        ({"x": (900, 1000)}, (0, 800, 600, 800)),
    ],
)
def test_a_region_is_these_pixels(asked: dict[str, Any], box: tuple[int, ...]) -> None:
    assert find_box(SLIDE, **asked) == Box(*box)


@pytest.mark.parametrize(
    ("frame", "asked", "says"),
    [
        (SLIDE, {"units": "parsecs"}, "units='parsecs'"),
        (SLIDE, {"x": (1, 2), "width": 3}, "both ends and a length"),
        (SLIDE, {"x": "12"}, "x='12'"),
        (SLIDE, {"y": (1, 2, 3)}, "begin, end"),
        (SLIDE, {"y": slice(1, 2)}, "begin, end"),
        (SLIDE, {"x": (math.nan, 2)}, "lies at nan"),
        (SLIDE, {"units": "mag", "magnification": -1}, "magnification=-1"),
        (UNKNOWN, {"units": "um"}, "size of pixels along Y is not known"),
        (UNKNOWN, {"units": "mag", "magnification": 10}, "magnification is not known"),
    ],
)
def test_what_means_nothing_is_said(frame: Frame, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(RegionError, match=says):
        find_box(frame, **asked)


@given(st.tuples(st.integers(-900, 900), st.integers(-900, 900)))
def test_whole_pixels_are_a_numpy_slice(side: tuple[int, int]) -> None:
    """But for an end of 0 from a negative begin, which numpy takes for the first pixel, and beyond the image."""
    box = find_box(SLIDE, x=side)
    row = np.arange(800)
    first, last = (max(0, at + 800) if at < 0 else at for at in side)
    assert row[box.left : box.right].tolist() == row[first:last].tolist()


class TestFit:
    extent = Pair(6000, 8000)

    @pytest.mark.parametrize(
        ("limits", "found"),
        [
            ((None, 1000), (1000, 1333)),
            ((1000, 100), (100, 133)),
            ((333, None), (249, 333)),
            ((1, None), (1, 1)),
            ((16000, None), (12000, 16000)),
            ((None, None), (6000, 8000)),
        ],
    )
    def test_the_aspect_is_kept(self, limits: tuple[int | None, int | None], found: tuple[int, int]) -> None:
        assert fit(self.extent, None, *limits) == found

    @pytest.mark.parametrize(
        ("magnification", "found"), [(20, (500, 2000)), (15, (375, 1500)), (80, (2000, 8000)), (1.25, (31, 125))]
    )
    def test_pixels_of_a_magnification_are_whole(self, magnification: float, found: tuple[int, int]) -> None:
        assert fit(Pair(1000, 4000), SLIDE.reduction(magnification), None, None) == found

    def test_a_ratio_is_exact(self) -> None:
        assert fit(Pair(6000, 8000), SLIDE.reduction(7), None, None) == (1050, 1400)

    def test_a_box_only_makes_it_smaller(self) -> None:
        assert fit(self.extent, SLIDE.reduction(20), 1000, None) == (750, 1000)
        assert fit(self.extent, SLIDE.reduction(20), 100000, None) == (3000, 4000)

    @pytest.mark.parametrize("limit", [0, -5, 10.5, "100", True])
    def test_a_box_has_pixels(self, limit: Any) -> None:
        with pytest.raises(RegionError, match="max_width="):
            fit(self.extent, None, limit, None)

    @given(st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 4096), st.integers(1, 4096))
    def test_it_fits_and_touches(self, height: int, width: int, rows: int, columns: int) -> None:
        found = fit(Pair(height, width), None, columns, rows)
        assert 1 <= found[0] <= rows
        assert 1 <= found[1] <= columns
        assert found[0] == rows or found[1] == columns


class TestConvert:
    slide = omio.MicroscopyDataset.from_array(np.zeros((600, 800), "u1"), pixel_size={"Y": 0.25, "X": 0.25})

    def test_points_and_regions_keep_what_they_are(self) -> None:
        assert self.slide.convert({"x": 1000, "y": 500}, to="mag", to_magnification=10) == {"x": 250, "y": 125}
        assert self.slide.convert({"x": (1000, None), "width": 4000}, to="mm") == {"x": (0.25, None), "width": 1.0}
        assert self.slide.convert({"y": 0.5}, units="fraction", to="um") == {"y": 75.0}

    def test_there_and_back(self) -> None:
        where = {"x": 1.5, "y": 3.0, "width": 4.0, "height": 5.0}
        there = self.slide.convert(where, to="nm")
        assert self.slide.convert(there, units="nm", to="px") == pytest.approx(where)

    def test_other_names_are_refused(self) -> None:
        with pytest.raises(RegionError, match="'left'"):
            self.slide.convert({"left": 1}, to="um")
        with pytest.raises(RegionError, match="'a'"):
            self.slide.convert({"x": (1, "a")}, to="um")

    def test_units_are_words(self) -> None:
        with pytest.raises(OptionError, match=r"units=None\. Give a text"):
            self.slide.region(units=None)  # type: ignore[arg-type]

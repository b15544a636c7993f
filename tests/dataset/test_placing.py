"""Images placed in pixels: those on top hide others, backgrounds are filled, and only what is seen is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import omio
from omio.errors import MergeError, PolicyError, RegionError


def image(value: int, shape: tuple[int, ...] = (20, 30), **known: Any) -> omio.MicroscopyDataset:
    return omio.MicroscopyDataset.from_array(np.full(shape, value, np.uint8), "YX", **known)


def test_images_lie_where_they_are_put_the_last_on_top() -> None:
    found = omio.mosaic([image(1), image(2)], [(0, 0), (25, 10)], fill=9).load()[0, 0, 0]
    expected = np.full((30, 55), 9, np.uint8)
    expected[:20, :30] = 1
    expected[10:, 25:] = 2
    assert np.array_equal(found, expected)


def test_planes_begin_at_negative_positions() -> None:
    known = {"Y": 0.5, "X": 0.25}
    found = omio.mosaic([image(1, pixel_size=known), image(2, pixel_size=known)], [(-8, -4), (0, 0)])
    assert found.shape[3:] == (24, 38)
    assert [axis.origin for axis in found.metadata.axes[3:5]] == [-2.0, -2.0]
    assert found.pixel_size == {"Z": None, "Y": 0.5, "X": 0.25}


def test_a_plane_of_given_size_cuts_off_what_lies_outside() -> None:
    found = omio.mosaic([image(1), image(2)], [(-5, -5), (40, 30)], size=(50, 60))
    assert found.shape[3:] == (60, 50)
    pixels = found.load()[0, 0, 0]
    assert [int((pixels == value).sum()) for value in (1, 2)] == [25 * 15, 10 * 20]
    assert omio.mosaic([image(1)], [(0, 0)], size=(100, 80)).shape[3:] == (80, 100)


def test_images_are_scaled_before_they_are_placed() -> None:
    gradient = omio.MicroscopyDataset.from_array(np.arange(600, dtype=np.uint16).reshape(20, 30))
    found = omio.mosaic([gradient, gradient], [(0, 0), (0, 0)], scales=[2, 1], resample="nearest").load()[0, 0, 0]
    assert found.shape == (40, 60)
    assert np.array_equal(found[:20, :30], gradient.load()[0, 0, 0])
    assert np.array_equal(found[20:], gradient.load()[0, 0, 0].repeat(2, 0).repeat(2, 1)[20:])


def test_dtypes_are_joined_to_one_that_holds_all() -> None:
    wide = image(2).astype("uint16")
    assert omio.mosaic([image(1), wide], [(0, 0), (30, 0)]).dtype == np.uint16


def test_pixel_sizes_that_differ_are_not_known_of_the_whole() -> None:
    a, b = image(1, pixel_size={"X": 0.5}), image(2, pixel_size={"X": 0.25})
    assert omio.mosaic([a, b], [(0, 0), (30, 0)]).pixel_size["X"] is None


def test_images_lie_on_whole_pixels() -> None:
    with pytest.raises(RegionError, match="whole pixels"):
        omio.mosaic([image(1), image(2)], [(0, 0), (10.5, 3)])  # type: ignore[list-item]
    places: Any = np.array([[2, 3]])
    found = omio.mosaic([image(1)], places)
    assert found.shape[3:] == (23, 32)
    assert repr(found.metadata.provenance[-1]).startswith("Step(action='mosaic', positions=[[2, 3]]")


def test_what_does_not_fit_is_refused() -> None:
    stack = omio.MicroscopyDataset.from_array(np.zeros((3, 20, 30), np.uint8), "ZYX")
    with pytest.raises(MergeError, match="Z"):
        omio.mosaic([image(1), stack], [(0, 0), (9, 9)])
    with pytest.raises(PolicyError):
        omio.mosaic([image(1)], [(0, 0)], fill=-1)
    calls: list[tuple[list[tuple[int, int]], Any]] = [
        ([], None),
        ([(0, 0)] * 2, None),
        ([(0, 0)], [0]),
        ([(0, 0)], [1, 2]),
    ]
    for positions, scales in calls:
        with pytest.raises(RegionError):
            omio.mosaic([image(1)], positions, scales=scales)

"""One pixel."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import omio
from omio.errors import RegionError, TileRangeError

GREY = omio.MicroscopyDataset.from_array(
    np.arange(2 * 3 * 4 * 5, dtype="u2").reshape(2, 3, 4, 5), "ZCYX", channels=["a", "b", "c"],
    pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.25},
)  # fmt: skip


def test_all_channels_are_read_and_the_place_is_told() -> None:
    found = GREY.pixel(3, 2, z=1)
    assert found["value"] == GREY.load()[0, 1, :, 2, 3].tolist()
    assert (found["x"], found["y"], found["channels"]) == (3, 2, ["a", "b", "c"])
    assert found["position"] == {"Z": 2.0, "Y": 1.0, "X": 0.75}
    assert json.loads(json.dumps(found)) == found


def test_one_channel_is_read() -> None:
    assert GREY.pixel(3, 2, c=2)["value"] == [GREY.load()[0, 0, 2, 2, 3]]


def test_samples_are_the_value_of_rgb() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    assert omio.MicroscopyDataset.from_array(pixels, "YXS").pixel(4, 1)["value"] == pixels[1, 4].tolist()


def test_a_point_lies_in_a_pixel() -> None:
    found = GREY.pixel(0.8, 1.1, units="um")
    assert (found["x"], found["y"]) == (3, 2)
    assert (GREY.pixel(3.9, 0)["x"], GREY.pixel(0.5, 0.5, units="fraction")["y"]) == (3, 2)


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (5, 0), (0, 4), (-0.1, 0)])
def test_outside_is_nothing(x: float, y: float) -> None:
    assert GREY.pixel(x, y) == {}


@pytest.mark.parametrize("plane", [{"z": 2}, {"z": -1}, {"t": 1}, {"c": 3}])
def test_there_is_no_other_plane(plane: dict[str, Any]) -> None:
    with pytest.raises(TileRangeError):
        GREY.pixel(0, 0, **plane)


def test_coordinates_are_numbers() -> None:
    with pytest.raises(RegionError, match="nan"):
        GREY.pixel(float("nan"), 0)

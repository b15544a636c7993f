"""Montages: planes side by side, lazily, with pixels of true size."""

from __future__ import annotations

import numpy as np
import pytest

import omio
from omio.errors import AxesError, OptionError, RegionError


def stack(shape: tuple[int, ...] = (2, 3, 4, 75, 100)) -> omio.MicroscopyDataset:
    pixels = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    return omio.MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.25}, channels=list("abcd"))


@pytest.mark.parametrize(("count", "shape"), [(5, (150, 300)), (24, (375, 500)), (1, (75, 100))])
def test_planes_stand_in_a_square_unless_said_otherwise(count: int, shape: tuple[int, int]) -> None:
    ds = omio.MicroscopyDataset.from_array(np.zeros((count, 75, 100), np.uint8), "TYX")
    assert ds.montage().shape[3:] == shape


def test_planes_follow_in_the_order_of_dims() -> None:
    ds = stack()
    pixels = ds.load()
    found = ds.montage("TCZ", columns=12).load()[0, 0, 0]
    assert found.shape == (150, 1200)
    for t, c, z in np.ndindex(2, 4, 3):
        number = (t * 4 + c) * 3 + z
        row, column = divmod(number, 12)
        assert np.array_equal(found[row * 75 :, column * 100 :][:75, :100], pixels[t, z, c])


def test_other_dims_stay() -> None:
    found = stack().montage("Z", columns=2, gap=5, fill=9)
    assert found.shape == (2, 1, 4, 155, 205)
    assert [channel.name for channel in found.metadata.channels] == list("abcd")
    assert (found.load()[..., 75:80, :] == 9).all()
    assert (found.load()[..., 80:, 105:] == 9).all()


def test_pixels_keep_their_size_and_nothing_is_said_of_what_was_mixed() -> None:
    found = stack().montage("C")
    assert found.pixel_size == {"Z": None, "Y": 0.5, "X": 0.25}
    assert not found.facts.channels
    assert found.metadata.provenance[-1].action == "montage"


def test_a_part_reads_what_it_shows() -> None:
    ds = stack()
    found = ds.montage("TCZ")
    whole = found.load()
    assert np.array_equal(found.isel(Y=slice(70, 200, 3), X=[0, 399, 120]).load(), whole[..., 70:200:3, [0, 399, 120]])


def test_colours_stay_samples() -> None:
    ds = omio.MicroscopyDataset.from_array(np.ones((3, 10, 12, 3), np.uint8), "ZYXS")
    assert ds.montage().shape == (1, 1, 1, 20, 24, 3)


@pytest.mark.parametrize("dims", ["", "TT", "X", "S"])
def test_other_dims_have_no_planes(dims: str) -> None:
    with pytest.raises(AxesError):
        stack().montage(dims)


def test_impossible_layouts_are_refused() -> None:
    for columns, gap in ((0, 0), (2, -1)):
        with pytest.raises(RegionError):
            stack().montage("TCZ", columns, gap=gap)
    for wrong in ({"gap": 1.5}, {"columns": 2.0}):
        with pytest.raises(OptionError, match="Give a whole number"):
            stack().montage("TCZ", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("fill", [256, -1, 1.5])
def test_a_ground_that_the_dtype_does_not_hold_is_refused(fill: float) -> None:
    ds = omio.MicroscopyDataset.from_array(np.zeros((3, 10, 12), np.uint8), "ZYX")
    with pytest.raises(RegionError, match="no value of uint8"):
        ds.montage("Z", columns=2, fill=fill)

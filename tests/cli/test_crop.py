"""The little language of ``--crop`` and ``--channel``."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

import omio
from omio.cli._crop import Crop, parse_crop, pick_channels
from omio.errors import SelectionError


def image() -> omio.MicroscopyDataset:
    pixels = np.arange(4 * 5 * 3 * 6 * 8, dtype=np.uint16).reshape(4, 5, 3, 6, 8)
    return omio.MicroscopyDataset.from_array(
        pixels,
        pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.5},
        time_increment=30.0,
        channels=["DAPI", "EGFP", "1"],
    )


@pytest.mark.parametrize(
    ("text", "crop"),
    [
        ("X=0:512", Crop({"X": slice(0, 512)})),
        ("x=:512,Y=-5:", Crop({"X": slice(None, 512), "Y": slice(-5, None)})),
        ("T=::2", Crop({"T": slice(None, None, 2)})),
        ("T=::-1", Crop({"T": slice(None, None, -1)})),
        ("C=1", Crop({"C": 1})),
        ("Z=2um:8um", Crop({}, {"Z": slice(2.0, 8.0)})),
        ("Z=500nm:.01mm", Crop({}, {"Z": slice(0.5, 10.0)})),
        ("Z= 2 µm : ", Crop({}, {"Z": slice(2.0, None)})),
        ("X=-1.5e1um", Crop({}, {"X": -15.0})),
        ("T=30s:1.5min,Y=3", Crop({"Y": 3}, {"T": slice(30.0, 90.0)})),
    ],
)
def test_reads(text: str, crop: Crop) -> None:
    assert parse_crop(text) == crop


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not of the form"),
        ("Q=1", "not of the form"),
        ("X", "not of the form"),
        ("X=1,X=2", "twice"),
        ("X=", "neither a number nor a range"),
        ("X=1:2:3:4", "neither a number nor a range"),
        ("X=a", "no number"),
        ("X=0:8um", "mixes"),
        ("X=0um:8um:2um", "only pixels have a step"),
        ("X=::0", "step of 0"),
        ("X=1.5", "whole number"),
        ("X=1parsec", "no unit"),
        ("T=1um:2um", "no unit"),
        ("Z=1s:2s", "no unit"),
        ("C=1um", "takes no unit"),
    ],
)
def test_refuses(text: str, why: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=why):
        parse_crop(text)


def test_pixels_exclude_the_end_and_positions_include_it() -> None:
    assert parse_crop("Z=0:3").apply(image()).sizes["Z"] == 3
    part = parse_crop("Z=0um:4um,T=30s:90s,X=::2").apply(image())
    assert (part.sizes["Z"], part.sizes["T"], part.sizes["X"]) == (3, 3, 4)
    assert part.metadata.axis("T").origin == 30.0
    np.testing.assert_array_equal(part.load(), image().load()[1:4, :3, :, :, ::2])


def test_channels_come_by_name_before_number() -> None:
    names = [channel.name for channel in pick_channels(image(), ["EGFP", "0"]).metadata.channels]
    assert names == ["EGFP", "DAPI"]
    assert pick_channels(image(), ["1"]).metadata.channels[0].name == "1"
    assert pick_channels(image(), []).sizes["C"] == 3


def test_an_unknown_channel_is_named_with_those_that_exist() -> None:
    with pytest.raises(SelectionError, match=r"no channel 'Cy5'\. There are DAPI, EGFP, 1"):
        pick_channels(image(), ["DAPI", "Cy5"])
    with pytest.raises(SelectionError):
        pick_channels(image(), ["7"])

"""What cannot be meant of many files is named, never an error from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    for name in ("t1_GFP", "t1_DAPI", "t2_GFP", "t2_DAPI"):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((4, 6), np.uint16), metadata=None)
    return str(tmp_path / "t{T}_{C}.tif")


@pytest.mark.parametrize(
    "options",
    [
        {"fill_value": "x"},
        {"fill_value": None},
        {"axes_order": 5},
        {"categories": {"C": 5}},
        {"categories": {"C": []}},
        {"categories": {"C": [1, 2]}},
        {"categories": {"C": {"GFP": "x", "DAPI": 1}}},
        {"categories": {5: ["GFP"]}},
    ],
    ids=repr,
)
def test_options_that_mean_nothing(pattern: str, options: Any) -> None:
    with pytest.raises(omio.errors.OptionError):
        omio.open(pattern, **options)


def test_a_pattern_that_is_no_text(pattern: str) -> None:
    with pytest.raises(omio.errors.OptionError, match="pattern=5"):
        omio.open(pattern.replace("t{T}_{C}", "*"), pattern=5)


def test_categories_of_any_list(pattern: str) -> None:
    image = omio.open(pattern, categories={"C": np.array(["GFP", "DAPI"])})

    assert [channel.name for channel in image.metadata.channels] == ["GFP", "DAPI"]


@pytest.mark.parametrize("files", [[None, None], [1, 2], ["a.tif", b"b.tif"]])
def test_lists_of_what_is_no_path(files: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match="path"):
        omio.open(files, along="T")


def test_numbers_wider_than_names(pattern: str) -> None:
    with pytest.raises(omio.errors.FileMissingError):
        omio.open(pattern.replace("{T}", "{T:99999999999d}"))


@pytest.mark.parametrize("made", [None, [["a"]], [[object()]]], ids=["None", "text", "object"])
def test_readers_that_return_no_numbers(pattern: str, made: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match="no array of numbers"):
        omio.open(pattern, reader=lambda _: made)

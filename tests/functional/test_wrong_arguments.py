"""Arguments and metadata that mean nothing cost an error that names them, never one from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.zeros((1, 1, 1, 4, 6), np.uint16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cells.ome.tif"
    makers.ome_tiff(path)
    return path


@pytest.mark.parametrize("name", [None, 5, b"x", "", "a\0b", [None], [""], np.zeros((2, 2))], ids=repr)
def test_names_that_are_none(name: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match="is no path"):
        omio.imread(name)
    with pytest.raises(omio.errors.OptionError, match="is no path"):
        omio.imconvert(name)
    with pytest.raises(omio.errors.OptionError, match=r"is no path|names are given"):
        omio.imwrite(name, PIXELS, None)


def test_an_empty_name_does_not_mean_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makers.ome_tiff(tmp_path / "cells.ome.tif")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(omio.errors.OptionError, match="fname=''"):
        omio.imread("")


def test_a_name_with_a_nul_is_missing() -> None:
    with pytest.raises(omio.errors.FileMissingError):
        omio.open("a\0b.tif")


@pytest.mark.parametrize("sizes", [5, "abc", (1, 2), ("a", "b", "c"), (float("nan"), 1, 1), (1, 1, float("inf"))])
def test_sizes_that_are_none(path: Path, sizes: Any) -> None:
    with pytest.raises(omio.errors.MetadataError, match="physicalsize_xyz="):
        omio.imread(path, physicalsize_xyz=sizes)


@pytest.mark.parametrize("level", ["0", None, 1.5])
def test_levels_that_are_none(path: Path, level: Any) -> None:
    with pytest.raises(omio.errors.SceneError, match="no level"):
        omio.imread(path, level=level)


@pytest.mark.parametrize(
    "metadata",
    [
        5,
        "text",
        {"axes": 5},
        {"SamplesPerPixel": "three"},
        {"PhysicalSizeX": 1.0, "PhysicalSizeXUnit": 5},
        {"Annotations": 5},
        {"Annotations": "text"},
        {"Annotations": {"provenance": "x"}},
        {"Annotations": {"provenance": [1]}},
        {"Annotations": {"provenance": [{}]}},
    ],
    ids=repr,
)
def test_metadata_that_means_nothing(tmp_path: Path, metadata: Any) -> None:
    with pytest.raises(omio.errors.MetadataError):
        omio.imwrite(tmp_path / "out.ome.tif", PIXELS, metadata)
    assert list(tmp_path.iterdir()) == []


def test_notes_may_have_any_key(tmp_path: Path) -> None:
    told: dict[Any, Any] = {5: "five", "Annotations": {6: "six"}}
    omio.imwrite(tmp_path / "out.ome.tif", PIXELS, told)

    _, metadata = omio.imread(tmp_path / "out.ome.tif")
    assert (metadata["Annotations"]["5"], metadata["Annotations"]["6"]) == ("five", "six")


def test_one_allowed_folder_is_not_a_list_of_letters(path: Path) -> None:
    image = omio.open(path, allow_outside=str(path.parent.parent))

    assert image._associated.options.allow_outside == (str(path.parent.parent),)  # type: ignore[attr-defined]


def test_opening_an_empty_name_does_not_open_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers.ome_tiff(tmp_path / "cells.ome.tif")
    monkeypatch.chdir(tmp_path)

    for call in (omio.open, omio.open_collection):
        with pytest.raises(omio.errors.FileMissingError, match="the name is empty"):
            call("")

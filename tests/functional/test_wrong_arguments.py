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
    with pytest.raises(omio.errors.OptionError, match="fname="):
        omio.imread(name)
    with pytest.raises(omio.errors.OptionError, match="fname="):
        omio.imconvert(name)
    with pytest.raises(omio.errors.OptionError, match="fname="):
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
    with pytest.raises((omio.errors.OptionError, omio.errors.MetadataError), match="physicalsize_xyz="):
        omio.imread(path, physicalsize_xyz=sizes)


@pytest.mark.parametrize("level", ["0", None, 1.5])
def test_levels_that_are_none(path: Path, level: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match="level="):
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
    with pytest.raises((omio.errors.OptionError, omio.errors.MetadataError)):
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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for subject in ("ID1", "ID2"):
        (tmp_path / subject).mkdir()
        makers.ome_tiff(tmp_path / subject / "cells.ome.tif", makers.cells((1, 1, 1, 16, 16)))
        makers.ome_tiff(tmp_path / subject / "map.ome.tif", makers.cells((1, 1, 1, 16, 16)))
    return tmp_path


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"image_patterns": "cells*.tif"}, 2),
        ({"exclude_name_contains": "ap"}, 2),
        ({"subject_ids": "ID2"}, 2),
        ({"tag_folder_levels": None}, 4),
    ],
)
def test_one_word_is_not_taken_for_its_letters(project: Path, options: Any, count: int) -> None:
    assert len(omio.discover_bids_like_batch_images(project, **options)) == count


@pytest.mark.parametrize(
    "options",
    [
        {"image_patterns": 5},
        {"exclude_name_contains": 5},
        {"subject_ids": [5]},
        {"subject_prefix": 5},
        {"tag_folder_levels": 5},
        {"folder_stacks": 5},
        {"output_suffix": "/../x"},
        {"output_suffix": 5},
        {"output_folder_name": 5},
        {"process_func": 5},
    ],
    ids=repr,
)
def test_options_of_a_batch_that_mean_nothing(project: Path, options: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match=next(iter(options))):
        omio.bids_batch_process(project, **options)
    assert not (project / "omio_converted").exists()


def test_a_shape_that_can_be_read_once() -> None:
    lengths: Any = (length for length in (2, 3))
    assert omio.create_empty_image(lengths).shape == (1, 1, 1, 2, 3)


@pytest.mark.parametrize("shape", [5, "ab", (1.5, 2), (-1, 2), None])
def test_shapes_that_are_none(shape: Any) -> None:
    with pytest.raises(omio.errors.OptionError, match=r"is no shape|shape="):
        omio.create_empty_image(shape)


def test_a_fill_of_nan() -> None:
    assert np.isnan(omio.create_empty_image((2, 3), "float32", float("nan"))).all()
    with pytest.raises(omio.errors.OptionError, match="does not hold"):
        omio.create_empty_image((2, 3), "uint8", 300)


@pytest.mark.parametrize("seconds", ["x", -1, 0, float("nan"), float("inf")])
def test_times_that_are_none(seconds: Any) -> None:
    with pytest.raises((omio.errors.OptionError, omio.errors.MetadataError), match="time_increment="):
        omio.create_empty_metadata(time_increment=seconds)


def test_cleaning_up_nothing_cleans_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makers.ome_tiff(tmp_path / "cells.ome.tif")
    copy, _ = omio.imread(tmp_path / "cells.ome.tif", zarr_store="disk")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(omio.errors.OptionError, match="is no path"):
        omio.cleanup_omio_cache("")
    assert copy[...].any()


def test_an_empty_folder_in_a_list_is_left_out_where_that_is_wanted(tmp_path: Path) -> None:
    makers.ome_tiff(tmp_path / "cells.ome.tif")
    (tmp_path / "empty").mkdir()

    images, _ = omio.imread([tmp_path / "cells.ome.tif", tmp_path / "empty"], on_error="skip")
    assert len(images) == 1


def test_pages_and_widths_that_are_none(tmp_path: Path) -> None:
    makers.stack(tmp_path / "stack.tif")

    with pytest.raises(omio.errors.OptionError, match=r"pages=1\.5"):
        omio.open(tmp_path / "stack.tif", axes="ZYX", pages=1.5)  # type: ignore[arg-type]
    with pytest.raises(omio.errors.OptionError, match="widths=5"):
        omio.open(tmp_path / "stack.tif", axes="ZYX").pad(5)  # type: ignore[arg-type]

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaozarrs

import omio
from omio.collection.writing import write_set
from omio.errors import PolicyError
from tests.support.schema import schema_errors
from tests.writers.zarr.images import dataset, nuclei, rich

if TYPE_CHECKING:
    from pathlib import Path

    from omio.writers.report import WriteReport

VERSIONS = ["0.4", "0.5"]


def collection(path: Path, version: str = "0.5") -> WriteReport:
    return write_set(
        {"first one": rich(), "second": dataset(dtype="int8")}, path, None, None, version=version, levels=2
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_collection_comes_back_by_its_keys(tmp_path: Path, version: str) -> None:
    report = collection(tmp_path / "set.ome.zarr", version)

    again = omio.open_collection(report.path)
    assert list(again) == ["first one", "second"]
    assert again["first one"].identical(rich())
    assert again["second"].identical(dataset(dtype="int8"))
    assert report.lost == ()
    for place in ("", "/first one") if version == "0.5" else ("/first one",):  # a set of 0.4 says no version
        yaozarrs.validate_zarr_store(report.path + place)


def test_a_second_round_trip_adds_nothing(tmp_path: Path) -> None:
    with omio.open_collection(collection(tmp_path / "a.ome.zarr").path) as first:
        first.to_omezarr(tmp_path / "b.zarr.zip", version="0.4")

    again = omio.open_collection(tmp_path / "b.zarr.zip")
    assert again["first one"].identical(rich())


def test_ome_xml_describes_all_images(tmp_path: Path) -> None:
    collection(tmp_path / "set.ome.zarr")

    text = (tmp_path / "set.ome.zarr" / "OME" / "METADATA.ome.xml").read_bytes()
    assert schema_errors(text) == []
    assert text.count(b"<Image ") == 2


def test_keys_that_are_no_names_of_folders_become_numbers(tmp_path: Path) -> None:
    write_set({"a/b": dataset(), "..": dataset()}, tmp_path / "set.ome.zarr", None, None)

    assert list(omio.open_collection(tmp_path / "set.ome.zarr")) == ["0", "1"]


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no images"):
        write_set({}, tmp_path / "set.ome.zarr", None, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plate_comes_back_by_row_column_and_field(tmp_path: Path, version: str) -> None:
    fields = {"A/1/0": rich(), "A/1/1": dataset(), "B/12/0": dataset(dtype="uint8"), "B/2/0": nuclei()}

    report = omio.Plate.write(fields, tmp_path / "plate.ome.zarr", name="screen", version=version)

    plate = omio.Plate.open(report.path)
    assert (plate.name, plate.rows, plate.columns) == ("screen", ("A", "B"), ("1", "2", "12"))
    assert all(plate.fields[key].identical(image) for key, image in fields.items())
    yaozarrs.validate_zarr_store(report.path)


def test_a_plate_that_was_read_is_written_with_all_its_rows(tmp_path: Path) -> None:
    omio.Plate.write({"A/1/0": dataset(), "C/3/0": dataset()}, tmp_path / "a.ome.zarr")
    with omio.Plate.open(tmp_path / "a.ome.zarr") as plate:
        plate.to_omezarr(tmp_path / "b.ome.zarr", version="0.4")
        again = omio.Plate.open(tmp_path / "b.ome.zarr")
        assert (again.rows, again.columns, list(again.wells)) == (plate.rows, plate.columns, list(plate.wells))
        assert again.field("C", 3).identical(plate.field("C", 3))


@pytest.mark.parametrize("key", ["A/1", "A/1/0/0", "A//0", "../1/0"])
def test_what_is_no_place_on_a_plate_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(PolicyError, match="no place of a field"):
        omio.Plate.write({key: dataset()}, tmp_path / "plate.ome.zarr")

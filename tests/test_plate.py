"""Plates by row, column and field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import zarr

import omio
from omio.errors import ClosedError, DamagedFileError, SceneError, UnsupportedFormatError
from tests.backends.zarr.made import write_image
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a plate of 2 x 3, of which two wells were imaged, the first twice."""
    root = tmp_path / "plate.ome.zarr"
    wells = [{"path": "A/01", "rowIndex": 0, "columnIndex": 0}, {"path": "B/03", "rowIndex": 1, "columnIndex": 2}]
    plate: dict[str, Any] = {
        "name": "screen 1",
        "rows": [{"name": "A"}, {"name": "B"}],
        "columns": [{"name": "01"}, {"name": "02"}, {"name": "03"}],
        "acquisitions": [{"id": 1, "name": "first", "starttime": 1343731272000}, {"id": 2}],
        "wells": wells,
    }
    zarr.open_group(root, mode="w").attrs["ome"] = {"version": "0.5", "plate": plate}
    fields: dict[str, list[Any]] = {
        "A/01": [{"path": "0", "acquisition": 1}, {"path": "1", "acquisition": 2}],
        "B/03": [{"path": "0"}],
    }
    for well, images in fields.items():
        zarr.open_group(root / well, mode="w").attrs["ome"] = {"version": "0.5", "well": {"images": images}}
        for image in images:
            write_image(root / well / str(image["path"]), "yx")
    return root


def test_rows_columns_and_wells_are_those_of_the_document(path: Path) -> None:
    with omio.Plate.open(path) as plate:
        assert (plate.name, plate.rows, plate.columns) == ("screen 1", ("A", "B"), ("01", "02", "03"))
        assert list(plate) == list(plate.wells) == ["A/01", "B/03"]
        assert "A/01" in plate
        assert [(item.id, item.name) for item in plate.acquisitions] == [(1, "first"), (2, None)]
        assert plate.acquisitions[0].original["starttime"] == 1343731272000
        assert "2 x 3" in repr(plate)


def test_wells_are_named_by_path_or_by_row_and_column(path: Path) -> None:
    with omio.Plate.open(path) as plate:
        assert plate["A/01"] is plate["A", "01"] is plate["A", 1]
        assert (plate["B", 3].row, plate["B", 3].column) == ("B", "03")
        for key in ("A/02", ("A", 2), ("C", 1), ("A", "1")):
            with pytest.raises(SceneError, match="A/01, B/03"):
                plate[key]


def test_fields_are_datasets(path: Path) -> None:
    with omio.Plate.open(path) as plate:
        well = plate["A", 1]
        assert list(well.fields) == ["0", "1"]
        assert well.fields[1].identical(plate.fields["A/01/1"])
        assert plate.field("A", 1, "1").identical(well.fields[-1])
        assert {name: item and item.id for name, item in well.acquisitions.items()} == {"0": 1, "1": 2}
        assert plate["B/03"].acquisitions == {"0": None}
        assert well.fields.details("0")["version"] == "0.5"
        with pytest.raises(SceneError, match="A/01: no field '7'"):
            well.fields["7"]


def test_all_fields_are_what_open_collection_gives(path: Path) -> None:
    with omio.Plate.open(path) as plate, omio.open_collection(path) as scenes:
        assert list(plate.fields) == list(scenes) == ["A/01/0", "A/01/1", "B/03/0"]
    assert omio.open(path, scene="B/03/0").shape == (1, 1, 1, 7, 9)
    assert omio.open(path / "A/01", scene="1").shape == (1, 1, 1, 7, 9)
    assert omio.open(path / "A/01/0").shape == (1, 1, 1, 7, 9)


def test_wells_are_looked_into_only_when_asked(path: Path) -> None:
    (path / "B/03/zarr.json").write_text("no JSON")

    with omio.Plate.open(path) as plate:
        assert plate.field("A", 1).shape == (1, 1, 1, 7, 9)
        with pytest.raises(DamagedFileError, match=r"B/03/zarr\.json"):
            list(plate["B", 3].fields)
    assert omio.open(path, scene="A/01/1").shape == (1, 1, 1, 7, 9)


def test_closing_a_plate_ends_its_fields(path: Path) -> None:
    with omio.Plate.open(path) as plate:
        image = plate.field("A", 1)

    with pytest.raises(ClosedError):
        image.load()


def test_a_file_that_is_no_plate_is_told(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")

    with pytest.raises(UnsupportedFormatError, match="is no plate"):
        omio.Plate.open(tmp_path / "a.ome.zarr")


def test_plates_with_a_list_of_series_are_plates(path: Path) -> None:
    group = zarr.open_group(path, mode="r+")
    group.attrs["ome"] = {**dict(group.attrs["ome"]), "bioformats2raw.layout": 3}  # type: ignore[arg-type]

    with omio.Plate.open(path) as plate:
        assert plate.field("B", 3).shape == (1, 1, 1, 7, 9)


def test_wells_before_indices_are_named_by_their_path(tmp_path: Path) -> None:
    root = tmp_path / "plate.zarr"
    plate: Any = {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": [{"path": "A/1"}], "version": "0.1"}
    zarr.open_group(root, mode="w", zarr_format=2).attrs["plate"] = plate

    assert omio.Plate.open(root)["A", 1].path == "A/1"


def test_the_real_plate() -> None:
    with omio.Plate.open(real("gen/zarr-v04-hcs-plate.ome.zarr")) as plate:
        assert list(plate) == ["A/1", "A/2", "B/1"]
        assert plate.field("B", 1, 1).shape == (1, 1, 3, 167, 439)
        assert len(plate.fields) == 6

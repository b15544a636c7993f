"""OME-Zarr that is wrong in one way."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

import omio
from omio.checks import validate
from tests.backends.zarr import made
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from omio.checks import Report


WINDOW = {"min": 0, "max": 255, "start": 3, "end": 200}
CHANNELS = [{"label": name, "color": "00FF00", "window": WINDOW} for name in ("DAPI", "GFP", "Cy5")]
DOCUMENT = {"multiscales": [made.multiscales("tczyx")], "omero": {"channels": CHANNELS}}


@pytest.fixture(params=[2, 3], ids=["0.4", "0.5"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "cells.ome.zarr"
    made.write_image(path, zarr_format=request.param, document=DOCUMENT)
    return path


def document_of(path: Path) -> tuple[Path, dict[str, Any]]:
    name = "zarr.json" if (path / "zarr.json").exists() else ".zattrs"
    return path / name, json.loads((path / name).read_text())


def edited(path: Path, change: Any) -> None:
    """Change the OME part of a document in place."""
    file, document = document_of(path)
    change(document["attributes"]["ome"] if file.name == "zarr.json" else document)
    file.write_text(json.dumps(document))


def chunks(path: Path, level: str = "0") -> list[Path]:
    names = (".zarray", ".zattrs", "zarr.json")
    return sorted(file for file in (path / level).rglob("*") if file.is_file() and file.name not in names)


def errors(report: Report) -> str:
    return "\n".join(map(str, report.errors))


def test_a_good_image_has_no_problem(path: Path) -> None:
    assert validate(path, pixels=True).errors == ()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_samples_are_channels_of_the_document(tmp_path: Path, version: str) -> None:
    pixels = np.zeros((1, 1, 2, 16, 16, 3), np.uint8)
    omio.MicroscopyDataset.from_array(pixels, axes="TZCYXS").to_omezarr(tmp_path / "rgb.ome.zarr", version=version)
    assert validate(tmp_path / "rgb.ome.zarr").problems == ()


def test_zip_files_are_validated_alike(path: Path, tmp_path: Path) -> None:
    edited(path, lambda ome: ome["multiscales"][0].pop("axes"))
    file = tmp_path / "cells.ome.zarr.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for inner in sorted(path.rglob("*")):
            archive.write(inner, inner.relative_to(path))

    assert validate(file).errors == validate(path).errors != ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda ome: ome["multiscales"][0].pop("axes"), "axes"),
        (lambda ome: ome["multiscales"][0]["axes"].pop(0), ""),
        (lambda ome: ome["multiscales"][0]["datasets"][1].update(path="9"), "9"),
        (lambda ome: ome["multiscales"][0].update(datasets=[]), "datasets"),
        (lambda ome: ome["multiscales"][0].update(datasets="all"), "datasets"),
        (
            lambda ome: ome["multiscales"][0]["datasets"][0].pop("coordinateTransformations"),
            "coordinateTransformations",
        ),
        (lambda ome: ome.update(multiscales={"a": 1}), "no image"),
        (lambda ome: ome["omero"]["channels"].pop(), "omero describes 2 channels, and the image has 3"),
        (lambda ome: ome["omero"]["channels"].append({**CHANNELS[0]}), "omero describes 4 channels"),
    ],
)
def test_documents_that_are_wrong(path: Path, change: Any, text: str) -> None:
    edited(path, change)

    report = validate(path)

    assert not report.ok
    assert text in errors(report)


def test_a_level_whose_scale_contradicts_its_shape(path: Path) -> None:
    def change(ome: Any) -> None:
        ome["multiscales"][0]["datasets"][1]["coordinateTransformations"][0]["scale"][-1] *= 8

    edited(path, change)

    assert "level 1 has" in errors(validate(path))


def test_a_level_that_is_larger(path: Path) -> None:
    def change(ome: Any) -> None:
        datasets = ome["multiscales"][0]["datasets"]
        datasets[0]["path"], datasets[1]["path"] = "1", "0"

    edited(path, change)

    assert "level 1: is longer along Y, X than the level before it" in errors(validate(path))


def test_missing_chunks_are_counted_and_named(path: Path) -> None:
    gone = chunks(path)[2:7]
    for file in gone:
        file.unlink()

    report = validate(path, pixels=True)

    assert report.ok
    text = next(problem.text for problem in report.warnings if problem.place == "0")
    assert text.startswith("5 of 72 chunks are missing and read as 0: ")
    assert all(file.relative_to(path / "0").as_posix() in text for file in gone[:3])
    assert text.endswith(", …")


@pytest.mark.parametrize("content", [b"", b"\x28\xb5\x2f\xfd damaged"])
def test_chunks_that_do_not_decode(path: Path, content: bytes) -> None:
    broken = chunks(path, "1")[:2]
    for file in broken:
        file.write_bytes(content)

    found = errors(validate(path, pixels=True))

    for file in broken:
        assert file.relative_to(path).as_posix() in found
    assert found.count("\n") == 1


def test_a_shard_with_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "sharded.ome.zarr"
    made.write_image(path, document=DOCUMENT)
    shutil.rmtree(path / "0")
    zarr.open_group(path).create_array("0", data=made.pixels("tczyx"), chunks=(1, 1, 1, 4, 4), shards=(1, 1, 2, 8, 12))
    assert validate(path, pixels=True).errors == ()
    shard = chunks(path)[1]
    data = bytearray(shard.read_bytes())
    data[-20] ^= 0xFF
    shard.write_bytes(data)

    assert shard.relative_to(path).as_posix() in errors(validate(path, pixels=True))


def test_arrays_that_cannot_be(path: Path) -> None:
    file = path / "0" / ("zarr.json" if (path / "0" / "zarr.json").exists() else ".zarray")
    document = json.loads(file.read_text())
    document["shape"] = [-5, *document["shape"][1:]]
    file.write_text(json.dumps(document))

    assert not validate(path).ok


@pytest.mark.parametrize("text", ["", "[" * 100_000, '"a"', "{"])
def test_root_documents_that_are_none(path: Path, text: str) -> None:
    document_of(path)[0].write_text(text)

    assert not validate(path).ok


@pytest.fixture
def labelled(path: Path) -> Path:
    group = zarr.open_group(path)
    version = 3 if (path / "zarr.json").exists() else 2
    labels = group.create_group("labels")
    cells = labels.create_group("cells")
    data = np.zeros((2, 1, 2, 7, 9), np.uint8)
    for level in range(2):
        cells.create_array(str(level), data=data[..., :: 2**level, :: 2**level], chunks=(1, 1, 1, 4, 4))
    document: dict[str, Any] = {
        "multiscales": [made.multiscales("tczyx")],
        "image-label": {"version": "0.4", "source": {"image": "../../"}},
    }
    if version == 3:
        document["image-label"].pop("version")
        labels.attrs["ome"] = {"version": "0.5", "labels": ["cells"]}
        cells.attrs["ome"] = {"version": "0.5", **document}
    else:
        document["multiscales"][0]["version"] = "0.4"
        labels.attrs["labels"] = ["cells"]
        cells.attrs.update(document)
    return path


def test_good_labels_have_no_problem(labelled: Path) -> None:
    assert validate(labelled, pixels=True).errors == ()


def test_labels_of_another_image(labelled: Path) -> None:
    edited(labelled / "labels" / "cells", lambda ome: ome["image-label"]["source"].update(image="../other"))

    assert "where no image is" in errors(validate(labelled))


def test_labels_that_are_listed_and_absent(labelled: Path) -> None:
    shutil.rmtree(labelled / "labels" / "cells")

    assert "cells" in errors(validate(labelled))


def test_labels_that_are_damaged(labelled: Path) -> None:
    array = zarr.open_group(labelled)["labels/cells/0"]
    assert isinstance(array, zarr.Array)
    array[...] = 1
    chunks(labelled / "labels" / "cells")[0].write_bytes(b"no")

    assert "label 'cells'" in errors(validate(labelled, pixels=True))


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    source = real("gen/zarr-v04-hcs-plate.ome.zarr")
    return shutil.copytree(source, tmp_path / "plate.ome.zarr")


def test_a_good_plate_has_no_problem(plate: Path) -> None:
    assert validate(plate, pixels=True).problems == ()


def test_a_well_that_is_listed_and_absent(plate: Path) -> None:
    well = next(file.parent for file in sorted(plate.rglob(".zattrs")) if "well" in json.loads(file.read_text()))
    shutil.rmtree(well)

    assert well.relative_to(plate).as_posix() in errors(validate(plate))


def test_a_field_that_is_listed_and_absent(plate: Path) -> None:
    field = next(
        file.parent for file in sorted(plate.rglob(".zattrs")) if "multiscales" in json.loads(file.read_text())
    )
    shutil.rmtree(field)

    assert field.relative_to(plate).as_posix().split("/")[0] in errors(validate(plate))


def test_arrays_of_text_beside_images_are_no_problem() -> None:
    assert validate(real("zarr-v04-cardiomyocyte-mip.zarr")).ok


def test_nothing_is_read_outside_of_the_hierarchy(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path, tmp_path / "secret.zarr")
    shutil.rmtree(path / "1")
    (path / "1").symlink_to(tmp_path / "secret.zarr" / "1")

    assert "leads out of the hierarchy" in errors(validate(path, pixels=True))
    assert validate(path, pixels=True, allow_outside=[tmp_path]).errors == ()


def test_series_of_older_versions_are_told_and_not_compared(path: Path) -> None:
    if (path / "zarr.json").exists():
        pytest.skip("0.5 has no older form")
    root = path.with_name("series.zarr")
    zarr.open_group(root, mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    shutil.copytree(path, root / "0")
    edited(root / "0", lambda ome: ome["multiscales"][0].update(version="0.3", axes=list("tczyx")))

    report = validate(root, pixels=True)

    assert report.ok
    assert any("0.3" in problem.text for problem in report.warnings)

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import zarr

import omio
from omio.backends.zarr.backend import OmeZarrBackend
from omio.errors import AxesError, ChangedFileError, DamagedFileError, SceneError
from omio.testing import BackendTests
from tests.backends.zarr.made import multiscales, pixels, write_image

if TYPE_CHECKING:
    from pathlib import Path


class TestConformanceOfVersion5(BackendTests):
    backend = OmeZarrBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        write_image(tmp_path / "cells.ome.zarr")
        return tmp_path / "cells.ome.zarr"


class TestConformanceOfVersion4InZip(BackendTests):
    backend = OmeZarrBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        write_image(tmp_path / "cells.zarr", zarr_format=2)
        return zipped(tmp_path / "cells.zarr", tmp_path / "cells.zarr.zip")


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return target


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("axes", ["tczyx", "czyx", "zyx", "yx", "xyc", "yxzct"])
def test_axes_of_any_order_become_tzcyx(tmp_path: Path, zarr_format: Literal[2, 3], axes: str) -> None:
    document: Any = {"multiscales": [multiscales(axes, levels=1)]}
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=zarr_format)
    group.attrs.update({"ome": {"version": "0.5", **document}} if zarr_format == 3 else document)
    group.create_array("0", data=pixels(axes), chunks=(3,) * len(axes))

    image = omio.open(tmp_path / "a.zarr")

    order = [axes.index(axis) for axis in "tzcyx" if axis in axes]
    np.testing.assert_array_equal(image.load(), pixels(axes).transpose(order).reshape(image.shape))


def test_sizes_are_in_micrometres_and_seconds(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr")

    image = omio.open(tmp_path / "a.ome.zarr")

    assert image.pixel_size == {"Z": 0.5, "Y": 0.25, "X": 0.125}
    assert image.metadata.time_increment == 2.0
    assert [level.pixel_size["X"] for level in image.levels] == [0.125, 0.25]


def test_channels_are_taken_as_far_as_they_say_something(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr")

    channels = omio.open(tmp_path / "a.ome.zarr").metadata.channels

    assert [(channel.name, channel.color) for channel in channels] == [
        ("DAPI", "#0000FF"),
        ("GFP", "#00FF00"),
        ("3", None),
    ]
    assert channels[0].window == (3, 200)


def test_a_scale_without_a_unit_is_no_size(tmp_path: Path) -> None:
    document = {"multiscales": [multiscales("yx")]}
    for axis in document["multiscales"][0]["axes"]:
        del axis["unit"]
    write_image(tmp_path / "a.ome.zarr", "yx", document=document)

    image = omio.open(tmp_path / "a.ome.zarr")

    assert image.pixel_size == {"Z": None, "Y": None, "X": None}
    assert "multiscales" in image.metadata.original["ome"]


def test_transformations_of_array_and_image_are_joined(tmp_path: Path) -> None:
    image = multiscales("yx")
    image["datasets"][0]["coordinateTransformations"].append({"type": "translation", "translation": [10.0, 2000.0]})
    image["coordinateTransformations"] = [{"type": "scale", "scale": [2.0, 2.0]}]
    write_image(tmp_path / "a.ome.zarr", "yx", document={"multiscales": [image]})

    axes = {axis.name: axis for axis in omio.open(tmp_path / "a.ome.zarr").metadata.axes}

    assert (axes["Y"].spacing, axes["Y"].origin) == (0.5, 20.0)
    assert (axes["X"].spacing, axes["X"].origin) == (0.25, 4.0)


@pytest.mark.parametrize("axes", [None, ["y", "x"]])
def test_documents_before_types_and_units(tmp_path: Path, axes: list[str] | None) -> None:
    image = {"version": "0.3" if axes else "0.1", "datasets": [{"path": "0"}]} | ({"axes": axes} if axes else {})
    write_image(tmp_path / "a.zarr", "yx" if axes else "tczyx", zarr_format=2, document={"multiscales": [image]})

    found = omio.open(tmp_path / "a.zarr")

    assert found.shape == ((1, 1, 1, 7, 9) if axes else (2, 2, 3, 7, 9))
    assert found.pixel_size == {"Z": None, "Y": None, "X": None}


def test_series_of_bioformats2raw_are_scenes(tmp_path: Path) -> None:
    root = tmp_path / "set.ome.zarr"
    zarr.open_group(root, mode="w").attrs.update({"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    for name in ("0", "1"):
        write_image(root / name, "yx")
    assert list(omio.open_collection(root)) == ["0", "1"]

    zarr.open_group(root / "OME", mode="w").attrs.update({"ome": {"version": "0.5", "series": ["1", "0"]}})

    assert list(omio.open_collection(root)) == ["1", "0"]
    with pytest.raises(SceneError, match="2 scenes"):
        omio.open(root)


def test_fields_of_a_plate_are_scenes(tmp_path: Path) -> None:
    root = tmp_path / "plate.ome.zarr"
    plate: Any = {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": [{"path": "A/1"}]}
    zarr.open_group(root, mode="w").attrs.update({"ome": {"version": "0.5", "plate": plate}})
    well = {"images": [{"path": "0"}, {"path": "1"}]}
    zarr.open_group(root / "A/1", mode="w").attrs.update({"ome": {"version": "0.5", "well": well}})
    for field in ("0", "1"):
        write_image(root / "A/1" / field, "yx")

    assert list(omio.open_collection(root)) == ["A/1/0", "A/1/1"]
    assert list(omio.open_collection(root / "A/1")) == ["0", "1"]


def test_missing_chunks_are_counted(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    shutil.rmtree(tmp_path / "a.ome.zarr/0/c/1")

    scenes = omio.open_collection(tmp_path / "a.ome.zarr")

    assert scenes.details("0")["missing_chunks"] == 3


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"multiscales": [{"axes": [{"name": "y"}, {"name": "x"}], "datasets": []}]}, "names no array"),
        ({"multiscales": [{**multiscales("yx"), "axes": [{"name": "y", "type": "space"}]}]}, "OME-Zarr image"),
        ({"multiscales": [{**multiscales("yx"), "datasets": [{"path": "7"}]}]}, "no such array"),
        ({"multiscales": [{**multiscales("yx"), "datasets": [{"path": "../x"}]}]}, r"\.\./x"),
        ({"multiscales": {"0": 1}}, "names no image"),
        ({"plate": "P1"}, "names no image"),
        ({"plate": {"wells": [{"row": 1}]}}, "without a path"),
        ({"multiscales": []}, "names no image"),
    ],
)
def test_damage_is_named(tmp_path: Path, document: dict[str, Any], message: str) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    zarr.open_group(tmp_path / "a.ome.zarr", mode="r+").attrs.put({"ome": {"version": "0.5", **document}})

    with pytest.raises((DamagedFileError, SceneError), match=message) as caught:
        omio.open(tmp_path / "a.ome.zarr")

    assert str(caught.value).startswith(str(tmp_path / "a.ome.zarr"))


def test_axes_that_are_not_of_the_model_are_refused(tmp_path: Path) -> None:
    image = multiscales("yx")
    image["axes"][0]["name"] = "lambda"
    write_image(tmp_path / "a.ome.zarr", "yx", document={"multiscales": [image]})

    with pytest.raises(AxesError, match="lambda"):
        omio.open(tmp_path / "a.ome.zarr")


def test_a_document_that_changed_is_told(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    image = omio.open(tmp_path / "a.ome.zarr")
    document = tmp_path / "a.ome.zarr" / "zarr.json"
    document.write_text(json.dumps(json.loads(document.read_text()) | {"changed": True}))

    with pytest.raises(ChangedFileError):
        image.load()


@pytest.mark.parametrize("content", [b"", b"no chunk at all", b"\xff" * 400])
def test_a_damaged_chunk_is_named(tmp_path: Path, content: bytes) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    (tmp_path / "a.ome.zarr/0/c/0/0").write_bytes(content)

    with pytest.raises(DamagedFileError, match=r"a\.ome\.zarr: 0/c/0/0: a chunk"):
        omio.open(tmp_path / "a.ome.zarr").load()


def test_a_level_of_other_dims_is_damage(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    zarr.create_array(tmp_path / "a.ome.zarr/1", data=np.zeros((2, 4, 5), "u1"), overwrite=True)

    with pytest.raises(DamagedFileError, match="1: has 3 dims"):
        omio.open(tmp_path / "a.ome.zarr")


@pytest.mark.parametrize(
    ("document", "content"),
    [
        ("zarr.json", "[]"),
        ("zarr.json", '{"zarr_format":3,"node_type":"group","attributes":[]}'),
        ("0/zarr.json", '{"zarr_format":3,"node_type":"array"}'),
        ("1/zarr.json", '{"zarr_format":3,"node_type":"array"}'),
        ("0/zarr.json", '{"zarr_format":3,"node_type":"array","shape":[-7,9]}'),
        ("0/zarr.json", '{"zarr_format":9,"node_type":"array","shape":[7,9]}'),
    ],
)
def test_documents_that_cannot_be_true_are_damage(tmp_path: Path, document: str, content: str) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    (tmp_path / "a.ome.zarr" / document).write_text(content)

    with pytest.raises(DamagedFileError, match=r"a\.ome\.zarr: "):
        omio.open(tmp_path / "a.ome.zarr")

"""What OME-Zarr documents mean: transformations, levels, colours, labels, OME-XML beside them, paths and zip files."""

from __future__ import annotations

import pickle
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import zarr
from zarr.codecs import ZstdCodec
from zarr.codecs.numcodecs import BZ2

import omio
from omio.errors import DamagedFileError, OmioWarning, SceneError, SelectionError, UnsupportedFormatError
from tests.backends.zarr.made import axes_of, multiscales, write_image

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
TURNED = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def with_step(step: dict[str, Any]) -> dict[str, Any]:
    image = multiscales("yx")
    image["datasets"][0]["coordinateTransformations"].append(step)
    return {"multiscales": [image]}


@pytest.mark.parametrize("step", [{"type": "identity"}, {"type": "affine", "affine": IDENTITY}])
def test_transformations_that_change_nothing_are_no_matter(tmp_path: Path, step: dict[str, Any]) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx", document=with_step(step))

    assert omio.open(tmp_path / "a.ome.zarr").pixel_size["Y"] == 0.25


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"type": "affine", "affine": TURNED}, "affine"),
        ({"type": "rotation", "rotation": [[0.0, -1.0], [1.0, 0.0]]}, "rotation"),
        ({"type": "translation", "path": "shift"}, "translation in 'shift'"),
    ],
)
def test_transformations_that_are_not_applied_are_told(tmp_path: Path, step: dict[str, Any], told: str) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx", document=with_step(step))

    with pytest.warns(OmioWarning, match=f"transformation {told}") as caught:
        image = omio.open(tmp_path / "a.ome.zarr")

    assert len(caught) == 1
    kept = image.metadata.original["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"]
    assert step in kept


def test_a_scale_that_lies_in_an_array_is_unknown(tmp_path: Path) -> None:
    image = multiscales("yx", levels=1)
    image["datasets"][0]["coordinateTransformations"] = [{"type": "scale", "path": "scales"}]
    write_image(tmp_path / "a.ome.zarr", "yx", document={"multiscales": [image]})

    with pytest.warns(OmioWarning, match="scale in 'scales'"):
        assert omio.open(tmp_path / "a.ome.zarr").pixel_size == {"Z": None, "Y": None, "X": None}


def test_units_without_a_scale_are_no_size(tmp_path: Path) -> None:
    image = {"axes": axes_of("yx"), "datasets": [{"path": "0"}], "version": "0.4"}
    write_image(tmp_path / "a.zarr", "yx", zarr_format=2, document={"multiscales": [image]})

    assert omio.open(tmp_path / "a.zarr").pixel_size["Y"] is None


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_a_scale_that_is_no_size_is_told(tmp_path: Path, bad: float) -> None:
    image = multiscales("yx")
    image["datasets"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [bad, 125.0]}]
    write_image(tmp_path / "a.ome.zarr", "yx", document={"multiscales": [image]})

    with pytest.warns(OmioWarning, match="along Y is no size"):
        assert omio.open(tmp_path / "a.ome.zarr").pixel_size == {"Z": None, "Y": None, "X": 0.125}


def write_levels(path: Path, shapes: list[tuple[int, ...]], scales: list[list[float]]) -> None:
    group = zarr.open_group(path, mode="w")
    datasets: list[Any] = [
        {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for level, scale in enumerate(scales)
    ]
    axes: list[Any] = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    for level, shape in enumerate(shapes):
        group.create_array(str(level), shape=shape, chunks=shape, dtype="u1")


def test_levels_may_be_reduced_along_any_dims(tmp_path: Path) -> None:
    write_levels(
        tmp_path / "a.ome.zarr",
        [(8, 10, 20), (8, 10, 10), (4, 10, 10)],
        [[2.0, 0.5, 0.5], [2.0, 0.5, 1.0], [4.0, 0.5, 1.0]],
    )

    image = omio.open(tmp_path / "a.ome.zarr")

    assert [level.pixel_size for level in image.levels] == [
        {"Z": 2.0, "Y": 0.5, "X": 0.5},
        {"Z": 2.0, "Y": 0.5, "X": 1.0},
        {"Z": 4.0, "Y": 0.5, "X": 1.0},
    ]
    assert [level.facts.axes["Z"].origin for level in image.levels] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(("size", "scale"), [(9, 2.0), (9, 19 / 9), (10, 2.0), (10, 1.9)])
def test_levels_rounded_either_way_are_no_contradiction(tmp_path: Path, size: int, scale: float) -> None:
    write_levels(
        tmp_path / "a.ome.zarr", [(1, 19, 19), (1, size, size)], [[1.0, 0.5, 0.5], [1.0, scale / 2, scale / 2]]
    )

    assert len(omio.open(tmp_path / "a.ome.zarr").levels) == 2


def test_levels_whose_scale_contradicts_their_length_are_told(tmp_path: Path) -> None:
    write_levels(tmp_path / "a.ome.zarr", [(1, 20, 20), (1, 10, 10)], [[1.0, 0.5, 0.5], [1.0, 1.0, 2.0]])

    with pytest.warns(OmioWarning, match="level 1 has 10 of 20 pixels along X.*joins 4"):
        image = omio.open(tmp_path / "a.ome.zarr")

    assert image.levels[1].pixel_size["X"] == 1.0


@pytest.mark.parametrize(
    ("color", "read"), [("FF00FF80", "#FF00FF"), ("#00ff00", "#00FF00"), ("red", None), (7, None), (None, None)]
)
def test_colours_of_other_spellings(tmp_path: Path, color: Any, read: str | None) -> None:
    document = {"multiscales": [multiscales("yx")], "omero": {"channels": [{"label": "", "color": color}]}}
    write_image(tmp_path / "a.ome.zarr", "yx", document=document)

    channel = omio.open(tmp_path / "a.ome.zarr").metadata.channels[0]

    assert (channel.name, channel.color, channel.window) == (None, read, None)


def test_channels_that_are_not_there_are_told(tmp_path: Path) -> None:
    document = {"multiscales": [multiscales("yx")], "omero": {"channels": [{"label": "a"}, {"label": "b"}]}}
    write_image(tmp_path / "a.ome.zarr", "yx", document=document)

    with pytest.warns(OmioWarning, match="2 channels, the image has 1"):
        assert omio.open(tmp_path / "a.ome.zarr").metadata.channels[0].name == "a"


# ---------------------------------------------------------------------- labels


def write_labels(image: Path, axes: str = "zyx", *, zarr_format: Literal[2, 3] = 3) -> None:
    said: dict[str, Any] = {"labels": ["cells"]}
    attributes = {"ome": {"version": "0.5", **said}} if zarr_format == 3 else said
    zarr.open_group(image / "labels", mode="w", zarr_format=zarr_format).attrs.update(attributes)
    colors = {"image-label": {"colors": [{"label-value": 1, "rgba": [255, 0, 0, 255]}]}}
    write_image(
        image / "labels/cells", axes, zarr_format=zarr_format, document={"multiscales": [multiscales(axes)], **colors}
    )


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_labels_are_images_of_their_own(tmp_path: Path, zarr_format: Literal[2, 3]) -> None:
    write_image(tmp_path / "a.ome.zarr", "czyx", zarr_format=zarr_format)
    write_labels(tmp_path / "a.ome.zarr", zarr_format=zarr_format)

    labels = omio.open(tmp_path / "a.ome.zarr").labels

    assert list(labels) == ["cells"]
    assert labels["cells"].shape == (1, 2, 1, 7, 9)
    assert len(labels["cells"].levels) == 2
    original = labels["cells"].metadata.original
    assert original.get("ome", original)["image-label"]["colors"][0]["rgba"] == [255, 0, 0, 255]
    again = pickle.loads(pickle.dumps(labels))  # noqa: S301
    np.testing.assert_array_equal(again["cells"].load(), labels["cells"].load())
    with pytest.raises(SelectionError, match="'cells'"):
        labels["nuclei"]


def test_labels_follow_their_image(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "tczyx")
    write_labels(tmp_path / "a.ome.zarr")
    image = omio.open(tmp_path / "a.ome.zarr")
    whole = image.labels["cells"]

    part = image.isel(T=1, C=2, Z=0, X=slice(2, 6)).labels["cells"]

    np.testing.assert_array_equal(part.load(), whole.load()[:, :1, :, :, 2:6])
    assert part.metadata.axis("X").origin == image.isel(X=2).metadata.axis("X").origin
    assert image.levels[1].labels["cells"].shape == whole.levels[1].shape
    assert list(image.astype("f4").labels) == ["cells"]


def test_other_pixels_have_no_labels(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "czyx")
    write_labels(tmp_path / "a.ome.zarr")
    image = omio.open(tmp_path / "a.ome.zarr")

    for other in (image.project("Z"), image.merge(image, along="C"), image.pad({"X": 1})):
        assert len(other.labels) == 0
    assert len(omio.MicroscopyDataset.from_array(np.zeros((3, 3))).labels) == 0
    assert len(image.labels["cells"].labels) == 0


def test_label_images_open_by_path_and_by_scene(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "czyx")
    write_labels(tmp_path / "a.ome.zarr")

    by_path = omio.open(tmp_path / "a.ome.zarr/labels/cells")

    assert by_path.identical(omio.open(tmp_path / "a.ome.zarr", scene="labels/cells"))
    assert list(omio.open_collection(tmp_path / "a.ome.zarr")) == ["0"]
    with pytest.raises(SceneError):
        omio.open(tmp_path / "a.ome.zarr", scene="labels/nuclei")


# ---------------------------------------------------------------------- OME-XML beside the images

XML = """<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="cells">
<AcquisitionDate>2020-01-02T03:04:05</AcquisitionDate><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="{type}"
SizeX="9" SizeY="7" SizeZ="2" SizeC="3" SizeT="1" PhysicalSizeZ="{z}" PhysicalSizeX="0.125">
<Channel ID="Channel:0:0" Name="{name}" SamplesPerPixel="1" EmissionWavelength="450"/>
<Channel ID="Channel:0:1" SamplesPerPixel="1"/><Channel ID="Channel:0:2" Name="3" SamplesPerPixel="1"/>
<MetadataOnly/><Plane TheC="0" TheZ="1" TheT="0" DeltaT="1.5"/></Pixels></Image></OME>"""


def write_series(root: Path, **said: Any) -> None:
    zarr.open_group(root, mode="w").attrs.update({"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    write_image(root / "0", "czyx")
    (root / "OME").mkdir()
    (root / "OME/METADATA.ome.xml").write_text(XML.format(**{"type": "uint8", "z": "0.5", "name": "DAPI", **said}))


def test_xml_of_a_series_says_what_its_document_does_not(tmp_path: Path) -> None:
    write_series(tmp_path / "a.ome.zarr")

    image = omio.open(tmp_path / "a.ome.zarr")

    assert [(channel.name, channel.color, channel.emission_nm) for channel in image.metadata.channels] == [
        ("DAPI", "#0000FF", 450.0),
        ("GFP", "#00FF00", None),
        ("3", None, None),
    ]
    assert image.metadata.acquired is not None
    assert image.facts.planes is not None
    assert image.facts.planes.columns["delta_t"][0, 1, 0] == 1.5
    assert "OME/METADATA.ome.xml" in image.facts.static.sources["acquired"]
    assert "ome" in image.metadata.original


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"type": "uint16"}, "no such image"),
        ({"z": "7"}, "contradicts it: Z spacing"),
        ({"name": "Hoechst"}, "'DAPI' and 'Hoechst'"),
    ],
)
def test_xml_that_contradicts_the_series_is_told_once(tmp_path: Path, said: dict[str, str], told: str) -> None:
    write_series(tmp_path / "a.ome.zarr", **said)

    with pytest.warns(OmioWarning, match=told) as caught:
        image = omio.open(tmp_path / "a.ome.zarr")

    assert len(caught) == 1
    assert image.pixel_size["Z"] == 0.5
    assert image.metadata.channels[0].name == "DAPI"


def test_xml_that_is_none_is_told(tmp_path: Path) -> None:
    write_series(tmp_path / "a.ome.zarr")
    (tmp_path / "a.ome.zarr/OME/METADATA.ome.xml").write_text("<OME")

    with pytest.warns(OmioWarning, match="is not used"):
        omio.open(tmp_path / "a.ome.zarr")


# ---------------------------------------------------------------------- paths and zip files


def test_an_image_of_a_set_opens_by_its_path(tmp_path: Path) -> None:
    write_series(tmp_path / "a.ome.zarr")

    assert omio.open(tmp_path / "a.ome.zarr/0").shape == (1, 2, 3, 7, 9)
    assert omio.open(tmp_path / "a.ome.zarr", scene="0").shape == (1, 2, 3, 7, 9)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("top", ["", "cells.zarr/"])
@pytest.mark.parametrize("name", ["a.ozx", "a.ome.zarr.zip"])
def test_zip_files_hold_the_hierarchy_at_their_root_or_in_a_folder(
    tmp_path: Path, name: str, top: str, compression: int
) -> None:
    full = write_image(tmp_path / "a.ome.zarr", "czyx")
    write_labels(tmp_path / "a.ome.zarr")
    with zipfile.ZipFile(tmp_path / name, "w", compression) as archive:
        archive.comment = b'{"ome": {"version": "0.5"}}'
        for file in sorted((tmp_path / "a.ome.zarr").rglob("*")):
            archive.write(file, top + file.relative_to(tmp_path / "a.ome.zarr").as_posix())

    with omio.open(tmp_path / name) as image:
        np.testing.assert_array_equal(image.load()[0], full.transpose(1, 0, 2, 3))
        assert image.labels["cells"].load().shape == (1, 2, 1, 7, 9)
    with omio.open_collection(tmp_path / name) as scenes:
        assert scenes.details("0")["missing_chunks"] is None


def test_a_zip_file_with_two_hierarchies_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zarr.zip", "w") as archive:
        for top in ("a", "b"):
            archive.writestr(f"{top}/zarr.json", "{}")

    with pytest.raises(UnsupportedFormatError):
        omio.open(tmp_path / "a.zarr.zip")


def test_consolidated_metadata_are_used_for_groups(tmp_path: Path) -> None:
    write_series(tmp_path / "a.ome.zarr")
    shutil.rmtree(tmp_path / "a.ome.zarr/OME")
    with pytest.warns(UserWarning, match="onsolidated"):
        zarr.consolidate_metadata(tmp_path / "a.ome.zarr")
    (tmp_path / "a.ome.zarr/0/zarr.json").unlink()

    assert omio.open(tmp_path / "a.ome.zarr").shape == (1, 2, 3, 7, 9)


def test_what_consolidated_metadata_lack_is_looked_for(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "czyx")
    with pytest.warns(UserWarning, match="onsolidated"):
        zarr.consolidate_metadata(tmp_path / "a.ome.zarr")
    write_labels(tmp_path / "a.ome.zarr")

    assert list(omio.open(tmp_path / "a.ome.zarr").labels) == ["cells"]


def test_nested_json_is_damage(tmp_path: Path) -> None:
    write_image(tmp_path / "a.ome.zarr", "yx")
    (tmp_path / "a.ome.zarr/0/zarr.json").write_text("[" * 200_000)

    with pytest.raises(DamagedFileError, match=r"0/zarr\.json: is no JSON"):
        omio.open(tmp_path / "a.ome.zarr")


# ---------------------------------------------------------------------- what leads out


def test_paths_that_lead_out_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "secret.ome.zarr", "yx")
    image = multiscales("yx", levels=1)
    image["datasets"][0]["path"] = "../secret.ome.zarr/0"
    write_image(tmp_path / "a.ome.zarr", "yx", document={"multiscales": [image]})

    with pytest.raises(DamagedFileError, match=r"a\.ome\.zarr: \.\./secret"):
        omio.open(tmp_path / "a.ome.zarr")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("linked", ["0", "0/c/0", "0/c/0/0"])
@pytest.mark.parametrize("compressors", [ZstdCodec(), BZ2()], ids=["here", "zarr"])
@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3 specification")
def test_links_that_lead_out_are_refused_unless_allowed(tmp_path: Path, linked: str, compressors: Any) -> None:
    for name, value in (("a", 1), ("secret", 2)):
        group = zarr.open_group(tmp_path / f"{name}.ome.zarr", mode="w")
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscales("yx", levels=1)]}
        group.create_array("0", data=np.full((8, 8), value), chunks=(4, 4), compressors=compressors)
    inner = tmp_path / "a.ome.zarr" / linked
    if inner.is_dir():
        shutil.rmtree(inner)
    else:
        inner.unlink()
    inner.symlink_to(tmp_path / "secret.ome.zarr" / linked)

    with pytest.raises(DamagedFileError, match="leads out"):
        omio.open(tmp_path / "a.ome.zarr").load()
    allowed = omio.open(tmp_path / "a.ome.zarr", allow_outside=[tmp_path / "secret.ome.zarr"])
    assert (allowed.load()[..., 0, 0] == 2).all()

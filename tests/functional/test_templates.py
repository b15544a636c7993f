"""Empty images and metadata, and metadata brought up to date."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio import errors
from omio.testing import makers
from tests.functional.files import ome, small

if TYPE_CHECKING:
    from pathlib import Path


def test_the_version_is_omios() -> None:
    assert omio.version() == omio.__version__


def test_empty_metadata_knows_nothing(tmp_path: Path) -> None:
    metadata = omio.create_empty_metadata()
    assert {metadata[f"PhysicalSize{dim}"] for dim in "XYZ"} == {None}
    assert (metadata["axes"], metadata["shape"], metadata["Annotations"]) == ("TZCYX", None, {})
    image = small()
    omio.imwrite(tmp_path / "a.tif", image, metadata)
    written = omio.open(tmp_path / "a.tif")
    assert written.pixel_size == {"Z": None, "Y": None, "X": None}
    np.testing.assert_array_equal(written.load(), image)


def test_what_is_given_is_in_it_in_real_units(tmp_path: Path) -> None:
    metadata = omio.create_empty_metadata(
        physicalsize_xyz=(100, 200, None),
        pixelunit="nm",
        time_increment=500,
        time_increment_unit="ms",
        shape=(2, 1, 1, 8, 8),
        annotations={"Operator": "Ada"},
    )
    assert [metadata[f"PhysicalSize{dim}"] for dim in "XYZ"] == pytest.approx([0.1, 0.2, None])
    assert (metadata["TimeIncrement"], metadata["shape"], metadata["SizeT"]) == (0.5, (2, 1, 1, 8, 8), 2)
    omio.imwrite(tmp_path / "a.tif", np.zeros((2, 1, 1, 8, 8), np.uint8), metadata)
    found = omio.open(tmp_path / "a.tif").metadata
    assert found.pixel_size == {"Z": None, "Y": pytest.approx(0.2), "X": pytest.approx(0.1)}
    assert found.time_increment == 0.5
    assert found.to_flat()["Annotations"]["Operator"] == "Ada"


def test_it_may_start_from_other_metadata_which_stays(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    _, given = omio.imread(tmp_path / "a.tif")
    before = copy.deepcopy(given)
    metadata = omio.create_empty_metadata(input_metadata=given, physicalsize_xyz=(1, 1, 1))
    assert given == before
    assert metadata["PhysicalSizeX"] == 1
    assert metadata["Annotations"]["channels"] == given["Annotations"]["channels"]


def test_units_that_are_none_are_told() -> None:
    with pytest.raises(errors.MetadataError, match="parsnip"):
        omio.create_empty_metadata(time_increment=1, time_increment_unit="parsnip")


@pytest.mark.parametrize("store", [None, "memory", "disk"])
def test_an_empty_image_has_one_value(tmp_path: Path, store: Any) -> None:
    where: dict[str, Any] = {"zarr_store": store, "zarr_store_path": tmp_path, "zarr_store_name": "mine"}
    image, metadata = omio.create_empty_image((2, 1, 3, 8, 8), "float32", 0.5, return_metadata=True, **where)
    assert np.unique(image[:]).tolist() == [0.5]
    assert (image.dtype, metadata["shape"]) == (np.float32, (2, 1, 3, 8, 8))
    image[0, 0, 0] = 2
    assert image[0, 0, 0].max() == 2
    assert isinstance(image, np.ndarray if store is None else zarr.Array)
    assert [path.name for path in tmp_path.iterdir()] == (["mine.zarr"] if store == "disk" else [])
    if store == "disk":
        with pytest.raises(errors.DestinationExistsError):
            omio.create_empty_image((8, 8), **where)


def test_fewer_dims_are_the_last_ones() -> None:
    assert omio.create_empty_image((4, 8)).shape == (1, 1, 1, 4, 8)
    with pytest.raises(errors.OptionError, match="does not hold"):
        omio.create_empty_image((4, 8), "uint8", 300)


def test_metadata_follows_an_image(tmp_path: Path) -> None:
    pixels = ome(tmp_path / "a.tif", small(shape=(2, 3, 2, 24, 32)))
    image, metadata = omio.imread(tmp_path / "a.tif")
    before = copy.deepcopy(metadata)
    metadata["PhysicalSizeZ"] = 5
    projected = image.max(axis=1, keepdims=True)[..., :10]
    found = omio.update_metadata_from_image(metadata, projected)
    assert found["shape"] == (2, 1, 2, 24, 10)
    assert (found["PhysicalSizeX"], found["PhysicalSizeZ"], found["TimeIncrement"]) == (0.325, 5, 2.5)
    assert [channel["name"] for channel in found["Annotations"]["channels"]] == ["EGFP", "mCherry"]
    assert metadata == before | {"PhysicalSizeZ": 5}
    fewer = omio.update_metadata_from_image(metadata, pixels[:, :, :1])
    assert fewer["Annotations"]["channels"] == [{}]


def test_metadata_of_rgb_follows_as_rgb(tmp_path: Path) -> None:
    image, metadata = omio.imread(makers.rgb(tmp_path / "a.tif").path)
    cropped = image[..., :16, :16]
    omio.imwrite(tmp_path / "b.tif", cropped, omio.update_metadata_from_image(metadata, cropped))
    assert omio.open(tmp_path / "b.tif").sizes["S"] == 3


def test_the_checkup_puts_foreign_keys_where_they_belong(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    metadata["Operator"] = "Ada"
    found = omio.OME_metadata_checkup(metadata)
    assert "Operator" not in found
    assert found["Annotations"]["Operator"] == metadata["Operator"] == "Ada"
    other = omio.OME_metadata_checkup(metadata, namespace="lab/notes")
    omio.imwrite(tmp_path / "b.tif", image, other)
    notes = omio.open(tmp_path / "b.tif").metadata.annotations
    assert [(note.namespace, note.value) for note in notes] == [("lab/notes", [["Operator", "Ada"]])]
    metadata["PhysicalSizeXUnit"] = "parsnip"
    with pytest.raises(errors.MetadataError, match="parsnip"):
        omio.OME_metadata_checkup(metadata)


def test_templates_for_raw_files_are_written(tmp_path: Path) -> None:
    np.zeros((2, 4, 6), "<u2").tofile(tmp_path / "a.raw")
    path = omio.create_thorlabs_raw_yaml(tmp_path / "a.raw", T=2, Z=1, C=1, Y=4, X=6, bits=16)
    assert path == str(tmp_path / "a.yaml")
    assert omio.imread(tmp_path / "a.raw")[0].shape == (2, 1, 1, 4, 6)
    assert omio.batch_create_thorlabs_raw_yaml_templates(tmp_path) == []
    (name,) = omio.imconvert(tmp_path / "a.raw", return_fnames=True)
    assert tifffile.imread(name).shape == (2, 4, 6)

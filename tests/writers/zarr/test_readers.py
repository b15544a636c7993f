"""Validators find nothing wrong with what omio writes, and other readers see the same pixels, scales and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaozarrs

import omio
from omio.collection.writing import write_set
from tests.support.readers import asked
from tests.writers.zarr.images import dataset, nuclei

if TYPE_CHECKING:
    from pathlib import Path

    from omio import MicroscopyDataset

VERSIONS = ["0.4", "0.5"]
SHAPE = (2, 3, 2, 150, 200)
LEVELS = [[150, 200], [75, 100], [38, 50]]


def image(dtype: str = "uint16") -> MicroscopyDataset:
    return dataset(
        SHAPE,
        dtype,
        pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.25},
        origin={"Y": 10.0},
        time_increment=3.0,
        channels=[{"name": "DAPI", "color": "#0000FF"}, {"name": "EGFP", "window": (10.0, 4000.0)}],
        name="cells",
    )


def hierarchies(folder: Path, version: str) -> dict[str, Path]:
    """Write one of each kind; return the path of each with the kind that validators call it."""
    labels = {"nuclei": nuclei((2, 3, 1, 150, 200))}
    image().to_omezarr(folder / "image", version=version, levels=3, labels=labels)
    image("float32").to_omezarr(folder / "float", version=version)
    image("int64").to_omezarr(folder / "unknown", version=version)
    write_set({"a": image(), "b": image()}, folder / "set", None, None, version=version)
    omio.Plate.write({"A/1/0": image(), "B/12/0": image()}, folder / "plate", version=version)
    return {
        "image": folder / "image",
        "float": folder / "float",
        "unknown": folder / "unknown",
        "labels": folder / "image" / "labels",
        "label image": folder / "image" / "labels" / "nuclei",
        "set": folder / "set",
        "member": folder / "set" / "a",
        "plate": folder / "plate",
        "well": folder / "plate" / "B" / "12",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_yaozarrs_finds_all_valid(tmp_path: Path, version: str) -> None:
    for kind, path in hierarchies(tmp_path, version).items():
        if (kind, version) not in {("set", "0.4"), ("labels", "0.4")}:  # they say no version, and it guesses none
            yaozarrs.validate_zarr_store(path)


@pytest.mark.parametrize("version", VERSIONS)
def test_ome_zarr_models_finds_all_valid(tmp_path: Path, version: str) -> None:
    found = {kind: asked("ome-zarr-models", path)["kind"] for kind, path in hierarchies(tmp_path, version).items()}

    assert found == {
        "image": "Image",
        "float": "Image",
        "unknown": "Image",
        "labels": "Labels",
        "label image": "ImageLabel",
        "set": "BioFormats2Raw",
        "member": "Image",
        "plate": "HCS",
        "well": "Well",
    }


@pytest.mark.parametrize("way", [{"version": "0.4"}, {"version": "0.5"}, {"shards": True, "chunks": (32, 32)}])
@pytest.mark.parametrize("reader", ["ome-zarr", "ngff-zarr", "napari-ome-zarr"])
def test_other_readers_see_the_same(tmp_path: Path, reader: str, way: dict[str, str]) -> None:
    image().to_omezarr(tmp_path / "a.ome.zarr", levels=3, **way)  # type: ignore[arg-type]

    found = asked(reader, tmp_path / "a.ome.zarr")

    assert [shape[-2:] for shape in found["shapes"]] == LEVELS
    assert [step for at, step in enumerate(found["scale"]) if len(found["scale"]) == 4 or at != 1] == [3, 2, 0.5, 0.25]
    assert found.get("origin", [0, 0, 0, 10, 0]) == [0, 0, 0, 10, 0]
    assert found["channels"] == ["DAPI", "EGFP"]
    assert found["sum"] == image().load().sum()


def test_large_image_sees_the_same(tmp_path: Path) -> None:
    image().to_omezarr(tmp_path / "a.ome.zarr", levels=3, version="0.4")

    found = asked("large-image", tmp_path / "a.ome.zarr")

    assert found["shapes"] == [[150, 200]]
    assert found["scale"] == pytest.approx([0.5, 0.25])
    assert found["channels"] == ["DAPI", "EGFP"]
    assert found["sum"] == image().load().sum()

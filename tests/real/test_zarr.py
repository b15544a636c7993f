"""The real OME-Zarr images hold what zarr-python recorded of their arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from tests.real.compare import digest
from tests.support.facts import facts, record_of
from tests.support.real import real

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio import MicroscopyDataset

ITEMS = [item for item, record in facts().items() if "zarr" in record]


def levels(item: str) -> dict[str, MicroscopyDataset]:
    """Return path of an array -> the level that holds it."""
    scenes = omio.open_collection(real(item))
    named = {"gen/zarr-v04-hcs-plate.ome.zarr": "s{}", "gen/zarr-v05-ngffzarr-czyx.ome.zarr": "scale{}/image"}
    found = {}
    for key, image in scenes.items():
        for number, level in enumerate(image.levels):
            path = named.get(item, "{}").format(number)
            found[path if len(scenes) == 1 else f"{key}/{path}"] = level
    return found


def as_stored(level: MicroscopyDataset, shape: list[int]) -> NDArray[Any]:
    """Return the pixels in the order of the specification, which is that of all these arrays."""
    return np.asarray(level).transpose(0, 2, 1, 3, 4).reshape(shape)


@pytest.mark.parametrize("item", ITEMS)
def test_every_level_of_every_image(item: str) -> None:
    arrays = {path: array for path, array in record_of(item)["zarr"]["arrays"].items() if "label" not in path}

    found = levels(item)

    assert set(found) == set(arrays)
    for path, level in found.items():
        record = arrays[path]["pixels"]
        assert str(level.dtype) == record["dtype"]
        assert digest(as_stored(level, record["shape"])) == record["sha256"]


def test_sizes_names_and_colours() -> None:
    image = omio.open(real("zarr-v04-cardiomyocyte-mip.zarr"))

    assert image.pixel_size == {"Z": 1.0, "Y": 0.325, "X": 0.325}
    assert [(channel.name, channel.color) for channel in image.metadata.channels] == [
        ("DAPI", "#00FFFF"),
        ("nanog", "#FF00FF"),
        ("Lamin B1", "#FFFF00"),
    ]


def test_labels_hold_what_was_recorded_of_them() -> None:
    item = "zarr-v04-cardiomyocyte-mip.zarr"
    records = {path: array for path, array in record_of(item)["zarr"]["arrays"].items() if "label" in path}

    labels = omio.open(real(item)).labels

    assert list(labels) == ["nuclei"]
    found = {f"labels/nuclei/{number}": level for number, level in enumerate(labels["nuclei"].levels)}
    assert records
    for path, array in records.items():
        assert digest(as_stored(found[path], array["pixels"]["shape"])) == array["pixels"]["sha256"]


def test_a_label_image_opens_by_its_path() -> None:
    image = omio.open(real("zarr-v04-cardiomyocyte-mip.zarr/labels/nuclei"))

    assert image.name == "nuclei"
    assert image.pixel_size == {"Z": 1.0, "Y": 0.325, "X": 0.325}

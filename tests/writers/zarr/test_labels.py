from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio.errors import UnwritableError
from tests.writers.zarr.images import dataset, nuclei

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_come_back_with_their_levels(tmp_path: Path, version: str) -> None:
    image, label = dataset(), nuclei()

    report = image.to_omezarr(tmp_path / "a.ome.zarr", labels={"nuclei": label}, levels=3, version=version)

    again = omio.open(report.path)
    assert list(again.labels) == ["nuclei"]
    assert again.labels["nuclei"].identical(label)
    assert len(again.labels["nuclei"].levels) == 3
    assert report.lost == ()


def test_no_number_appears_in_a_level_that_is_none_of_an_object(tmp_path: Path) -> None:
    label = nuclei()
    dataset().to_omezarr(tmp_path / "a.ome.zarr", labels={"nuclei": label}, levels=4, downsampling="mean")

    coarse = omio.open(tmp_path / "a.ome.zarr").labels["nuclei"].levels[3].load()

    assert set(np.unique(coarse)) <= set(np.unique(label.load()))


def test_labels_of_a_file_are_written_with_the_image_and_cut_as_it_is(tmp_path: Path) -> None:
    dataset().to_omezarr(tmp_path / "a.ome.zarr", labels={"nuclei": nuclei()})
    image = omio.open(tmp_path / "a.ome.zarr").isel(Y=slice(10, 40))

    image.to_omezarr(tmp_path / "b.ome.zarr")
    image.to_omezarr(tmp_path / "c.ome.zarr", labels={})

    assert omio.open(tmp_path / "b.ome.zarr").labels["nuclei"].identical(nuclei().isel(Y=slice(10, 40)))
    assert list(omio.open(tmp_path / "c.ome.zarr").labels) == []


def test_colours_of_labels_are_kept(tmp_path: Path) -> None:
    dataset().to_omezarr(tmp_path / "a.ome.zarr", labels={"nuclei": nuclei()})
    place = tmp_path / "a.ome.zarr" / "labels" / "nuclei" / "zarr.json"
    told = json.loads(place.read_text())
    told["attributes"]["ome"]["image-label"]["colors"] = [{"label-value": 1, "rgba": [255, 0, 0, 255]}]
    del told["attributes"]["omio"]  # as another program would write it
    place.write_text(json.dumps(told))

    omio.open(tmp_path / "a.ome.zarr").to_omezarr(tmp_path / "b.ome.zarr")

    document = json.loads((tmp_path / "b.ome.zarr" / "labels" / "nuclei" / "zarr.json").read_text())
    found = document["attributes"]["ome"]["image-label"]
    assert found["colors"] == [{"label-value": 1, "rgba": [255, 0, 0, 255]}]
    assert found["source"] == {"image": "../../"}


def test_what_cannot_be_labels_is_told_at_once(tmp_path: Path) -> None:
    labels = {"../out": nuclei(), "real": dataset((1, 1, 1, 70, 90), "float32"), "small": nuclei((1, 1, 1, 5, 5))}

    with pytest.raises(UnwritableError) as caught:
        dataset().to_omezarr(tmp_path / "a.ome.zarr", labels=labels)

    assert all(word in str(caught.value) for word in ("'../out'", "float32", "(1, 1, 1, 5, 5)"))
    assert list(tmp_path.iterdir()) == []

"""`open_in_napari` with a stand-in for the viewer."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio import errors
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


class Viewer:
    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []

    def add_image(self, data: Any, **options: Any) -> dict[str, Any]:
        self.layers.append({"data": data, **options})
        return self.layers[-1]


def test_several_images_go_into_one_viewer(tmp_path: Path) -> None:
    samples = [makers.ome_tiff(tmp_path / "a.ome.tif"), makers.imagej(tmp_path / "b.tif")]
    pairs = omio.imread([sample.path for sample in samples], zarr_store="memory")
    viewer, layers, datas, axes = omio.open_in_napari(*pairs, zarr_mode="zarr_nodask", viewer=Viewer(), returns=True)
    assert [layer["name"] for layer in layers[:2]] == ["a :: EGFP", "a :: mCherry"]
    assert len(layers) == 4
    assert axes == ["TZYX", "TZYX"]
    assert viewer.layers == layers
    np.testing.assert_array_equal(np.asarray(datas[1]), samples[0].pixels[:, :, 1])
    names = ["1", "2", "3", "4"]
    _, layers, *_ = omio.open_in_napari(*pairs, layer_names=names, viewer=Viewer(), returns=True)
    assert [layer["name"] for layer in layers] == names
    with pytest.raises(errors.OptionError, match="2 images, 1 metadata"):
        omio.open_in_napari(pairs[0], pairs[1][0], viewer=Viewer())


def test_the_running_viewer_is_taken_before_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = omio.imread(makers.rgb(tmp_path / "a.tif").path)
    running, napari = Viewer(), ModuleType("napari")
    monkeypatch.setitem(sys.modules, "napari", napari)
    monkeypatch.setattr(napari, "current_viewer", lambda: running, raising=False)
    monkeypatch.setattr(napari, "Viewer", Viewer, raising=False)
    assert omio.open_in_napari(*pair) is None
    (layer,) = running.layers
    assert (layer["rgb"], layer["data"].shape, layer["name"]) == (True, (96, 128, 3), "a")
    monkeypatch.setattr(napari, "current_viewer", lambda: None)
    assert omio.open_in_napari(*pair, returns=True)[0] is not running

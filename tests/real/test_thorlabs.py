"""ThorImage acquisitions by nobody of this project, held to the record of independent tools."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.thorlabs.account import facts_of
from omio.backends.thorlabs.experiment import Experiment
from omio.backends.thorlabs.readings import readings_of
from tests.real.compare import digest
from tests.support.facts import facts
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

RAW = "thor-raw-mouse-kidney/2p/Untitled_001"
SERIES = "thor-tif-mouse-kidney-z"


@pytest.mark.parametrize("name", ["", "Experiment.xml", "Image_0001_0001.raw"])
def test_raw(name: str) -> None:
    record = facts()[f"{RAW}/Image_0001_0001.raw"]["pixels_TZCYX"] if facts() else {}
    image = omio.open(real(RAW) / name)

    assert list(image.shape) == record["shape"]
    assert digest(image) == record["sha256"]
    assert image.metadata.pixel_size == {"Z": None, "Y": 2.345, "X": 2.345}
    assert image.metadata.time_increment == pytest.approx(1 / 1.426)
    assert [channel.name for channel in image.metadata.channels] == ["ChanA", "ChanB"]
    assert str(image.metadata.acquired) == "2020-05-05 17:14:26"
    np.testing.assert_array_equal(image.memmap(), image.load())


def test_the_previews_prove_the_order_of_frames() -> None:
    image = omio.open(real(RAW))

    for number, name in enumerate(("ChanA_Preview", "ChanB_Preview")):
        preview = tifffile.imread(real(RAW) / f"{name}.tif")
        np.testing.assert_array_equal(image.isel(T=-1, C=number).load()[0, 0, 0], preview)
        np.testing.assert_array_equal(image.associated[name].load()[0, 0, 0], preview)


def test_the_mask_of_the_real_raw_is_refused() -> None:
    with pytest.raises(omio.errors.UnsupportedFormatError, match="regions of interest"):
        omio.open(real(RAW) / "ROIMask.raw")


def test_a_stopped_copy_of_the_real_raw(tmp_path: Path) -> None:
    shutil.copytree(real(RAW), tmp_path / "run", copy_function=shutil.copyfile)
    path = tmp_path / "run" / "Image_0001_0001.raw"
    path.write_bytes(path.read_bytes()[: 7 * 256 * 256 * 2])

    with pytest.raises(omio.errors.AmbiguousShapeError, match="holds 7 frames"):
        omio.open(path)
    image = omio.open(path, on_size_mismatch="truncate_t")

    np.testing.assert_array_equal(image.load(), omio.open(real(RAW)).isel(T=slice(0, 3)).load())


@pytest.mark.parametrize("name", ["", "Experiment.xml"])
def test_series(name: str) -> None:
    record = facts()[SERIES]["pixels_TZCYX"] if facts() else {}
    image = omio.open(real(SERIES) / name)

    assert list(image.shape) == record["shape"]
    assert digest(image) == record["sha256"]
    assert image.metadata.pixel_size == {"Z": 15.0, "Y": 0.593, "X": 0.593}
    assert image.metadata.time_increment is None
    planes = image.facts.planes
    assert planes is not None
    assert planes.columns["delta_t"][0, :, 0].tolist() == [0.0, 0.384965, 0.772986]


def test_the_xml_of_a_streamed_plane_promises_no_stack() -> None:
    experiment = Experiment.read(str(real("thor-xml-liveviewer.xml")))

    (reading,) = readings_of(experiment)

    assert reading.sizes == (30000, 1, 1, 352, 1024)
    assert reading.names == ("ChanC",)
    axes = facts_of(experiment, reading).axes
    assert axes["T"].spacing == pytest.approx(1 / 22.279)
    assert {dim: axis.spacing for dim, axis in axes.items() if dim != "T"} == {"Y": 0.138, "X": 0.138}


@pytest.mark.parametrize("item", [RAW, SERIES])
def test_roundtrip(item: str, tmp_path: Path) -> None:
    image = omio.open(real(item))

    report: Any = image.to_ometiff(tmp_path / "1.ome.tif")
    again = omio.open(tmp_path / "1.ome.tif")

    assert report.lost == ()
    assert again.identical(image)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "1.ome.tif").squeeze(), image.load().squeeze())
    again.to_ometiff(tmp_path / "2.ome.tif")
    assert omio.open(tmp_path / "2.ome.tif").identical(again)

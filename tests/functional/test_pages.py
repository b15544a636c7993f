"""The calls of the pages that users of such functions know, as they are written there, on files made here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zarr

import omio
import omio as om
from tests.functional.files import imagej, ome, small

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMIO_CACHE_DIR", str(tmp_path / "user"))
    return tmp_path


class Viewer:
    """What `open_in_napari` needs of a viewer."""

    def __init__(self) -> None:
        self.layers: list[Any] = []

    def add_image(self, data: Any, **options: Any) -> str:
        self.layers.append((data, options))
        return str(options["name"])


def test_read_a_single_file(here: Path) -> None:
    pixels = ome(here / "image.tif")
    img, metadata = omio.imread("image.tif")
    np.testing.assert_array_equal(img, pixels)
    assert metadata["axes"] == "TZCYX"
    assert metadata["shape"] == pixels.shape
    assert (metadata["PhysicalSizeX"], metadata["PhysicalSizeXUnit"], metadata["unit"]) == (0.325, "µm", "micron")


def test_read_all_images_in_a_folder(here: Path) -> None:
    for name, value in (("t10", 10), ("t2", 2), ("t1", 1)):
        ome(here / "experiment_folder" / f"{name}.ome.tif", small(value))
    images, metadatas = omio.imread("experiment_folder", return_list=True)
    assert [int(image.flat[0]) for image in images] == [1, 2, 10]
    sources = [metadata["Annotations"]["provenance"][-1]["source"] for metadata in metadatas]
    assert sources == ["t1.ome.tif", "t2.ome.tif", "t10.ome.tif"]


def test_merge_multiple_files_along_time(here: Path) -> None:
    parts = [imagej(here / "experiment_folder" / f"t{k}.tif", small(k)) for k in (1, 2, 10)]
    merged_img, merged_md = omio.imread("experiment_folder", merge_multiple_files_in_folder=True, merge_along_axis="T")
    np.testing.assert_array_equal(merged_img, np.concatenate(parts))
    assert merged_md["SizeT"] == 3
    step = merged_md["Annotations"]["provenance"][-1]
    assert [part["file"] for part in step["parts"]] == ["t1.tif", "t2.tif", "t10.tif"]


def test_convert_to_ome_tiff(here: Path) -> None:
    parts = [imagej(here / "experiment_folder" / f"t{k}.tif", small(k)) for k in (1, 2)]
    omio.convert_to_ometiff("experiment_folder")
    for number, pixels in enumerate(parts, start=1):
        written = here / "experiment_folder" / "omio_converted" / f"t{number}.ome.tif"
        np.testing.assert_array_equal(tifffile.imread(written).ravel(), pixels.ravel())


def test_batch_conversion_over_a_bids_like_project(here: Path) -> None:
    root = here / "project_root"
    imagej(root / "sub-01" / "exp_TP001" / "image.tif")
    imagej(root / "sub-01" / "exp_TP002" / "TAG_01" / "image1.tif")
    imagej(root / "sub-01" / "exp_TP002" / "TAG_02" / "image2.tif")
    imagej(root / "sub-01" / "exp_TP003" / "image1.tif")
    imagej(root / "sub-01" / "exp_TP003" / "image2.tif")
    imagej(root / "sub-02" / "exp_TP001" / "image.tif")
    report = omio.convert_bids_batch_to_ometiff(
        fname="project_root", sub="sub-", exp="TP", tagfolder="TAG_", merge_tagfolders=True
    )
    assert report.discovered == len(report.processed) == 5
    merged = next(result for result in report.processed if len(result.inputs) == 2)
    assert omio.open(root / "omio_converted" / merged.destination).sizes["T"] == 2
    assert omio.open(root / "omio_converted" / "sub-02" / "exp_TP001" / "image.ome.tif").sizes["T"] == 1


def test_large_files(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    shape = (1, 20, 1, 355, 350)
    fname = "1MP_SIMPLE_Stephan__001_001.tif"
    pixels = imagej(here / fname, small(3, shape), spacing=2.0)
    image_lazy, metadata_lazy = om.imread(fname, zarr_store="memory")
    assert image_lazy.shape == metadata_lazy["shape"] == shape
    assert isinstance(image_lazy, zarr.Array)
    sub_stack = image_lazy[0, 0:10, 0:100, 0:100]
    np.testing.assert_array_equal(sub_stack, pixels[0, 0:10, 0:100, 0:100])

    image_lazy_memmap, metadata_lazy_memmap = om.imread(fname, zarr_store="disk")
    assert isinstance(image_lazy_memmap, zarr.Array)
    np.testing.assert_array_equal(image_lazy_memmap[:], pixels)
    (entry,) = (here / ".omio_cache").iterdir()
    assert entry.name.startswith("1MP_SIMPLE_Stephan__001_001-")

    napari_viewer, napari_layers, napari_datas, napari_axes = om.open_in_napari(
        image_lazy_memmap, metadata_lazy_memmap, fname, zarr_mode="zarr_dask", viewer=Viewer(), returns=True
    )
    assert len(napari_layers) == len(napari_datas) == len(napari_viewer.layers) == 1
    assert napari_axes == "ZYX"

    with caplog.at_level(logging.INFO, logger="omio"):
        om.cleanup_omio_cache(fname, full_cleanup=False)
    assert "removed 1 copies" in caplog.text
    assert not (here / ".omio_cache").exists()


@pytest.mark.parametrize("mode", ["numpy", "zarr_nodask", "zarr_dask"])
def test_a_corrected_spacing_is_what_the_viewer_gets(here: Path, mode: Any) -> None:
    fname = "Supplementary_Video_4.tif"
    pixels = imagej(here / fname, spacing=0.0000185)
    image_large, metadata_large = om.imread(fname, zarr_store="disk")
    assert metadata_large["PhysicalSizeZ"] == pytest.approx(0.0000185)
    metadata_large["PhysicalSizeZ"] = 5
    viewer = Viewer()
    om.open_in_napari(image_large, metadata_large, fname, zarr_mode=mode, viewer=viewer)
    data, options = viewer.layers[1]
    assert options["scale"] == (5.0, 0.5, 0.5)
    assert options["units"] == ("micrometer",) * 3
    np.testing.assert_array_equal(np.asarray(data), pixels[0, :, 1])
    om.cleanup_omio_cache(fname, full_cleanup=True)
    assert not (here / ".omio_cache").exists()

"""`imwrite`: the name given, RGB as RGB, metadata as it was changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import dask.array
import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio import errors
from omio.testing import makers
from tests.functional.files import imagej, ome, small, two_scenes
from tests.support.czi import Tile, document, write_czi

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_name_is_counted_up_returned_and_told(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    assert omio.imwrite(tmp_path / "b.ome.tif", image, metadata) is None
    with pytest.warns(omio.OmioWarning, match=r"b\.ome\.tif exists: written as b-1\.ome\.tif"):
        names = omio.imwrite(tmp_path / "b.ome.tif", image, metadata, return_fnames=True)
    assert names == [str(tmp_path / "b-1.ome.tif")]
    assert omio.write_ometiff(tmp_path / "b.ome.tif", image + 1, metadata, overwrite=True, return_fnames=True) == [
        str(tmp_path / "b.ome.tif")
    ]
    np.testing.assert_array_equal(omio.open(tmp_path / "b.ome.tif").load(), image + 1)


def test_a_name_that_says_no_tiff_is_told(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    with pytest.warns(omio.OmioWarning, match=r"b\.png will hold an OME-TIFF"):
        omio.imwrite(tmp_path / "b.png", image, metadata)
    assert tifffile.imread(tmp_path / "b.png").shape == image.squeeze().shape


def test_a_folder_takes_the_names_of_the_originals(tmp_path: Path) -> None:
    for name in ("exp.001.tif", "b.ome.tif"):
        ome(tmp_path / name)
    (tmp_path / "out").mkdir()
    names = omio.imwrite(tmp_path / "out", *omio.imread(tmp_path), return_fnames=True)
    assert names == [str(tmp_path / "out" / name) for name in ("b.ome.tif", "exp.001.ome.tif")]
    with pytest.raises(errors.OptionError, match="names no file"):
        omio.imwrite(tmp_path / "out", small(), omio.create_empty_metadata())


def test_merged_files_and_scenes_are_told_apart_by_name(tmp_path: Path) -> None:
    two_scenes(tmp_path / "a.ome.tif")
    out = tmp_path / "out"
    out.mkdir()
    images, metadatas = omio.imread(tmp_path / "a.ome.tif", verbose=False)
    names = omio.imwrite(out, images, metadatas, return_fnames=True)
    assert names == [str(out / f"a_pos{k}.ome.tif") for k in (1, 2)]
    for k in (1, 2):
        imagej(tmp_path / "t" / f"t{k}.tif")
    merged = omio.imread(tmp_path / "t", merge_multiple_files_in_folder=True)
    assert omio.imwrite(out, *merged, indicate_merged_files=True, return_fnames=True) == [
        str(out / "t1_merged.ome.tif")
    ]


def test_relative_path_is_a_folder_in_that_of_the_name(tmp_path: Path) -> None:
    image = small()
    names = omio.imwrite(tmp_path / "a.tif", image, None, relative_path="x/y", return_fnames=True)
    assert names == [str(tmp_path / "x" / "y" / "a.tif")]


def test_lists_need_as_many_names(tmp_path: Path) -> None:
    images = [small(1), small(2)]
    names = [tmp_path / "a.tif", tmp_path / "b.tif"]
    omio.imwrite(names, images, [{}, {}])
    assert [int(omio.open(name).load().flat[0]) for name in names] == [1, 2]
    for fname, told in ((tmp_path / "c.tif", [{}, {}]), (names, [{}])):
        with pytest.raises(errors.OptionError, match="are given"):
            omio.imwrite(fname, images, told)


@pytest.mark.parametrize(("level", "name"), [(0, "NONE"), (1, "ADOBE_DEFLATE"), (9, "ADOBE_DEFLATE")])
def test_compression_level_is_zlibs(tmp_path: Path, level: int, name: str) -> None:
    image = small()
    omio.imwrite(tmp_path / "a.tif", image, None, compression_level=level)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        assert tifffile.COMPRESSION(page.compression).name == name
        np.testing.assert_array_equal(file.asarray().ravel(), image.ravel())


@pytest.mark.parametrize("level", [-1, 10, 2.5])
def test_other_levels_are_told(tmp_path: Path, level: Any) -> None:
    with pytest.raises(errors.OptionError, match="compression_level"):
        omio.imwrite(tmp_path / "a.tif", small(), None, compression_level=level)


@pytest.mark.parametrize("store", [None, "memory", "disk"])
def test_rgb_is_written_as_rgb(tmp_path: Path, store: Any) -> None:
    source = makers.rgb(tmp_path / "a.tif").path
    image, metadata = omio.imread(source, zarr_store=store)
    omio.imwrite(tmp_path / "b.tif", image, metadata)
    assert omio.open(tmp_path / "b.tif").identical(omio.open(source))
    plain = json.loads(json.dumps(metadata))
    omio.imwrite(tmp_path / "c.tif", image, plain)
    assert omio.open(tmp_path / "c.tif").dims == ("T", "Z", "C", "Y", "X", "S")


def test_rgb_in_several_channels_keeps_both(tmp_path: Path) -> None:
    rgb = [np.stack([np.full((6, 8), 10 * c + s, np.uint8) for s in range(3)], -1) for c in range(2)]
    write_czi(tmp_path / "a.czi", [Tile(pixels, {"C": c}) for c, pixels in enumerate(rgb)], document(), [])
    image, metadata = omio.imread(tmp_path / "a.czi")
    assert image[0, 0, :, 0, 0].tolist() == [0, 1, 2, 10, 11, 12]
    omio.imwrite(tmp_path / "b.tif", image, metadata)
    again = omio.open(tmp_path / "b.tif")
    assert (again.sizes["C"], again.sizes["S"]) == (2, 3)
    np.testing.assert_array_equal(again.load(), omio.open(tmp_path / "a.czi").load())


def test_samples_per_pixel_1_makes_channels_of_them(tmp_path: Path) -> None:
    image, metadata = omio.imread(makers.rgb(tmp_path / "a.tif").path)
    metadata["SamplesPerPixel"] = 1
    omio.imwrite(tmp_path / "b.tif", image, metadata)
    written = omio.open(tmp_path / "b.tif")
    assert written.sizes["C"] == 3
    assert "S" not in written.sizes


def test_changed_keys_are_in_the_file(tmp_path: Path) -> None:
    imagej(tmp_path / "a.tif", spacing=2.0)
    image, metadata = omio.imread(tmp_path / "a.tif")
    metadata |= {"PhysicalSizeZ": 5, "PhysicalSizeX": 250, "PhysicalSizeXUnit": "nm", "Operator": "Ada"}
    metadata["Annotations"]["channels"] = ["DAPI", "EGFP"]
    omio.imwrite(tmp_path / "b.tif", image, metadata)
    _, again = omio.imread(tmp_path / "b.tif")
    assert [again[f"PhysicalSize{dim}"] for dim in "XYZ"] == [0.25, 0.5, 5.0]
    assert again["Annotations"]["Operator"] == "Ada"
    assert [channel["name"] for channel in again["Annotations"]["channels"]] == ["DAPI", "EGFP"]


def test_a_plain_dict_does_as_well(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    omio.imwrite(tmp_path / "b.tif", image, json.loads(json.dumps(metadata)))
    a, b = (omio.open(tmp_path / name).metadata for name in ("a.tif", "b.tif"))
    assert (a.pixel_size, a.time_increment, a.channels) == (b.pixel_size, b.time_increment, b.channels)
    assert a.name == b.name
    assert b.provenance[0].action == "open"


def test_metadata_of_another_shape_is_refused(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    with pytest.raises(errors.MetadataError, match=r"SizeZ 2, not 1.*update_metadata_from_image"):
        omio.imwrite(tmp_path / "b.tif", image[:, :1], metadata)
    assert not (tmp_path / "b.tif").exists()
    omio.imwrite(tmp_path / "b.tif", image[:, :1], omio.update_metadata_from_image(metadata, image[:, :1]))
    assert omio.open(tmp_path / "b.tif").metadata.channels == omio.open(tmp_path / "a.tif").metadata.channels


def test_arrays_of_other_libraries_and_fewer_dims_are_taken(tmp_path: Path) -> None:
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stored = zarr.create_array({}, shape=(1, 1, 1, 3, 4), dtype="u1", chunks=(1, 1, 1, 3, 4))
    stored[0, 0, 0] = plane
    arrays = {
        "y": plane,
        "d": dask.array.arange(12, dtype=np.uint8, chunks=4).reshape(3, 4),
        "z": stored,
        "l": plane[None],
    }
    for name, array in arrays.items():
        told = {"axes": "ZYX"} if name == "l" else None
        omio.imwrite(tmp_path / f"{name}.tif", array, told)
        np.testing.assert_array_equal(omio.open(tmp_path / f"{name}.tif").load()[0, 0, 0], plane)


def test_the_copy_on_disk_may_not_go_over_its_source(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    pair = omio.imread(tmp_path / "a.tif", zarr_store="disk")
    with pytest.raises(errors.SourceOverwriteError):
        omio.imwrite(tmp_path / "a.tif", *pair, overwrite=True)

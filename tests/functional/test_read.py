"""`imread`: files, lists, folders, and what is left out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio import errors
from omio.store.cache import making
from omio.testing import makers
from tests.backends.test_ometiff import make_set
from tests.functional.files import imagej, ome, small, two_scenes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good images and a broken one between them."""
    for name in ("t1", "t3"):
        imagej(tmp_path / f"{name}.tif", small(int(name[1])))
    whole = (tmp_path / "t1.tif").read_bytes()
    (tmp_path / "t2.tif").write_bytes(whole[: len(whole) // 2])
    return tmp_path


def test_a_list_of_files_gives_lists(tmp_path: Path) -> None:
    names = [tmp_path / f"{k}.tif" for k in (2, 1)]
    for k, name in zip((2, 1), names, strict=True):
        ome(name, small(k))
    images, metadatas = omio.imread(names)
    assert [int(image.flat[0]) for image in images] == [2, 1]
    assert len(metadatas) == 2
    assert isinstance(omio.imread(names[:1])[0], list)
    merged, metadata = omio.imread(names, merge_multiple_files_in_folder=True, merge_along_axis="Z")
    assert merged.shape == metadata["shape"] == (1, 4, 2, 24, 32)


def test_a_bad_file_stops_the_call(folder: Path) -> None:
    with pytest.raises(errors.DamagedFileError, match=r"t2\.tif"):
        omio.imread(folder)


def test_a_bad_file_is_left_out_with_a_warning(folder: Path) -> None:
    with pytest.warns(omio.OmioWarning, match=r"left out: .*t2\.tif") as told:
        images, _ = omio.imread(folder, on_error="warn")
    assert len(told) == 1
    assert [int(image.flat[0]) for image in images] == [1, 3]


def test_a_bad_file_is_passed_over(folder: Path) -> None:
    images, _ = omio.imread([folder / "t1.tif", folder / "t2.tif"], on_error="skip")
    assert len(images) == 1
    with pytest.raises(errors.FileMissingError, match="no image could be read"):
        omio.imread(folder / "t2.tif", on_error="skip")
    assert omio.imread(folder / "t2.tif", on_error="skip", return_list=True) == ([], [])


def test_words_that_mean_nothing_are_told(folder: Path) -> None:
    for options in ({"on_error": "explode"}, {"zarr_store": "tape"}):
        with pytest.raises(errors.OptionError, match=next(iter(options))):
            omio.imread(folder / "t1.tif", **options)  # type: ignore[arg-type]


def test_scenes_are_a_list_and_one_warning_names_them(tmp_path: Path) -> None:
    two_scenes(tmp_path / "a.ome.tif")
    with pytest.warns(omio.OmioWarning, match=r"2 scenes: pos1, pos2; scene= picks one") as told:
        images, metadatas = omio.imread(tmp_path / "a.ome.tif")
    assert len(told) == 1
    assert [int(image.flat[0]) for image in images] == [1, 2]
    assert [metadata["Annotations"]["name"] for metadata in metadatas] == ["pos1", "pos2"]
    image, _ = omio.imread(tmp_path / "a.ome.tif", scene="pos2")
    assert int(image.flat[0]) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        omio.imread(tmp_path / "a.ome.tif", verbose=False)


def test_folders_below_are_read_when_asked(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif", small(1))
    ome(tmp_path / "b" / "c.tif", small(2))
    assert omio.imread(tmp_path)[0].flat[0] == 1
    images, _ = omio.imread(tmp_path, recursive=True)
    assert [int(image.flat[0]) for image in images] == [1, 2]


def test_folder_stacks_are_siblings_with_the_same_tag(tmp_path: Path) -> None:
    for name, value in (("FOV1_001", 1), ("FOV1_010", 10), ("FOV1_002", 2), ("FOV10_001", 99)):
        imagej(tmp_path / name / "a.tif", small(value))
    images, _ = omio.imread(tmp_path / "FOV1_001", folder_stacks=True)
    assert [int(image.flat[0]) for image in images] == [1, 2, 10]
    merged, metadata = omio.imread(tmp_path / "FOV1_001", merge_folder_stacks=True)
    assert merged[:, 0, 0, 0, 0].tolist() == [1, 2, 10]
    assert metadata["SizeT"] == 3


def test_an_image_of_several_files_is_read_once(tmp_path: Path) -> None:
    members = make_set(tmp_path)
    image, metadata = omio.imread(tmp_path)
    assert image.shape == metadata["shape"]
    images, _ = omio.imread(tmp_path, collapse_ome_multifile_series=False)
    assert len(images) == len(members) > 1
    assert all(np.array_equal(image, other) for other in images)


def test_sizes_that_the_user_knows_count(tmp_path: Path) -> None:
    imagej(tmp_path / "a.tif", spacing=3.0)
    _, metadata = omio.imread(tmp_path / "a.tif", physicalsize_xyz=(100, None, 2000), pixelunit="nm")
    assert [metadata[f"PhysicalSize{dim}"] for dim in "XYZ"] == pytest.approx([0.1, 0.5, 2.0])
    assert metadata["Annotations"]["sources"]["pixel_size.X"] == "user"
    for wrong in ({"physicalsize_xyz": (1, 2)}, {"physicalsize_xyz": (1, 2, 3), "pixelunit": "parsnip"}):
        with pytest.raises(errors.MetadataError):
            omio.imread(tmp_path / "a.tif", **wrong)


@pytest.mark.parametrize("store", [None, "memory", "disk"])
def test_rgb_lies_in_c_and_says_so(tmp_path: Path, store: Any) -> None:
    sample = makers.rgb(tmp_path / "a.tif")
    image, metadata = omio.imread(sample.path, zarr_store=store)
    np.testing.assert_array_equal(image[0, 0], np.moveaxis(sample.pixels[0, 0, 0], -1, 0))
    assert (metadata["SamplesPerPixel"], metadata["axes"], metadata["SizeC"]) == (3, "TZCYX", 3)
    assert metadata["Annotations"]["provenance"][-1]["action"] == "split_samples"


def test_memory_is_a_lazy_read_only_array(tmp_path: Path) -> None:
    pixels = ome(tmp_path / "a.tif")
    image, _ = omio.imread(tmp_path / "a.tif", zarr_store="memory")
    assert isinstance(image, zarr.Array)
    np.testing.assert_array_equal(image[:], pixels)
    with pytest.raises(ValueError, match="read-only"):
        image[0] = 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_disk_is_beside_the_file_or_where_asked(tmp_path: Path) -> None:
    pixels = ome(tmp_path / "a" / "a.ome.tif")
    here, _ = omio.imread(tmp_path / "a" / "a.ome.tif", zarr_store="disk")
    there, _ = omio.imread(tmp_path / "a" / "a.ome.tif", zarr_store="disk", zarr_store_path=tmp_path / "b")
    for image, folder in ((here, "a"), (there, "b")):
        np.testing.assert_array_equal(image[:], pixels)
        (entry,) = (tmp_path / folder / ".omio_cache").iterdir()
        assert entry.name.startswith("a-")
        assert len(entry.name) == len("a-01234567.zarr")


def test_where_the_folder_cannot_be_written_the_users_cache_is_and_that_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = ome(tmp_path / "a" / "a.tif")
    (tmp_path / "a" / ".omio_cache").write_text("a file stands in the way")
    monkeypatch.setattr(making, "_told", set())
    with omio.config(cache_dir=tmp_path / "user"):
        with pytest.warns(omio.OmioWarning, match="cannot be written") as told:
            image, _ = omio.imread(tmp_path / "a" / "a.tif", zarr_store="disk")
        assert len(told) == 1
        omio.imread(tmp_path / "a" / "a.tif", zarr_store="disk")  # a second warning would be an error
        np.testing.assert_array_equal(image[:], pixels)
        assert len(omio.cleanup_omio_cache(tmp_path / "a" / "a.tif")) == 1
    assert not list((tmp_path / "user").rglob("*.zarr"))


def test_copies_of_other_files_stay(tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif"):
        ome(tmp_path / name)
        omio.imread(tmp_path / name, zarr_store="disk")
    assert len(omio.cleanup_omio_cache(tmp_path / "a.tif")) == 1
    (left,) = (tmp_path / ".omio_cache").iterdir()
    assert left.name.startswith("b-")
    assert omio.cleanup_omio_cache(tmp_path) == [str(left)]
    assert not (tmp_path / ".omio_cache").exists()


@pytest.mark.parametrize("collapse", [True, False])
def test_what_earlier_calls_wrote_below_a_folder_is_not_read_again(tmp_path: Path, *, collapse: bool) -> None:
    for name in ("a.tif", "below/b.tif"):
        ome(tmp_path / name)
    omio.imread(tmp_path / "below" / "b.tif", zarr_store="disk")
    omio.imconvert(tmp_path, recursive=True)
    omio.bids_batch_process(tmp_path, subject_prefix="below", output_folder_name="mine")
    assert [path.name for path in (tmp_path / "mine").rglob("*.tif")] == ["b.ome.tif"]
    options: dict[str, Any] = {"recursive": True, "collapse_ome_multifile_series": collapse}
    assert len(omio.imread(tmp_path, **options)[0]) == 2
    assert len(omio.imread(tmp_path / "omio_converted", **options, return_list=True)[0]) == 1
    assert list(omio.open_folder(tmp_path, recursive=True)) == ["a.tif", "below/b.tif"]


def test_a_plain_stack_says_how_to_name_its_axes(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 8, 8), np.uint8), metadata=None, photometric="minisblack")
    with pytest.raises(errors.AxesError, match="axes="):
        omio.imread(tmp_path / "a.tif")
    assert omio.imread(tmp_path / "a.tif", axes="ZYX")[0].shape == (1, 3, 1, 8, 8)


def test_a_mark_in_a_name_is_no_scene(tmp_path: Path) -> None:
    for k in (1, 2):
        ome(tmp_path / f"a#{k}.tif", small(k))
    images, _ = omio.imread(tmp_path)
    assert [int(image.flat[0]) for image in images] == [1, 2]
    names = omio.imconvert(tmp_path, return_fnames=True)
    assert names == [str(tmp_path / "omio_converted" / f"a#{k}.ome.tif") for k in (1, 2)]


def test_a_scene_may_have_the_mark_in_its_name(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a#1.ome.tif", ome=True) as writer:
        for value in (1, 2):
            name = f"Tile #{value}"
            writer.write(small(value)[0, 0], photometric="minisblack", metadata={"axes": "CYX", "Name": name})
    with pytest.warns(omio.OmioWarning):
        names = omio.imconvert(tmp_path, return_fnames=True)
    assert names == [str(tmp_path / "omio_converted" / f"a#1_Tile #{k}.ome.tif") for k in (1, 2)]


def test_an_image_that_is_a_folder_has_copies_too(tmp_path: Path) -> None:
    pixels = small()
    root = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    kinds = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
    axes: Any = [{"name": dim, "type": kind} for dim, kind in kinds.items()]
    level: Any = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 2.0, 0.5, 0.5]}]}
    root.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [level]}]
    root.create_array("0", data=np.moveaxis(pixels, 2, 1).copy(), chunks=(1, 1, 1, 24, 32))
    for reuse in (False, True):
        image, _ = omio.imread(tmp_path / "a.zarr", zarr_store="disk", reuse_disk_cache=reuse)
        np.testing.assert_array_equal(image[:], pixels)
    assert len(omio.cleanup_omio_cache(tmp_path / "a.zarr")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]

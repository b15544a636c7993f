"""What no version of omio may do: each was seen in a library of this kind, and cost somebody data or meaning.

One test a row, small and whole; the parts concerned are tested deeply in their own places.
"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio import errors
from tests.backends.tiff import lsmfile
from tests.functional.files import imagej, ome, small
from tests.operations.meter import counted, needs_account
from tests.support.czi import Tile, document, write_czi


@pytest.fixture(autouse=True)
def user_cache(tmp_path: Path) -> Any:
    with omio.config(cache_dir=tmp_path / "user cache"):
        yield


def largest(path: Path, megabytes: int) -> None:
    """Write an uncompressed hyperstack whose pages lie in a sparse file."""
    mapped = tifffile.memmap(path, shape=(megabytes, 1024, 512), dtype="uint16", imagej=True, metadata={"axes": "TYX"})
    mapped[0, 0, 0] = 7
    mapped.flush()


MEASURE = """
import sys, omio
image, metadata = omio.imread(sys.argv[1], zarr_store="memory")
image[0, 0, 0, :1, :1]
status = lambda: int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
before = status()
image, metadata = omio.imread(sys.argv[2], zarr_store="memory")
plane = image[0, 0, 0]
print(int(plane[0, 0]), (status() - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
def test_a_lazy_read_loads_the_file(tmp_path: Path) -> None:
    largest(tmp_path / "warm.tif", 1)
    largest(tmp_path / "large.tif", 512)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "warm.tif"), str(tmp_path / "large.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    value, grown = done.stdout.split()
    assert int(value) == 7
    assert float(grown) < 32


@needs_account
def test_the_first_plane_waits_for_the_others(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    largest(path, 512)

    def first_plane() -> None:
        image, _ = omio.imread(path, zarr_store="memory")
        assert np.shape(image[0, 0, 0]) == (1024, 512)

    plane = 1024 * 512 * 2
    assert plane <= counted(tmp_path, first_plane).taken < 8 * plane  # of 512: those of its chunk


def test_a_folder_that_shares_a_stem_or_a_users_array_is_deleted(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    omio.imread(tmp_path / "a.tif", zarr_store="disk")
    cache = tmp_path / ".omio_cache"
    (made,) = cache.iterdir()
    for name in ("a.zarr", "a", "a-0123abcd.zarr", "mine.zarr"):
        zarr.create_array(cache / name, shape=(2,), dtype="u1")
    renamed = cache / "kept-00000000.zarr"
    zarr.create_array(renamed, shape=(2,), dtype="u1")
    (renamed / "omio.json").write_bytes((made / "omio.json").read_bytes())
    (tmp_path / "a").mkdir()
    assert omio.cleanup_omio_cache(tmp_path / "a.tif", full_cleanup=True) == [str(made)]
    assert sorted(entry.name for entry in cache.iterdir()) == sorted(
        ["a.zarr", "a", "a-0123abcd.zarr", "mine.zarr", renamed.name]
    )
    assert (tmp_path / "a").is_dir()


def test_another_name_than_the_one_given_is_written_or_the_source_overwritten(tmp_path: Path) -> None:
    pixels = ome(tmp_path / "a.tif")
    image, metadata = omio.imread(tmp_path / "a.tif")
    for name in ("result", "b.tif", "d.ome.tif", "e.001.tif"):
        assert omio.imwrite(tmp_path / name, image, metadata, return_fnames=True) == [str(tmp_path / name)]
        assert (tmp_path / name).is_file()
    with pytest.warns(omio.OmioWarning, match="will hold an OME-TIFF"):
        assert omio.imwrite(tmp_path / "c.png", image, metadata, return_fnames=True) == [str(tmp_path / "c.png")]
    before = (tmp_path / "a.tif").read_bytes()
    with pytest.raises(errors.SourceOverwriteError):
        omio.imwrite(tmp_path / "a.tif", image, metadata, overwrite=True)
    with pytest.raises(errors.SourceOverwriteError):
        omio.imwrite(tmp_path / "a.tif", *omio.imread(tmp_path / "a.tif", zarr_store="memory"), overwrite=True)
    assert (tmp_path / "a.tif").read_bytes() == before
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif").ravel(), pixels.ravel())


def test_exp_001_and_exp_002_become_one_exp(tmp_path: Path) -> None:
    for number in (1, 2):
        ome(tmp_path / f"exp.00{number}.tif", small(number))
    names = omio.imconvert(tmp_path, return_fnames=True)
    assert [Path(name).name for name in names] == ["exp.001.ome.tif", "exp.002.ome.tif"]
    assert [int(omio.open(name).load().flat[0]) for name in names] == [1, 2]


def test_merging_uint8_with_uint16_wraps(tmp_path: Path) -> None:
    imagej(tmp_path / "a1.tif", np.full((1, 1, 1, 8, 8), 200, np.uint8))
    imagej(tmp_path / "a2.tif", np.full((1, 1, 1, 8, 8), 1000, np.uint16))
    image, _ = omio.imread(tmp_path, merge_multiple_files_in_folder=True)
    assert (image.dtype, image[0].max(), image[1].max()) == (np.uint16, 200, 1000)
    with pytest.raises(errors.MergeError, match="dtype: uint8 and uint16"):
        omio.imread(tmp_path, merge_multiple_files_in_folder=True, zeropadding=False)


def test_a_cache_key_is_made_of_the_stem(tmp_path: Path) -> None:
    names = ("a.tif", "a.tiff", "other/a.tif")
    for value, name in enumerate(names):
        ome(tmp_path / name, small(value))
    cache: dict[str, Any] = {"zarr_store": "disk", "zarr_store_path": tmp_path / "all", "reuse_disk_cache": True}
    for _ in range(2):
        images = [omio.imread(tmp_path / name, **cache)[0] for name in names]
        assert [int(image[0, 0, 0, 0, 0]) for image in images] == [0, 1, 2]
    assert len(list((tmp_path / "all" / ".omio_cache").iterdir())) == 3
    ome(tmp_path / "a.tif", small(9))
    os.utime(tmp_path / "a.tif", ns=(1, 1))
    assert omio.imread(tmp_path / "a.tif", **cache)[0][0, 0, 0, 0, 0] == 9


def test_a_merge_lies_in_the_current_directory_and_changes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, value in (("one", 1), ("two", 2)):
        for number in (1, 2):
            imagej(tmp_path / folder / f"t{number}.tif", small(value * 10 + number))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    merge: dict[str, Any] = {"zarr_store": "memory", "merge_multiple_files_in_folder": True}
    one, _ = omio.imread(tmp_path / "one", **merge)
    two, _ = omio.imread(tmp_path / "two", **merge)
    assert [int(image[k, 0, 0, 0, 0]) for image in (one, two) for k in (0, 1)] == [11, 12, 21, 22]
    assert not list((tmp_path / "cwd").iterdir())
    assert not [path for path in tmp_path.rglob("*") if path.suffix != ".tif" and path.is_file()]


def test_another_file_of_the_stem_or_an_empty_leftover_counts_as_processed(tmp_path: Path) -> None:
    for name, value in (("sub-1/TP1/a.tif", 1), ("sub-1/TP1/a.tiff", 2), ("sub-2/TP1/a.tif", 3)):
        imagej(tmp_path / name, small(value))
    first = omio.bids_batch_convert(tmp_path, "sub-", "TP")
    outputs = [tmp_path / "omio_converted" / result.destination for result in first.processed]
    assert sorted(int(omio.open(path).load().flat[0]) for path in outputs) == [1, 2, 3]
    outputs[0].write_bytes(b"")
    again = omio.bids_batch_convert(tmp_path, "sub-", "TP", overwrite=True)
    assert [tmp_path / "omio_converted" / result.destination for result in again.processed] == [outputs[0]]
    assert outputs[0].stat().st_size


def test_colours_or_scenes_or_the_rest_of_a_truncated_file_are_lost(tmp_path: Path) -> None:
    rgb = np.stack([np.full((6, 8), value, np.uint8) for value in (10, 20, 30)], -1)
    write_czi(tmp_path / "rgb.czi", [Tile(rgb)], document(), [])
    image, metadata = omio.imread(tmp_path / "rgb.czi")
    assert (image[0, 0, :, 0, 0].tolist(), metadata["SamplesPerPixel"]) == ([10, 20, 30], 3)
    assert omio.open(tmp_path / "rgb.czi").sizes["S"] == 3

    write_czi(tmp_path / "three.czi", [Tile(rgb[..., k].copy(), {"S": k}) for k in range(3)], document(), [])
    with pytest.warns(omio.OmioWarning, match="has 3 scenes: 0, 1, 2"):
        images, _ = omio.imread(tmp_path / "three.czi")
    assert [int(image.max()) for image in images] == [10, 20, 30]
    assert omio.imread(tmp_path / "three.czi", scene="1")[0].max() == 20

    imagej(tmp_path / "whole.tif", small(shape=(4, 1, 1, 64, 64)))
    whole = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.DamagedFileError, match=r"cut\.tif"):
        omio.imread(tmp_path / "cut.tif")


def test_sizes_are_off_or_relabelled(tmp_path: Path) -> None:
    voxels = {"VoxelSizeX": 2e-7, "VoxelSizeY": 3e-7, "VoxelSizeZ": 1e-6}
    sizes = {"DimensionX": 10, "DimensionY": 12, "DimensionZ": 2, "DimensionTime": 1, "DimensionChannels": 1}
    lsmfile.write_lsm(tmp_path / "a.lsm", np.zeros((2, 1, 12, 10), np.uint8), {**sizes, **voxels})
    assert sizes_of(tmp_path / "a.lsm") == pytest.approx([0.2, 0.3, 1.0])

    for unit, factor in (("nm", 1e-3), ("mm", 1e3)):
        imagej(tmp_path / f"{unit}.tif", unit=unit, spacing=3.0)
        assert sizes_of(tmp_path / f"{unit}.tif") == pytest.approx([0.5 * factor, 0.5 * factor, 3 * factor])
        image, metadata = omio.imread(tmp_path / f"{unit}.tif")
        omio.imwrite(tmp_path / f"{unit}.ome.tif", image, metadata)
        assert sizes_of(tmp_path / f"{unit}.ome.tif") == pytest.approx([0.5 * factor, 0.5 * factor, 3 * factor])

    plane = np.zeros((8, 8), np.uint8)
    for name, unit, um in (("cm", "CENTIMETER", 1e4), ("inch", "INCH", 25400)):
        tifffile.imwrite(tmp_path / f"{name}.tif", plane, resolution=(5000, 2500), resolutionunit=unit, metadata=None)
        assert sizes_of(tmp_path / f"{name}.tif")[:2] == pytest.approx([um / 5000, um / 2500])


def sizes_of(path: Path) -> list[Any]:
    _, metadata = omio.imread(path)
    return [metadata[f"PhysicalSize{dim}"] for dim in "XYZ"]


class Viewer:
    def add_image(self, data: Any, **options: Any) -> Any:
        return data, options


def test_an_unknown_size_becomes_one_micron_and_an_unknown_time_zero(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8), metadata=None)
    image, metadata = omio.imread(tmp_path / "a.tif")
    keys = ("PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ", "TimeIncrement", "unit", "PhysicalSizeXUnit")
    assert [metadata[key] for key in keys] == [None] * 6
    assert [omio.create_empty_metadata()[key] for key in keys] == [None] * 6
    with pytest.warns(omio.OmioWarning, match="spacing of X, Y is not known") as told:
        omio.open_in_napari(image, metadata, viewer=Viewer())
    assert len(told) == 1
    omio.imwrite(tmp_path / "b.tif", image, metadata)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert "PhysicalSize" not in (file.ome_metadata or "").partition("<StructuredAnnotations")[0]
    assert sizes_of(tmp_path / "b.tif") == [None] * 3


RICH = {
    "Description": "two beads",
    "Channel": {"Name": ["EGFP", "mCherry"], "Color": [16711935, -16776961], "EmissionWavelength": [509, 610]},
    "Plane": {"DeltaT": [0.5, 1.5, 2.5, 3.5], "PositionX": [1.0, 2.0, 3.0, 4.0], "PositionXUnit": ["µm"] * 4},
    "MapAnnotation": {"Namespace": "lab/notes", "Operator": "Ada"},
}


def test_facts_are_dropped_on_a_round_trip(tmp_path: Path) -> None:
    ome(tmp_path / "a.ome.tif", small(), **RICH)
    image, metadata = omio.imread(tmp_path / "a.ome.tif")
    omio.imwrite(tmp_path / "b.ome.tif", image, metadata)
    before, after = (omio.open(tmp_path / name) for name in ("a.ome.tif", "b.ome.tif"))
    assert before.identical(after)
    assert after.metadata.channels == before.metadata.channels
    assert [channel.emission_nm for channel in after.metadata.channels] == [509, 610]
    assert after.metadata.description == "two beads"
    np.testing.assert_array_equal(after.data.delta_t, [[[0.5, 1.5], [2.5, 3.5]]])
    np.testing.assert_array_equal(after.data.stage_x, [[[1, 2], [3, 4]]])
    assert ["Operator", "Ada"] in after.metadata.annotations[0].value

    imagej(tmp_path / "parts" / "t1.tif")
    imagej(tmp_path / "parts" / "t2.tif")
    (name,) = omio.imconvert(tmp_path / "parts", merge_multiple_files_in_folder=True, return_fnames=True)
    merge = next(step for step in omio.open(name).metadata.provenance if step.action == "merge")
    assert [part["file"] for part in merge.model_dump()["parts"]] == ["t1.tif", "t2.tif"]


def test_axes_are_misread(tmp_path: Path) -> None:
    imagej(tmp_path / "t.tif", small(shape=(3, 1, 1, 8, 8)), finterval=2.5)
    _, metadata = omio.imread(tmp_path / "t.tif")
    assert (metadata["TimeIncrement"], metadata["TimeIncrementUnit"], metadata["SizeT"]) == (2.5, "s", 3)
    for shape in ((3, 8, 8), (2, 3, 8, 8)):  # tifffile calls the first axes Q, and I where pages are a series
        tifffile.imwrite(tmp_path / "q.tif", np.zeros(shape, np.uint8), photometric="minisblack")
        with pytest.raises(errors.AxesError, match="axes="):
            omio.imread(tmp_path / "q.tif")
    image, metadata = omio.imread(tmp_path / "q.tif", axes="TZYX")
    assert image.shape == (2, 3, 1, 8, 8)
    assert metadata["Annotations"]["provenance"][-1]["axes"] in ("TZYX", ["T", "Z", "Y", "X"])


def test_padding_is_not_told_and_t10_comes_before_t2(tmp_path: Path) -> None:
    for name, value, size in (("t1", 1, 8), ("t10", 10, 6), ("t2", 2, 8)):
        imagej(tmp_path / f"{name}.tif", small(value, (1, 1, 1, size, 8)))
    with pytest.warns(omio.OmioWarning, match=r"t10\.tif"):
        image, metadata = omio.imread(tmp_path, merge_multiple_files_in_folder=True)
    assert image[:, 0, 0, 0, 0].tolist() == [1, 2, 10]
    assert image[2, 0, 0, 6:].max() == 0
    step = metadata["Annotations"]["provenance"][-1]
    assert step["policy"]["kind"] == "padded"


def test_a_strangers_sidecar_or_half_a_token_is_taken(tmp_path: Path) -> None:
    frames = np.arange(2 * 4 * 6, dtype="<u2")
    for name in ("one", "two"):
        (tmp_path / "raw").mkdir(exist_ok=True)
        frames.tofile(tmp_path / "raw" / f"{name}.raw")
    (tmp_path / "raw" / "notes.xml").write_text("<Notes/>")
    (tmp_path / "raw" / "one.yaml").write_text("T: 2\nZ: 1\nC: 1\nY: 4\nX: 6\nbits: 16\n")
    assert omio.imread(tmp_path / "raw" / "one.raw")[0].shape == (2, 1, 1, 4, 6)
    with pytest.raises(errors.OmioError, match=r"two\.raw"):
        omio.imread(tmp_path / "raw" / "two.raw")
    for name in ("FOV1", "FOV10"):
        imagej(tmp_path / "project" / "sub-1" / name / "a.tif")
    report = omio.bids_batch_convert(tmp_path / "project", "sub-", "FOV1")
    assert [result.inputs for result in report.processed] == [("sub-1/FOV1/a.tif",)]


def test_a_mismatch_is_printed_and_none_returned(tmp_path: Path) -> None:
    imagej(tmp_path / "sub-1" / "TP1" / "t1.tif", small(shape=(1, 1, 1, 8, 8)))
    imagej(tmp_path / "sub-1" / "TP1" / "t2.tif", small(shape=(1, 2, 1, 6, 8), dtype="uint8"))
    folder = tmp_path / "sub-1" / "TP1"
    with pytest.raises(errors.MergeError) as caught:
        omio.imread(folder, merge_multiple_files_in_folder=True, zeropadding=False)
    told = " ".join(caught.value.conflicts)
    assert all(what in told for what in ("dtype", "Z", "Y"))
    with pytest.raises(errors.ProjectError, match="1 of 1 outputs failed"):
        omio.bids_batch_convert(tmp_path, "sub-", "TP", merge_multiple_files_in_folder=True, zeropadding=False)


def test_bigtiff_is_guessed_or_half_a_file_has_the_final_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omio.writers import tiffplan, tiffstream

    image = np.random.default_rng(0).integers(0, 1 << 16, (1, 1, 1, 256, 256), np.uint16)
    monkeypatch.setattr(tiffplan, "CLASSIC_LIMIT", image.nbytes // 2)
    omio.imwrite(tmp_path / "large.tif", image, None, compression_level=1)
    with tifffile.TiffFile(tmp_path / "large.tif") as file:
        assert file.is_bigtiff
    monkeypatch.undo()

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tiffstream, "encoded", fail)
    with pytest.raises(errors.WriteError):
        omio.imwrite(tmp_path / "half.tif", image, None)
    assert [path.name for path in tmp_path.iterdir()] == ["large.tif"]


def test_outputs_hold_absolute_paths(tmp_path: Path) -> None:
    home = tmp_path / "home of Ada"
    for number in (1, 2):
        imagej(home / "sub-1" / "TP1" / f"t{number}.tif")
    folder = home / "sub-1" / "TP1"
    image, metadata = omio.imread(folder, merge_multiple_files_in_folder=True)
    omio.imwrite(home / "out" / "a.tif", image, metadata, relative_path="written")
    omio.imconvert(folder)
    omio.bids_batch_convert(home, "sub-", "TP", merge_multiple_files_in_folder=True)
    omio.imread(folder / "t1.tif", zarr_store="disk")
    outputs = [path for path in home.rglob("*") if path.is_file() and path.parent != folder]
    assert len(outputs) > 5
    for path in outputs:
        assert str(tmp_path).encode() not in path.read_bytes(), path
    assert str(tmp_path) not in json.dumps(metadata)


def test_something_is_printed_or_verbose_false_speaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number, size in ((1, 8), (2, 6)):
        imagej(tmp_path / "sub-1" / "TP1" / f"t{number}.tif", small(number, (1, 1, 1, size, 8)))
    folder = tmp_path / "sub-1" / "TP1"
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), caplog.at_level(logging.DEBUG):
        for verbose in (True, False):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                quiet: dict[str, Any] = {"verbose": verbose}
                image, metadata = omio.imread(folder, merge_multiple_files_in_folder=True, **quiet)
                omio.imwrite(tmp_path / "a.tif", image, metadata, **quiet)
                omio.imwrite(tmp_path / "a.tif", image, metadata, **quiet)
                omio.imconvert(folder, **quiet)
                omio.bids_batch_convert(tmp_path, "sub-", "TP", **quiet)
                omio.open_in_napari(image, metadata, viewer=Viewer(), **quiet)
                omio.cleanup_omio_cache(folder, **quiet)
            assert bool(told) == verbose
            assert bool([record for record in caplog.records if record.name.startswith("omio")]) == verbose
            caplog.clear()
    assert (out.getvalue(), err.getvalue()) == ("", "")

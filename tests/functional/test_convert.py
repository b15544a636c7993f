"""`imconvert`: streamed, beside the source, never its own input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

import omio
from omio.testing import makers
from tests.functional.files import imagej, ome, small, two_scenes


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_goes_into_a_folder_beside_it(tmp_path: Path) -> None:
    pixels = imagej(tmp_path / "exp.001.tif")
    (name,) = omio.imconvert(tmp_path / "exp.001.tif", return_fnames=True)
    assert name == str(tmp_path / "omio_converted" / "exp.001.ome.tif")
    np.testing.assert_array_equal(omio.open(name).load(), pixels)


def test_rgb_stays_rgb(tmp_path: Path) -> None:
    sample = makers.rgb(tmp_path / "a.tif")
    (name,) = omio.imconvert(sample.path, return_fnames=True)
    assert omio.open(name).identical(omio.open(sample.path))


def test_outputs_are_no_inputs(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif", small(1))
    ome(tmp_path / "b" / "c.tif", small(2))
    for _ in range(2):
        omio.imconvert(tmp_path, recursive=True, overwrite=True)
    assert names_in(tmp_path) == ["a.tif", "b/c.tif", "b/omio_converted/c.ome.tif", "omio_converted/a.ome.tif"]


def test_the_same_stem_or_scene_does_not_collide(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif", small(1))
    ome(tmp_path / "a.tiff", small(2))
    names = omio.imconvert(tmp_path, return_fnames=True)
    assert [int(omio.open(name).load().flat[0]) for name in names] == [1, 2]
    (tmp_path / "s").mkdir()
    two_scenes(tmp_path / "s" / "b.ome.tif")
    with pytest.warns(omio.OmioWarning, match="2 scenes"):
        names = omio.imconvert(tmp_path / "s" / "b.ome.tif", return_fnames=True)
    assert [Path(name).name for name in names] == ["b_pos1.ome.tif", "b_pos2.ome.tif"]


def test_overwriting_does_not_let_outputs_of_one_call_replace_each_other(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif", small(1))
    ome(tmp_path / "a.tiff", small(2))
    for _ in range(2):
        names = omio.imconvert(tmp_path, overwrite=True, return_fnames=True)
        assert [int(omio.open(name).load().flat[0]) for name in names] == [1, 2]
    assert len(names_in(tmp_path / "omio_converted")) == 2


def test_merged_files_are_one(tmp_path: Path) -> None:
    for k in (1, 2):
        imagej(tmp_path / f"t{k}.tif", small(k))
    (name,) = omio.imconvert(tmp_path, merge_multiple_files_in_folder=True, return_fnames=True)
    assert name == str(tmp_path / "omio_converted" / "t1_merged.ome.tif")
    assert omio.open(name).sizes["T"] == 2


def test_a_bad_file_keeps_none_of_the_others_back(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    (tmp_path / "b.tif").write_bytes(b"II*\0nothing")
    with pytest.warns(omio.OmioWarning, match=r"left out: .*b\.tif"):
        names = omio.imconvert(tmp_path, on_error="warn", return_fnames=True)
    assert names == [str(tmp_path / "omio_converted" / "a.ome.tif")]


def test_copies_go_when_asked(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    omio.imread(tmp_path / "a.tif", zarr_store="disk")
    omio.imconvert(tmp_path / "a.tif")
    assert (tmp_path / ".omio_cache").exists()
    omio.imconvert(tmp_path / "a.tif", overwrite=True, cleanup_cache=True)
    assert not (tmp_path / ".omio_cache").exists()


MEASURE = """
import sys, omio
with omio.config(threads=2):
    convert = {"tiff": omio.imconvert, "disk": lambda path: omio.imread(path, zarr_store="disk")}[sys.argv[3]]
    convert(sys.argv[1])
    peak = lambda: int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
    before = peak()
    convert(sys.argv[2])
    print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
@pytest.mark.parametrize("target", ["tiff", "disk"])
def test_no_image_is_in_memory_as_a_whole(tmp_path: Path, target: str) -> None:
    for name, frames in (("small", 96), ("large", 384)):
        path = tmp_path / f"{name}.tif"
        told = {"axes": "TYX"}
        tifffile.memmap(path, shape=(frames, 1024, 1024), dtype="uint8", imagej=True, metadata=told).flush()
    command = [sys.executable, "-c", MEASURE, *(str(tmp_path / f"{name}.tif") for name in ("small", "large")), target]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 48

"""Damage is put to the planes that have it, and what is whole is saved: others' files, cut, holed and bent."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import imagecodecs
import numcodecs
import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio.checks import diagnose, salvage
from omio.checks.planes import look_through
from omio.errors import ChangedFileError, DamagedFileError
from omio.lazy.arrays import ArrayRecipe
from omio.testing import makers
from tests.support.czi import Tile, document, write_czi

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.checks import Condition, Diagnosis

PIXELS = makers.cells((4, 1, 2, 96, 128)) + 1


def only(path: Path, **options: Any) -> Diagnosis:
    (found,) = diagnose(path, **options)
    return found


def condition_of(found: Diagnosis) -> Condition:
    (condition,) = found.scenes.values()
    assert condition is not None
    return condition


def names(condition: Condition) -> dict[str, list[str]]:
    return {state: [plane.name for plane in condition.of(state)] for state in ("damaged", "missing")}


def whole(path: Path) -> Path:
    makers.ome_tiff(path, PIXELS)
    return path


def truncated(path: Path) -> Path:
    """Cut an ImageJ hyperstack of one page, behind which the other planes lie, within the third plane."""
    metadata = {"axes": "TZCYX"}
    tifffile.imwrite(path, PIXELS, imagej=True, metadata=metadata, photometric="minisblack", truncate=True)
    with tifffile.TiffFile(path) as file:
        first, size = file.pages[0].dataoffsets[0], PIXELS[0, 0, 0].nbytes
    with path.open("r+b") as stream:
        stream.truncate(first + 2 * size + size // 2)
    return path


def corrupt(path: Path) -> Path:
    """Break the stream of the fourth plane."""
    tifffile.imwrite(path, PIXELS, ome=True, metadata={"axes": "TZCYX"}, photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[3].dataoffsets[0]
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 16)
    return path


def holed(path: Path) -> Path:
    """Remove both chunks of a plane of an OME-Zarr, and one of another."""
    whole_zarr(path)
    shutil.rmtree(path / "0" / "c" / "1" / "0")
    (path / "0" / "c" / "3" / "1" / "0" / "0" / "1").unlink()
    return path


def whole_zarr(path: Path) -> None:
    """Write an OME-Zarr by zarr-python, two chunks a plane."""
    group = zarr.create_group(path)
    axes: list[Any] = [{"name": "t", "type": "time"}, *({"name": name, "type": kind} for name, kind in SPACE)]
    scale = [{"type": "scale", "scale": [1.0] * 5}]
    datasets: list[Any] = [{"path": "0", "coordinateTransformations": scale}]
    multiscales: Any = [{"name": "cells", "axes": axes, "datasets": datasets}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    shape = (4, 2, 1, 96, 128)
    array = group.create_array("0", shape=shape, chunks=(1, 1, 1, 96, 64), dtype=PIXELS.dtype, dimension_names=NAMES)
    array[...] = PIXELS.transpose(0, 2, 1, 3, 4)


SPACE = (("c", "channel"), ("z", "space"), ("y", "space"), ("x", "space"))
NAMES = ("t", "c", "z", "y", "x")


def test_a_good_file_is_whole(tmp_path: Path) -> None:
    whole_zarr(tmp_path / "good.ome.zarr")
    for path in (whole(tmp_path / "good.ome.tif"), tmp_path / "good.ome.zarr"):
        found = only(path)
        assert (found.verdict, condition_of(found).whole) == ("whole", 8)


def test_a_truncated_tiff(tmp_path: Path) -> None:
    found = only(truncated(tmp_path / "cut.tif"))
    assert found.verdict == "damaged"
    later = ["T1 Z0 C1", "T2 Z0 C0", "T2 Z0 C1", "T3 Z0 C0", "T3 Z0 C1"]
    assert names(condition_of(found)) == {"damaged": ["T1 Z0 C0"], "missing": later}
    assert all(plane.cause for plane in condition_of(found).broken)


def test_a_corrupt_segment(tmp_path: Path) -> None:
    found = only(corrupt(tmp_path / "bent.ome.tif"))
    assert names(condition_of(found)) == {"damaged": ["T1 Z0 C1"], "missing": []}
    (plane,) = condition_of(found).broken
    assert plane.place == "page 3, segment 0"


def test_chunks_that_are_not_there(tmp_path: Path) -> None:
    found = only(holed(tmp_path / "holed.ome.zarr"))
    assert found.verdict == "damaged"
    assert names(condition_of(found)) == {"damaged": ["T3 Z0 C1"], "missing": ["T1 Z0 C0"]}


def test_a_chunk_of_several_planes_is_missing_in_each(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", shape=(4, 8, 8), chunks=(2, 8, 8), dtype="u1", dimension_names="zyx")
    array[...] = 5
    (tmp_path / "a.zarr" / "c" / "1" / "0" / "0").unlink()
    assert names(condition_of(only(tmp_path / "a.zarr")))["missing"] == ["T0 Z2 C0", "T0 Z3 C0"]


def test_a_raw_file_that_is_short(tmp_path: Path) -> None:
    (tmp_path / "Image.raw").write_bytes(np.arange(1, 8 * 8 * 2 + 1, dtype="<u2").tobytes() + b"\1" * 50)
    sidecar = {"T": 4, "Z": 1, "C": 1, "Y": 8, "X": 8, "bits": 16}
    (tmp_path / "Image.yaml").write_text(json.dumps(sidecar))
    found = only(tmp_path / "Image.raw")
    assert found.verdict == "damaged"
    assert names(condition_of(found)) == {"damaged": ["T2 Z0 C0"], "missing": ["T3 Z0 C0"]}


def czi(path: Path) -> Path:
    """Write a CZI of four planes, and break the stream of the third."""
    tiles = [Tile(PIXELS[number, 0, 0], {"T": number}, compression="zstd") for number in range(4)]
    write_czi(path, tiles, document("<SizeT>4</SizeT>"))
    content = bytearray(path.read_bytes())
    start = content.index(imagecodecs.zstd_encode(PIXELS[2, 0, 0].tobytes())[:64])
    content[start : start + 64] = bytes(64)
    path.write_bytes(content)
    return path


def test_a_broken_sub_block(tmp_path: Path) -> None:
    found = only(czi(tmp_path / "bent.czi"))
    assert names(condition_of(found)) == {"damaged": ["T2 Z0 C0"], "missing": []}


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
def test_a_truncated_czi_is_searched(tmp_path: Path) -> None:
    path = czi(tmp_path / "cut.czi")
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size * 2 // 3)
    found = only(path)
    assert found.verdict == "damaged"
    image, condition = salvage(path)
    assert condition.whole >= 1
    np.testing.assert_array_equal(image.load()[0, 0, 0], PIXELS[0, 0, 0])


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
@pytest.mark.parametrize("make", [truncated, corrupt, holed])
def test_what_is_whole_is_saved_and_the_rest_is_named(make: Any, tmp_path: Path) -> None:
    ending = {truncated: ".tif", corrupt: ".ome.tif", holed: ".ome.zarr"}[make]
    source = make(tmp_path / f"damaged{ending}")
    image, condition = salvage(source)
    image.to_ometiff(tmp_path / "saved.ome.tif")
    saved = tifffile.imread(tmp_path / "saved.ome.tif").reshape(PIXELS.shape)
    for place in np.ndindex(PIXELS.shape[:3]):
        broken = {(plane.t, plane.z, plane.c): plane.state for plane in condition.broken}
        if place not in broken:
            np.testing.assert_array_equal(saved[place], PIXELS[place])
        elif broken[place] == "missing":
            assert not saved[place].any()
    step = omio.open(tmp_path / "saved.ome.tif").metadata.provenance[1]
    assert step.action == "salvage"
    assert {state: getattr(step, state) for state in ("damaged", "missing")} == names(condition)
    assert condition.broken


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
def test_nothing_to_save_is_an_error(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", shape=(4, 8, 8), chunks=(2, 8, 8), dtype="u1", dimension_names="zyx")
    del array
    with pytest.raises(DamagedFileError, match=r"a\.zarr: .*not one plane can be read"):
        salvage(tmp_path / "a.zarr")
    assert only(tmp_path / "a.zarr").verdict == "unreadable"


def test_structure_alone_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corrupt(tmp_path / "bent.ome.tif")
    found = only(path, pixels=False)
    assert (found.verdict, found.scenes) == ("whole", {})


def test_what_is_no_image_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "bad.tif").write_bytes(b"no")
    found = only(tmp_path / "bad.tif")
    assert found.verdict == "unreadable"
    assert found.report.errors


def test_each_image_of_a_folder(tmp_path: Path) -> None:
    whole(tmp_path / "good.ome.tif")
    corrupt(tmp_path / "bent.ome.tif")
    assert {found.path.rpartition("/")[2]: found.verdict for found in diagnose(tmp_path)} == {
        "bent.ome.tif": "damaged",
        "good.ome.tif": "whole",
    }


def test_progress_ends_at_one(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    path = whole(tmp_path / "good.ome.tif")
    only(path, progress=lambda *said: told.append(said))
    assert told[-1] == (str(path), 1.0)


class Changing(ArrayRecipe):
    def read(self, key: Any, out: NDArray[Any]) -> None:
        raise ChangedFileError("changed after it was opened", path="a.tif")


def test_a_file_that_changes_meanwhile_is_no_damage() -> None:
    with pytest.raises(ChangedFileError):
        look_through(Changing(np.zeros((1, 1, 1, 4, 4))))


def test_the_result_is_json(tmp_path: Path) -> None:
    found = json.loads(json.dumps(only(corrupt(tmp_path / "bent.ome.tif")).to_dict()))
    assert found["verdict"] == "damaged"
    (scene,) = found["scenes"].values()
    assert (scene["whole"], scene["damaged"][0]["plane"]) == (7, "T1 Z0 C1")


def test_a_chunk_that_a_lenient_reader_gives_up_is_left_out(tmp_path: Path) -> None:
    """Filters that omio does not decode itself raise, whatever is asked."""
    pixels = np.arange(1, 257, dtype="<u2").reshape(4, 8, 8)
    delta, zlib = numcodecs.Delta(dtype="<u2"), numcodecs.Zlib()
    how: dict[str, Any] = {"chunks": (1, 8, 8), "zarr_format": 2, "filters": [delta], "compressors": [zlib]}
    array = zarr.create_array(tmp_path / "a.zarr", shape=pixels.shape, dtype=pixels.dtype, **how)
    array.attrs["_ARRAY_DIMENSIONS"] = ["z", "y", "x"]
    array[...] = pixels
    (tmp_path / "a.zarr" / "2.0.0").write_bytes(b"junk")

    image, condition = salvage(tmp_path / "a.zarr")

    assert names(condition) == {"damaged": ["T0 Z2 C0"], "missing": []}
    pixels[2] = 0
    np.testing.assert_array_equal(image.load()[0, :, 0], pixels)

"""What opening does: it reads headers, each once, and nothing of it grows with what the user did not ask for."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from PIL import Image

import omio
from tests.operations import samples
from tests.operations.meter import Tally, counted, needs_positions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLANES, FILES = 20_000, 60
OPENED = 3
"""Times that a TIFF is opened: for its first bytes, by omio, by tifffile."""


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.ome_planes(tmp_path_factory.mktemp("planes") / "many.ome.tif", PLANES)


def opening(path: Path, **options: Any) -> Tally:
    return counted(path.parent, lambda: omio.open(path, **options))


def test_importing_loads_a_table_of_contents_and_no_more() -> None:
    code = "import sys, omio, json; print(json.dumps([name for name in sys.modules if name.startswith('omio')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["omio"]


@needs_positions
def test_planes_of_an_ome_tiff_are_not_looked_at(planes: Path, tmp_path: Path) -> None:
    few, many = opening(samples.ome_planes(tmp_path / "few.ome.tif", PLANES // 4)), opening(planes)
    assert many.opened == {planes.name: OPENED}
    assert many.nbytes < 512
    assert many.entered == few.entered
    assert many.entered.total() < 800


def blocks(call: Callable[[Path], object], small: Path, path: Path) -> int:
    """Return how many blocks of memory the result of a call holds; the small file is for what is imported."""
    call(small)
    gc.collect()
    before = sys.getallocatedblocks()
    held = call(path)
    gc.collect()
    after = sys.getallocatedblocks()
    del held
    return after - before


def test_no_object_is_made_for_each_plane(planes: Path, tmp_path: Path) -> None:
    def read(path: Path) -> object:
        image = omio.open(path)
        return image, image.isel(T=7).load(), image.data.delta_t

    small = samples.ome_planes(tmp_path / "small.ome.tif", 20)
    assert blocks(omio.open, small, planes) < PLANES // 50
    assert blocks(read, small, planes) < PLANES // 20


@needs_positions
def test_a_hyperstack_is_opened_by_its_first_page(tmp_path: Path) -> None:
    few, many = (opening(samples.hyperstack(tmp_path / f"{count}.tif", (count, 8, 8))) for count in (20, 2000))
    assert len(many.ranges) == len(few.ranges) <= 5
    assert many.nbytes < 1024
    assert many.entered == few.entered


@needs_positions
@pytest.mark.parametrize("count", [10, 300])
def test_the_chain_of_pages_is_walked_once(tmp_path: Path, count: int) -> None:
    tally = opening(samples.pages(tmp_path / "a.tif", count), axes="TYX")
    assert len(tally.ranges) <= count + 1
    assert tally.repeated <= 16
    assert tally.entered["walk_chain"] == 1
    assert tally.entered.total() < 500 + 4 * count


@needs_positions
def test_tables_of_segments_are_read_once(tmp_path: Path) -> None:
    tally = opening(samples.tiled(tmp_path / "a.tif"))
    assert len(tally.ranges) == 4  # header, IFD, offsets, byte counts
    assert tally.repeated < 128  # the first look at an IFD takes 256 bytes, whatever they hold


@needs_positions
def test_a_czi_is_opened_by_its_directory_and_first_sub_block(tmp_path: Path) -> None:
    few, many = (opening(samples.mosaic(tmp_path / f"{count}.czi", count)) for count in (4, 40))
    assert many.opened == {"40.czi": 2}
    assert many.repeated == 0
    assert len(many.ranges) == len(few.ranges) <= 10  # head and XML of a sub-block tell what is known of planes
    assert many.entered == few.entered
    assert many.nbytes < 120 * 2 * 4 * 40  # a directory entry of 104 bytes a tile


def test_a_zarr_is_opened_by_its_documents(tmp_path: Path) -> None:
    for name, chunk in (("few", 64), ("many", 4)):
        image = omio.MicroscopyDataset.from_array(samples.noise(64, 64), axes="YX")
        image.to_omezarr(tmp_path / f"{name}.ome.zarr", chunks=(1, 1, 1, chunk, chunk), levels=1)
    few, many = (opening(tmp_path / f"{name}.ome.zarr") for name in ("few", "many"))
    assert len(list((tmp_path / "many.ome.zarr").rglob("*"))) > 256
    assert {name.partition("/")[2]: times for name, times in many.opened.items()} == {
        ".zmetadata": 3,  # which is not there, or it would say where references lie
        "zarr.json": 3,  # once to tell it from folders of images, once to choose the backend, once to read it
        "0/zarr.json": 1,
    }
    assert many.entered == few.entered


def test_an_array_of_zarr_python_is_opened_by_its_document(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", shape=(40, 8, 8), chunks=(1, 8, 8), dtype="u2")
    array[:] = np.arange(40)[:, None, None]
    tally = opening(tmp_path / "a.zarr", axes="TYX")
    assert not [name for name in tally.opened if "/c/" in name]


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.folder(tmp_path_factory.mktemp("sequence") / "files", FILES)


def test_each_file_of_a_sequence_is_compared_by_one_look(sequence: Path) -> None:
    tally = counted(sequence, lambda: omio.open(sequence / "t{T}.tif"))
    first, *others = [tally.opened[path.name] for path in sorted(sequence.iterdir())]
    assert others == [1] * (FILES - 1)
    assert first <= OPENED + 3
    assert tally.entered.total() < 800 + 15 * FILES


def test_unchecked_files_of_a_sequence_are_not_looked_at(sequence: Path) -> None:
    tally = counted(sequence, lambda: omio.open(sequence / "t{T}.tif", validate_shapes=False))
    assert set(tally.opened) == {"t000.tif"}
    assert tally.entered.total() < 700 + 3 * FILES


def test_tags_behind_the_pixels_take_no_second_look(tmp_path: Path) -> None:
    for number in range(4):
        picture = Image.fromarray(samples.noise(64, 64, seed=number).astype(np.uint8))
        picture.save(tmp_path / f"t{number}.tif", compression="tiff_lzw")  # by libtiff, whose tags come last
    tally = counted(tmp_path, lambda: omio.open(tmp_path / "t{T}.tif"))
    assert [tally.opened[f"t{number}.tif"] for number in (1, 2, 3)] == [1, 1, 1]


def test_looking_at_what_is_known_reads_nothing(planes: Path) -> None:
    image = omio.open(planes)

    def look() -> None:
        repr(image)
        part = image.isel(T=slice(100, 200, 3), Y=slice(2, 6))
        assert part.metadata.axis("T").size == 34
        part.data.mean("T")

    tally = counted(planes.parent, look)
    assert not tally.opened
    assert not tally.ranges

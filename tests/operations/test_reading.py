"""What reading does: the segments that are met, each read once and decoded once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from tests.operations import samples
from tests.operations.meter import Tally, counted, needs_account, needs_positions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omio import MicroscopyDataset

SEGMENTS = samples.FRAMES * samples.STRIPS


def reading(image: MicroscopyDataset, folder: Path, **key: Any) -> Tally:
    part = image.isel(**key)
    return counted(folder, part.load)


@pytest.mark.parametrize("threads", [1, 4])
def test_each_segment_of_a_stack_is_decoded_once(tmp_path: Path, threads: int) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    with omio.config(threads=threads):
        tally = reading(image, tmp_path)
    assert tally.decoded == {"deflate": SEGMENTS}
    assert tally.repeated < 128
    assert tally.opened.total() == 2


@pytest.mark.parametrize(
    ("key", "met"),
    [
        ({"T": 3}, samples.STRIPS),
        ({"T": [6, 1, 5]}, 3 * samples.STRIPS),
        ({"T": [1, 6, 1, 1]}, 2 * samples.STRIPS),
        ({"T": slice(None, None, 4)}, 2 * samples.STRIPS),
        ({"T": 3, "Y": slice(20, 30)}, 1),
        ({"T": 3, "Y": slice(10, 20)}, 2),
        ({"T": 3, "Y": slice(None, None, 32)}, 2),
        ({"T": 3, "X": slice(0, 1)}, samples.STRIPS),
    ],
    ids=str,
)
def test_only_segments_that_are_met_are_read(tmp_path: Path, key: dict[str, Any], met: int) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    assert reading(image, tmp_path, **key).decoded == {"deflate": met}


def test_planes_that_are_asked_for_again_are_copied(tmp_path: Path) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    whole, wanted = image.load(), [1, 6, 1, 1, 0, 6]
    np.testing.assert_array_equal(image.isel(T=wanted, Y=slice(None, None, -3)).load(), whole[wanted, ..., ::-3, :])


@needs_positions
def test_a_region_of_tiles_reads_those_tiles(tmp_path: Path) -> None:
    image = omio.open(samples.tiled(tmp_path / "a.tif"))
    near = reading(image, tmp_path, Y=slice(0, 128), X=slice(128, 256))
    four = reading(image, tmp_path, Y=slice(100, 200), X=slice(100, 200))
    every = reading(image, tmp_path)
    assert [tally.decoded["deflate"] for tally in (near, four, every)] == [1, 4, 64]
    assert len(four.ranges) - len(near.ranges) == 3
    assert every.repeated < 128
    assert every.nbytes < (tmp_path / "a.tif").stat().st_size + 256


@needs_positions
def test_planes_that_lie_together_are_read_at_once(tmp_path: Path) -> None:
    tally = reading(omio.open(samples.hyperstack(tmp_path / "a.tif", (300, 64, 64))), tmp_path)
    pixels = [at for at in tally.ranges if at.stop - at.start > 1 << 17]  # more than all IFDs take
    assert [stop - start for _, start, stop in pixels] == [2 * 300 * 64 * 64]
    assert len(tally.ranges) <= 300 + 4
    assert tally.entered.total() < 300 + 4 * 300


@needs_positions
def test_reading_pages_costs_their_directories_and_few_large_reads(tmp_path: Path) -> None:
    image = omio.open(samples.pages(tmp_path / "a.tif", 500), axes="TYX")
    one, all_of_them = reading(image, tmp_path, T=300), reading(image, tmp_path)
    assert len(all_of_them.ranges) - len(one.ranges) <= 4
    assert one.entered.total() < 500 + 4 * 500
    assert all_of_them.entered.total() - one.entered.total() < 100


def test_a_plane_of_a_dataset_that_is_open_costs_the_plane(tmp_path: Path) -> None:
    image = omio.open(samples.pages(tmp_path / "a.tif", 500), axes="TYX")

    def scroll(count: int) -> Callable[[], None]:
        def call() -> None:
            for t in range(count):
                image.isel(T=t).load()

        return call

    few, many = (counted(tmp_path, scroll(count)) for count in (10, 20))
    assert many.opened == few.opened
    assert many.entered["walk_chain"] == 1
    assert many.entered.total() - few.entered.total() < 10 * 220
    assert len(many.ranges) - len(few.ranges) in (0, 10)


@needs_positions
def test_tiles_of_a_czi_are_found_and_decoded_once(tmp_path: Path) -> None:
    image = omio.open(samples.mosaic(tmp_path / "a.czi", 20))
    corner = reading(image, tmp_path, C=1, Y=slice(40, 70), X=slice(0, 60))
    plane = reading(image, tmp_path, C=1)
    every = reading(image, tmp_path)
    assert [sum(tally.decoded.values()) for tally in (corner, plane, every)] == [4, 80, 160]
    assert (corner.repeated, plane.repeated, every.repeated) == (0, 0, 0)
    assert len(every.ranges) - len(plane.ranges) == 2 * 80  # a head and its pixels a tile


@needs_account
@pytest.mark.parametrize("shards", [False, True], ids=["chunks", "a shard"])
def test_chunks_of_a_zarr_are_read_once_and_alone(tmp_path: Path, *, shards: bool) -> None:
    path = tmp_path / "a.ome.zarr"
    written = omio.MicroscopyDataset.from_array(samples.noise(512, 512), axes="YX")
    written.to_omezarr(path, chunks=(1, 1, 1, 128, 128), shards=(1, 1, 1, 512, 512) if shards else False, levels=1)
    stored = [file.stat().st_size for file in (path / "0" / "c").rglob("*") if file.is_file()]
    image = omio.open(path)
    with omio.config(threads=1):
        one, every = (
            reading(image, path / "0" / "c", Y=slice(10, 20), X=slice(130, 140)),
            reading(image, path / "0" / "c"),
        )
    assert (one.decoded, every.decoded) == ({"blosc": 1}, {"blosc": 16})
    assert (one.opened.total(), every.opened.total()) == ((2, 17) if shards else (1, 16))
    assert one.taken < sum(stored) / 4
    assert every.taken < 1.3 * sum(stored)


class TestGraphs:
    @pytest.mark.parametrize(("chunks", "count"), [("plane", 1000), ({"T": 10}, 100), ("auto", 1)], ids=str)
    def test_there_is_a_task_a_chunk(self, tmp_path: Path, chunks: Any, count: int) -> None:
        data = omio.open(samples.ome_planes(tmp_path / "a.ome.tif", 1000), chunks=chunks).data.data
        assert data.npartitions == count
        assert count <= len(dict(data.__dask_graph__())) <= count + 2

    def test_making_one_reads_nothing(self, tmp_path: Path) -> None:
        image = omio.open(samples.stack(tmp_path / "a.ome.tif"), chunks="plane")
        assert not counted(tmp_path, lambda: image.data.isel(T=slice(2, 5)).mean("T")).opened

    def test_computing_a_selection_reads_what_it_meets(self, tmp_path: Path) -> None:
        image = omio.open(samples.stack(tmp_path / "a.ome.tif"), chunks="plane")
        plane = counted(tmp_path, lambda: image.data.isel(T=3).values)
        rows = counted(tmp_path, lambda: image.data.isel(T=3, Y=slice(20, 30)).values)
        mean = counted(tmp_path, lambda: image.data.mean("T").values)
        assert plane.decoded == {"deflate": samples.STRIPS}
        assert rows.decoded == {"deflate": 1}
        assert mean.decoded == {"deflate": SEGMENTS}
        assert mean.opened.total() == 2


def test_projecting_reads_each_plane_once(tmp_path: Path) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    for how in ("max", "mean", "std"):
        projected = image.project("T", how)
        assert counted(tmp_path, projected.load).decoded == {"deflate": SEGMENTS}


@needs_positions
def test_a_memory_map_reads_no_pixel(tmp_path: Path) -> None:
    image = omio.open(samples.hyperstack(tmp_path / "a.tif", (50, 64, 64)))
    tally = counted(tmp_path, lambda: np.asarray(image.memmap()[7:8]).sum())
    assert tally.nbytes < 256 * 50  # of 50 IFDs

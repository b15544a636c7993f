"""What writing does: each source segment is decoded once, each segment of the target encoded once and written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.batch import Project
from omio.lazy.leaf import first_stamp
from tests.operations import samples
from tests.operations.meter import Tally, counted, needs_account

if TYPE_CHECKING:
    from omio import MicroscopyDataset

SEGMENTS = samples.FRAMES * samples.STRIPS
FILES = 100
ROOM = 1 << 14
"""Bytes of documents, tags and locks, whatever the image."""


def converting(image: MicroscopyDataset, target: Path, **policy: Any) -> Tally:
    return counted(target.parent, lambda: image.to_ometiff(target, overwrite="replace", **policy))


def to_zarr(image: MicroscopyDataset, target: Path, **policy: Any) -> Tally:
    return counted(target.parent, lambda: image.to_omezarr(target, overwrite="replace", **policy))


def segments(path: Path) -> list[int]:
    """Return the lengths of all segments of a TIFF, as tifffile finds them."""
    with tifffile.TiffFile(path) as file:
        pages = [page for series in file.series for level in series.levels for page in level.pages]
        return [count for page in pages for count in page.databytecounts]  # type: ignore[union-attr]


def stored(path: Path) -> list[int]:
    return [file.stat().st_size for file in path.rglob("*") if file.is_file()]


@needs_account
@pytest.mark.parametrize("levels", [1, 3])
def test_converting_decodes_encodes_and_writes_once(tmp_path: Path, levels: int) -> None:
    image = omio.open(samples.tiled(tmp_path / "a.tif"))
    target = tmp_path / "b.ome.tif"
    tally = converting(image, target, levels=levels, tile=(256, 256))
    written = segments(target)
    assert tally.decoded == {"deflate": 64}
    assert tally.opened["a.tif"] == 2
    assert (tally.encoded["isal"] or tally.encoded["deflate"]) == len(written) == {1: 16, 3: 16 + 4 + 1}[levels]
    spooled = sum(2 * (samples.SIDE >> level) ** 2 for level in range(1, levels))
    assert sum(written) + spooled <= tally.given < sum(written) + spooled + ROOM


def test_verifying_reads_source_and_target_once_more(tmp_path: Path) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    target = tmp_path / "b.ome.tif"
    tally = converting(image, target, verify=True, compression="zstd")
    assert tally.decoded == {"deflate": 2 * SEGMENTS, "zstd": len(segments(target)), "delta": len(segments(target))}


@needs_account
def test_a_pyramid_is_made_from_level_to_level(tmp_path: Path) -> None:
    image = omio.open(samples.tiled(tmp_path / "a.tif"))
    target = tmp_path / "b.ome.zarr"
    tally = to_zarr(image, target, levels=4, chunks=(1, 1, 1, 128, 128))
    chunks = [file for level in range(4) for file in (target / str(level) / "c").rglob("*") if file.is_file()]
    assert len(chunks) == 64 + 16 + 4 + 1
    assert tally.decoded["deflate"] == 64
    assert tally.decoded["blosc"] <= 16  # of a level that was just written, a sixteenth of the pixels or less
    assert tally.encoded == {"blosc": len(chunks)}
    assert sum(stored(target)) <= tally.given < sum(stored(target)) + ROOM


def test_the_number_of_threads_changes_no_count(tmp_path: Path) -> None:
    image = omio.open(samples.stack(tmp_path / "a.ome.tif"))
    found = []
    for threads in (1, 4):
        with omio.config(threads=threads):
            tallies = converting(image, tmp_path / "b.ome.tif"), to_zarr(image, tmp_path / "b.ome.zarr")
            found.append([(tally.decoded, tally.encoded) for tally in tallies])
    assert found[0] == found[1]
    assert [decoded["deflate"] for decoded, _ in found[0]] == [SEGMENTS, SEGMENTS]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[MicroscopyDataset]:
    """Return images of two frames in a file each."""
    folder = tmp_path_factory.mktemp("merged")
    for number in range(FILES):
        pixels = samples.noise(2, 16, 16, seed=number)
        tifffile.imwrite(folder / f"{number:03d}.ome.tif", pixels, ome=True, metadata={"axes": "TYX"})
    return [omio.open(path) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def folder(images: list[MicroscopyDataset]) -> Path:
    source = first_stamp(images[0].recipe)
    assert source is not None
    return Path(source.path).parent


def test_planning_a_merge_opens_no_file_and_a_plane_opens_one(images: list[MicroscopyDataset], folder: Path) -> None:
    planning = counted(folder, lambda: omio.merge(images, along="T"))
    half = counted(folder, lambda: omio.merge(images[: FILES // 2], along="T"))
    assert not planning.opened
    assert planning.entered.total() < 2.1 * half.entered.total()
    merged = omio.merge(images, along="T")
    assert not counted(folder, lambda: (repr(merged), merged.metadata, merged.data)).opened
    assert counted(folder, merged.isel(T=101).load).opened == {"050.ome.tif": 2}
    few = counted(folder, merged.isel(T=slice(3, 7)).load)
    assert set(few.opened) == {"001.ome.tif", "002.ome.tif", "003.ome.tif"}


@pytest.mark.parametrize(("compression", "encoded"), [("zstd", 40), ("none", 0)])
def test_merged_files_are_read_once_or_copied(
    images: list[MicroscopyDataset], folder: Path, tmp_path: Path, compression: str, encoded: int
) -> None:
    target = tmp_path / "all.ome.tif"
    merged = omio.merge(images[:20], along="T")
    tally = counted(folder, lambda: merged.to_ometiff(target, compression=compression, overwrite="replace"))
    times = 2 if encoded else 3  # bytes that lie as they are wanted are copied from the file itself
    assert tally.opened == {f"{number:03d}.ome.tif": times for number in range(20)}
    assert tally.encoded["zstd"] == encoded
    assert bool(tally.entered["encoded"]) == bool(encoded)
    np.testing.assert_array_equal(tifffile.imread(target)[10:12], images[5].load()[:, 0, 0])


def test_a_batch_of_files_of_one_page_is_planned_by_one_look_at_each(tmp_path: Path) -> None:
    for number in range(8):
        folder = tmp_path / f"sub-{number}" / "TP1"
        folder.mkdir(parents=True)
        samples.ome_planes(folder / "a.ome.tif", 1)
    tally = counted(tmp_path, lambda: Project(tmp_path, "bids-like").plan())
    first, *others = [tally.opened[f"sub-{number}/TP1/a.ome.tif"] for number in range(8)]
    assert others == [1] * 7
    assert first <= 4

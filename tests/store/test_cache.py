"""Copies on disk: found by content, whole or not at all, and removed only where omio made them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

from omio.errors import WriteError
from omio.lazy.leaf import FileStamp
from omio.lazy.recipe import ArrayRecipe
from omio.store.cache import FOLDER, Identity, entries, stored, usable

if TYPE_CHECKING:
    from pathlib import Path

    from omio.indexing import Key

PIXELS = np.arange(2 * 3 * 64 * 64, dtype="u2").reshape(2, 1, 3, 64, 64)


class Counting(ArrayRecipe):
    """Says how much was read, and fails where asked to."""

    reads = 0
    fails = False

    def read(self, key: Key, out: Any) -> None:
        type(self).reads += 1
        if self.fails:
            raise OSError(5, "Input/output error")
        super().read(key, out)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.tif"
    path.write_bytes(b"content")
    Counting.reads, Counting.fails = 0, False
    return path


def copied(source: Path, *, reuse: bool = True, **made: Any) -> Path:
    folder = source.parent / FOLDER
    assert usable(folder)
    identity = Identity.of([FileStamp.of(source)], made)
    return stored(Counting(PIXELS), folder, source.stem, identity, reuse=reuse)


def test_a_copy_holds_the_pixels_and_says_what_it_is_of(source: Path) -> None:
    path = copied(source, scene="0")
    np.testing.assert_array_equal(zarr.open_array(path, mode="r")[:], PIXELS)
    manifest = json.loads((path / "omio.json").read_text())
    assert path.name == f"a-{manifest['key']}.zarr"
    assert manifest["sources"][0]["path"] == "a.tif"
    assert manifest["made"] == {"scene": "0"}
    (entry,) = entries(path.parent)
    assert entry.is_of(source)
    assert not entry.is_of(source.with_name("b.tif"))


def test_the_same_content_is_copied_once(source: Path) -> None:
    first = copied(source)
    reads = Counting.reads
    assert copied(source) == first
    assert Counting.reads == reads
    assert copied(source, reuse=False) == first
    assert Counting.reads > reads


def test_another_content_scene_or_time_is_another_copy(source: Path) -> None:
    keys = {copied(source), copied(source, scene="1")}
    source.write_bytes(b"CONTENT")
    keys.add(copied(source))
    os.utime(source, ns=(1, 1))
    keys.add(copied(source))
    assert len(keys) == 4


def test_names_do_not_count(source: Path) -> None:
    stat = source.stat()
    other = source.with_name("b.tif")
    other.write_bytes(source.read_bytes())
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    keys = [Identity.of([FileStamp.of(path)], {}).key for path in (source, other)]
    assert keys[0] == keys[1]


def test_a_copy_that_lost_a_part_is_made_again(source: Path) -> None:
    path = copied(source)
    chunk = next(file for file in path.rglob("*") if file.is_file() and "c" in file.relative_to(path).parts)
    chunk.unlink()
    np.testing.assert_array_equal(zarr.open_array(copied(source), mode="r")[:], PIXELS)


def test_a_failure_leaves_nothing(source: Path) -> None:
    Counting.fails = True
    with pytest.raises(WriteError):
        copied(source)
    assert list((source.parent / FOLDER).iterdir()) == []


def test_a_failure_leaves_the_copy_that_was_there(source: Path) -> None:
    path = copied(source)
    Counting.fails = True
    with pytest.raises(WriteError):
        copied(source, reuse=False)
    np.testing.assert_array_equal(zarr.open_array(path, mode="r")[:], PIXELS)


def test_somebody_elses_folder_is_not_replaced(source: Path) -> None:
    path = copied(source)
    (path / "omio.json").unlink()
    with pytest.raises(WriteError):
        copied(source, reuse=False)
    assert zarr.open_array(path, mode="r").shape == PIXELS.shape
    assert list(entries(path.parent)) == []


def test_a_link_or_a_broken_manifest_is_no_copy(source: Path, tmp_path: Path) -> None:
    path = copied(source)
    linked = tmp_path / "links"
    linked.mkdir()
    (linked / path.name).symlink_to(path, target_is_directory=True)
    assert list(entries(linked)) == []
    (path / "omio.json").write_text("[]")
    assert list(entries(path.parent)) == []


def test_a_folder_that_moves_takes_its_copies_along(source: Path, tmp_path: Path) -> None:
    copied(source)
    moved = tmp_path / "moved"
    moved.mkdir()
    (source.parent / FOLDER).rename(moved / FOLDER)
    source.rename(moved / "a.tif")
    (entry,) = entries(moved / FOLDER)
    assert entry.is_of(moved / "a.tif")


def test_an_image_that_is_a_folder_is_known_by_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "a.zarr"
    (folder / "c").mkdir(parents=True)
    (folder / "c" / "0").write_bytes(b"chunk")
    stamp = FileStamp.of(folder)
    key = Identity.of([stamp], {}).key
    assert Identity.of([stamp], {}).key == key
    os.utime(folder / "c" / "0", ns=(1, 1))
    assert Identity.of([stamp], {}).key != key

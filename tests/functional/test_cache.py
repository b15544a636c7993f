"""Copies that `imread(zarr_store="disk")` makes are those of `MicroscopyDataset.cached`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr.errors

import omio
from omio.errors import WriteError
from omio.store.cache.entries import FOLDER, entries
from tests.functional.files import ome

if TYPE_CHECKING:
    from pathlib import Path


def made_at(folder: Path) -> list[float]:
    return [entry.manifest["made_at"] for entry in entries(folder / FOLDER)]


def test_both_use_the_same_copy(tmp_path: Path) -> None:
    pixels = ome(tmp_path / "a.tif")
    omio.open(tmp_path / "a.tif").cached()
    before = made_at(tmp_path)
    image, _ = omio.imread(tmp_path / "a.tif", zarr_store="disk", reuse_disk_cache=True)
    np.testing.assert_array_equal(image[:], pixels)
    assert made_at(tmp_path) == before
    omio.imread(tmp_path / "a.tif", zarr_store="disk")
    assert len(made_at(tmp_path)) == 1
    assert made_at(tmp_path) > before


def test_a_copy_that_is_removed_does_not_read_as_zeros(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    image, _ = omio.imread(tmp_path / "a.tif", zarr_store="disk")
    omio.cleanup_omio_cache(tmp_path / "a.tif")
    with pytest.raises(zarr.errors.ChunkNotFoundError):
        image[:]


def test_the_copies_of_a_merge_belong_to_each_of_its_files(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("a.tif", "b.tif")]
    for name in names:
        ome(name)
    omio.imread(names, zarr_store="disk", merge_multiple_files_in_folder=True)
    assert len(made_at(tmp_path)) == 1
    assert len(omio.cleanup_omio_cache(names[1])) == 1


def test_copies_of_a_file_that_is_gone_are_removed(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    omio.imread(tmp_path / "a.tif", zarr_store="disk")
    (tmp_path / "a.tif").unlink()
    assert len(omio.cleanup_omio_cache(tmp_path / "a.tif")) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_copy_with_a_users_file_in_it_stays(tmp_path: Path) -> None:
    ome(tmp_path / "a.tif")
    omio.imread(tmp_path / "a.tif", zarr_store="disk")
    (entry,) = entries(tmp_path / FOLDER)
    (entry.path / "notes.txt").write_text("mine")
    with pytest.raises(WriteError, match=r"notes\.txt"):
        omio.cleanup_omio_cache(tmp_path, full_cleanup=True)
    shutil.move(entry.path / "notes.txt", tmp_path)
    assert omio.cleanup_omio_cache(tmp_path) == [str(entry.path)]

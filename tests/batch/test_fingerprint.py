"""What tells that a source of a job is still the one it was."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from omio.batch.running.fingerprint import Stamp
from omio.errors import FileMissingError

if TYPE_CHECKING:
    from pathlib import Path


def folder(path: Path) -> Path:
    (path / "c").mkdir(parents=True)
    (path / "zarr.json").write_text("{}")
    (path / "c" / "0").write_bytes(b"pixels")
    return path


def test_a_copied_folder_has_the_same_content(tmp_path: Path) -> None:
    first = folder(tmp_path / "a.zarr")
    copy = shutil.copytree(first, tmp_path / "b.zarr", copy_function=shutil.copyfile)
    assert Stamp.of(first).size == 8
    assert Stamp.of(first).holds(Stamp.of(copy))


def test_a_folder_changes_with_any_file_in_it(tmp_path: Path) -> None:
    path = folder(tmp_path / "a.zarr")
    before = Stamp.of(path)
    os.utime(path / "c" / "0", ns=(0, before.mtime_ns + 10**9))
    assert Stamp.of(path).mtime_ns == before.mtime_ns + 10**9
    (path / "c" / "0").rename(path / "c" / "1")
    assert not Stamp.of(path).holds(before)


def test_a_file_changes_with_its_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"one" + bytes(1 << 18))
    before = Stamp.of(path)
    path.write_bytes(b"two" + bytes(1 << 18))
    assert not Stamp.of(path).holds(before)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="no such file or folder"):
        Stamp.of(tmp_path / "a.tif")

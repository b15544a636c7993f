"""Copies of real files: found wherever the files lie, and the same pixels."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import omio
from omio.store.cache.entries import FOLDER, entries
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("czi-tileregion.czi", "czi-tileregion.czi"),
        ("czi-rgb8.czi", "czi-rgb8.czi"),
        ("gen/ometiff-pyramid-tzc.ome.tif", "ometiff-pyramid-tzc.ome.tif"),
        ("gen/ometiff-multifile-z", "ometiff-multifile-z/mcz_Z0.ome.tif"),
        ("companion-multifile", "companion-multifile/multifile.companion.ome"),
        ("gen/zarr-v05-ngffzarr-czyx.ome.zarr", "zarr-v05-ngffzarr-czyx.ome.zarr"),
    ],
)
def test_copies_of_real_files_move_with_them(tmp_path: Path, name: str, file: str) -> None:
    source = real(name)
    for place in ("here", "there/deep"):
        copying = shutil.copytree if source.is_dir() else shutil.copy2
        (tmp_path / place).mkdir(parents=True)
        copying(source, tmp_path / place / source.name)
    made = []
    for place in ("here", "there/deep"):
        scenes = omio.open_collection(tmp_path / place / file)
        image = scenes[next(iter(scenes))]
        copy = image.cached(tmp_path)
        for mine, theirs in zip(copy.levels, image.levels, strict=True):
            assert mine.identical(theirs)
        (entry,) = entries(tmp_path / FOLDER)
        made.append(entry.manifest["made_at"])
    assert made[0] == made[1]

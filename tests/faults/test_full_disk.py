"""Disks that fill up: a file system of a size, mounted for a test."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio.errors import WriteError
from tests.faults.formats import FORMATS, contents, pixels
from tests.faults.runs import SHAPE, found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BYTES = 2 * int(np.prod(SHAPE))
FORMS = ["tiff", "tiff-zlib-pyramid", "omezarr-0.5", "omezarr-0.4", "omezarr-sharded", "omezarr-zip", "zarr"]

type Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount a file system in memory that has room for so many bytes."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting takes root on Linux")
    mounted: list[Path] = []

    def mount(nbytes: int) -> Path:
        path = tmp_path / f"disk{len(mounted)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={nbytes},nr_inodes=10000", "tmpfs", str(path)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("form", FORMS)
def test_a_new_file_is_absent(form: str, part: float, disk: Disk) -> None:
    folder = disk(int(part * BYTES))
    with pytest.raises(WriteError, match=r"a\..*(are free|No space left on device)\. Make room"):
        FORMATS[form].write(omio.MicroscopyDataset.from_array(pixels(2, SHAPE)), folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("form", FORMS)
def test_an_old_file_is_kept(form: str, part: float, disk: Disk) -> None:
    old = pixels(1, (1, 1, 1, 64, 64))
    folder = disk(int(part * BYTES) + 4 * old.nbytes)
    path = FORMATS[form].write(omio.MicroscopyDataset.from_array(old), folder)
    before = contents(path)
    with pytest.raises(WriteError, match=r"a\..*(are free|No space left on device)\. Make room"):
        FORMATS[form].write(omio.MicroscopyDataset.from_array(pixels(2, SHAPE)), folder)
    assert contents(path) == before
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    np.testing.assert_array_equal(found(form, folder), old)


@pytest.mark.parametrize("form", ["tiff", "omezarr-0.5", "omezarr-zip", "zarr"])
def test_what_is_known_not_to_fit_is_told_before_anything_is_written(form: str, disk: Disk) -> None:
    folder = disk(BYTES // 2)
    options = {"compression": "none"} if form != "tiff" else {}
    with pytest.raises(WriteError, match=r"needs up to [0-9,]+ bytes, and [0-9,]+ are free") as caught:
        FORMATS[form].write(omio.MicroscopyDataset.from_array(pixels(2, SHAPE)), folder, **options)
    assert f"{BYTES // 2:,} are free" in str(caught.value)

"""Reads at positions, with and without preadv."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.backends.rawfile import PositionedFile, SeekingFile, open_raw
from omio.errors import DamagedFileError, FileMissingError

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [SeekingFile, pytest.param(PositionedFile, marks=pytest.mark.skipif(not hasattr(os, "preadv"), reason="POSIX"))]


@pytest.fixture
def data(tmp_path: Path) -> tuple[str, bytes]:
    content = np.random.default_rng(0).integers(0, 256, 100_000, dtype=np.uint8).tobytes()
    (tmp_path / "a").write_bytes(content)
    return str(tmp_path / "a"), content


@pytest.mark.parametrize("kind", KINDS)
def test_read(kind: type[PositionedFile | SeekingFile], data: tuple[str, bytes]) -> None:
    path, content = data
    file = kind(path)
    assert file.size == len(content)
    assert file.read(100, 5) == content[5:105]
    assert file.read(100, 99_950) == content[99_950:]
    assert file.read(100, 200_000) == b""
    file.close()
    file.close()


@pytest.mark.parametrize("kind", KINDS)
def test_scattered_buffers_beyond_the_limit_of_one_call(
    kind: type[PositionedFile | SeekingFile], data: tuple[str, bytes]
) -> None:
    path, content = data
    file = kind(path)
    buffers = [np.zeros(31, np.uint8) for _ in range(1500)]
    assert file.read_into(buffers, 7) == 31 * 1500
    assert b"".join(buffer.tobytes() for buffer in buffers) == content[7 : 7 + 31 * 1500]
    tail = [np.zeros(30, np.uint8), np.zeros(30, np.uint8)]
    assert file.read_into(tail, 99_960) == 40
    assert tail[0].tobytes() + tail[1][:10].tobytes() == content[99_960:]
    file.close()


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_disturb_each_other(kind: type[PositionedFile | SeekingFile], data: tuple[str, bytes]) -> None:
    path, content = data
    file = kind(path)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda start: file.read(500, start), range(0, 100_000, 500)))
    assert b"".join(parts) == content
    file.close()


def test_only_regular_files(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        open_raw(str(tmp_path / "none"))
    with pytest.raises(DamagedFileError, match="no regular file"):
        open_raw(str(tmp_path))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DamagedFileError, match="no regular file"):
            open_raw(str(tmp_path / "pipe"))

"""The meter counts what is there to be counted: a test by counts proves nothing where it sees nothing."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from omio.backends.rawfile import open_raw
from omio.lazy import pool
from tests.operations.meter import Range, counted, needs_account, needs_positions

if TYPE_CHECKING:
    from pathlib import Path


@needs_positions
def test_ranges_are_counted_in_all_threads_and_told_apart(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(bytes(100))

    def read(name: str) -> None:
        file = open_raw(str(tmp_path / name))
        file.read(60, 0)
        file.read_into([bytearray(30), bytearray(20)], 50)
        file.close()

    def call() -> None:
        threads = [threading.Thread(target=read, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    tally = counted(tmp_path, call)
    assert sorted(tally.ranges) == [Range(name, *at) for name in "ab" for at in ((0, 60), (50, 100))]
    assert (tally.nbytes, tally.repeated, tally.opened) == (220, 20, {"a": 1, "b": 1})


def test_other_files_and_other_code_are_not_counted(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_bytes(bytes(10))
    tally = counted(inside, outside.read_bytes)
    assert not tally.opened
    assert not tally.entered


@needs_account
def test_bytes_are_counted_however_they_are_moved(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(1 << 20))
    assert 1 << 20 <= counted(tmp_path, path.read_bytes).taken < 1.1 * (1 << 20)
    assert 1 << 20 <= counted(tmp_path, lambda: path.write_bytes(bytes(1 << 20))).given < 1.1 * (1 << 20)


def test_codecs_and_functions_are_counted(tmp_path: Path) -> None:
    data = imagecodecs.zstd_encode(bytes(100))

    def decode() -> None:
        imagecodecs.zstd_decode(data)

    def call() -> None:
        decode()
        imagecodecs.delta_encode(np.arange(5))
        pool.run_all(lambda _: decode(), list(range(20)))

    tally = counted(tmp_path, call)
    assert (tally.decoded, tally.encoded) == ({"zstd": 21}, {"delta": 1})
    assert tally.entered["run_all"] == 1


def test_nothing_is_counted_after_the_end(tmp_path: Path) -> None:
    pread = os.pread if hasattr(os, "pread") else None
    path = tmp_path / "a"
    path.write_bytes(b"x")
    tally = counted(tmp_path, path.read_bytes)
    path.read_bytes()
    open_raw(str(path)).close()
    assert tally.opened == {"a": 1}
    assert "open_raw" not in tally.entered
    assert getattr(os, "pread", None) is pread

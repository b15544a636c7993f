"""One dataset, many readers: the pixels are those that one reader gets, and no file stays open that should not."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio import registry
from omio.lazy.handles import HANDLES
from omio.registry import PluginSpec
from tests.concurrency.oracle import KINDS, lay, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 16
A_FILE = 4
"""Descriptors of one open file at most: the engine's and tifffile's, both twice where it is an LSM."""
OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def often_switching() -> Iterator[None]:
    """Let threads take turns a thousand times as often as they do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def open_files(folder: Path) -> int:
    """Count the descriptors that lead into a folder."""
    found = 0
    for entry in OPEN_FILES.iterdir():
        try:
            found += os.readlink(entry).startswith(str(folder))  # noqa: PTH115 - a Path costs the ending of the link
        except FileNotFoundError:  # the one that lists them
            continue
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_threads_read_what_one_reads(tmp_path: Path, kind: str) -> None:
    image = lay(kind, tmp_path)
    truth = image.load()
    HANDLES.clear()
    together = Barrier(THREADS)

    def read(seed: int) -> int:
        together.wait()
        return wrong(image, truth, seed)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(read, range(THREADS))) == [0] * THREADS


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="open files are counted in /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_files_are_open_while_they_are_read_and_closed_with_the_dataset(tmp_path: Path, kind: str) -> None:
    image = lay(kind, tmp_path)
    files = sum(path.is_file() for path in tmp_path.rglob("*"))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: image.load(), range(THREADS)))
        assert open_files(tmp_path) <= files * A_FILE
    image.close()
    HANDLES.clear()

    assert open_files(tmp_path) == 0


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="open files are counted in /proc")
def test_many_files_and_many_threads_keep_no_more_open_than_the_cache_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HANDLES.clear()
    monkeypatch.setattr(HANDLES, "capacity", 8)
    images = [lay("raw TIFF", tmp_path / str(number)) for number in range(40)]
    truth = images[0].load()
    most = []

    def read(number: int) -> bool:
        same = np.array_equal(images[number % 40].load(), truth)
        most.append(open_files(tmp_path))
        return same

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(read, range(200)))
    assert max(most) <= (8 + THREADS) * A_FILE
    HANDLES.clear()
    assert open_files(tmp_path) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_closing_while_others_read_is_right_pixels_or_an_error(tmp_path: Path, kind: str) -> None:
    image = lay(kind, tmp_path)
    truth = image.load()
    begun = Event()

    def read(_: int) -> bool:
        same = True
        for _ in range(20):
            begun.set()
            try:
                same &= np.array_equal(image.load(), truth)
            except omio.errors.ClosedError:
                break
        return same

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(read, number) for number in range(8)]
        begun.wait()
        image.close()
        assert all(future.result() for future in found)
    with pytest.raises(omio.errors.ClosedError):
        image.load()


def test_plug_ins_are_found_by_all_who_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(THREADS)

    def slowly(_: str) -> list[PluginSpec]:
        time.sleep(0.02)
        return [PluginSpec("declared", "elsewhere:Reader")]

    monkeypatch.setattr(registry, "_declared", slowly)
    asked: registry.Registry[object] = registry.Registry("some.group", (PluginSpec("first", "omio:open"),))

    def ask(_: int) -> tuple[str, ...]:
        together.wait()
        return asked.names()

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(ask, range(THREADS))) == {("first", "declared")}

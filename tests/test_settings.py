from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio import settings
from omio.errors import OmioError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.graph import to_dask
from omio.settings import config, current, parse_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OMIO_THREADS", "OMIO_MEMORY", "OMIO_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield
    monkeypatch.undo()
    forget()
    settings.tell_dask()


def forget() -> None:
    """Let the environment be read again."""
    settings._base = settings._current = None


def test_settings_hold_inside_the_block_only(tmp_path: Path) -> None:
    before = current()
    with config(threads=3, memory="2GB", cache_dir=tmp_path) as inside:
        assert inside == current()
        assert (inside.threads, inside.memory, inside.cache_dir) == (3, 2 * 10**9, tmp_path)
        with config(threads=1):
            assert (current().threads, current().memory) == (1, 2 * 10**9)
        assert current().threads == 3
    assert current() == before


def test_blocks_that_overlap_leave_nothing_behind() -> None:
    before = current()
    first, second = config(threads=3), config(memory=10)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (current().threads, current().memory) == (before.threads, 10)
    second.__exit__(None, None, None)
    assert current() == before


def test_equal_blocks_that_overlap_end_one_by_one() -> None:
    first, second = config(threads=3), config(threads=3)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert current().threads == 3
    second.__exit__(None, None, None)


def test_threads_that_overlap_leave_nothing_behind() -> None:
    before, barrier = current(), threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for _ in range(200):
            with config(threads=number + 1):
                current()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert current() == before


@pytest.mark.parametrize("value", ["abc", "-3", "1.5"])
def test_threads_of_the_environment_that_mean_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMIO_THREADS", value)
    forget()
    for _ in range(2):
        with pytest.raises(OmioError, match="OMIO_THREADS"), config(memory=3):
            pass
    assert not settings._overrides


def test_memory_of_the_environment_that_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMIO_MEMORY", "much")
    forget()
    with pytest.raises(OmioError, match="OMIO_MEMORY"):
        current()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMIO_THREADS", "5")
    monkeypatch.setenv("OMIO_MEMORY", "1GiB")
    monkeypatch.setenv("OMIO_CACHE_DIR", str(tmp_path))
    forget()
    assert (current().threads, current().memory, current().cache_dir) == (5, 1 << 30, tmp_path)
    with config(threads=0):
        assert current().threads == settings.usable_cpus()


@pytest.mark.parametrize("bad", [{"threads": -3}, {"threads": "two"}, {"threads": 1.5}, {"memory": "much"}])
def test_values_that_mean_nothing_change_nothing(bad: dict[str, Any]) -> None:
    before = current()
    with pytest.raises(OmioError), config(**bad):
        pass
    assert current() == before


@pytest.mark.parametrize("text", [None, 1.5, "inf", "nan", "-5MB", -1, "", "GB", True, [1]])
def test_sizes_that_mean_nothing(text: Any) -> None:
    with pytest.raises(OmioError, match="no size"):
        parse_bytes(text)


def test_sizes() -> None:
    assert [parse_bytes(text) for text in (7, np.int64(7), "7", "1.5 kB", "2MiB")] == [7, 7, 7, 1500, 2 << 20]  # type: ignore[arg-type]


def blocks_at_once(array: Any) -> int:
    running = peak = 0
    lock, wait = threading.Lock(), threading.Event()

    def block(pixels: Any) -> Any:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        wait.wait(0.02)
        with lock:
            running -= 1
        return pixels

    array.map_blocks(block, dtype=array.dtype, meta=array._meta).compute()
    return peak


def test_dask_works_in_as_many_threads() -> None:
    import dask

    recipe = ArrayRecipe(np.zeros((12, 1, 1, 2, 2), "u1"))
    chunks = ((1,) * 12, (1,), (1,), (2,), (2,))
    before = dask.config.get("num_workers", None)
    array = to_dask(recipe, chunks)
    for threads in (1, 3):
        with config(threads=threads):
            assert blocks_at_once(array) == threads
    with config(threads=1), config(memory=10**9):
        assert blocks_at_once(to_dask(recipe, chunks)) == 1
    assert dask.config.get("num_workers", None) == before


def test_the_environment_reaches_dask_when_an_array_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    import dask

    before = dask.config.get("num_workers", None)
    monkeypatch.setenv("OMIO_THREADS", "1")
    forget()
    array = to_dask(ArrayRecipe(np.zeros((6, 1, 1, 2, 2), "u1")), ((1,) * 6, (1,), (1,), (2,), (2,)))
    assert blocks_at_once(array) == 1
    monkeypatch.delenv("OMIO_THREADS")
    forget()
    settings.tell_dask()
    assert dask.config.get("num_workers", None) == before

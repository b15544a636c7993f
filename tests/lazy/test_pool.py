from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from omio import settings
from omio.lazy.pool import map_window, run_all, split, workers

if TYPE_CHECKING:
    from collections.abc import Callable


def test_results_come_in_order() -> None:
    with settings.config(threads=3):
        assert list(map_window(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_no_more_than_the_window_is_in_flight() -> None:
    running = peak = 0
    lock = threading.Lock()

    def task(n: int) -> int:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        time.sleep(0.001)
        with lock:
            running -= 1
        return n

    taken: list[int] = []

    def items() -> object:
        for n in range(40):
            taken.append(n)
            yield n

    with settings.config(threads=2):
        for done, _ in enumerate(map_window(task, items(), window=4)):  # type: ignore[arg-type]
            assert len(taken) - done <= 5
    assert peak <= 2


def test_a_task_in_the_pool_works_alone() -> None:
    seen: list[int] = []

    def outer(_: int) -> None:
        run_all(lambda _: seen.append(workers()), [1, 2, 3])

    with settings.config(threads=2):
        run_all(outer, [1, 2, 3, 4])
    assert seen == [1] * 12


@pytest.mark.parametrize("slow", [0, 1])
def test_the_first_error_is_raised_after_all_ended(slow: int) -> None:
    ended: list[int] = []

    def task(n: int) -> None:
        time.sleep(0.05 if n == slow else 0.01)
        ended.append(n)
        raise ValueError(f"task {n}")

    with settings.config(threads=2), pytest.raises(ValueError, match="task 0"):
        run_all(task, [0, 1])
    assert sorted(ended) == [0, 1]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("each", [run_all, lambda task, items: list(map_window(task, items))])
def test_what_runs_has_ended_when_ctrl_c_is_raised(each: Callable[[Callable[[int], None], list[int]], object]) -> None:
    main, begun, ended = threading.main_thread().ident or 0, list[int](), list[int]()

    def task(n: int) -> None:
        begun.append(n)
        if n == 0:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)
        ended.append(n)

    with settings.config(threads=2), pytest.raises(KeyboardInterrupt):
        each(task, list(range(50)))
    assert sorted(ended) == sorted(begun)
    assert len(ended) < 50


def test_split() -> None:
    assert split([1, 2, 3, 4, 5], 2) == [[1, 2, 3], [4, 5]]
    assert split([1], 4) == [[1]]

"""The threads that read and decode.

One pool a process, as many threads as `omio.config` says. A task that runs in the pool does its own sub-tasks itself,
so nested reads neither deadlock nor multiply threads.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Condition, Thread
from typing import TYPE_CHECKING, Self

from omio import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_local = threading.local()
_lock = threading.Lock()
_executors: dict[int, ThreadPoolExecutor] = {}


def workers() -> int:
    """Return how many threads a call may use here: 1 inside the pool."""
    return 1 if getattr(_local, "inside", False) else settings.current().threads


def _enter() -> None:
    _local.inside = True


@contextmanager
def alone() -> Iterator[None]:
    """Do what is called inside the ``with`` block in this very thread: it is one of many that work at the same time."""
    before = getattr(_local, "inside", False)
    _local.inside = True
    try:
        yield
    finally:
        _local.inside = before


def _executor(threads: int) -> ThreadPoolExecutor:
    with _lock:
        if threads not in _executors:
            _executors[threads] = _started(threads)
        return _executors[threads]


def _started(threads: int) -> ThreadPoolExecutor:
    """Make a pool whose threads have all begun.

    Another thread starts them, for Ctrl-C strikes the main thread alone: an executor that is struck while it starts a
    thread never tells that one to end, and the process would wait for it for ever.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="omio", initializer=_enter)
    starter = Thread(target=_start, args=(executor, Barrier(threads)), name="omio-start")
    try:
        starter.start()
    finally:
        if starter.is_alive():
            starter.join()
    return executor


def _start(executor: ThreadPoolExecutor, barrier: Barrier) -> None:
    """Give each thread a task that ends when all have begun."""
    try:
        for _ in range(barrier.parties):
            executor.submit(barrier.wait)
    except RuntimeError:  # the process is ending
        barrier.abort()


class _Turn:
    """The tasks of one call: when it is over none begins, and none works on behind an error or Ctrl-C.

    Futures would not do: Ctrl-C may strike between the beginning of a task and the moment that its future is kept.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._running = 0
        self._is_over = False

    def do[T, R](self, task: Callable[[T], R], item: T) -> R:
        """Call a task, in a thread of the pool."""
        with self._changed:
            if self._is_over:
                raise CancelledError
            self._running += 1
        try:
            return task(item)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.wait_for(lambda: not self._running)


def run_all[T](task: Callable[[T], None], items: list[T]) -> None:
    """Call `task` on each item, in threads where that can help; the first error is raised after all have ended."""
    threads = workers()
    if threads == 1 or len(items) < 2:
        for item in items:
            task(item)
        return
    executor = _executor(threads)
    with _Turn() as turn:
        for future in [executor.submit(turn.do, task, item) for item in items]:
            future.result()


def map_window[T, R](task: Callable[[T], R], items: Iterable[T], *, window: int | None = None) -> Iterator[R]:
    """Yield the results of `task` in order, with at most `window` of them in flight or waiting."""
    threads = workers()
    if threads == 1:
        yield from map(task, items)
        return
    executor, ahead = _executor(threads), window or 4 * threads
    queue: deque[Future[R]] = deque()
    with _Turn() as turn:
        for item in items:
            queue.append(executor.submit(turn.do, task, item))
            if len(queue) >= ahead:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()


def split[T](items: list[T], parts: int) -> list[list[T]]:
    """Cut a list into at most `parts` runs of about equal length."""
    step = max(1, -(-len(items) // max(1, parts)))
    return [items[start : start + step] for start in range(0, len(items), step)]


def _forget() -> None:
    global _lock
    _lock = threading.Lock()
    _executors.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

"""A worker process and its parent: it ends when the parent says so or dies, and leaves nothing half done.

The parent keeps one end of a pipe and never writes. When that end closes, by `Processes.stop` or because the parent is
gone, a thread of the worker interrupts the job, waits until it has cleaned up, and ends the process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from multiprocessing import reduction
from typing import TYPE_CHECKING, Any, NoReturn

from omio.batch.running.work import carry_out
from omio.settings import config
from omio.store.atomic import abandon

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from omio.batch.reporting.records import Result
    from omio.batch.running.setup import Task

GRACE = 30.0
"""Seconds that an interrupted job gets to clean up."""

_life = ExitStack()
_busy = False
_ending = False


class HeldLock:
    """A locked file that workers keep open too: it stays locked until the last of them has ended."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to a process that is being started; Windows hands on no locks, and its workers end with the parent."""
        if os.name != "posix":
            return HeldLock, (-1,)
        return _inherit, (reduction.DupFd(self.descriptor),)


def _inherit(duplicate: Any) -> HeldLock:
    return HeldLock(duplicate.detach())


def enter(stopper: Connection, lock: HeldLock, threads: int, memory: int | None) -> None:
    """Begin the life of a worker: its share of threads and memory, and an eye on the parent."""
    _life.callback(lambda: lock)  # kept as long as the process
    _life.enter_context(config(threads=threads, memory=memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which decides
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_watch, args=(stopper,), daemon=True).start()


def work(task: Task) -> Result:
    """Carry a task out; can be interrupted."""
    global _busy
    if _ending:
        _end()  # a task that the pool had handed over before it was stopped
    _busy = True
    try:
        return carry_out(task)
    finally:
        _busy = False


def _interrupt(*_: object) -> None:
    global _ending
    _ending = True
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what cleans up must not be interrupted again
    if not _busy:
        _end()
    threading.Thread(target=_end_when_idle, daemon=True).start()
    raise KeyboardInterrupt


def _watch(stopper: Connection) -> None:
    with suppress(EOFError, OSError):
        stopper.recv_bytes()
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)  # wakes it from waiting, too
    else:
        signal.raise_signal(signal.SIGTERM)
    _end_when_idle()


def _end_when_idle() -> None:
    deadline = time.monotonic() + GRACE
    while _busy and time.monotonic() < deadline:
        time.sleep(0.01)
    _end()


def _end() -> NoReturn:
    abandon()
    os._exit(1)

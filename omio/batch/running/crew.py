"""Who carries jobs out: this process, processes of this machine, or the workers of a dask cluster.

A crew takes tasks one by one from an iterator, with a bounded number of them in hand, and yields results as they come.
"""

from __future__ import annotations

import math
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_all_start_methods, get_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from omio import settings
from omio.batch.running.foreman import HeldLock, enter, work
from omio.batch.running.work import begin, carry_out, failed
from omio.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.batch.reporting.records import Result
    from omio.batch.running.setup import Task

IN_HAND = 2
"""Tasks in hand for each worker, so that none waits."""
WORKER_MEMORY = 1 << 30
"""Bytes of free memory that a further worker must find."""


class Crew(Protocol):
    """Carries tasks out."""

    def results(self, tasks: Iterator[Task]) -> Iterator[Result]:
        """Yield the results in the order in which they come."""
        ...

    def stop(self) -> list[Result]:
        """End all work now, and return the results that had come and were not yet taken."""
        ...


def sensible_workers(jobs: int) -> int:
    """Return how many processes suit this machine and so many jobs."""
    memory = settings.memory_limit()
    fitting = jobs if memory is None else memory // WORKER_MEMORY
    return max(1, min(settings.usable_cpus(), jobs, fitting))


class Alone:
    """The calling process, one job after another."""

    def results(self, tasks: Iterator[Task]) -> Iterator[Result]:
        """Yield the results in order."""
        return map(carry_out, tasks)

    def stop(self) -> list[Result]:
        """Nothing else is under way."""
        return []


class _Pool:
    """Futures of tasks in hand."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.waiting: dict[Future[Result], Task] = {}
        self.ended: SimpleQueue[Future[Result]] = SimpleQueue()

    def results(self, tasks: Iterator[Task]) -> Iterator[Result]:
        """Yield the results as they come."""
        for task in tasks:
            self.give(task)
            while len(self.waiting) >= self.room:
                yield from self._next()
        while self.waiting:
            yield from self._next()

    def give(self, task: Task) -> Future[Result]:
        """Hand a task to a worker."""
        future = self.submit(task)
        self.waiting[future] = task
        future.add_done_callback(self.ended.put)
        return future

    def submit(self, task: Task) -> Future[Result]:
        """Begin a task."""
        raise NotImplementedError

    def _next(self) -> Iterator[Result]:
        future = self.ended.get()
        task = self.waiting.pop(future, None)
        if task is not None:
            yield from self.settle(future, task)

    def settle(self, future: Future[Result], task: Task) -> Iterator[Result]:
        """Yield what came of a task."""
        yield self.outcome(future, task)

    def outcome(self, future: Future[Result], task: Task) -> Result:
        """Return what came of a task, or the error instead."""
        error = future.exception()
        return future.result() if error is None else failed(begin(task), self.meant(error), task.setup)

    def meant(self, error: BaseException) -> BaseException:
        """Return the error in words for people; work raises none itself."""
        return error

    def taken(self) -> list[Result]:
        """Return the results that came and were not asked for."""
        ended = [future for future in self.waiting if future.done() and not future.cancelled()]
        return [future.result() for future in ended if future.exception() is None]


class Cluster(_Pool):
    """Workers behind a client that has ``submit``, such as ``dask.distributed.Client``."""

    def __init__(self, client: Any) -> None:
        cores = getattr(client, "ncores", None)
        super().__init__(IN_HAND * max(1, sum(cores().values()) if cores else settings.usable_cpus()))
        self._client = client

    def submit(self, task: Task) -> Future[Result]:
        """Begin a task; its run makes its key one of its own."""
        future: Future[Result] = self._client.submit(carry_out, task)
        return future

    def stop(self) -> list[Result]:
        """Cancel what has not begun; workers elsewhere end the job they are at."""
        taken = self.taken()
        for future in self.waiting:
            future.cancel()
        return taken


class Processes(_Pool):
    """Processes of this machine. One that dies fails its own job; they end when this process ends, however it does."""

    def __init__(self, workers: int, lock: HeldLock) -> None:
        super().__init__(IN_HAND * workers)
        self._workers = workers
        self._lock = lock
        self._proven = False
        self._start()

    def _start(self) -> None:
        """Make a pool; its processes start with its first tasks."""
        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        context = get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(["omio.batch.running.work", "omio.writers.ometiff"])
        memory = settings.memory_limit()
        share = None if memory is None else memory // self._workers
        reader, self._stopper = context.Pipe(duplex=False)
        threads = math.ceil(settings.current().threads / self._workers)
        self._pool = ProcessPoolExecutor(
            self._workers, mp_context=context, initializer=enter, initargs=(reader, self._lock, threads, share)
        )

    def submit(self, task: Task) -> Future[Result]:
        """Begin a task; where the pool broke meanwhile, the future says so."""
        try:
            return self._pool.submit(work, task)
        except BrokenProcessPool as error:
            future: Future[Result] = Future()
            future.set_exception(error)
            return future

    def settle(self, future: Future[Result], task: Task) -> Iterator[Result]:
        """Yield the result; after the death of a worker, every task in hand gets a try of its own."""
        if not isinstance(future.exception(), BrokenProcessPool):
            self._proven = True
            yield from super().settle(future, task)
            return
        suspects = [task, *self.waiting.values()]
        self.waiting.clear()
        self._restart()
        for suspect in suspects:
            yield self._try_alone(suspect)

    def meant(self, error: BaseException) -> BaseException:
        """Return the error of sending a task, which is all that may fail in a pool that lives."""
        remedy = "Define load, process and save at the top of a module, or use workers=1."
        return WorkerError(f"cannot be sent to another process by pickle: {error}", remedy=remedy)

    def _restart(self) -> None:
        self._pool.shutdown(wait=True)
        self._stopper.close()
        self._start()
        if not self._proven:
            self._prove()

    def _prove(self) -> None:
        """Raise where no worker can live, which is no fault of the jobs."""
        try:
            self._pool.submit(int).result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "worker processes do not start",
                remedy='Put what a script does under `if __name__ == "__main__":`, or use workers=1.',
            ) from error
        self._proven = True

    def _try_alone(self, task: Task) -> Result:
        task = replace(task, replace=True)  # it may have been done, and the answer lost
        future = self.submit(task)
        if not isinstance(future.exception(), BrokenProcessPool):
            return self.outcome(future, task)
        self._restart()
        cause = "the process that worked on it died: a decoder crashed, or the system ended it for lack of memory"
        return failed(begin(task), WorkerError(cause, remedy="Try it alone with workers=1."), task.setup)

    def stop(self) -> list[Result]:
        """Let the workers drop what they are at, and wait until they have cleaned up."""
        self._stopper.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        return self.taken()

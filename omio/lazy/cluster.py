"""Work on the processes of a `dask.distributed` cluster: in order, with a bounded number of units in hand.

The cluster is that of the client given by ``client=``, else of the active one of this process. Whoever made a client
has imported `distributed`; without one it is not imported.
"""

from __future__ import annotations

import sys
from collections import deque
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.errors import MemoryLimitError, MissingDependencyError, PolicyError, WorkerError
from omio.lazy import pool
from omio.lazy.arrays import ArrayRecipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from omio.lazy.recipe import Recipe

type ClientChoice = Any
"""A cluster's client; False: the threads of this process; None: the active client, if there is one."""

IN_HAND = 2
"""Units in hand for each thread of the workers, so that none waits."""
LEAST_IN_HAND = 8
"""Units in hand where there are few workers yet: what waits is what tells a cluster to grow."""
RETRIES = 2
"""Further tries of a unit that raised an error: a shared folder may be away for a moment."""
GRACE = 60.0
"""Seconds that units which are under way get to end after another one failed."""
PATIENCE = 10.0
"""Seconds in which a scheduler must answer."""
TRAVELS = 64 << 20
"""Bytes of pixels in memory that may travel to the workers."""

_given: ContextVar[Any] = ContextVar("client", default=None)


@contextmanager
def using(client: Any) -> Iterator[None]:
    """Work on a client's cluster inside the ``with`` block; False: in this process; None: as without this block."""
    if client is None:
        yield
        return
    token = _given.set(client)
    try:
        yield
    finally:
        _given.reset(token)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler at an address, such as ``tcp://host:8786``; yields the client.

    Raises
    ------
    MissingDependencyError
        Where `distributed` is not installed.
    WorkerError
        Where nobody answers there.
    """
    try:
        from distributed import Client
    except ImportError:
        remedy = 'pip install "omio[distributed]"'
        raise MissingDependencyError("distributed is not installed", remedy=remedy) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise WorkerError(f"no scheduler answers at {address}: {error}", remedy="Start one there.") from error
    with client:
        yield client


def client_in_force() -> Any:
    """Return the client given by `using`, else the active one of this process; None where there is none.

    A unit of work that runs on a worker has none: what it does, it does itself.
    """
    given = _given.get()
    if given is not None:
        return None if given is False else given
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    with suppress(ValueError):  # outside of a worker
        distributed.get_worker()
        return None
    with suppress(ValueError):  # no client
        client = distributed.default_client()
        return None if client.asynchronous else client
    return None


def cluster_for(recipe: Recipe) -> Cluster | None:
    """Return the cluster that is to work on the pixels of a recipe; None: the threads of this process are.

    Pixels that lie in memory would travel. Where they are many, an active client is left alone.

    Raises
    ------
    MemoryLimitError
        Where they are many, and a client was given.
    PolicyError
        Where an asynchronous client was given.
    """
    client = client_in_force()
    if client is None:
        return None
    if getattr(client, "asynchronous", False):
        raise PolicyError("an asynchronous client cannot be waited for", remedy="Give another, or client=False.")
    held = sum(leaf.nbytes for leaf in recipe.leaves() if isinstance(leaf, ArrayRecipe))
    if held <= TRAVELS:
        return Cluster(client)
    if _given.get() is None:
        return None
    raise MemoryLimitError(
        f"{held / 1e6:.0f} MB of pixels lie in memory, more than the {TRAVELS / 1e6:.0f} MB that are sent to workers",
        remedy="Write them to a file first and open that, or use client=False.",
    )


@dataclass(frozen=True)
class Cluster:
    """The workers behind a ``dask.distributed.Client``."""

    client: Any

    def map[T, R](self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results of `task` in order; a unit whose worker dies is done again by another.

        Raises
        ------
        OmioError
            That of a unit which failed again and again.
        WorkerError
            Where workers died of it, or the cluster is gone.
        """
        waiting: deque[Any] = deque()
        try:
            # a result, not scattered data: the scheduler can make it again where its workers died
            shared = self._submit(_same, task)
            for item in items:
                waiting.append(self._submit(_unit, shared, item))
                while len(waiting) >= self._room():
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            self._end(waiting)

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self.client.submit(function, *arguments, pure=False, retries=RETRIES)
        except TypeError as error:
            raise PolicyError(f"this image cannot travel to workers: {error}", remedy="Use client=False.") from error

    def _room(self) -> int:
        """Return how many units to have in hand: workers come and go."""
        threads: int = sum(self.client.nthreads().values())
        return max(LEAST_IN_HAND, IN_HAND * threads)

    def _result(self, future: Any) -> Any:
        from distributed import CancelledError, KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            cause = f"workers died again and again while they worked on it: {error}"
            raise WorkerError(cause, remedy="See the workers' logs; give them more memory.") from error
        except CancelledError as error:
            raise WorkerError("the cluster lost the work: its scheduler is gone, or it was cancelled") from error

    def _end(self, waiting: deque[Any]) -> None:
        """Let what is under way come to its end: it may write where the caller is about to clean up."""
        if not waiting:
            return
        from distributed import CancelledError, wait

        with self.client.as_current(), suppress(TimeoutError, CancelledError):
            wait(list(waiting), timeout=GRACE)  # type: ignore[no-untyped-call]
        self.client.cancel(list(waiting))


def _same[T](value: T) -> T:
    return value


def _unit[T, R](task: Callable[[T], R], item: T) -> R:
    with pool.alone():
        return task(item)

"""Where answers are made: a few threads, a bounded queue before them, and a clock."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from omio.errors import OmioError
from omio.lazy.pool import alone
from omio.settings import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from omio.serve.limits import Limits

_local = threading.local()


class BusyError(OmioError, TimeoutError):
    """Too much is asked for at once, or an answer takes too long."""


class GoneError(OmioError, ConnectionError):
    """Nobody waits for the answer any more."""


def check_time() -> None:
    """Raise `BusyError` once the answer that this thread makes is overdue; long work calls it between its steps."""
    if time.monotonic() > getattr(_local, "until", float("inf")):
        raise BusyError("making the answer takes too long", remedy="Ask for less at once.")


class Work:
    """Runs what takes time outside of the loop, at most as many at a time as `omio.config` has threads.

    Parameters
    ----------
    limits
        How many may wait, and for how long.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(current().threads, thread_name_prefix="omio-serve")
        self._pending = 0

    async def run[T](self, request: Request, task: Callable[[], T]) -> T:
        """Return what `task` does; it is not begun once the client has left.

        Raises
        ------
        BusyError
            Too many wait already, or time is up. What has begun by then ends by itself: see `check_time`.
        GoneError
            The client left.
        """
        if self._pending >= self._limits.waiting:
            raise BusyError(f"{self._pending} requests are waiting")
        until = time.monotonic() + self._limits.seconds
        self._pending += 1
        try:
            making = asyncio.get_running_loop().run_in_executor(self._pool, _timed, task, until)
            leaving = asyncio.ensure_future(_left(request))
            try:
                await asyncio.wait((making, leaving), timeout=self._limits.seconds, return_when="FIRST_COMPLETED")
            finally:
                leaving.cancel()
            if making.done():
                return making.result()
            making.cancel()
            if leaving.done():
                raise GoneError("the client has left")
            raise BusyError("no answer in time", remedy="Ask again later, or for less at once.")
        finally:
            self._pending -= 1

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _timed[T](task: Callable[[], T], until: float) -> T:
    _local.until = until
    check_time()
    with alone():
        return task()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # what a client sends besides is not looked at

"""One process makes a copy, the others wait for it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from omio.store import platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOG = logging.getLogger("omio")
_ENDING = ".omio-lock"
_NAME = re.compile(r"\..+-[0-9a-f]{8}\.zarr\.omio-lock", re.DOTALL)
_SHORTEST, _LONGEST = 0.005, 0.25
"""Seconds between two looks at a lock that is held."""


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of an entry; yield whether somebody else held it before, which was waited for.

    The lock ends with its process, however that ends. Where the system has no locks, nobody waits: all make the same.
    """
    lock, pause, waited = path.with_name(f".{path.name}{_ENDING}"), _SHORTEST, False
    while (file := _taken(lock)) is None:
        if not waited:
            _LOG.info("waiting for another process that makes %s", path)
        waited = True
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
    try:
        yield waited
    finally:
        _give_back(lock, file)


def _taken(lock: Path) -> BinaryIO | None:
    """Return the lock's file, locked; None where another holds it."""
    lock.parent.mkdir(exist_ok=True)  # whoever removed the last copy in it may have removed it as well
    file = lock.open("ab")
    with contextlib.suppress(OSError):  # whoever held it has removed it: it is another file now, or none
        if platform.try_lock(file.fileno()) is not False and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
            return file
    file.close()
    return None


def _give_back(lock: Path, file: BinaryIO) -> None:
    """Remove the lock while it is held, so that nobody removes another's; Windows removes no open file."""
    with contextlib.suppress(OSError):
        lock.unlink()
    file.close()
    if os.name == "nt":
        with contextlib.suppress(OSError):
            lock.unlink()


def sweep_locks(folder: Path) -> None:
    """Remove the locks of processes that were killed."""
    for lock in [path for path in folder.glob(f".*{_ENDING}") if _NAME.fullmatch(path.name)]:
        with contextlib.suppress(OSError):
            if lock.stat().st_size == 0 and (file := _taken(lock)) is not None:
                _give_back(lock, file)

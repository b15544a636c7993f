"""The bounded cache of open files that all recipes of a process share.

A recipe names its file; whoever reads it leases the open handle for that while. Least recently used handles that
nobody leases are closed when there are more than the cache holds. After a fork the child starts with an empty cache.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


class Handle(Protocol):
    """An open file."""

    def close(self) -> None:
        """Release the file; idempotent."""
        ...


def sensible_capacity() -> int:
    """Return how many files to keep open: a quarter of what the system lets a process have, 64 where nobody says."""
    try:
        import resource
    except ImportError:  # Windows
        return 64
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 256 if most == resource.RLIM_INFINITY else max(16, min(256, most // 4))


@dataclass(eq=False)
class _Entry:
    opening: threading.Lock = field(default_factory=threading.Lock)
    handle: Any = None
    users: int = 0
    retired: bool = False


class HandleCache:
    """Least recently used open files, at most `capacity` besides those in use; by default `sensible_capacity`."""

    def __init__(self, capacity: int | None = None) -> None:
        self.capacity = sensible_capacity() if capacity is None else capacity
        self._forget()

    def _forget(self) -> None:
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lease[H: Handle](self, key: Hashable, opener: Callable[[], H]) -> Iterator[H]:
        """Hold the handle of `key` open, opening it first where needed."""
        entry = self._acquire(key)
        try:
            yield self._opened(key, entry, opener)
        except BaseException:
            with suppress(Exception):  # the error of reading is the one that tells what is wrong
                self._release(entry)
            raise
        self._release(entry)

    def _acquire(self, key: Hashable) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
            self._entries.move_to_end(key)
            return entry

    def _opened(self, key: Hashable, entry: _Entry, opener: Callable[[], Any]) -> Any:
        with entry.opening:
            if entry.handle is None:
                try:
                    entry.handle = opener()
                except BaseException:
                    self.retire(key)
                    raise
        return entry.handle

    def _release(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            closing = [entry.handle] if entry.retired and not entry.users else []
            closing += self._evict()
        _close(*closing)

    def _evict(self) -> list[Any]:
        surplus = max(0, len(self._entries) - self.capacity)
        idle = islice((key for key, entry in self._entries.items() if not entry.users), surplus)
        return [self._entries.pop(key).handle for key in list(idle)]

    def retire(self, key: Hashable) -> None:
        """Close the handle of `key` as soon as nobody uses it; the next lease opens the file anew."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return
            entry.retired = True
            idle = entry.handle if not entry.users else None
        _close(idle)

    def clear(self) -> None:
        """Retire all handles."""
        with self._lock:
            keys = list(self._entries)
        with ExitStack() as stack:
            for key in keys:
                stack.callback(self.retire, key)

    def __len__(self) -> int:
        return len(self._entries)


def _close(*handles: Any) -> None:
    """Close all, also where one refuses."""
    with ExitStack() as stack:
        for handle in handles:
            if handle is not None:
                stack.callback(handle.close)


HANDLES = HandleCache()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=HANDLES._forget)

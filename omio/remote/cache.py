"""What is known of remote files in this process: their latest looks, and blocks of their bytes, both bounded."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omio.errors import OmioError
    from omio.remote.urls import Url
    from omio.remote.wires import Look

BLOCK = 4096
"""Bytes that are kept together."""
MOST_BYTES = 64 << 20
"""Bytes that are kept of all files together; the least recently used go."""
KEPT_SECONDS = 10.0
"""How old a look may be for a file to count as unchanged."""
MOST_LOOKS = 4096

type Version = tuple[str, int, str, int]
"""A file in one state: address, size, version and time."""


@dataclass(frozen=True)
class Known:
    """A look, or the error it ended in, when that was, and whether it counts for good."""

    at: float
    found: Look | OmioError
    lasts: bool

    @property
    def is_recent(self) -> bool:
        """Whether it still counts."""
        return self.lasts or time.monotonic() - self.at <= KEPT_SECONDS


class Cache:
    """Thread-safe; a forked process begins with an empty one."""

    def __init__(self) -> None:
        self.forget_all()

    def forget_all(self) -> None:
        """Begin anew."""
        self._lock = threading.Lock()
        self._looks: OrderedDict[str, Known] = OrderedDict()
        self._blocks: OrderedDict[tuple[Version, int], bytes] = OrderedDict()
        self._held = 0

    def look(self, url: Url) -> Look | OmioError | None:
        """Return the latest look at a file; None where there was none in the last seconds."""
        with self._lock:
            known = self._looks.get(url)
        return known.found if known is not None and known.is_recent else None

    def keep_look(self, url: Url, found: Look | OmioError, *, lasts: bool = False) -> None:
        """Keep a look: for some seconds, or until it is forgotten."""
        with self._lock:
            self._looks[url] = Known(time.monotonic(), found, lasts)
            self._looks.move_to_end(url)
            while len(self._looks) > MOST_LOOKS:
                self._looks.popitem(last=False)

    def forget(self, url: Url) -> None:
        """Forget looks at a file and at what lies below."""
        with self._lock:
            for known in [known for known in self._looks if known == url or known.startswith(f"{url}/")]:
                del self._looks[known]

    def forget_blocks(self, url: Url) -> None:
        """Forget the bytes of a file."""
        with self._lock:
            for key in [key for key in self._blocks if key[0][0] == url]:
                self._held -= len(self._blocks.pop(key))

    def block(self, version: Version, number: int) -> bytes | None:
        """Return a block; None where it is not here."""
        key = (version, number)
        with self._lock:
            found = self._blocks.get(key)
            if found is not None:
                self._blocks.move_to_end(key)
        return found

    def keep_blocks(self, version: Version, first: int, data: bytes) -> None:
        """Keep the blocks of a range that begins with block `first`; the last may be short at the end of the file."""
        with self._lock:
            for number, start in enumerate(range(0, len(data), BLOCK), first):
                key, block = (version, number), data[start : start + BLOCK]
                self._held += len(block) - len(self._blocks.pop(key, b""))
                self._blocks[key] = block
            while self._held > MOST_BYTES:
                self._held -= len(self._blocks.popitem(last=False)[1])


CACHE = Cache()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CACHE.forget_all)

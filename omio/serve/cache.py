"""Answers that were given, the latest, within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict


class ByteCache:
    """Key -> bytes; the least recently used go first. Used by one thread."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.nbytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return what is kept."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: str, body: bytes) -> None:
        """Keep an answer, and forget the oldest that no longer fit; one that never fits is not kept."""
        if len(body) > self.capacity:
            return
        self.nbytes += len(body) - len(self._kept.pop(key, b""))
        self._kept[key] = body
        while self.nbytes > self.capacity:
            _, oldest = self._kept.popitem(last=False)
            self.nbytes -= len(oldest)

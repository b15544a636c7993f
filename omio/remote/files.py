"""`RemoteFile`: a file elsewhere, read at positions through blocks that are kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from omio.remote.cache import BLOCK, CACHE
from omio.remote.looks import look_at
from omio.remote.wires import wire_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from omio.remote.cache import Version
    from omio.remote.urls import Url
    from omio.remote.wires import Range

GAP = 32 << 10
"""Bytes between two ranges that are fetched along rather than asked around."""
SMALLEST, LARGEST = 8 << 10, 1 << 20
"""Bytes fetched where few are wanted; doubled, up to the second, as long as a reader goes on where it was."""
PART = 2 << 20
"""Long ranges are fetched in parts of this size, several at a time."""
LOT = 32 << 20
"""Bytes on their way at the same time."""


class RemoteFile:
    """A `RawFile` elsewhere; thread-safe.

    Small reads come from blocks of 4 KiB that all files share (`omio.remote.cache`); what is missing is fetched with
    what follows it. `ahead` fetches what will be read in few requests. Long reads go past the blocks.
    """

    is_remote: ClassVar[bool] = True

    def __init__(self, url: Url) -> None:
        found = look_at(url)
        self.size = found.size
        self._version: Version = (url, found.size, found.version, found.mtime_ns)
        self._is_whole = found.is_whole
        self._wire = wire_to(url)
        self._lock = threading.Lock()
        self._next, self._stride = 0, SMALLEST

    def close(self) -> None:
        """Nothing is held."""

    def read(self, count: int, offset: int) -> bytes:
        """Return up to `count` bytes from `offset`; fewer at the end of the file."""
        stop = min(offset + count, self.size)
        if stop <= offset:
            return b""
        if stop - offset > PART and not self._is_whole:
            return b"".join(self._fetched(list(_parts((offset, stop)))))
        return self._read_blocks(offset, stop)

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill contiguous buffers one after another; return how many bytes there were."""
        done = 0
        for buffer in buffers:
            view = memoryview(buffer).cast("B")
            for start in range(0, view.nbytes, LOT):
                data = self.read(min(LOT, view.nbytes - start), offset + done)
                view[start : start + len(data)] = data
                done += len(data)
        return done

    def ahead(self, ranges: Iterable[Range]) -> None:
        """Fetch ranges that will be read soon, neighbours together, several at a time."""
        clipped = sorted((max(0, start), min(stop, self.size)) for start, stop in ranges)
        missing, held = [], 0
        for span in (span for start, stop in clipped for span in self._missing(start, stop)):
            held += span[1] - span[0]
            if held > LOT:  # the rest is fetched when it is read
                break
            missing.append(span)
        self._fetch(missing)

    def _read_blocks(self, start: int, stop: int) -> bytes:
        missing = list(self._missing(start, stop))
        fresh = self._fetch(self._prolonged(missing)) if missing else {}
        blocks = []
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            block = fresh.get(number) or CACHE.block(self._version, number)
            if block is None:  # others needed the room meanwhile
                (block,) = self._fetch([self._span(number, number + 1)]).values()
            blocks.append(block)
        skipped = start // BLOCK * BLOCK
        return b"".join(blocks)[start - skipped : stop - skipped]

    def _span(self, first: int, last: int) -> Range:
        return first * BLOCK, min(last * BLOCK, self.size)

    def _missing(self, start: int, stop: int) -> Iterator[Range]:
        """Yield the runs of blocks that are not here."""
        first = None
        end = -(-stop // BLOCK)
        for number in range(start // BLOCK, end):
            lacks = CACHE.block(self._version, number) is None
            if lacks and first is None:
                first = number
            elif not lacks and first is not None:
                yield self._span(first, number)
                first = None
        if first is not None:
            yield self._span(first, end)

    def _prolonged(self, missing: list[Range]) -> list[Range]:
        """Fetch what follows as well: the more, the longer the reader has gone straight on."""
        start, stop = missing[-1]
        with self._lock:
            self._stride = min(2 * self._stride, LARGEST) if start == self._next else SMALLEST
            self._next = min(max(stop, start + self._stride), self.size)
            return [*missing[:-1], (start, self._next)]

    def _fetch(self, ranges: list[Range]) -> dict[int, bytes]:
        """Fetch and keep ranges of whole blocks; return the blocks."""
        joined = [(0, self.size)] if self._is_whole and ranges else list(_joined(ranges))
        found = {}
        for span, data in zip(joined, self._fetched(joined), strict=True):
            CACHE.keep_blocks(self._version, span[0] // BLOCK, data)
            found.update({(span[0] + at) // BLOCK: data[at : at + BLOCK] for at in range(0, len(data), BLOCK)})
        return found

    def _fetched(self, ranges: list[Range]) -> list[bytes]:
        return self._wire.fetch(ranges, self._version[2]) if ranges else []


def _joined(ranges: Iterable[Range]) -> Iterator[Range]:
    """Join sorted ranges that lie close together, as long as they stay short; cut long ones."""
    held: Range | None = None
    for start, stop in ranges:
        if held is not None and start - held[1] <= GAP and stop - held[0] <= PART:
            held = held[0], max(stop, held[1])
            continue
        if held is not None:
            yield from _parts(held)
        held = start, stop
    if held is not None:
        yield from _parts(held)


def _parts(span: Range) -> Iterator[Range]:
    """Cut a long range into parts."""
    for start in range(span[0], span[1], PART):
        yield start, min(start + PART, span[1])

"""The chain of pages, followed by our own reads."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.ifd import IfdGroup, TiffHeader, grouped, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omio.backends.rawfile import RawFile

MAX_ENTRIES = 4096
"""No writer comes near; more is a damaged count."""

EVEN, GUESSED = 3, 64
"""After so many IFDs at even distances so many more are fetched together from remote files."""

NEAR_BYTES, RUN_BYTES = 1024, 1 << 16
"""IFDs that lie at most so far apart are taken so many bytes at a time from local files."""

GATHERED_BYTES = 1 << 20
"""IFDs are kept as they lie in the file until they are about so many bytes."""


class Walk:
    """IFDs that were found one after another.

    Attributes
    ----------
    offsets
        Where each lies.
    problem
        What stopped the walk, or is wrong with the first IFD that is damaged.
    """

    def __init__(self, header: TiffHeader) -> None:
        self.offsets = array("Q")
        self.problem: str | None = None
        self._header = header
        self._blocks: list[bytes] = []
        self._parts: dict[bytes, list[IfdGroup]] = {}
        self._highest = -1
        self._known: set[int] | None = None

    def add(self, offsets: Sequence[int], blocks: Iterable[bytes]) -> None:
        """Take IFDs at ascending offsets, each from its count to its last entry."""
        self.offsets.extend(offsets)
        self._blocks += blocks
        self._highest = max(self._highest, offsets[-1])
        if self._known is not None:
            self._known.update(offsets)
        if len(self._blocks) * len(self._blocks[-1]) > GATHERED_BYTES:
            self._gather()

    def __contains__(self, offset: int) -> bool:
        """Whether the IFD at an offset was taken; a chain that only leads onwards needs no set of all offsets."""
        if offset > self._highest:
            return False
        if self._known is None:
            self._known = set(self.offsets)
        return offset in self._known

    def groups(self) -> tuple[IfdGroup, ...]:
        """Return what the IFDs hold, those with the same tags together."""
        if not self._parts:  # they are few: it would take longer to find what they agree in than it saves
            return tuple(grouped(self._blocks, self._header))
        self._gather()
        return tuple(joined(parts) for parts in self._parts.values())

    def _gather(self) -> None:
        for group in grouped(self._blocks, self._header, len(self.offsets) - len(self._blocks)):
            self._parts.setdefault(group.structure, []).append(joined([group]))
        self._blocks.clear()


def walk_chain(file: RawFile, header: TiffHeader) -> Walk:
    """Follow the chain of pages; a loop or a bad offset ends it and is told in ``problem``."""
    walk, offset, guess, alike, guessed = Walk(header), header.first, 256, b"", 0
    tail, width = header.offset_format, header.count_format.size
    # an IFD takes at least this much, so a longer chain overlaps itself
    most, last = file.size // (width + tail.size) + 1, file.size - width
    while offset:
        if offset in walk or len(walk.offsets) > most:
            walk.problem = f"the IFD after page {len(walk.offsets) - 1} is one of the pages before (offset {offset})"
            break
        block = file.read(guess, offset) if offset <= last else b""
        # most pages have as many tags as the one before, and then this read was the right one
        if block[:width] != alike or len(block) != guess or offset < 8:
            found = _read_block(file, header, offset, guess, block)
            if isinstance(found, str):
                walk.problem = f"page {len(walk.offsets)}: {found}"
                break
            block, guess, alike = found, len(found), found[:width]
        walk.add((offset,), (block[: -tail.size],))
        offset = tail.unpack_from(block, guess - tail.size)[0]
        if file.is_remote:
            guessed = _guess_ahead(file, walk.offsets, guess, guessed)
        elif len(walk.offsets) > 1 and offset - walk.offsets[-1] == walk.offsets[-1] - walk.offsets[-2]:
            offset = _take_run(file, header, walk, block)
    return walk


def _take_run(file: RawFile, header: TiffHeader, walk: Walk, block: bytes) -> int:
    """Take the IFDs that go on as evenly as the last two, where these are near, in one step.

    So lie those of ImageJ and of all writers that write the pixels first. Each taken one has as many tags as the last,
    `block`, and is where the one before leads to. Returns where the last one leads to.
    """
    step = walk.offsets[-1] - walk.offsets[-2]
    first = walk.offsets[-1] + step
    if not len(block) <= step <= NEAR_BYTES:
        return first
    data = file.read(RUN_BYTES, first)
    count = max(0, (len(data) - len(block)) // step + 1)
    table = np.ndarray((count, len(block)), np.uint8, data, strides=(step, 1))
    width, tail = header.count_format.size, header.offset_format
    alike = (table[:, :width] == np.frombuffer(block[:width], np.uint8)).all(axis=1)
    leads_to = np.ascontiguousarray(table[:, -tail.size :]).view(f"{header.order}u{tail.size}")[:, 0].astype(np.uint64)
    ends = np.flatnonzero(~alike | (leads_to != first + step * np.arange(1, count + 1, dtype=np.uint64)))
    length = int(ends[0] + alike[ends[0]]) if len(ends) else count
    taken = range(first, first + step * length, step)
    if not taken or any(offset in walk for offset in taken):
        return first
    walk.add(taken, (data[at : at + len(block) - tail.size] for at in range(0, step * length, step)))
    return int(leads_to[length - 1])


def _guess_ahead(file: RawFile, offsets: Sequence[int], size: int, guessed: int) -> int:
    """Fetch where the next IFDs lie if they go on as evenly as the last ones, which one by one would take a request.

    Returns the number of the page up to which that was done.
    """
    if len(offsets) <= max(guessed, EVEN):
        return guessed
    step = offsets[-1] - offsets[-2]
    if not step or any(b - a != step for a, b in pairwise(offsets[-EVEN:])):
        return guessed
    file.ahead((offsets[-1] + step * number, offsets[-1] + step * number + size) for number in range(1, GUESSED + 1))
    return len(offsets) + GUESSED


def read_blocks(file: RawFile, header: TiffHeader, offsets: Sequence[int]) -> Walk:
    """Read IFDs whose offsets are known; an offset of 0 or a damaged IFD gives an empty block."""
    walk, guess, tail = Walk(header), 256, header.offset_format.size
    if file.is_remote:
        file.ahead((offset, offset + guess) for offset in offsets if offset)
    for offset in offsets:
        block = _read_block(file, header, offset, guess) if offset else ""
        if isinstance(block, str):
            walk.problem = walk.problem or (block or None)
            block = b""
        else:
            guess = len(block)
        walk.add((offset % (1 << 64),), (block[:-tail],))  # one that is too large for an int64 was read as negative
    return walk


def second_offset(file: RawFile, header: TiffHeader) -> int:
    """Return where the IFD of the second page lies, 0 where there is none."""
    block, tail = _read_block(file, header, header.first, 256), header.offset_format
    return 0 if isinstance(block, str) else int(tail.unpack_from(block, len(block) - tail.size)[0])


def _read_block(file: RawFile, header: TiffHeader, offset: int, guess: int, known: bytes = b"") -> bytes | str:
    """Return the IFD at an offset, or why there is none; `known` are its first bytes, where they were read already."""
    count_format = header.count_format
    if not 8 <= offset <= file.size - count_format.size:
        return f"its IFD would lie at offset {offset}, the file has {file.size} bytes"
    block = known or file.read(guess, offset)
    count = count_format.unpack_from(block)[0] if len(block) >= count_format.size else 0
    if count > MAX_ENTRIES:
        return f"its IFD at offset {offset} claims {count} tags"
    size = count_format.size + count * header.entry.itemsize + header.offset_format.size
    if len(block) < size:
        block += file.read(size - len(block), offset + len(block))
    if len(block) < size:
        return f"its IFD at offset {offset} is cut off"
    return block[:size]

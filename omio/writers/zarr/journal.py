"""What of a conversion is done, so that an interrupted one goes on where it was.

A journal is a file of JSON lines in the folder that is being filled. Its first line says what is made: a digest of the
sources in their state, of the pixels taken of them, and of how they are cut and encoded. Each further line is a block
whose chunks are on the disk: they are flushed before the line is written, so that neither a killed process nor a power
cut leaves a line without its chunks. A line that was not finished says nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from omio.store import platform
from omio.store.atomic import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from omio.writers.cut import Block
    from omio.writers.zarr.parts import Part

KIND, VERSION = "omio conversion", 1
INTERVAL = 5.0
"""Seconds of work between two flushes, at least; and ten times as long as a flush takes."""


def header_of(parts: Iterable[Part], way: Any) -> dict[str, Any]:
    """Return the first line: equal for equal pixels, cut and encoded alike.

    Parameters
    ----------
    way
        Whatever else decides the bytes of chunks, as JSON.
    """
    told = [[part.place, part.source.digest, repr(part.plan), part.how] for part in parts]
    digest = hashlib.blake2b(json.dumps([told, way], sort_keys=True).encode(), digest_size=16).hexdigest()
    return {"kind": KIND, "version": VERSION, "made": digest}


def is_of(folder: Path, header: dict[str, Any]) -> bool:
    """Whether a folder that was left holds part of what `header` says."""
    found = _lines(folder / JOURNAL)
    return bool(found) and found[0] == header


def _lines(path: Path) -> list[Any]:
    found = []
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text(encoding="ascii").splitlines():
            found.append(json.loads(line))  # noqa: PERF401 - what was read before a torn line counts
    return found


class Journal:
    """Knows which blocks are done; open until `close`."""

    def __init__(self, folder: Path, header: dict[str, Any]) -> None:
        self._folder = folder
        before = _lines(folder / JOURNAL)[1:]
        self._done = {(place, tuple(corner)) for place, corner in before}
        self._waiting: list[str] = []
        self._next = time.monotonic() + INTERVAL
        # written anew, without a torn line at its end
        self._file = (folder / JOURNAL).open("w", encoding="ascii")
        with ExitStack() as undo:
            undo.enter_context(self._file)
            self._write([json.dumps(header), *map(json.dumps, before)])
            undo.pop_all()

    def has(self, place: str, block: Block) -> bool:
        """Whether a block is done."""
        return (place, _corner(block)) in self._done

    def add(self, place: str, block: Block) -> None:
        """Take a block for done; it is written down with others when enough time has passed."""
        self._waiting.append(json.dumps([place, _corner(block)]))
        started = time.monotonic()
        if started >= self._next:
            self.flush()
            now = time.monotonic()
            self._next = now + max(INTERVAL, 10 * (now - started))

    def flush(self) -> None:
        """Bring the chunks of all blocks to the disk, then write the blocks down."""
        platform.sync_tree(self._folder)
        self._write(self._waiting)
        self._waiting = []

    def _write(self, lines: list[str]) -> None:
        self._file.writelines(f"{line}\n" for line in lines)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write down what is done; harmless when repeated."""
        if not self._file.closed:
            with self._file:
                self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _corner(block: Block) -> tuple[int, ...]:
    return tuple(run.start for run in block)

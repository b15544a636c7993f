"""Counts what a call does: files opened, ranges read, bytes moved, functions of omio entered, segments decoded.

Such counts are the same on every machine and in every mood of it. What is imported when first used is not counted: each
call is made once before it is counted, with no file left open and no tile kept.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import omio
from omio.lazy.handles import HANDLES
from omio.raster.cache import TILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

OURS = str(Path(omio.__file__).parent) + os.sep
EVENTS = sys.monitoring.events
TOOL = 4
"""No debugger, profiler or coverage takes this number."""
ACCOUNT = Path("/proc/self/io")

needs_positions = pytest.mark.skipif(not hasattr(os, "preadv"), reason="ranges are counted where there is preadv")
needs_account = pytest.mark.skipif(not ACCOUNT.exists(), reason="the system keeps no account of bytes")


class Range(NamedTuple):
    """Bytes of a file that were read at once."""

    name: str
    start: int
    stop: int


@dataclass
class Tally:
    """What a call did.

    Attributes
    ----------
    folder
        Only files below it are counted; their names are given from there.
    opened
        How often each file was opened, for reading or writing.
    ranges
        What was read by position.
    entered
        How often each function of omio was entered, in whatever thread, by qualified name.
    decoded, encoded
        How often each codec of imagecodecs was called.
    taken, given
        Bytes that all calls of the system read and wrote, in whatever file; 0 where it keeps no account.
    """

    folder: str
    opened: Counter[str] = field(default_factory=Counter)
    ranges: list[Range] = field(default_factory=list)
    entered: Counter[str] = field(default_factory=Counter)
    decoded: Counter[str] = field(default_factory=Counter)
    encoded: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    given: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes read by position, however often each."""
        return sum(stop - start for _, start, stop in self.ranges)

    @property
    def repeated(self) -> int:
        """Bytes read by position that had been read before."""
        found, name, end = 0, "", 0
        for at in sorted(self.ranges):
            if at.name != name:
                name, end = at.name, 0
            found += max(0, min(at.stop, end) - at.start)
            end = max(end, at.stop)
        return found

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            self._note(os.fsdecode(arguments[0]), lambda name: self.opened.update((name,)))

    def read(self, descriptor: int, start: int, count: int) -> None:
        path = os.path.realpath(f"/proc/self/fd/{descriptor}")
        self._note(path, lambda name: self.ranges.append(Range(name, start, start + count)))

    def _note(self, path: str, note: Callable[[str], None]) -> None:
        if path.startswith(self.folder):
            with LOCK:
                note(path.removeprefix(self.folder))

    def enter(self, code: CodeType, _: int) -> Any:
        if not code.co_filename.startswith(OURS):
            return sys.monitoring.DISABLE
        with LOCK:
            self.entered[code.co_qualname] += 1
        return None

    def call(self, _: CodeType, __: int, function: Any, ___: object) -> None:
        function = getattr(function, "func", function)  # of a partial
        if not str(getattr(function, "__module__", "")).startswith("imagecodecs"):
            return
        codec, _, what = function.__name__.rpartition("_")
        counter = {"decode": self.decoded, "encode": self.encoded}.get(what)
        if counter is not None:
            with LOCK:
                counter[codec] += 1


LOCK = threading.Lock()
_running: list[Tally] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for tally in _running:
        tally.audit(event, arguments)


sys.addaudithook(_audit)  # which stays for good, and does nothing while nobody counts


def counted(folder: Path, call: Callable[[], Any]) -> Tally:
    """Return what a call does to files below a folder, when it is made again."""
    for _ in range(2):  # the first call imports
        _forget()
        tally = Tally(os.path.realpath(folder) + os.sep)
        with counting(tally):
            call()
    return tally


def _forget() -> None:
    HANDLES.clear()
    TILES.forget()


@contextmanager
def counting(tally: Tally) -> Iterator[None]:
    """Count what is done in the ``with`` block."""
    with ExitStack() as stack:
        stack.enter_context(_positions(tally))
        stack.enter_context(_calls(tally))
        _running.append(tally)
        stack.callback(_running.remove, tally)
        before = account()
        yield
        tally.taken, tally.given = (after - then for after, then in zip(account(), before, strict=True))


def account() -> tuple[int, int]:
    """Return how many bytes this process has read and written by calls of the system."""
    if not ACCOUNT.exists():
        return 0, 0
    told = dict(line.split(": ") for line in ACCOUNT.read_text(encoding="ascii").splitlines())
    return int(told["rchar"]), int(told["wchar"])


@contextmanager
def _positions(tally: Tally) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(os, "preadv"):
            pread, preadv = os.pread, os.preadv

            def noted(descriptor: int, count: int, offset: int) -> bytes:
                data = pread(descriptor, count, offset)
                tally.read(descriptor, offset, len(data))
                return data

            def noted_many(descriptor: int, buffers: Any, offset: int) -> int:
                got = preadv(descriptor, buffers, offset)
                tally.read(descriptor, offset, got)
                return got

            patch.setattr(os, "pread", noted)
            patch.setattr(os, "preadv", noted_many)
        yield


@contextmanager
def _calls(tally: Tally) -> Iterator[None]:
    monitoring = sys.monitoring
    monitoring.use_tool_id(TOOL, "operations")
    monitoring.register_callback(TOOL, EVENTS.PY_START, tally.enter)
    monitoring.register_callback(TOOL, EVENTS.CALL, tally.call)
    monitoring.set_events(TOOL, EVENTS.PY_START | EVENTS.CALL)
    monitoring.restart_events()
    try:
        yield
    finally:
        monitoring.set_events(TOOL, 0)
        monitoring.free_tool_id(TOOL)

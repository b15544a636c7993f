"""The report of an output folder: JSON lines, appended after each job and flushed to the disk.

The first line names the format and its version. Then come, run after run: ``run`` (what is to be done), ``started``
(a job is given to a worker), ``processed`` or ``failed`` (its result), ``skipped`` (done by an earlier run), ``end``. A
run without ``end`` was killed. Paths are relative: folder and report can be moved together.

The open report is locked: a second run of the same output is refused. Workers hold the lock too, so that it lasts
until the last of them has ended when their parent is killed.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from omio.backends.discovery import REPORT_NAME
from omio.batch.reporting.records import Result
from omio.errors import DamagedFileError, DestinationExistsError, OmioWarning, WriteError
from omio.store import platform
from omio.store.atomic import as_write_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

FORMAT, VERSION = "omio-report", 1
PATIENCE = 5.0
"""Seconds that workers of a killed run get to end."""

STEP = 1 << 16

type Event = dict[str, Any]


class Journal:
    """The locked report of a run; see the module.

    Attributes
    ----------
    path
        ``omio-report.jsonl`` in the output folder.
    results
        Destination -> the last result of earlier runs that says how it was written.
    dangling
        Destination -> when a job that never ended was started, in ns.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.results: dict[str, Result] = {}
        self.dangling: dict[str, int] = {}
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="omio-report")
        self._syncing: Future[None] | None = None

    @classmethod
    def open(cls, output: Path) -> Self:
        """Open or begin the report of an output folder, lock it, repair its end, and learn what was done.

        Raises
        ------
        WriteError
            Another run holds it.
        DestinationExistsError, DamagedFileError
            A file of this name that is no report, or one of a later version.
        """
        path = output / REPORT_NAME
        with as_write_errors(path), ExitStack() as undo:
            file = undo.enter_context(path.open("a+b"))
            _lock(file, path)
            journal = cls(path, file)
            _repair(file, path)
            for event in events(path):
                journal._learn(event)
            undo.pop_all()
        return journal

    def _learn(self, event: Event) -> None:
        kind, name = event["event"], event.get("destination")
        if kind == "started":
            self.dangling[str(name)] = event["at"]
        elif kind in ("processed", "failed"):
            self.dangling.pop(str(name), None)
            if kind == "processed":
                self.results[str(name)] = result_of(event)

    def fileno(self) -> int:
        """Return the descriptor that holds the lock."""
        return self._file.fileno()

    def append(self, kind: str, *, durable: bool = True, **fields: Any) -> None:
        """Add a line. A durable one goes to the disk while the next job runs; no line waits for two others.

        A killed process loses nothing of it. A power cut may cost the last line, and then the output tells for itself.
        """
        line = json.dumps({"event": kind, **fields})
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            if durable:
                self._settle()
                self._syncing = self._thread.submit(os.fsync, self._file.fileno())
        except OSError as error:
            raise WriteError(f"the report cannot be written: {error.strerror}", path=self.path) from error

    def _settle(self) -> None:
        if self._syncing is not None:
            self._syncing.result()

    def record(self, result: Result, **fields: Any) -> None:
        """Add a result; of a skipped one, whose line stands further up, only its name."""
        told = result.describe()
        status = told.pop("status")
        if status == "skipped":
            self.append(status, durable=False, destination=result.destination, **fields)
        else:
            self.append(status, **told, **fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown()
        with as_write_errors(self.path), self._file:
            self._settle()


def events(path: Path) -> Iterator[Event]:
    """Yield the lines of a report; what a crash left of a line is passed over, with one warning.

    Raises
    ------
    DamagedFileError
        The file is no report, or one of a later version.
    """
    unreadable = 0
    with path.open("rb") as file:
        _check_head(file.readline(), path)
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                unreadable += line.endswith(b"\n")  # the last line may be in the making
                continue
            if isinstance(event, dict) and "event" in event:
                yield event
    if unreadable:
        warnings.warn(f"{path}: {unreadable} damaged lines are passed over", OmioWarning, stacklevel=2)


def result_of(event: Event) -> Result:
    """Return the result that a line tells."""
    return Result.of({**event, "status": event["event"]})


def _check_head(line: bytes, path: Path) -> None:
    try:
        head = json.loads(line)
        version = int(head[FORMAT])
    except (ValueError, TypeError, KeyError):
        raise DamagedFileError("is no report of omio", path=path) from None
    if version > VERSION:
        raise DamagedFileError(f"is a report of version {version}", path=path, remedy="Update omio to read it.")


def _lock(file: BinaryIO, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while platform.try_lock(file.fileno()) is False:
        if time.monotonic() > deadline:
            raise WriteError(
                "another run is writing into this folder", path=path, remedy="Wait for it, or choose another output."
            )
        time.sleep(0.05)


def _repair(file: BinaryIO, path: Path) -> None:
    """Begin an empty report; cut the line that a killed run left unfinished."""
    head = json.dumps({FORMAT: VERSION}).encode() + b"\n"
    end = file.seek(0, os.SEEK_END)
    whole = _whole_lines(file, end)
    if whole == 0:
        file.seek(0)
        if not head.startswith(file.read(len(head))):
            raise DestinationExistsError("exists and is no report of omio", path=path, remedy="Move it away.")
        file.truncate(0)
        file.write(head)
        file.flush()
        platform.sync_folder(path.parent)
    elif whole < end:
        file.truncate(whole)


def _whole_lines(file: BinaryIO, end: int) -> int:
    """Return how many bytes lie before and in the last newline."""
    while end > 0:
        start = max(0, end - STEP)
        file.seek(start)
        if (place := file.read(end - start).rfind(b"\n")) >= 0:
            return start + place + 1
        end = start
    return 0

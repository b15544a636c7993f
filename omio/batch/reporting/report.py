"""`RunReport`: what a run did, read from the report of its output folder."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from omio.arguments import checked
from omio.backends.discovery import REPORT_NAME
from omio.batch.reporting import journal
from omio.errors import FileMissingError
from omio.store.atomic import destination

if TYPE_CHECKING:
    import os

    from omio.batch.reporting.records import Result

ERRORS, FAILED_RAW, HTML = "omio-report-errors.txt", "omio-report-raw.txt", "omio-report.html"
INTERRUPTED, FAILED = 130, 1


@checked
@dataclass(frozen=True)
class RunReport:
    """The last run of an output folder.

    Attributes
    ----------
    processed, skipped, failed
        The results, in the order in which they came; skipped ones tell of the run that did the job.
    discovered
        Number of jobs that were planned.
    report_path
        ``omio-report.jsonl``.
    error_report_path
        ``omio-report-errors.txt``, or None where nothing failed.
    seconds
        Of the run; 0 where it was killed.
    interrupted
        Whether the run ended before all was tried: stopped or killed.
    started
        UTC, ISO 8601.
    root
        The project's root, relative to the output folder.
    """

    processed: tuple[Result, ...]
    skipped: tuple[Result, ...]
    failed: tuple[Result, ...]
    discovered: int
    report_path: Path
    error_report_path: Path | None
    seconds: float
    interrupted: bool
    started: str
    root: str

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a report, or the report of an output folder.

        Raises
        ------
        FileMissingError, DamagedFileError
            There is none, or it is none.
        """
        place = Path(path)
        place = place / REPORT_NAME if place.is_dir() else place
        if not place.is_file():
            raise FileMissingError("no such report", path=place, remedy="Run the project first.")
        return cls._of(place, *_last_run(place))

    @classmethod
    def _of(cls, path: Path, run: journal.Event, results: list[Result], end: journal.Event | None) -> Self:
        of = {status: tuple(item for item in results if item.status == status) for status in _STATUSES}
        errors = path.with_name(ERRORS)
        return cls(
            of["processed"],
            of["skipped"],
            of["failed"],
            run.get("jobs", 0),
            path,
            errors if of["failed"] else None,
            0.0 if end is None else end["seconds"],
            end is None or end["interrupted"],
            run.get("at", ""),
            run.get("root", "."),
        )

    @property
    def exit_code(self) -> int:
        """0 where all is done, 1 where something failed, 130 where the run was interrupted."""
        return INTERRUPTED if self.interrupted else FAILED if self.failed else 0

    def text(self) -> str:
        """Summarize for a terminal."""
        from omio.batch.reporting.summary import text

        return text(self)

    def html(self) -> str:
        """Summarize as one HTML page without scripts or links elsewhere."""
        from omio.batch.reporting.html import page

        return page(self)

    def write_html(self, path: Path) -> None:
        """Write the page for people, over an older one."""
        _write(path, self.html())

    def write_summaries(self) -> None:
        """Write ``omio-report.html``, and the lists of what failed, beside the report."""
        from omio.batch.reporting.summary import errors, failed_raw

        folder = self.report_path.parent
        self.write_html(folder / HTML)
        _write(folder / ERRORS, errors(self))
        _write(folder / FAILED_RAW, failed_raw(self))


_STATUSES = ("processed", "skipped", "failed")


def _last_run(path: Path) -> tuple[journal.Event, list[Result], journal.Event | None]:
    """Return the beginning, the results and the end of the last run; None where it was killed."""
    made: dict[str, Result] = {}
    run: journal.Event = {}
    results: dict[str, Result] = {}
    end: journal.Event | None = None
    for event in journal.events(path):
        kind, name = event["event"], str(event.get("destination"))
        if kind == "run":
            run, results, end = event, {}, None
        elif kind == "end":
            end = event
        elif kind == "skipped" and name in made:
            results[name] = made[name].as_skipped()
        elif kind in ("processed", "failed"):
            results[name] = journal.result_of(event)
            if kind == "processed":
                made[name] = results[name]
    return run, list(results.values()), end


def _write(path: Path, text: str) -> None:
    """Write a summary; an empty one removes what an earlier run wrote."""
    if not text:
        with suppress(FileNotFoundError):
            path.unlink()
        return
    with destination(path, overwrite="replace") as pending:
        pending.file.write(text.encode("utf-8", "backslashreplace"))  # names of files need not be valid text

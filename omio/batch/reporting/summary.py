"""Reports as plain text: for terminals, and lists of what failed."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.batch.reporting.report import RunReport

MOST = 20
"""Failures that a terminal is shown."""
_RAW = ".raw"


def text(report: RunReport) -> str:
    """Return counts, time, and the first failures with their causes."""
    return "\n".join(_lines(report))


def headline(report: RunReport) -> str:
    """Return the counts in one line."""
    parts = [f"{len(report.processed)} converted"]
    if report.skipped:
        parts.append(f"{len(report.skipped)} done before")
    parts.append(f"{len(report.failed)} failed")
    rest = missing(report)
    if rest:
        parts.append(f"{rest} not tried")
    return f"{', '.join(parts)}, of {report.discovered}"


def missing(report: RunReport) -> int:
    """Return how many jobs were not tried."""
    return report.discovered - len(report.processed) - len(report.skipped) - len(report.failed)


def duration(seconds: float) -> str:
    """Write a time as people say it.

    >>> duration(0.043), duration(7.25), duration(125), duration(7300)
    ('43 ms', '7.2 s', '2 min 5 s', '2 h 1 min')
    """
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _lines(report: RunReport) -> Iterator[str]:
    yield headline(report)
    if report.seconds:
        yield f"in {duration(report.seconds)}, begun {report.started}"
    if report.interrupted:
        yield "The run was stopped before its end; run it again to go on."
    for result in report.failed[:MOST]:
        yield f"  failed: {', '.join(result.inputs)}"
        yield f"    {result.cause()}"
    if len(report.failed) > MOST:
        yield f"  … and {len(report.failed) - MOST} more, see {report.error_report_path}"
    lost = sum(bool(result.lost) for result in report.processed)
    if lost:
        yield f"{lost} written files do not hold all that their sources say; the report lists what."


def errors(report: RunReport) -> str:
    """Return the failures with tracebacks; empty where there are none."""
    return "\n".join(
        f"{', '.join(result.inputs)} -> {result.destination}\n{result.cause()}\n{result.failure.traceback}"
        for result in report.failed
        if result.failure is not None
    )


def failed_raw(report: RunReport) -> str:
    """Return the failed RAW files, one a line, relative to the list's folder; empty where there are none."""
    lines = []
    for result in report.failed:
        found = [name for name in result.inputs if PurePosixPath(name).suffix.lower() == _RAW]
        if found:
            lines.append(f"# {result.cause()}")
            lines += [os.path.normpath(f"{report.root}/{name}").replace(os.sep, "/") for name in found]
    return "".join(f"{line}\n" for line in [*_HEAD, *lines]) if lines else ""


_HEAD = (
    "# RAW files that could not be converted. Remove the lines you do not want templates for; paths are relative to",
    "# the folder of this list.",
)

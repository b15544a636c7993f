"""How far a run is: a bar with the time left, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.batch.reporting.records import Result


class Progress(Protocol):
    """Told of each job that has ended."""

    def __call__(self, done: int, planned: int, result: Result, /) -> object:
        """Hear of a result."""
        ...


def silent(done: int, planned: int, result: Result, /) -> None:
    """Tell nobody."""


@contextmanager
def shown(progress: Progress | None, planned: int) -> Iterator[Progress]:
    """Give what was asked for, or a bar on stderr where that is a terminal."""
    if progress is not None or not sys.stderr.isatty():
        yield progress or silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        row, bad = bar.add_task("converting", total=planned, told=""), 0

        def advance(done: int, _: int, result: Result, /) -> None:
            nonlocal bad
            bad += result.status == "failed"
            bar.update(row, completed=done, told=f"{bad} failed" if bad else "")

        yield advance

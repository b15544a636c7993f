"""Whether a job is done, is to be done, or meets a file that is not its own."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from omio.batch.fingerprint import Stamp, digest_of
from omio.batch.work import CERTIFICATE, begin, describe, now
from omio.dataset.opening import open as open_dataset
from omio.errors import DestinationExistsError, OmioError

if TYPE_CHECKING:
    from pathlib import Path

    from omio.batch.journal import Journal
    from omio.batch.records import Result
    from omio.batch.setup import Setup, Task


class Verdict(Enum):
    """What is to be done with a job."""

    RUN = "nothing lies at the destination"
    REPLACE = "what lies there is this job's own and out of date, or empty"
    DONE = "what lies there is whole, of the same inputs, made in the same way"
    UNRECORDED = "the same, but the run that wrote it was killed before it could say so"


def judge(task: Task, journal: Journal) -> Verdict:
    """Look at the destination of a job, at the report, and at what the file says of itself.

    Raises
    ------
    DestinationExistsError
        A file lies there that nothing proves to be this job's.
    """
    setup, name = task.setup, task.job.destination
    path = setup.output / name
    if not os.path.lexists(path):
        return Verdict.RUN
    previous = journal.results.get(name)
    if previous is not None and _is_left_alone(previous, setup):
        return Verdict.DONE if _is_current(previous, task) else Verdict.REPLACE
    step = certificate_of(path)
    if step.get("destination") == name:
        is_same = (step.get("fingerprint"), step.get("how")) == (task.fingerprint, digest_of(task.how))
        return Verdict.UNRECORDED if is_same else Verdict.REPLACE
    if path.stat().st_size == 0 or _was_begun(name, path, journal) or setup.policy.overwrite == "replace":
        return Verdict.REPLACE
    raise DestinationExistsError(
        "exists, and nothing says that this project wrote it",
        path=path,
        remedy='Move it away, or replace it with overwrite="replace".',
    )


def _is_left_alone(previous: Result, setup: Setup) -> bool:
    """Whether what lies there is what an earlier run wrote; a copy has another time, and must open."""
    written, stamp = setup.output / previous.written[0], previous.stamp
    if stamp is None or not os.path.lexists(written):
        return False
    found = Stamp.of(written)
    return found == stamp or (found.holds(stamp) and _opens(written))


def _is_current(previous: Result, task: Task) -> bool:
    same = previous.fingerprint == task.fingerprint and previous.how == task.how
    return same and all(_is_unchanged(member, task.setup.root) for member in previous.members)


def _is_unchanged(member: tuple[str, int, int], root: Path) -> bool:
    name, size, mtime_ns = member
    try:
        status = (root / name).stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (size, mtime_ns)


def _opens(path: Path) -> bool:
    try:
        open_dataset(path).close()
    except OmioError:
        return False
    return True


def _was_begun(name: str, path: Path, journal: Journal) -> bool:
    """Whether a killed run began this job when the name was free, and the file is younger than that."""
    begun = journal.dangling.get(name)
    return begun is not None and path.stat().st_mtime_ns >= begun


def certificate_of(path: Path) -> dict[str, Any]:
    """Return what a file says of the job that made it; nothing where it says nothing."""
    with suppress(OmioError), open_dataset(path) as image:
        steps = [step for step in image.facts.static.provenance if step["action"] == "batch"]
        if steps and steps[-1].get("version") == CERTIFICATE:
            return dict(steps[-1])
    return {}


def record_anew(task: Task) -> Result:
    """Return the result of a job that is done and that no report tells of."""
    setup, name = task.setup, task.job.destination
    path = setup.output / name
    with open_dataset(path) as image:
        picture = describe(image, task.job, setup)
    stamp = Stamp.of(path)
    return replace(
        begin(task), status="processed", written=(name,), nbytes=stamp.size, stamp=stamp, picture=picture, ended=now()
    )

"""Whether a job is done, is to be done, or meets a file that is not its own."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from omio.batch.bids.files import sidecar_path
from omio.batch.running.fingerprint import Stamp, digest_of
from omio.batch.running.work import CERTIFICATE, begin, describe, now
from omio.dataset.opening import open as open_dataset
from omio.errors import DestinationExistsError, OmioError

if TYPE_CHECKING:
    from pathlib import Path

    from omio.batch.reporting.journal import Journal
    from omio.batch.reporting.records import Result
    from omio.batch.running.setup import Setup, Task


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
    previous = journal.results.get(task.job.destination)
    if previous is not None and _is_left_alone(previous, task.setup):
        return Verdict.DONE if _is_current(previous, task) else Verdict.REPLACE
    taken = [path for path in places(task) if os.path.lexists(path)]
    if not taken:
        return Verdict.RUN
    step = certificate_of(taken[0])
    if step.get("destination") == task.job.destination:
        is_same = (step.get("fingerprint"), step.get("how")) == (task.fingerprint, digest_of(task.how))
        is_whole = len(taken) == (1 if task.job.sidecar is None else 2)
        return Verdict.UNRECORDED if is_same and is_whole else Verdict.REPLACE
    if task.setup.policy.overwrite != "replace":
        _check_worthless(taken, task, journal)
    return Verdict.REPLACE


def places(task: Task) -> list[Path]:
    """Return where a job may write; what BIDS calls ``.ome.tif`` is ``.ome.btf`` where the file is a BigTIFF."""
    name = task.job.destination
    names = [name]
    if task.job.sidecar is not None:
        names = [name, name.removesuffix(".tif") + ".btf", sidecar_path(name)]
    return [task.setup.output / name for name in names]


def _check_worthless(taken: list[Path], task: Task, journal: Journal) -> None:
    """Let be replaced what is empty, or younger than the start of this job in a run that was killed."""
    begun = journal.dangling.get(task.job.destination)
    for path in taken:
        status = path.stat()
        if status.st_size and (begun is None or status.st_mtime_ns < begun):
            raise DestinationExistsError(
                "exists, and nothing says that this project wrote it",
                path=path,
                remedy='Move it away, or replace it with overwrite="replace".',
            )


def _is_left_alone(previous: Result, setup: Setup) -> bool:
    """Whether what lies there is what an earlier run wrote; a copy has another time, and must open."""
    written = [setup.output / name for name in previous.written]
    if previous.stamp is None or not all(map(os.path.lexists, written)):
        return False
    found = Stamp.of(written[0])
    return found == previous.stamp or (found.holds(previous.stamp) and _opens(written[0]))


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


def certificate_of(path: Path) -> dict[str, Any]:
    """Return what a file says of the job that made it; nothing where it says nothing."""
    with suppress(OmioError), open_dataset(path) as image:
        steps = [step for step in image.facts.static.provenance if step["action"] == "batch"]
        if steps and steps[-1].get("version") == CERTIFICATE:
            return dict(steps[-1])
    return {}


def record_anew(task: Task) -> Result:
    """Return the result of a job that is done and that no report tells of."""
    written = [path for path in places(task) if path.exists()]
    names = tuple(path.relative_to(task.setup.output).as_posix() for path in written)
    with open_dataset(written[0]) as image:
        picture = describe(image, task.job, task.setup)
    stamp = Stamp.of(written[0])
    return replace(
        begin(task), status="processed", written=names, nbytes=stamp.size, stamp=stamp, picture=picture, ended=now()
    )

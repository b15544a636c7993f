"""What a worker does: open the inputs of a job, join them, process them, write, and tell what came of it."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
import traceback
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.batch.bids.files import settle, sidecar, write_sidecar
from omio.batch.reporting.records import Failure, Picture, Result
from omio.batch.reporting.thumbnails import save_thumbnail
from omio.batch.running.fingerprint import Stamp, digest_of
from omio.batch.running.opening import open_job
from omio.batch.running.setup import HIDDEN, relative
from omio.dataset import MicroscopyDataset
from omio.errors import DestinationExistsError, MemoryLimitError, OmioError, OptionError, WriteError
from omio.store import platform
from omio.store.atomic import as_write_errors
from omio.writers.source import stamps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.batch.planning.jobs import Job
    from omio.batch.running.setup import Save, Setup, Task

CERTIFICATE = 1
"""Version of the provenance step by which an output says which job made it, of which inputs, and how."""
LONGEST_TRACEBACK = 20_000
_NOISE = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def carry_out(task: Task) -> Result:
    """Do a job; whatever goes wrong with it is in the result."""
    started = time.perf_counter()
    begun = begin(task)
    with _listening() as caught:
        try:
            result = _make(task, begun)
        except (Exception, SystemExit) as error:  # hooks and decoders are foreign code: one job fails, not the run
            result = failed(begun, error, task.setup)
    told = tuple(dict.fromkeys(task.setup.tidy(str(item.message)) for item in caught if not _is_noise(item)))
    return replace(result, warnings=told, seconds=round(time.perf_counter() - started, 3), ended=now())


def begin(task: Task) -> Result:
    """Return what is known before the work."""
    job = task.job
    return Result(
        job.destination, "failed", job.inputs, fingerprint=task.fingerprint, how=task.how, labels=dict(job.labels)
    )


def failed(begun: Result, error: BaseException, setup: Setup) -> Result:
    """Return the result of a job that an error ended."""
    lines = "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
    if type(error) is MemoryError:  # which says nothing
        target = setup.output / begun.destination
        error = MemoryLimitError("cannot be made: there is too little memory", path=target, remedy="Use fewer workers.")
    remedy = error.remedy if isinstance(error, OmioError) else None
    message = setup.tidy(str(error)) or type(error).__name__
    failure = Failure(type(error).__name__, message, remedy, setup.tidy(lines))
    return replace(begun, status="failed", failure=failure, ended=now())


def now() -> str:
    """Return the time as the report says it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _listening() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings; only in the main thread, for Python's filters belong to the whole process."""
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _is_noise(item: warnings.WarningMessage) -> bool:
    return issubclass(item.category, _NOISE)


def _make(task: Task, begun: Result) -> Result:
    setup, job = task.setup, task.job
    with ExitStack() as stack:
        source = setup.load(*(setup.root / name for name in job.inputs)) if setup.load else open_job(job, setup.root)
        if isinstance(source, MicroscopyDataset):
            stack.callback(source.close)
        image = setup.process(source) if setup.process else source
        target = setup.output / job.destination
        with as_write_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        written, lost = _write(image, task) if setup.save is None else _save(setup.save, image, target, task)
        stamp = Stamp.of(setup.output / written[0])
        return replace(
            begun,
            status="processed",
            written=written,
            nbytes=stamp.size,
            lost=lost,
            stamp=stamp,
            members=_members(source, job, setup),
            picture=describe(image, job, setup) if isinstance(image, MicroscopyDataset) else None,
        )


type Written = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of the files, and what is lost."""


def _write(image: Any, task: Task) -> Written:
    setup, job = task.setup, task.job
    if not isinstance(image, MicroscopyDataset):
        raise OptionError(
            f"load and process give {type(image).__name__}, no dataset", remedy="Return one, or give save= too."
        )
    signed = image._replace(_facts=image.facts.with_step("batch", **certificate(task)))
    policy: Any = setup.policy
    if task.replace:
        policy = type(policy).resolve(policy, overwrite="replace")
    if job.sidecar is None:
        return (job.destination,), setup.writer().write(signed, str(setup.output / job.destination), policy).lost
    name, policy = settle(job, signed, policy)
    sidecar(job, image)  # raises what it must before anything is written
    lost = setup.writer().write(signed, str(setup.output / name), policy).lost
    return (name, write_sidecar(job, image, setup.output)), lost


def certificate(task: Task) -> dict[str, Any]:
    """Return what an output says of the job that made it."""
    return {
        "version": CERTIFICATE,
        "destination": task.job.destination,
        "fingerprint": task.fingerprint,
        "how": digest_of(task.how),
    }


def _save(save: Save, image: Any, target: Path, task: Task) -> Written:
    """Let the user's function write elsewhere, and move what it made into place."""
    setup = task.setup
    folder = setup.output / HIDDEN / "saving" / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        made = folder / target.name
        save(image, made)
        if not made.exists():
            raise WriteError("save() wrote no file of this name", path=target)
        with as_write_errors(target):
            _move(made, target, replace_it=task.replace or setup.policy.overwrite == "replace")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return (task.job.destination,), ()


def _move(made: Path, target: Path, *, replace_it: bool) -> None:
    """Give a finished output its name, once it is on the disk."""
    platform.sync_tree(made.parent)
    if replace_it and made.is_file():
        made.replace(target)
    else:
        try:
            platform.publish(made, target)
        except FileExistsError:
            raise DestinationExistsError("exists", path=target, remedy="Remove it first.") from None
    platform.sync_folder(target.parent)


def _members(source: Any, job: Job, setup: Setup) -> tuple[tuple[str, int, int], ...]:
    """Return the files of a set that the job does not name itself, relative to the root, with size and time."""
    if not isinstance(source, MicroscopyDataset):
        return ()
    named = {setup.root / name for name in job.inputs}
    stamps = [stamp for stamp in stamps_of(source) if Path(stamp.path) not in named]
    return tuple((relative(stamp.path, setup.root), stamp.size, stamp.mtime_ns) for stamp in stamps)


def describe(image: MicroscopyDataset, job: Job, setup: Setup) -> Picture:
    """Return sizes, spacing, channels and a thumbnail of an image."""
    names = image.facts.channels.get("name", (None,) * image.sizes["C"])
    spacing = {dim: axis.spacing and abs(axis.spacing) for dim, axis in image.facts.axes.items()}
    return Picture(
        dict(image.sizes),
        str(image.dtype),
        {dim: spacing.get(dim) for dim in "ZYX"},
        spacing.get("T"),
        tuple(name or "" for name in names),
        save_thumbnail(image, job.destination, setup.output),
    )

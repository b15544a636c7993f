"""`run_jobs`: carry out what was planned, resume what was begun, and report each job when it ends."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends.discovery import REPORT_NAME
from omio.batch.reporting.journal import Journal
from omio.batch.reporting.report import RunReport as RunReport
from omio.batch.running.crew import Alone, Cluster, Processes, sensible_workers
from omio.batch.running.fingerprint import fingerprint
from omio.batch.running.foreman import HeldLock
from omio.batch.running.judge import Verdict, judge, record_anew
from omio.batch.running.progress import shown
from omio.batch.running.setup import HIDDEN, Setup, Task, relative
from omio.batch.running.work import begin, failed, now
from omio.errors import DestinationExistsError, OmioError, OptionError, SourceOverwriteError, WriteError
from omio.lazy.cluster import client_in_force
from omio.store.atomic import as_write_errors, sweep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from omio.batch.planning.jobs import Job
    from omio.batch.reporting.records import Result
    from omio.batch.running.crew import Crew
    from omio.batch.running.progress import Progress
    from omio.batch.running.setup import Load, Process, Save

log = logging.getLogger("omio.batch")


def run_jobs(
    jobs: Iterable[Job],
    *,
    root: str | os.PathLike[str],
    output: str | os.PathLike[str],
    writer: str = "ometiff",
    policy: Any = None,
    client: Any = None,
    workers: int | None = None,
    resume: bool = True,
    progress: Progress | None = None,
    load: Load | None = None,
    process: Process | None = None,
    save: Save | None = None,
    continue_on_error: bool = True,
) -> RunReport:
    """Open, merge, process and write each job; what is done already is skipped.

    A job is done when its destination is whole, and was made of the same inputs (by path, size, time and content of
    head and tail) in the same way. What was made otherwise is replaced in one step. A file that is not this project's
    fails the job. ``omio-report.jsonl`` in the output folder tells of each job as soon as it has ended, so that a
    killed run can be resumed at any point.

    Parameters
    ----------
    jobs
        As a layout plans them.
    root, output
        Folders of the inputs and of the destinations; the latter is made.
    writer
        Name of a writer of `omio.writers`.
    policy
        How it writes; ``overwrite="replace"`` also replaces files that are not this project's.
    client
        A ``dask.distributed.Client`` whose workers see both folders by the same names; None: the active one of this
        process, if there is one and `workers` is None; False: none.
    workers
        Local processes; None takes as many as suit CPUs, memory and jobs, 1 is this process. What travels to other
        processes must be picklable, and the script that calls must be importable.
    resume
        False does again what is done.
    progress
        Called with the numbers of jobs done and planned and with the `Result`; a bar on a terminal by default.
    load
        ``load(*paths)`` instead of opening and merging.
    process
        ``process(dataset)`` gives what is written.
    save
        ``save(what, path)`` instead of the writer; what it wrote is then moved into place.
    continue_on_error
        False begins no further job after one has failed.

    Returns
    -------
    RunReport
        Also after Ctrl-C and SIGTERM, ``interrupted`` then: no half written file is left.

    Raises
    ------
    OmioError
        Before anything is done: destinations that collide, leave the folder or are sources; a folder in which another
        run works; an unknown writer or policy.
    """
    planned = tuple(jobs)
    setup = Setup.of(root, output, writer, policy, load=load, process=process, save=save)
    check(planned, setup)
    with as_write_errors(setup.output):
        setup.output.mkdir(parents=True, exist_ok=True)
    with Journal.open(setup.output) as journal, _stoppable(), shown(progress, len(planned)) as bar:
        run = _Run(planned, setup, journal, bar, resume=resume, continue_on_error=continue_on_error)
        return run.carry_on(client, workers)


def check(jobs: Sequence[Job], setup: Setup) -> None:
    """Raise where the plan would write twice to one place, outside of the output folder, or over an input."""
    inputs = {os.path.normpath(setup.root / name) for job in jobs for name in job.inputs}
    seen: dict[str, Job] = {}
    for job in jobs:
        path = os.path.normpath(setup.output / job.destination)
        first = Path(job.destination).parts[:1]
        if not Path(path).is_relative_to(setup.output) or first in ((HIDDEN,), (REPORT_NAME,), ()):
            raise WriteError("is no name for an output", path=job.destination)
        if path in seen:
            pair = f"{', '.join(seen[path].inputs)} and {', '.join(job.inputs)}"
            raise DestinationExistsError(f"both {pair} would be written there", path=job.destination)
        if path in inputs:
            raise SourceOverwriteError("is an input", path=job.destination, remedy="Write to another folder.")
        seen[path] = job


class _Run:
    """One run: what it did so far."""

    def __init__(
        self,
        jobs: Sequence[Job],
        setup: Setup,
        journal: Journal,
        progress: Progress,
        *,
        resume: bool,
        continue_on_error: bool,
    ) -> None:
        self.jobs, self.setup, self.journal, self.progress = jobs, setup, journal, progress
        self.resume, self.continue_on_error = resume, continue_on_error
        self.key = secrets.token_hex(8)
        self.results: list[Result] = []
        self._stopped = False

    def carry_on(self, client: Any, workers: int | None) -> RunReport:
        """Do all jobs, and write the summaries."""
        started, interrupted = time.perf_counter(), False
        self._open(now())
        crew = self._crew(client, workers)
        try:
            for result in crew.results(self.tasks()):
                self.take(result)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for result in crew.stop():
                self.take(result)
            seconds = round(time.perf_counter() - started, 3)
            self.journal.append("end", run=self.key, seconds=seconds, interrupted=interrupted)
        report = RunReport.read(self.journal.path)
        report.write_summaries()
        return report

    def _open(self, at: str) -> None:
        from omio import __version__

        shutil.rmtree(self.setup.output / HIDDEN / "saving", ignore_errors=True)
        for folder in {(self.setup.output / job.destination).parent for job in self.jobs}:
            if folder.is_dir():
                sweep(folder)
        root = relative(self.setup.root, self.setup.output)
        self.journal.append("run", run=self.key, at=at, jobs=len(self.jobs), root=root, omio=__version__)

    def _crew(self, client: Any, workers: int | None) -> Crew:
        chosen = client_in_force() if client is None and workers is None else client
        if chosen:
            return Cluster(chosen)
        count = sensible_workers(len(self.jobs)) if workers is None else workers
        if not isinstance(count, int):
            raise OptionError(f"workers={workers!r}", remedy="Give a number of processes.")
        return Alone() if count <= 1 else Processes(count, HeldLock(self.journal.fileno()))

    def tasks(self) -> Iterator[Task]:
        """Yield the jobs that are to be done; the others get their result here."""
        for job in self.jobs:
            if self._stopped:
                return
            task = self._task(job)
            if task is not None:
                self.journal.append(
                    "started", durable=False, run=self.key, destination=job.destination, at=time.time_ns()
                )
                yield task

    def _task(self, job: Job) -> Task | None:
        how = self.setup.how(job)
        task = Task(job, self.setup, how, "", replace=False, run=self.key)
        try:
            task = Task(job, self.setup, how, fingerprint(job.inputs, self.setup.root), replace=False, run=self.key)
            verdict = judge(task, self.journal)
            if verdict is Verdict.UNRECORDED and self.resume:
                self.take(record_anew(task))
                return None
        except (OmioError, OSError) as error:
            self.take(failed(begin(task), error, self.setup))
            return None
        if verdict is Verdict.DONE and self.resume:
            self.take(self.journal.results[job.destination].as_skipped())
            return None
        return Task(job, self.setup, how, task.fingerprint, replace=verdict is not Verdict.RUN, run=self.key)

    def take(self, result: Result) -> None:
        """Record a result and tell of it."""
        self.journal.record(result, run=self.key)
        self.results.append(result)
        log.info("%s: %s", result.destination, result.status)
        self._stopped = self._stopped or (result.status == "failed" and not self.continue_on_error)
        self.progress(len(self.results), len(self.jobs), result)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, where this thread may say so and nobody else did."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

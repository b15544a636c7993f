"""Runs that are killed or interrupted at any moment, and resumed."""

from __future__ import annotations

import collections
import json
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.discovery import REPORT_NAME
from omio.batch.reporting import journal
from omio.batch.reporting.report import RunReport
from omio.batch.running.fingerprint import Stamp
from tests.batch.acquisitions import make
from tests.support.signals import BY_CTRL_C

if TYPE_CHECKING:
    from pathlib import Path

    from tests.batch.acquisitions import Acquisition

COUNT, KILLS = 300, 3
SCRIPT = """
import json, sys
from pathlib import Path
from omio.batch.planning.jobs import Job
from omio.batch.running.runner import run_jobs

if __name__ == "__main__":
    plan, root, output, workers = sys.argv[1:]
    jobs = [Job.of(entry) for entry in json.loads(Path(plan).read_text(encoding="utf-8"))]
    sys.exit(run_jobs(jobs, root=root, output=output, workers=int(workers)).exit_code)
"""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")


class Project:
    """A project on disk, and a program that runs it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.root, self.output = folder / "project", folder / "output"
        self.acquisitions = make(self.root, count)
        self.script, self.plan = folder / "run.py", folder / "plan.json"
        self.script.write_text(SCRIPT, encoding="utf-8")
        jobs = [item.job.describe() for item in self.acquisitions]
        self.plan.write_text(json.dumps(jobs), encoding="utf-8")

    def start(self, workers: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, self.script, self.plan, self.root, self.output, str(workers)]
        return subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run(self, workers: int) -> int:
        process = self.start(workers)
        _, told = process.communicate(timeout=120)
        assert not told, told.decode()
        return process.returncode

    def stop_after(self, results: int, delay: float, number: signal.Signals, workers: int) -> int:
        """Start, send a signal some time after so many new results, and return the exit code."""
        before = len(self.lines("processed"))
        process = self.start(workers)
        while process.poll() is None and len(self.lines("processed")) < before + results:
            time.sleep(0.005)
        time.sleep(delay)
        process.send_signal(number)
        process.communicate(timeout=60)
        return process.returncode

    def lines(self, kind: str) -> list[journal.Event]:
        path = self.output / REPORT_NAME
        if not path.exists() or not path.read_bytes().count(b"\n"):
            return []
        return [event for event in journal.events(path) if event["event"] == kind]


def test_a_project_that_is_killed_three_times_is_converted_once_and_reported_truly(tmp_path: Path) -> None:
    project, chance = Project(tmp_path, COUNT), random.Random()  # noqa: S311 - any moment must do
    for _ in range(KILLS):
        code = project.stop_after(chance.randrange(60), chance.uniform(0, 0.1), signal.SIGKILL, workers=2)
        assert code == -signal.SIGKILL
        _check_truth(project)
    assert project.run(workers=2) == 1
    _check_everything_is_done(project)
    assert project.run(workers=1) == 1
    report = RunReport.read(project.output)
    assert (len(report.processed), len(report.skipped), len(report.failed)) == (0, COUNT - 2, 2)


def _check_truth(project: Project) -> None:
    """Each job that is said to be done is done; no name holds half a file."""
    for event in project.lines("processed"):
        path = project.output / event["written"][0]
        assert Stamp.of(path) == Stamp(**event["stamp"])
    for item in project.acquisitions:
        path = project.output / item.job.destination
        if path.exists():
            _check_pixels(path, item)


def _check_everything_is_done(project: Project) -> None:
    good = [item for item in project.acquisitions if item.pixels is not None]
    broken = [item for item in project.acquisitions if item.pixels is None]
    for item in good:
        _check_pixels(project.output / item.job.destination, item)
    times = collections.Counter(event["destination"] for event in project.lines("processed"))
    assert times == {item.job.destination: 1 for item in good}
    started = collections.Counter(event["destination"] for event in project.lines("started"))
    in_hand = 2 * 2
    assert sum(started.values()) <= COUNT + KILLS * (in_hand + len(broken))
    report = RunReport.read(project.output)
    assert not report.interrupted
    assert {result.destination for result in report.failed} == {item.job.destination for item in broken}
    assert all(result.failure and result.failure.message.startswith(result.inputs[0]) for result in report.failed)
    assert len(report.processed) + len(report.skipped) == len(good)
    files = {path.relative_to(project.output).as_posix() for path in _images_and_leftovers(project.output)}
    assert files == {item.job.destination for item in good}


def _images_and_leftovers(output: Path) -> list[Path]:
    summaries = {REPORT_NAME, "omio-report.html", "omio-report-errors.txt"}
    found = [path for path in output.rglob("*") if path.is_file() and path.name not in summaries]
    return [path for path in found if not path.is_relative_to(output / ".omio" / "thumbnails")]


def _check_pixels(path: Path, item: Acquisition) -> None:
    assert item.pixels is not None
    found: Any = tifffile.imread(path)
    np.testing.assert_array_equal(found, item.pixels.squeeze())
    with omio.open(path) as image:
        assert image.shape == item.pixels.shape


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_leaves_nothing_half_done(tmp_path: Path, number: signal.Signals, workers: int) -> None:
    project = Project(tmp_path, 60)
    assert project.stop_after(5, 0.01, number, workers) in BY_CTRL_C
    report = RunReport.read(project.output)
    assert report.interrupted
    assert report.seconds > 0
    assert not list(project.output.rglob("*.tmp"))
    _check_truth(project)
    assert project.run(workers) == 1
    good = [item for item in project.acquisitions if item.pixels is not None]
    assert {event["destination"] for event in project.lines("processed")} == {item.job.destination for item in good}

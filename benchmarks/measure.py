"""Runs cases in turns, each in a fresh process, and watches their memory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import tifffile

from benchmarks.child import digest

if TYPE_CHECKING:
    from benchmarks.case import Case, Group

POLL_SECONDS = 0.02
READ_AGAIN_BYTES = 2 << 30


@dataclass(frozen=True)
class Sample:
    """One run: seconds of the work (for programs: of the process), memory in MB, and what came out.

    ``peak_mb`` counts mapped pages of files, ``growth_mb`` only what the work added, ``anon_mb`` no files.
    """

    seconds: float
    peak_mb: float
    growth_mb: float
    anon_mb: float
    digest: str
    written_bytes: int = 0


@dataclass
class Result:
    """All rounds of a group."""

    group: Group
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        return median(sample.seconds for sample in self.samples[name])

    @property
    def peer(self) -> str | None:
        """Name of the fastest peer that ran."""
        ran = [name for name in self.group.peers if name in self.samples]
        return min(ran, key=self.seconds, default=None)

    def ratio(self, name: str) -> float | None:
        """Return the median over the rounds of this case's time divided by the peer's."""
        peer = self.peer
        if peer is None or name not in self.samples:
            return None
        return median(a.seconds / b.seconds for a, b in zip(self.samples[name], self.samples[peer], strict=True))

    def highest(self, name: str, what: str) -> float:
        """Return the highest of a field of the samples."""
        return max(float(getattr(sample, what)) for sample in self.samples[name])

    def written(self, name: str) -> int:
        """Return the bytes that a case wrote; 0 where it writes nothing."""
        return self.samples[name][-1].written_bytes

    def differing(self) -> list[str]:
        """Return the cases whose result is not that of the first one."""
        compared = [case.name for case in self.group.cases if case.compared and case.name in self.samples]
        digests = {name: {sample.digest for sample in self.samples[name]} for name in compared}
        return [name for name in compared if digests[name] != digests[compared[0]]]


def measure(group: Group, rounds: int, environment: dict[str, str]) -> Result:
    """Run every case `rounds` times in turns; a case that fails is left out of further rounds."""
    result = Result(group)
    for _ in range(rounds):
        for case in group.cases:
            if case.name in result.failures:
                continue
            try:
                result.samples.setdefault(case.name, []).append(run(case, environment))
            except RuntimeError as error:
                result.failures[case.name] = str(error)
                result.samples.pop(case.name, None)
    return result


def run(case: Case, environment: dict[str, str]) -> Sample:
    """Run a case once."""
    started = time.perf_counter()
    process = subprocess.Popen(
        case.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=environment["PYTHONPATH"]
    )
    anonymous = _watch(process)
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(errors.decode(errors="replace").strip().rpartition("\n")[2] or f"exit {process.returncode}")
    if "benchmarks.child" not in case.argv:
        return Sample(seconds, 0.0, 0.0, anonymous, "")
    answer = json.loads(output.splitlines()[-1])
    found, size = _written(Path(answer["written"])) if "written" in answer else (answer["digest"], 0)
    return Sample(answer["seconds"], answer["peak_mb"], answer["growth_mb"], anonymous, found, size)


def _written(path: Path) -> tuple[str, int]:
    """Digest the pixels of a file that a case wrote, and remove it; large ones are not read again."""
    size = path.stat().st_size
    with tifffile.TiffFile(path) as tif:
        series = tif.series[0]
        found = digest(series.asarray()) if series.nbytes < READ_AGAIN_BYTES else f"{series.dtype} {series.shape}"
    path.unlink()
    return found, size


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for the end and return the highest anonymous memory seen, in MB (0 where the system does not say)."""
    status = Path(f"/proc/{process.pid}/status")
    highest = 0
    while process.poll() is None:
        highest = max(highest, _anonymous_kb(status))
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    return highest / 1000


def _anonymous_kb(status: Path) -> int:
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)


def environment(search: Path) -> dict[str, str]:
    """Return the environment of the cases: compiled modules are written and used, `search` holds this package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OMIO_"))}
    return {**kept, "PYTHONPATH": str(search)}

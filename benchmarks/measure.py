"""Runs cases in turns, each in a fresh process, and watches their memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from statistics import linear_regression, median
from typing import TYPE_CHECKING

import numpy as np
import tifffile
import zarr

from benchmarks.child import digest

if TYPE_CHECKING:
    from benchmarks.case import Case, Group

POLL_SECONDS = 0.02
READ_AGAIN_BYTES = 2 << 30


@dataclass(frozen=True)
class Sample:
    """One run: seconds of the work (for programs: of the process), memory in MB, and what came out.

    ``peak_mb`` counts mapped pages of files, ``growth_mb`` only what the work added, ``anon_mb`` no files. ``steps``
    are the seconds of each step, where the work is many of a kind; ``cpu_seconds`` what all threads took.
    """

    seconds: float
    peak_mb: float
    growth_mb: float
    anon_mb: float
    digest: str
    written_bytes: int = 0
    steps: tuple[float, ...] = ()
    cpu_seconds: float = 0.0


@dataclass
class Result:
    """All rounds of a group."""

    group: Group
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    expected: str | None = None

    def seconds(self, name: str) -> float:
        return median(sample.seconds for sample in self.samples[name])

    def steps(self, name: str) -> list[float]:
        """Return the seconds of each step of all rounds."""
        return [seconds for sample in self.samples[name] for seconds in sample.steps]

    @property
    def ours(self) -> list[str]:
        """Names of the cases that omio's goals hold for: its own, or where sizes differ all."""
        return [name for name in self.samples if name == "omio" or self.group.sizes]

    @property
    def peer(self) -> str | None:
        """Name of the fastest peer that ran."""
        ran = [name for name in self.group.peers if name in self.samples]
        return min(ran, key=self.seconds, default=None)

    @property
    def slope(self) -> float | None:
        """The power of the size that time grows with: a line fitted to the logarithms of both."""
        sizes = dict(zip((case.name for case in self.group.cases), self.group.sizes, strict=False))
        ran = [name for name in sizes if name in self.samples]
        if len(ran) < 2:
            return None
        return linear_regression([log(sizes[name]) for name in ran], [log(self.seconds(name)) for name in ran]).slope

    def ratio(self, name: str) -> float | None:
        """Return how this case's time compares with the peer's."""
        peer = self.peer
        return None if peer is None or name not in self.samples else self.quotient(name, peer)

    def cpu_ratio(self, name: str) -> float | None:
        """Return how its processor time compares with the peer's, which load on the machine hardly moves."""
        if self.peer is None or not all(sample.cpu_seconds for sample in self.samples[self.peer]):
            return None
        pairs = zip(self.samples[name], self.samples[self.peer], strict=False)
        return median(a.cpu_seconds / b.cpu_seconds for a, b in pairs)

    def quotient(self, name: str, other: str) -> float:
        """Return the median over the rounds that both ran of the time of one case divided by another's."""
        return median(a.seconds / b.seconds for a, b in zip(self.samples[name], self.samples[other], strict=False))

    def highest(self, name: str, what: str) -> float:
        """Return the highest of a field of the samples."""
        return max(float(getattr(sample, what)) for sample in self.samples[name])

    def written(self, name: str) -> int:
        """Return the bytes that a case wrote; 0 where it writes nothing."""
        return self.samples[name][-1].written_bytes

    def differing(self) -> list[str]:
        """Return the cases whose result is not that of the first one, or not what the group's source holds."""
        compared = [case.name for case in self.group.cases if case.compared and case.name in self.samples]
        digests = {name: {sample.digest for sample in self.samples[name]} for name in compared}
        expected = {self.expected} if self.expected else digests[compared[0]] if compared else set()
        return [name for name in compared if digests[name] != expected]


def measure(group: Group, rounds: int, environment: dict[str, str]) -> Result:
    """Run every case `rounds` times in turns; a case that fails is left out of further rounds."""
    result = Result(group, expected=_of_file(group.source) if group.source else None)
    for number in range(rounds):
        for case in group.cases:
            if case.name in result.failures or (number and case.once):
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
    memory = answer["peak_mb"], answer["growth_mb"], anonymous
    return Sample(answer["seconds"], *memory, found, size, tuple(answer["steps"]), answer["cpu_seconds"])


def _written(path: Path) -> tuple[str, int]:
    """Digest the pixels of what a case wrote, and remove it."""
    if path.is_dir():
        found, size = _of_hierarchy(path), sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        shutil.rmtree(path)
    else:
        found, size = _of_file(path), path.stat().st_size
        path.unlink()
    return found, size


def _of_file(path: Path) -> str:
    """Digest the pixels of a TIFF; large ones are not read again."""
    with tifffile.TiffFile(path) as tif:
        series = tif.series[0]
        if series.nbytes < READ_AGAIN_BYTES:
            return digest(series.asarray())
        return f"{series.dtype} {[size for size in series.shape if size > 1]}"


def _of_hierarchy(path: Path) -> str:
    """Digest the finest level of an OME-Zarr image; large ones are not read again."""
    level = zarr.open_group(path, mode="r")[_finest(path)]
    assert isinstance(level, zarr.Array)
    if level.nbytes < READ_AGAIN_BYTES:
        return digest(np.asarray(level[:]))
    return f"{level.dtype} {[size for size in level.shape if size > 1]}"


def _finest(path: Path) -> str:
    attributes = dict(zarr.open_group(path, mode="r").attrs)
    (image, *_) = attributes.get("ome", attributes)["multiscales"]
    return str(image["datasets"][0]["path"])


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

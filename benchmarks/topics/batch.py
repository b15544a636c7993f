"""A project of small images: `run_jobs` in one process beside the plain loop that a script would write.

Both write the same files; beside them the batch takes fingerprints, keeps a report that outlasts a power cut, and makes
a thumbnail of each image and a page of all.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Group, function
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data import Data

COUNTS = (50, 500)


def groups(data: Data) -> list[Group]:
    few, many = (max(4, round(count * data.scale)) for count in COUNTS)
    folder = data.acquisitions(many)
    out = data.outputs()
    against = Group(
        "12a",
        f"convert {few} images of 2 MB",
        (
            function("plain loop", "batch:plain_loop", str(folder), str(out), few, compared=False),
            function("omio", "batch:one_process", str(folder), str(out), few, compared=False),
        ),
        ("plain loop",),
        goal=1.15,
    )
    growing = [
        Group(
            "12b",
            f"memory of a run of {count} images",
            (function("omio", "batch:one_process", str(folder), str(out), count, compared=False),),
            rounds=1,
        )
        for count in (few, many)
    ]
    again = Group(
        "12c",
        f"resume when all of {many} are done",
        (function("omio", "batch:nothing_to_do", str(folder), str(out), many, compared=False),),
        rounds=1,
    )
    return [against, *growing, again]


def plain_loop(folder: str, out: str, count: int) -> Callable[[], int]:
    load_omio("omio.writers.ometiff")
    import omio

    target = _fresh(Path(out) / "loop")

    def work() -> int:
        for name in _names(count):
            with omio.open(Path(folder) / name) as image:
                image.to_ometiff(target / name)
        return count

    return work


def one_process(folder: str, out: str, count: int) -> Callable[[], int]:
    load_omio("omio.writers.ometiff", "omio.batch.running.runner", "omio.batch.reporting.html", "PIL.PngImagePlugin")
    from omio.batch.planning.jobs import Job
    from omio.batch.running.runner import run_jobs

    jobs = [Job((name,), name) for name in _names(count)]
    target = _fresh(Path(out) / "batch")
    return lambda: len(run_jobs(jobs, root=folder, output=target, workers=1).processed)


def nothing_to_do(folder: str, out: str, count: int) -> Callable[[], int]:
    one_process(folder, out, count)()
    from omio.batch.planning.jobs import Job
    from omio.batch.running.runner import run_jobs

    jobs = [Job((name,), name) for name in _names(count)]
    return lambda: len(run_jobs(jobs, root=folder, output=Path(out) / "batch", workers=1).skipped)


def _names(count: int) -> list[str]:
    return [f"{number:03d}.ome.tif" for number in range(count)]


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

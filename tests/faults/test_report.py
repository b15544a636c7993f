"""Runs over a project whose disk fails: the next run ends what they began, and the report is true."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.discovery import REPORT_NAME
from omio.batch.planning.jobs import Job
from omio.batch.reporting.report import RunReport
from omio.batch.running.runner import run_jobs
from omio.errors import OmioError
from tests.faults.formats import NIGHTLY, pixels
from tests.faults.test_nth_call import KINDS, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.injector import Fault, Kind

NAMES = ("a", "b")
JOBS = [Job((f"{name}.tif",), f"{name}.ome.tif") for name in NAMES]


def attempt(fault: Fault, root: Path, output: Path) -> RunReport | OmioError:
    """Run while a call fails; return the report, or the error that omio tells."""
    with fault.at_work():
        try:
            return run_jobs(JOBS, root=root, output=output, workers=1)
        except OmioError as error:
            return error


@pytest.mark.usefixtures("no_thread_hangs")
@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if NIGHTLY or kind != "memory"])
def test_the_next_run_ends_what_was_begun(kind: Kind, folder: Path, *, is_lasting: bool) -> None:
    root = folder / "source"
    root.mkdir()
    for seed, name in enumerate(NAMES):
        tifffile.imwrite(root / f"{name}.tif", pixels(seed), metadata={"axes": "TZCYX"}, ome=True)
    troubled = 0
    for fault, output in zip(faults(kind, folder, is_lasting=is_lasting), _outputs(folder), strict=False):
        told = attempt(fault, root, output)
        if isinstance(told, OmioError):
            assert output.name in str(told)
        else:
            assert all(result.destination in result.cause() or "thumbnails" in result.cause() for result in told.failed)
        troubled += isinstance(told, OmioError) or bool(told.failed)
        check_whole(output, told)
        again = run_jobs(JOBS, root=root, output=output, workers=1)
        assert again.exit_code == 0
        check_whole(output, again)
        assert not list(output.rglob("*.tmp"))
    assert troubled


def _outputs(folder: Path) -> Iterator[Path]:
    return (folder / f"output-{number}" for number in itertools.count())


def check_whole(output: Path, told: RunReport | OmioError) -> None:
    """Compare what lies there with the pixels of its source; what is said to be done must be there."""
    for seed, name in enumerate(NAMES):
        path = output / f"{name}.ome.tif"
        if path.exists():
            np.testing.assert_array_equal(omio.open(path).load(), pixels(seed))
    if isinstance(told, RunReport):
        assert all((output / result.destination).exists() for result in (*told.processed, *told.skipped))
        assert (output / REPORT_NAME).exists()

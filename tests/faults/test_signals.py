"""A command that is told to end leaves nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import tifffile

from tests.faults.formats import NIGHTLY, pixels

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.mark.parametrize("turn", range(20 if NIGHTLY else 2))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["a.ome.tif", "a.ome.zarr"])
def test_a_conversion_that_is_ended_leaves_nothing(name: str, number: signal.Signals, turn: int, folder: Path) -> None:
    source, output = folder / "source.tif", folder / "output"
    output.mkdir()
    tifffile.imwrite(source, pixels(0, (60, 512, 512)), metadata={"axes": "ZYX"}, ome=True)
    command = [sys.executable, "-m", "omio", "convert", str(source), "-o", str(output / name), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(output.iterdir()):
            time.sleep(0.001)
        time.sleep(0.005 * turn)
        process.send_signal(number)
        told = process.communicate(timeout=30)
    assert process.returncode in (INTERRUPTED, -number, 0)  # by the signal as the interpreter ends; too late for it
    assert told == (b"", b"")
    assert list(output.iterdir()) == ([] if process.returncode else [output / name])

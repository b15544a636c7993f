"""A command that is told to end leaves nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from tests.faults.formats import NIGHTLY, pixels
from tests.support.signals import BY_CTRL_C, INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

LATE = """
import os, signal, sys
from omio.cli import main

sent, set_handler = int(sys.argv.pop()), signal.signal

def after_the_work(number, handler):
    if handler is signal.SIG_DFL:
        os.kill(os.getpid(), sent)
    return set_handler(number, handler)

signal.signal = after_the_work
sys.exit(main())
"""
"""A command to which a signal comes while the handlers of signals are put back."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.mark.parametrize("turn", range(20 if NIGHTLY else 2))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["a.ome.tif", "a.ome.zarr"])
def test_a_conversion_that_is_ended_leaves_nothing(name: str, number: signal.Signals, turn: int, folder: Path) -> None:
    source, output = folder / "source.tif", folder / "output"
    output.mkdir()
    written = pixels(0, (60, 512, 512))
    tifffile.imwrite(source, written, metadata={"axes": "ZYX"}, ome=True)
    command = [sys.executable, "-m", "omio", "convert", str(source), "-o", str(output / name), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(output.iterdir()):
            time.sleep(0.001)
        time.sleep(0.005 * turn)
        process.send_signal(number)
        told = process.communicate(timeout=120)
    assert process.returncode in (*BY_CTRL_C, -number, 0)  # by the signal as the interpreter ends; too late for it
    assert told == (b"", b"")
    left = list(output.iterdir())
    assert left in ([[output / name]] if process.returncode == 0 else [[], [output / name]])  # the signal was too late
    for whole in left:
        assert np.array_equal(omio.open(whole).data.values.squeeze(), written)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_work_ends_a_command_without_a_word(number: signal.Signals, folder: Path) -> None:
    (folder / "empty").mkdir()
    command = [sys.executable, "-c", LATE, "cache", "ls", "--quiet", str(int(number))]
    environment = {**os.environ, "OMIO_CACHE_DIR": str(folder / "empty")}
    done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (INTERRUPTED, b"")

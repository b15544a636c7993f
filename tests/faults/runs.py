"""A program that writes images at a word, in a process each, and may be killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import omio
from tests.faults.formats import FORMATS, pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
SHAPE = (8, 1, 1, 256, 256)


def main(form: str, folder: str, seed: str, scratch: str) -> None:
    """For each line that comes, fork, tell the number of the process, write in it, and tell what came of it.

    All modules are imported and all pixels made before, so that a process begins to write at once.
    """
    source = omio.MicroscopyDataset.from_array(pixels(int(seed), SHAPE))
    with omio.config(threads=1):
        FORMATS[form].write(source, Path(scratch))
    _tell("ready")
    warnings.simplefilter("ignore", DeprecationWarning)  # threads of zarr wait, and hold no lock
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _tell(_attempt(form, source, Path(folder)))
            os._exit(0)
        _tell(str(child))
        sys.stdin.readline()  # its number is its own until then
        os.waitpid(child, 0)
        _tell("ended")


def _attempt(form: str, source: omio.MicroscopyDataset, folder: Path) -> str:
    try:
        FORMATS[form].write(source, folder)
    except omio.OmioError as error:
        return f"{type(error).__name__}: {error}"
    return "done"


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Writer:
    """The program, ready to write."""

    def __init__(self, form: str, folder: Path, seed: int, scratch: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.runs", form, str(folder), str(seed), str(scratch)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")

    def begin(self) -> None:
        """Let it begin to write."""
        self._say("go")

    def outcome(self, *, killed_after: float | None = None) -> str | None:
        """Return what came of it: "done", or an error; None where it was killed before it could tell."""
        told = [self._line()]
        while not told[-1].isdigit():
            told.append(self._line())
        child = int(told.pop())
        if killed_after is not None:
            time.sleep(killed_after)
            os.kill(child, signal.SIGKILL)
        self._say("over")
        while (line := self._line()) != "ended":
            told.append(line)
        return told[0] if told else None

    def seconds(self) -> float:
        """Return how long it takes."""
        started = time.perf_counter()
        self.begin()
        assert self.outcome() == "done"
        return time.perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()


def found(form: str, folder: Path) -> NDArray[Any] | None:
    """Return the pixels that lie at the destination, None where there is none; raises where they cannot be read."""
    path = folder / FORMATS[form].name
    return np.asarray(omio.open(path).load()) if path.exists() else None


if __name__ == "__main__":
    main(*sys.argv[1:])

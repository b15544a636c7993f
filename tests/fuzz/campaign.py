"""Asks a process about mutants; one that dies or hangs is a find, and another process goes on behind it.

Run as ``python -m tests.fuzz.campaign FAMILY [COUNT [FIRST]]`` to see the finds of a family, most frequent first, or
``python -m tests.fuzz.campaign FAMILY lay NUMBER FOLDER`` to have one mutant written.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60
"""Seconds without a word after which a process is taken to wait for something that never comes."""


class Campaign:
    """One process at a time, started when needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def finds(self, family: str, first: int, count: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each mutant that did what none may, and what it did."""
        end = first + count
        while first < end:
            last = first - 1
            self._ask(family, first, end - first)
            for said in self._answers():
                if isinstance(said, int):
                    last = said
                elif isinstance(said, list):
                    yield said[0], said[1]
                else:
                    return
            yield max(last, first), [self._ending()]
            first = max(last, first) + 1

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _ask(self, *question: Any) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.probe", tempfile.mkdtemp(dir=self._folder)],
                cwd=REPOSITORY,
                env={**os.environ, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")

    def _answers(self) -> Iterator[Any]:
        """Yield answers until the process ends, or is ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe, begun = self._process.stdout.fileno(), b""
        while select.select([pipe], [], [], PATIENCE)[0]:
            part = os.read(pipe, 1 << 16)
            if not part:
                return
            *lines, begun = (begun + part).split(b"\n")
            yield from map(json.loads, lines)

    def _ending(self) -> str:
        """Return how the process ended."""
        assert self._process is not None
        process, self._process = self._process, None
        assert process.stdout is not None
        if process.poll() is None and not select.select([process.stdout], [], [], 0)[0]:
            process.kill()
            process.communicate()
            return f"no answer for {PATIENCE} s"
        process.communicate()
        name = signal.Signals(-process.returncode).name if process.returncode < 0 else f"code {process.returncode}"
        return "took more than 5 s of the processor" if name == "SIGPROF" else f"ended by {name}"


def main() -> None:
    family, *rest = sys.argv[1:]
    if rest[:1] == ["lay"]:
        from tests.fuzz.mutants import mutant

        path = mutant(family, int(rest[1])).lay(Path(rest[2]))
        sys.stdout.write(f"{path}\n")
        return
    count, first = (int(word) for word in (*rest, *("300", "0")[len(rest) :]))
    kinds = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder))
        for number, found in campaign.finds(family, first, count):
            for text in found:
                kinds[re.sub(r"\d+(?![^ ]*$)|0x\w+", "#", text)[-120:]].append((number, text))
        campaign.close()
    for finds in sorted(kinds.values(), key=len, reverse=True):
        sys.stdout.write(f"{len(finds):5} {finds[0]}\n")


if __name__ == "__main__":
    main()

"""Asks the probe what becomes of a file, and judges the answer by the rules that hold for all of them."""

from __future__ import annotations

import atexit
import json
import math
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.hostile.probe import SECONDS

REPOSITORY = Path(__file__).resolve().parents[2]
MEMORY = 1 << 30
SENTINEL = 42424
"""Value of the pixels of files that lie outside of what may be read."""


@dataclass(frozen=True)
class Rule:
    """What may become of a file.

    Attributes
    ----------
    accept
        ``"oracle"`` (the right pixels), ``"warned"`` (pixels and a warning), ``"error"``, ``"any"`` (nothing can tell).
    digest
        Of the right pixels, as `tests.hostile.probe.digest` makes it.
    roots
        What the text of an error may begin with: the file, or the folder of a set.
    spacing
        What X must be, in µm, where it is given at all.
    """

    accept: frozenset[str]
    digest: str | None
    roots: tuple[str, ...]
    spacing: float | None = None


@dataclass
class Tally:
    """What was counted over a corpus."""

    files: int = 0
    internal: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    most_seconds: float = 0
    most_bytes: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, answer: dict[str, Any], faults: list[str]) -> None:
        """Count one answer."""
        self.files += 1
        self.ends[answer["end"]] = self.ends.get(answer["end"], 0) + 1
        self.most_seconds = max(self.most_seconds, answer["seconds"])
        self.most_bytes = max(self.most_bytes, answer["peak_bytes"])
        lists = {"internal": self.internal, "refused": self.refused, "slow": self.slow, "large": self.large}
        for fault in faults:
            lists.get(fault.partition(":")[0], self.broken).append(f"{name}: {fault}")

    def text(self) -> str:
        """Say it in a line."""
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        return (
            f"{self.files} answers ({ends}): {len(self.broken)} rules broken, {len(self.internal)} internal errors, "
            f"{len(self.refused)} refused that must be read, {len(self.slow)} over {SECONDS:.0f} s (most "
            f"{self.most_seconds:.2f} s), {len(self.large)} over 1 GiB (most {self.most_bytes >> 20} MiB)"
        )


@cache
def _probe() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.probe"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(process.communicate)
    return process


@cache
def ask(path: str, *, strict: bool) -> dict[str, Any]:
    """Have a file opened and read in a process of its own, and return what came of it."""
    process = _probe()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"path": path, "strict": strict}) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def faults(rule: Rule, answer: dict[str, Any]) -> list[str]:
    """Return every rule that an answer breaks; the word before the colon says which."""
    found = [f"slow: took {answer['seconds']:.1f} s"] if answer["seconds"] > SECONDS else []
    if answer["peak_bytes"] > MEMORY:
        found.append(f"large: took {answer['peak_bytes'] >> 20} MiB")
    if answer["end"] in ("slow", "crash"):
        return [*found, f"{answer['end']}: that was the end"]
    judge = _error_faults if answer["end"] == "error" else _pixel_faults
    return found + judge(rule, answer)


def _error_faults(rule: Rule, answer: dict[str, Any]) -> list[str]:
    text = answer["text"]
    if not answer["ours"]:
        return [f"internal: {answer['type']} reached the user: {text}"]
    found = [] if text.startswith(rule.roots) else [f"text: does not begin with the file: {text}"]
    found += [f"field: the error has no {name}: {text}" for name in ("path", "cause", "format") if not answer[name]]
    if answer["path"] and not text.startswith(answer["path"]):
        found.append(f"text: does not begin with its path: {text}")
    if not answer["remedy"]:
        found.append(f"remedy: does not say what to do: {text}")
    if not rule.accept & {"error", "any"}:
        found.append(f"refused: {text}")
    return found


def _pixel_faults(rule: Rule, answer: dict[str, Any]) -> list[str]:
    is_right = "oracle" in rule.accept and answer["digest"] == rule.digest
    is_told = "warned" in rule.accept and bool(answer["warnings"])
    found = [] if is_right or is_told or "any" in rule.accept else [f"silent: {answer['shape']} {answer['dtype']}"]
    if answer["leaks"]:
        found.append("leak: pixels of a file outside of its folder")
    spacings = [value for value in (*answer["sizes"], answer["time_increment"]) if value is not None]
    found += [f"spacing: {value}" for value in spacings if not (math.isfinite(value) and value > 0)]
    x = answer["sizes"][-1]
    if rule.spacing is not None and (x is None or not math.isclose(x, rule.spacing)):
        found.append(f"spacing: X is {x} µm, right is {rule.spacing}")
    return found

"""A case and a group of cases that do the same work."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One way to do the work of a group.

    Attributes
    ----------
    name
        Who does it.
    argv
        The process to start.
    compared
        Whether its result must equal that of the group's peer.
    once
        Whether it runs in the first round alone, as it takes minutes.
    """

    name: str
    argv: tuple[str, ...]
    compared: bool = True
    once: bool = False


@dataclass(frozen=True)
class Group:
    """Cases that do the same work, or one work on things of several sizes.

    Attributes
    ----------
    row, title
        Number and words of the row.
    peers
        Names of the cases of which the fastest counts as 1.00.
    goal, moonshot
        Ratio that omio is to reach, and that it wants.
    beside
        Another case, and the share of its time that omio is to stay below.
    goal_mb, goal_growth_mb, goal_anon_mb
        Peak memory, its growth by the work, and its part that is no file, that omio is to stay below.
    goal_ms, moonshot_ms
        Time that omio is to stay below, and wants to, where that counts and no ratio.
    goal_bytes
        Size of what omio writes, as a share of the peer's.
    sizes, unit
        How large the work of each case is, and in what, where that is what differs between the cases.
    goal_slope
        Power of the size that time may grow with: 0 is not at all, 1 as the size does.
    source
        A file whose pixels the results must be.
    rounds
        How often it runs, where not as often as the others.
    """

    row: str
    title: str
    cases: tuple[Case, ...]
    peers: tuple[str, ...] = ()
    goal: float | None = None
    moonshot: float | None = None
    beside: tuple[str, float] | None = None
    goal_mb: float | None = None
    goal_growth_mb: float | None = None
    goal_anon_mb: float | None = None
    goal_ms: float | None = None
    moonshot_ms: float | None = None
    goal_bytes: float | None = None
    sizes: tuple[float, ...] = ()
    unit: str = ""
    goal_slope: float | None = None
    source: Path | None = None
    rounds: int | None = None


def function(name: str, where: str, *arguments: Any, python: str = sys.executable, compared: bool = True) -> Case:
    """Return a case that calls ``module:function`` of ``benchmarks.topics`` with JSON-able `arguments`.

    The function prepares (imports, paths) and returns the work, a callable without arguments; only that is timed.
    """
    return Case(name, (python, "-m", "benchmarks.child", where, json.dumps(arguments)), compared)


def elsewhere(
    folder: Path,
    environment: str,
    name: str,
    where: str,
    *arguments: Any,
    compared: bool = True,
    once: bool = False,
) -> tuple[Case, ...]:
    """Return a case that runs in the environment of a peer, none where that was not made.

    What such a case imports at module level must be in the standard library, for little else is there.
    """
    python = python_of(folder, environment)
    if python is None:
        return ()
    case = function(name, where, *arguments, python=python, compared=compared)
    return (replace(case, once=once),)


def jar_of(folder: Path) -> Path:
    """Return where Bio-Formats is, if it was fetched."""
    return folder / "env" / "bioformats" / "bioformats" / "jars" / "bioformats_package.jar"


def bioformats_info(folder: Path, path: str) -> tuple[Case, ...]:
    """Return the program of Bio-Formats that tells of a file, none where it or Java is not there."""
    java, jar = shutil.which("java"), jar_of(folder)
    if java is None or not jar.exists():
        return ()
    argv = (java, "-cp", str(jar), "loci.formats.tools.ImageInfo", "-nopix", "-no-upgrade", path)
    return (Case("Bio-Formats", argv, compared=False),)


def python_of(folder: Path, environment: str) -> str | None:
    """Return the interpreter of an environment, or None where it was not made."""
    for inside in ("bin/python", "Scripts/python.exe"):
        python = folder / "env" / environment / inside
        if python.exists():
            return str(python)
    return None


def script(name: str, source: str) -> Case:
    """Return a case that is a whole Python program; start and imports count."""
    return Case(name, (sys.executable, "-c", source), compared=False)


def cpus() -> int:
    """Return the number of CPUs that peers are told to use, as omio does."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

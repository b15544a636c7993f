"""A case and a group of cases that do the same work."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any


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
    """

    name: str
    argv: tuple[str, ...]
    compared: bool = True


@dataclass(frozen=True)
class Group:
    """Cases that do the same work.

    Attributes
    ----------
    row, title
        Number and words of the row.
    peers
        Names of the cases of which the fastest counts as 1.00.
    goal
        Ratio that omio is to reach.
    goal_mb, goal_growth_mb, goal_anon_mb, goal_ms
        Peak memory, its growth by the work, its part that is no file, and time that omio is to stay below, where these
        count.
    goal_bytes
        Size of what omio writes, as a share of the peer's.
    rounds
        How often it runs, where not as often as the others.
    """

    row: str
    title: str
    cases: tuple[Case, ...]
    peers: tuple[str, ...]
    goal: float | None = None
    goal_mb: float | None = None
    goal_growth_mb: float | None = None
    goal_anon_mb: float | None = None
    goal_ms: float | None = None
    goal_bytes: float | None = None
    rounds: int | None = None


def function(name: str, where: str, *arguments: Any, python: str = sys.executable, compared: bool = True) -> Case:
    """Return a case that calls ``module:function`` of ``benchmarks.topics`` with JSON-able `arguments`.

    The function prepares (imports, paths) and returns the work, a callable without arguments; only that is timed.
    """
    return Case(name, (python, "-m", "benchmarks.child", where, json.dumps(arguments)), compared)


def script(name: str, source: str) -> Case:
    """Return a case that is a whole Python program; start and imports count."""
    return Case(name, (sys.executable, "-c", source), compared=False)


def cpus() -> int:
    """Return the number of CPUs that peers are told to use, as omio does."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

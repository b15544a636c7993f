"""Results as a Markdown table and as JSON."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import cpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.measure import Result

MEMORY = ("peak_mb", "growth_mb", "anon_mb")
PACKAGES = ("omio", "numpy", "tifffile", "imagecodecs", "czifile", "pylibCZIrw", "zarr", "dask", "xarray", "pydantic")


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": _processor(),
        "cpus": cpus(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def as_json(result: Result) -> dict[str, Any]:
    """Return all samples and what follows from them."""
    group = result.group
    return {
        "row": group.row,
        "title": group.title,
        "peer": result.peer,
        "goal": _goal(result),
        "met": met(result),
        "differing": result.differing(),
        "failures": result.failures,
        "cases": {
            name: {
                "seconds": [sample.seconds for sample in samples],
                "median": result.seconds(name),
                "ratio": result.ratio(name),
                "written_bytes": result.written(name),
                **{field: result.highest(name, field) for field in MEMORY},
            }
            for name, samples in result.samples.items()
        },
    }


def met(result: Result) -> bool | None:
    """Whether omio reaches the goals of the row; None where there is none or it did not run."""
    group, name = result.group, "omio"
    if name not in result.samples:
        return None
    checks = []
    ratio = result.ratio(name)
    if group.goal is not None and ratio is not None:
        checks.append(ratio <= group.goal)
    if group.goal_mb is not None:
        checks.append(result.highest(name, "peak_mb") <= group.goal_mb)
    if group.goal_growth_mb is not None:
        checks.append(result.highest(name, "growth_mb") <= group.goal_growth_mb)
    if group.goal_anon_mb is not None:
        checks.append(result.highest(name, "anon_mb") <= group.goal_anon_mb)
    if group.goal_bytes is not None and result.peer is not None:
        checks.append(result.written(name) <= group.goal_bytes * result.written(result.peer))
    if group.goal_ms is not None:
        checks.append(result.seconds(name) * 1000 <= group.goal_ms)
    return all(checks) if checks else None


def table(results: Iterable[Result]) -> str:
    """Return a Markdown table, one line a case."""
    head = [
        "| row | work | case | median | ratio | goal | peak MB | growth MB | anon MB | out MB | |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    return "\n".join([*head, *(line for result in results for line in lines(result))])


def lines(result: Result) -> list[str]:
    """Return the lines of one group."""
    return [_line(result, case.name) for case in result.group.cases]


def _line(result: Result, name: str) -> str:
    group = result.group
    if name in result.failures:
        return f"| {group.row} | {group.title} | {name} | failed | | | | | | | {result.failures[name][:120]} |"
    ratio = result.ratio(name)
    cells = [
        group.row,
        group.title,
        name,
        _time(result.seconds(name)),
        "" if ratio is None else f"{ratio:.2f}",
        _goal(result) if name == "omio" else "",
        *(f"{value:.0f}" if value else "" for value in (result.highest(name, field) for field in MEMORY)),
        f"{result.written(name) / 1e6:.1f}" if result.written(name) else "",
        _remark(result, name),
    ]
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _goal(result: Result) -> str:
    group = result.group
    goals = [] if group.goal is None else [f"{group.goal:.2f}"]
    goals += [] if group.goal_ms is None else [f"{group.goal_ms:.0f} ms"]
    goals += [] if group.goal_mb is None else [f"{group.goal_mb:.0f} MB"]
    goals += [] if group.goal_bytes is None else [f"{group.goal_bytes:.2f} of the bytes"]
    goals += [] if group.goal_growth_mb is None else [f"growth {group.goal_growth_mb:.0f} MB"]
    goals += [] if group.goal_anon_mb is None else [f"anon {group.goal_anon_mb:.0f} MB"]
    return ", ".join(goals)


def _remark(result: Result, name: str) -> str:
    if name in result.differing():
        return "DIFFERENT RESULT"
    if name == "omio":
        return {True: "met", False: "SHORT", None: ""}[met(result)]
    return "= 1.00" if name == result.peer else ""

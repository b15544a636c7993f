"""Results as a Markdown table, as JSON, and what is wrong with them."""

from __future__ import annotations

import datetime
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import cpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.case import Group
    from benchmarks.measure import Result

MEMORY = ("peak_mb", "growth_mb", "anon_mb")
PACKAGES = ("omio", "numpy", "tifffile", "imagecodecs", "czifile", "pylibCZIrw", "zarr", "dask", "xarray", "pydantic")
ABSENT = "No module named"
"""What a case says whose peer is not installed."""


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": _after_colon("/proc/cpuinfo", "model name") or platform.processor(),
        "cpus": cpus(),
        "memory": _after_colon("/proc/meminfo", "MemTotal"),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _after_colon(path: str, field: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def write(path: Path, results: Iterable[Result], *, scale: float, load: tuple[Any, Any]) -> None:
    """Keep the results of a topic; `load` is the load of the machine before and after."""
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "load": load,
        "scale": scale,
        "results": [as_json(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))


def as_json(result: Result) -> dict[str, Any]:
    """Return all samples and what follows from them."""
    group = result.group
    return {
        "row": group.row,
        "title": group.title,
        "peer": result.peer,
        "bar": bar(group),
        "moonshot": moonshot(group),
        "met": met(result),
        "dreamt": dreamt(result),
        "sizes": dict(zip((case.name for case in group.cases), group.sizes, strict=False)),
        "unit": group.unit,
        "slope": result.slope,
        "differing": result.differing(),
        "failures": result.failures,
        "cases": {name: _case(result, name) for name in result.samples},
    }


def _case(result: Result, name: str) -> dict[str, Any]:
    return {
        "seconds": [sample.seconds for sample in result.samples[name]],
        "median": result.seconds(name),
        "ratio": result.ratio(name),
        "cpu_ratio": result.cpu_ratio(name),
        "steps_ms": [1000 * seconds for seconds in result.steps(name)],
        "written_bytes": result.written(name),
        **{field: result.highest(name, field) for field in MEMORY},
    }


def met(result: Result) -> bool | None:
    """Whether omio reaches the goals of the row; None where there is none or it did not run."""
    group, ours = result.group, result.ours
    if not ours:
        return None
    checks = [result.highest(name, field) <= goal for field, goal in memory_goals(group) for name in ours]
    ratio = result.ratio("omio")
    if group.goal is not None and ratio is not None:
        checks.append(ratio <= group.goal)
    if group.beside is not None and group.beside[0] in result.samples:
        checks.append(result.quotient("omio", group.beside[0]) <= group.beside[1])
    if group.goal_bytes is not None and result.peer is not None:
        checks.append(result.written("omio") <= group.goal_bytes * result.written(result.peer))
    if group.goal_ms is not None:
        checks.append(result.seconds("omio") * 1000 <= group.goal_ms)
    if group.goal_slope is not None and result.slope is not None:
        checks.append(result.slope <= group.goal_slope)
    return all(checks) if checks else None


def dreamt(result: Result) -> bool | None:
    """Whether omio reaches the moonshot of the row."""
    group, ratio = result.group, result.ratio("omio")
    if group.moonshot_ms is not None and "omio" in result.samples:
        return result.seconds("omio") * 1000 <= group.moonshot_ms
    return None if group.moonshot is None or ratio is None else ratio <= group.moonshot


def memory_goals(group: Group) -> list[tuple[str, float]]:
    goals = zip(MEMORY, (group.goal_mb, group.goal_growth_mb, group.goal_anon_mb), strict=True)
    return [(field, goal) for field, goal in goals if goal is not None]


def problems(result: Result) -> list[str]:
    """Return what is wrong whatever the machine's mood: failures, results that differ, memory above its bar."""
    row = f"{result.group.row} {result.group.title}"
    failed = [f"{row}: {name} failed: {why}" for name, why in result.failures.items() if ABSENT not in why]
    differing = [f"{row}: {name} gives another result" for name in result.differing()]
    large = [
        f"{row}: {name} takes {field} {result.highest(name, field):.0f}, more than {goal:.0f}"
        for field, goal in memory_goals(result.group)
        for name in result.ours
        if result.highest(name, field) > goal
    ]
    return [*failed, *differing, *large]


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
        duration(result.seconds(name)),
        "" if ratio is None else f"{ratio:.2f}",
        bar(group) if name in result.ours else "",
        *(f"{value:.0f}" if value else "" for value in (result.highest(name, field) for field in MEMORY)),
        f"{result.written(name) / 1e6:.1f}" if result.written(name) else "",
        _remark(result, name),
    ]
    return f"| {' | '.join(cells)} |"


def duration(seconds: float) -> str:
    """Write a time for people, three digits of it."""
    if seconds >= 100:
        return f"{seconds:.0f} s"
    if seconds >= 0.9995:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms" if seconds >= 0.0009995 else f"{seconds * 1e6:.3g} µs"


def bar(group: Group) -> str:
    """Return what omio is to reach, in words."""
    goals = [] if group.goal is None else [f"{group.goal:.2f}"]
    goals += [] if group.goal_ms is None else [f"{group.goal_ms:.0f} ms"]
    goals += [] if group.beside is None else [f"{group.beside[1]:.2f} of {group.beside[0]}"]
    goals += [] if group.goal_slope is None else [f"slope {group.goal_slope:g}"]
    goals += [] if group.goal_bytes is None else [f"{group.goal_bytes:.2f} of the bytes"]
    return ", ".join([*goals, *(f"{field.partition('_')[0]} {goal:.0f} MB" for field, goal in memory_goals(group))])


def moonshot(group: Group) -> str:
    if group.moonshot_ms is not None:
        return f"{group.moonshot_ms:.0f} ms"
    return "" if group.moonshot is None else f"{group.moonshot:.2f}"


def _remark(result: Result, name: str) -> str:
    if name in result.differing():
        return "DIFFERENT RESULT"
    if name == result.peer:
        return "= 1.00"
    if name not in result.ours[-1:]:
        return ""
    slope = "" if result.slope is None else f"slope {result.slope:.2f} "
    return slope + {True: "met", False: "SHORT", None: ""}[met(result)]

"""What was measured of all topics, as three Markdown tables: bars, slopes, waiting times."""

from __future__ import annotations

import json
from math import log
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks.report import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    type Row = dict[str, Any]

ANSWERS = {True: "yes", False: "**no**", None: ""}
SHORT = {
    "open ImageJ TIFF, 1 GB, 2000 frames": "open an ImageJ TIFF of 2,000 planes",
    "open OME-TIFF, 20,000 planes: sizes and metadata": "open an OME-TIFF of 20,000 planes",
    "open CZI, 2000 subblocks": "open a CZI of 2,000 subblocks",
    "all of 67 MB, zlib": "read all of a TIFF, zlib",
    "all of 67 MB, none": "read all of a TIFF, uncompressed",
    "1000 x 1000 of a tiled zlib plane": "read a part of a tiled plane",
    "whole mosaic, zstd": "read all of a CZI mosaic",
    "convert 67 MB by default": "TIFF to OME-TIFF, each by its default",
    "convert 67 MB": "TIFF to OME-Zarr of 5 levels",
    "merge 100 files, zlib": "merge 100 files into one, zlib",
    "4096 x 4096": "4096 x 4096 pixels of a slide",
    "300 random tiles as JPEG": "300 tiles of a slide as JPEG",
}
"""Rows that README.md shows, and what it calls them."""
PEERS = {
    "tifffile, czifile": ("tifffile", "aszarr", "tifffile stream", "czifile"),
    "bioio": ("bioio", "bioio-ome-zarr"),
    "large_image": ("large_image",),
    "OMIO": ("omio-microscopy",),
}
"""Its columns, and what a library is called in the rows."""


def read(folder: Path) -> list[dict[str, Any]]:
    """Return what is kept of each topic."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def rows(topics: list[dict[str, Any]]) -> list[Row]:
    """Return all rows by their numbers."""
    found = [row for topic in topics for row in topic["results"]]
    return sorted(found, key=lambda row: (int("".join(filter(str.isdigit, row["row"]))), row["row"]))


def tables(folder: Path) -> str:
    """Return what machine it was, and the tables."""
    topics = read(folder)
    if not topics:
        return f"Nothing was measured yet: {folder} holds no results."
    found = rows(topics)
    return "\n\n".join((facts(topics), bars(found), slopes(found), waiting(found)))


def facts(topics: list[dict[str, Any]]) -> str:
    """Say when and where it was measured, and how busy the machine was."""
    machine, loads = topics[0]["machine"], [load for topic in topics for load in topic["load"]]
    rounds = [len(case["seconds"]) for row in rows(topics) for case in row["cases"].values()]
    lines = [
        f"- when: {min(topic['date'] for topic in topics)} to {max(topic['date'] for topic in topics)}",
        f"- where: {machine['cpus']} CPUs ({machine['processor']}), {machine['memory']}, {machine['system']}",
        f"- load of the machine meanwhile: {min(loads)[0]:.1f} to {max(loads)[0]:.1f} on {machine['cpus']} CPUs",
        f"- rounds: {min(rounds)} to {max(rounds)}",
        f"- scale of the data: {', '.join(sorted({f'{topic["scale"]:g}' for topic in topics}))}",
        f"- with: Python {machine['python']}, {', '.join(f'{k} {v}' for k, v in machine['versions'].items())}",
    ]
    return "\n".join(lines)


def bars(found: list[Row]) -> str:
    """Return a line a row that has a bar, or a peer: a ratio is of time, memory is in MB."""
    lines = [
        f"| {row['row']} | {row['title']} | {_peer(row)} | {row['bar']} | {row['moonshot']} | {_omio(row)} "
        f"| {ANSWERS[row['met']]} | {ANSWERS[row['dreamt']]} | {_beside(row)} |"
        for row in found
        if not row["sizes"] and "omio" in row["cases"]
    ]
    head = "| row | work | = 1.00 | bar | moonshot | omio | met | moonshot met | beside it |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|", *lines])


def _peer(row: Row) -> str:
    return f"{row['peer']} {duration(row['cases'][row['peer']]['median'])}" if row["peer"] else ""


def _omio(row: Row) -> str:
    case = row["cases"]["omio"]
    ratio = "" if case["ratio"] is None else f"{figure(case['ratio'])}, "
    cpu = "" if case.get("cpu_ratio") is None else f", CPU {figure(case['cpu_ratio'])}"
    memory = [
        f", {field} {case[f'{field}_mb']:.0f} MB" for field in ("peak", "growth", "anon") if f"{field} " in row["bar"]
    ]
    size = f", {case['written_bytes'] / 1e6:.1f} MB" if "bytes" in row["bar"] else ""
    return f"{ratio}{duration(case['median'])}{cpu}{''.join(memory)}{size}"


def _beside(row: Row) -> str:
    """Return the others, with a mark where their pixels differ."""
    others = [
        f"{name} {duration(case['median']) if case['ratio'] is None else figure(case['ratio'])}"
        + (" (other pixels)" if name in row["differing"] else "")
        for name, case in row["cases"].items()
        if name not in ("omio", row["peer"])
    ]
    return "; ".join([*others, *(f"{name} failed" for name in row["failures"])])


def figure(ratio: float) -> str:
    """Write a ratio for people: two digits are what is worth saying."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def slopes(found: list[Row]) -> str:
    """Return a line a work that was done on several sizes."""
    head = "| row | work | times, as the size grows | slope | slope at the end | growth of memory | bar | met |"
    lines = [
        f"| {row['row']} | {row['title']} | {_times(row)} | {row['slope']:.2f} | {_last(row):.2f} | {_growth(row)} "
        f"| {row['bar']} | {ANSWERS[row['met']]} |"
        for row in found
        if row["sizes"] and row["slope"] is not None
    ]
    return "\n".join([head, "|---|---|---|---:|---:|---|---|---|", *lines])


def _times(row: Row) -> str:
    return "; ".join(f"{name}: {duration(case['median'])}" for name, case in row["cases"].items())


def _last(row: Row) -> float:
    """Return the slope between the two largest: at small sizes what every call costs hides the rest."""
    before, last = list(row["cases"])[-2:]
    times = row["cases"][last]["median"] / row["cases"][before]["median"]
    return log(times) / log(row["sizes"][last] / row["sizes"][before])


def _growth(row: Row) -> str:
    cases = list(row["cases"].values())
    return f"{cases[0]['growth_mb']:.0f} to {cases[-1]['growth_mb']:.0f} MB"


def beside(found: list[Row]) -> str:
    """Return how many times as long as omio the libraries take that people use today, for few rows."""
    shown = [row for row in found if row["title"] in SHORT and "omio" in row["cases"]]
    lines = [
        f"| {SHORT[row['title']]} | {' | '.join(_times_ours(row, names) for names in PEERS.values())} |"
        for row in shown
    ]
    return "\n".join([f"| | {' | '.join(PEERS)} |", f"|---|{'---:|' * len(PEERS)}", *lines])


def _times_ours(row: Row, names: Sequence[str]) -> str:
    cases = row["cases"]
    found = [cases[name]["median"] / cases["omio"]["median"] for name in names if name in cases]
    return figure(found[0]) if found else ""


def waiting(found: list[Row]) -> str:
    """Return a line a case that answered many times."""
    lines = [
        f"| {row['row']} | {row['title']} | {name} | {duration(p50(case))} | {duration(p95(case))} "
        f"| {duration(max(case['steps_ms']) / 1000)} |"
        for row in found
        for name, case in row["cases"].items()
        if case["steps_ms"]
    ]
    return "\n".join(["| row | what | who | p50 | p95 | longest |", "|---|---|---|---:|---:|---:|", *lines])


def p50(case: dict[str, Any]) -> float:
    """Return what half of the steps took at most, in seconds."""
    return float(median(case["steps_ms"])) / 1000


def p95(case: dict[str, Any]) -> float:
    """Return what 95 of 100 steps took at most, in seconds."""
    return quantiles(case["steps_ms"], n=20)[-1] / 1000

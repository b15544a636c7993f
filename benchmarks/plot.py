"""What was measured, as a picture: omio's ratios between bars and peers, and cost against size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.summary import read, rows

if TYPE_CHECKING:
    from pathlib import Path

OMIO, OTHERS, BAR = "#0b6e4f", "#8d99ae", "#c1121f"
NAMES = ("bioio", "omio-microscopy", "large_image", "bioio-ome-zarr", "ome-zarr", "ngff-zarr", "pyvips")
"""Peers that are named in the picture."""


def draw(folder: Path) -> str:
    """Draw ``benchmarks.svg`` in the folder of the results, and return what was done."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = rows(read(folder))
    compared = [row for row in found if not row["sizes"] and row["cases"].get("omio", {}).get("ratio") is not None]
    compared = [row for row in compared if row["peer"] != "omio"]
    grown = [row for row in found if row["slope"] is not None]
    if not compared and not grown:
        return f"Nothing to draw: {folder} holds no results."
    picture = Figure(figsize=(11, 2.5 + 0.26 * len(compared)), layout="constrained")
    ratios, slopes = picture.subplots(1, 2, width_ratios=(3, 2))
    _ratios(ratios, compared)
    _slopes(slopes, grown)
    path = folder / "benchmarks.svg"
    with mpl.rc_context({"svg.hashsalt": "omio"}):
        picture.savefig(path, metadata={"Date": None})
    return f"drawn: {path}"


def _ratios(axes: Any, compared: list[dict[str, Any]]) -> None:
    for place, row in enumerate(compared):
        for name, case in row["cases"].items():
            if name.startswith("omio,") or name.startswith("omio ."):
                continue
            ours = name == "omio"
            axes.plot(case["ratio"], place, "o", ms=7 if ours else 5, color=OMIO if ours else OTHERS, zorder=2 + ours)
            if name in NAMES:
                axes.annotate(name, (case["ratio"], place), (6, -2.5), textcoords="offset points", fontsize=6)
        first = row["bar"].partition(",")[0]
        if first.replace(".", "", 1).isdigit():
            axes.plot(float(first), place, "|", ms=11, mew=2, color=BAR)
    axes.axvline(1, color="0.8", zorder=0)
    axes.set(xscale="log", xlabel="time, the fastest named peer = 1; green omio, grey others, red the bar")
    axes.set_yticks(range(len(compared)), [f"{row['row']} {row['title']}"[:52] for row in compared], fontsize=7)
    axes.invert_yaxis()


def _slopes(axes: Any, grown: list[dict[str, Any]]) -> None:
    for row in grown:
        first = min(row["sizes"].values())
        sizes = [row["sizes"][name] / first for name in row["cases"]]
        label = f"{row['row']} by {row['unit']}: {row['slope']:.2f}"
        axes.plot(sizes, [case["median"] for case in row["cases"].values()], "o-", ms=4, label=label)
    axes.set(xscale="log", yscale="log", xlabel="size, the smallest = 1", ylabel="seconds")
    if grown:
        axes.legend(fontsize=7, title="slope", title_fontsize=7)

"""What Micro-Manager says of a scene: the summary of the acquisition, and the metadata of its images.

A pixel size of 0 is Micro-Manager's word for "not calibrated". 1 is kept: it is what the system was told, though
it may be the default of a demonstration setup.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.axes import positions_of
from omio.metadata.facts import Facts, PlaneTable
from omio.units import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from omio.backends.tiff.mmindex import Scene, Value
    from omio.metadata.facts import Columns

COLUMNS: dict[str, tuple[tuple[str, ...], float]] = {
    "delta_t": (("ElapsedTime-ms",), 1000.0),
    "exposure": (("Exposure-ms", "Exposure"), 1000.0),
    "stage_x": (("XPositionUm", "XPosition_um_Intended"), 1.0),
    "stage_y": (("YPositionUm", "YPosition_um_Intended"), 1.0),
    "stage_z": (("ZPositionUm", "ZPosition_um_Intended"), 1.0),
}
"""Plane field -> keys that hold it, the measured before the intended, and how many of its units make a second or µm."""
DATE = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(?:\s*([+-]\d\d):?(\d\d))?")

type Note = Mapping[str, Any]


def scene_facts(
    scene: Scene,
    shape: tuple[int, ...],
    notes: Sequence[Note],
    context: Mapping[str, Any],
    loader: Callable[[], Columns],
) -> Facts:
    """Describe an image of T Z C Y X [S] `shape`.

    Parameters
    ----------
    scene
        Its axes.
    notes
        Metadata of the first image of each channel.
    context
        "summary" of the acquisition, "display" settings of its channels, "original" (`Original`).
    loader
        Reads the facts of all planes.
    """
    summary: Note = context["summary"]
    first = notes[0] if notes else {}
    sizes: dict[str, float | None] = {}
    sources: dict[str, str] = {}
    for where, key in ((first, "PixelSizeUm"), (summary, "PixelSize_um")):
        size = _number(where.get(key))
        if size is not None and size > 0 and not sizes:
            sizes = {"Y": size, "X": size}
            sources = {f"pixel_size.{dim}": f"file: Micro-Manager {key}" for dim in "YX"}
    facts = Facts.of(
        shape,
        pixel_size=sizes,
        channels=channel_rows(scene.values[2], notes, summary, context["display"]),
        planes=PlaneTable(loader, (shape[0], shape[1], shape[2])),
        acquired=date(summary.get("StartTime")) or date(summary.get("DateAndTime")) or date(summary.get("Time")),
        stage_position=stage_position(first),
        original=context["original"],
        sources=sources,
    )
    facts = _spread(facts, "Z", scene.values[1], _number(summary.get("z-step_um")), "z-step_um")
    interval = _number(summary.get("Interval_ms"))
    return _spread(facts, "T", scene.values[0], None if interval is None else interval / 1000, "Interval_ms")


def _spread(facts: Facts, dim: str, values: Sequence[Value], step: float | None, key: str) -> Facts:
    """Lay planes at the dataset's own numbers times the step; a single plane has no step."""
    if not step or len(values) < 2 or not all(isinstance(value, int) for value in values):
        return facts
    numbers = np.array(values, dtype=np.float64)
    axis = positions_of((numbers - numbers[0]) * abs(step))
    name = "time_increment" if dim == "T" else f"pixel_size.{dim}"
    return replace(facts, axes={**facts.axes, dim: axis}).with_sources({name: f"file: Micro-Manager {key}"})


def channel_rows(
    values: Sequence[Value], notes: Sequence[Note], summary: Note, display: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return names, and colours and ranges of display, as far as they are known."""
    listed, colors = summary.get("ChNames"), summary.get("ChColors")
    rows = []
    for place, value in enumerate(values):
        name = value if isinstance(value, str) else _at(listed, value) or notes[place].get("Channel")
        row: dict[str, Any] = {"name": name or None} if isinstance(name, str) else {}
        shown = display.get(name) if isinstance(name, str) and name else None
        color = shown.get("Color") if isinstance(shown, dict) else _at(colors, value)
        if isinstance(color, int):
            row["color"] = f"#{color & 0xFFFFFF:06X}"
        ends = [_number(shown.get(key)) for key in ("Min", "Max")] if isinstance(shown, dict) else []
        if len(ends) == 2 and None not in ends:
            row["window"] = tuple(ends)
        rows.append(row)
    return rows


def _at(values: Any, place: Value) -> Any:
    return values[place] if isinstance(values, list) and isinstance(place, int) and 0 <= place < len(values) else None


def plane_columns(notes: Sequence[Note], shape: tuple[int, ...]) -> Columns:
    """Return facts of planes, (T, Z, C); NaN where an image does not say."""
    found: dict[str, NDArray[Any]] = {}
    for name, (keys, units) in COLUMNS.items():
        values = np.array([_first(note, keys) for note in notes], dtype=np.float64) / units
        if not np.isnan(values).all():
            found[name] = values.reshape(shape)
    return found


def stage_position(note: Note) -> dict[str, float] | None:
    """Return where the stage stood for an image, in µm."""
    values = {dim: _first(note, COLUMNS[f"stage_{dim.lower()}"][0]) for dim in "XYZ"}
    return {dim: value for dim, value in values.items() if not math.isnan(value)} or None


def _first(note: Note, keys: tuple[str, ...]) -> float:
    return next((value for key in keys if (value := _number(note.get(key))) is not None), math.nan)


def _number(value: Any) -> float | None:
    """Return a finite number, also from text or Micro-Manager's ``{"PropVal": ...}``; None for anything else."""
    return number(value.get("PropVal") if isinstance(value, dict) else value)


def date(text: Any) -> str | None:
    """Return a date in ISO 8601, with its offset from UTC where it has one."""
    parts = DATE.match(text) if isinstance(text, str) else None
    if parts is None:
        return None
    year, month, day, clock, hours, minutes = parts.groups()
    return f"{year}-{month}-{day}T{clock}" + (f"{hours}:{minutes}" if hours else "")


def fold(notes: Sequence[Note]) -> dict[str, Any]:
    """Return metadata of many images without repeating what all share: the shared, and lists of what differs."""
    keys = list(dict.fromkeys(key for note in notes for key in note))
    shared = {key: notes[0][key] for key in keys if all(key in note and note[key] == notes[0][key] for note in notes)}
    varying = {key: [note.get(key) for note in notes] for key in keys if key not in shared}
    return {"of all images": shared, "of each image": varying}

"""What OME-XML has no place for, collected from facts: the counterpart of `omio.ome.native.apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.facts import channel_rows
from omio.ome.native import numbers, pack_axis
from omio.ome.writable import CHANNEL, OBJECTIVE, is_date_time, is_number, is_text, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.metadata.facts import Facts, Static

type Json = dict[str, Any]

PLANE_ATTRIBUTES = {
    "delta_t": "DeltaT",
    "exposure": "ExposureTime",
    "stage_x": "PositionX",
    "stage_y": "PositionY",
    "stage_z": "PositionZ",
}
"""Plane facts that have a standard place."""


def native_document(facts: Facts) -> Json:
    """Return what no standard element holds; keys with nothing to say are absent."""
    static = facts.static
    document = {
        "axes": _axes(facts),
        "channels": _channels(facts),
        "planes": _planes(facts),
        "static": _static(static),
        "provenance": [dict(step) for step in static.provenance],
        "sources": dict(static.sources),
        "original": dict(static.original),
    }
    return {name: value for name, value in document.items() if value}


def _axes(facts: Facts) -> Json:
    packed = {dim: pack_axis(axis) for dim, axis in facts.axes.items()}
    found: Json = {dim: entry for dim, entry in packed.items() if entry is not None}
    if facts.planes is not None and "T" not in facts.axes:
        found["T"] = None  # else a reader would make the axis from the times of planes
    return found


def _channels(facts: Facts) -> Json:
    left = [unwritten(CHANNEL, row) for row in channel_rows(facts)]
    names = dict.fromkeys(name for row in left for name in row)
    return {name: [row.get(name) for row in left] for name in names}


def _planes(facts: Facts) -> Json:
    columns = facts.planes.columns if facts.planes is not None else {}
    return {name: _column(column) for name, column in columns.items() if name not in PLANE_ATTRIBUTES}


def _column(column: NDArray[Any]) -> list[Any]:
    return numbers(column) if np.issubdtype(column.dtype, np.floating) else column.ravel().tolist()


def _static(static: Static) -> Json:
    found: Json = {
        "name": None if static.name is None or is_text(static.name) else static.name,
        "description": _changed(static.description),
        "acquired": None if static.acquired is None or is_date_time(static.acquired) else static.acquired,
        "objective": unwritten(OBJECTIVE, static.objective or {}),
        "stage_position": _stage(static.stage_position),
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


def _changed(text: str | None) -> str | None:
    """Return a text whose white space an element does not keep."""
    kept = text is None or (text and text == text.strip() and "\r" not in text)
    return None if kept else text


def _stage(position: Mapping[str, float] | None) -> Json:
    return {dim: value for dim, value in (position or {}).items() if dim not in "XYZ" or not is_number(value)}

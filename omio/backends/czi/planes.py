"""Facts of planes: when, how long and where each was taken, read from its sub-block when asked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.czi.subblocks import MOST_BESIDE
from omio.backends.czi.xmltree import as_number
from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.czi.document import CziDocument
    from omio.backends.czi.layout import Layout
    from omio.backends.czi.ledger import Ledger
    from omio.metadata.facts import Columns

_TIME = re.compile(rb"<AcquisitionTime>\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d{1,6})?\d*Z?\s*</AcquisitionTime>")
_NUMBERED = {
    "exposure": "ExposureTime",
    "stage_x": "StageXPosition",
    "stage_y": "StageYPosition",
    "stage_z": "FocusPosition",
}
"""Facts, and the elements of a sub-block that hold a number."""
_NUMBERS = {
    fact: re.compile(rf"<{element}>\s*([-+0-9.eE]+)\s*</{element}>".encode()) for fact, element in _NUMBERED.items()
}
_ELEMENTS = {"delta_t": "AcquisitionTime", **_NUMBERED}
_MOSAIC_FACTS = ("delta_t", "exposure", "stage_z")
"""Of several tiles none says where the plane is; the first says when it was begun."""


def plane_columns(
    document: CziDocument,
    layout: Layout,
    begun: str | None,
    stamps: NDArray[np.float64] | None,
    exposures: list[float | None],
) -> Columns:
    """Read the facts of all planes (T, Z, C); a column that nothing is known of is left out.

    Parameters
    ----------
    document, layout
        Where the sub-blocks lie.
    begun
        When acquisition began, ISO 8601: `delta_t` counts from then.
    stamps
        Seconds of the frames, where the sub-blocks do not say.
    exposures
        Seconds of the channels, where the sub-blocks do not say.
    """
    shape = layout.shape[:3]
    planes, first, tiles = np.unique(layout.plane, return_index=True, return_counts=True)
    columns = {name: np.full(shape, np.nan) for name in ("delta_t", *_NUMBERS)}
    columns["exposure"][...] = [np.nan if value is None else value for value in exposures]
    if stamps is not None and len(stamps) == shape[0]:
        columns["delta_t"][...] = stamps[:, None, None]
    start = None if begun is None else datetime.fromisoformat(begun)
    for plane, tile, count in zip(planes.tolist(), first.tolist(), tiles.tolist(), strict=True):
        for name, value in _facts(_metadata(document, int(layout.row[tile])), start).items():
            if count == 1 or name in _MOSAIC_FACTS:
                columns[name].flat[plane] = value
    return {name: values for name, values in columns.items() if not np.isnan(values).all()}


def note_sources(
    document: CziDocument,
    layout: Layout,
    begun: str | None,
    stamps: NDArray[np.float64] | None,
    exposures: list[float | None],
    ledger: Ledger,
) -> None:
    """Note where the facts of planes come from: what the first sub-block tells is taken to be told by all.

    Parameters are those of `plane_columns`.
    """
    start = None if begun is None else datetime.fromisoformat(begun)
    try:
        told = _facts(document.blocks.metadata(int(layout.row[0]), most=MOST_BESIDE), start)
    except DamagedFileError:
        told = {}  # whoever asks for the facts of planes, or pixels, is told
    is_mosaic = np.count_nonzero(layout.plane == layout.plane[0]) > 1
    found = {name: [f"SubBlock {_ELEMENTS[name]}"] for name in told if not is_mosaic or name in _MOSAIC_FACTS}
    if stamps is not None and len(stamps) == layout.shape[0]:
        found.setdefault("delta_t", []).append("attachment TimeStamps")
    if any(value is not None for value in exposures):
        found.setdefault("exposure", []).append("Channel ExposureTime")
    for name, places in found.items():
        ledger.note(f"planes.{name}", *places)


def _metadata(document: CziDocument, row: int) -> bytes:
    try:
        return document.blocks.metadata(row)
    except DamagedFileError:
        if document.strict:
            raise
        return b""  # reading its pixels tells of the damage


def _taken(xml: bytes) -> datetime | None:
    """Return when a sub-block was acquired; None where it does not say, or names no day there is."""
    match = _TIME.search(xml)
    try:
        return match and datetime.fromisoformat((match[1] + (match[2] or b"")).decode()).replace(tzinfo=UTC)
    except ValueError:
        return None


def _facts(xml: bytes, start: datetime | None) -> dict[str, float]:
    found = {}
    taken = _taken(xml)
    if taken is not None and start is not None:
        found["delta_t"] = (taken - (start if start.tzinfo else start.replace(tzinfo=UTC))).total_seconds()
    for name, pattern in _NUMBERS.items():
        match = pattern.search(xml)
        value = as_number(match[1].decode()) if match else None
        if value is not None:
            found[name] = value * 1e-9 if name == "exposure" else value
    return found

"""What OME-XML has no place for, as one annotation: ASCII-escaped JSON under a fixed, versioned namespace.

The JSON object has, where there is something to say, the keys ``axes`` (origins, directions and uneven positions),
``channels``, ``planes``, ``static``, ``annotations`` (those that no OME annotation can hold), ``ids`` (annotation IDs
that the schema does not allow), ``provenance``, ``sources`` and ``original``. Standard elements of the document win
wherever another program has changed them.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import OmioWarning
from omio.metadata.axes import AxisPositions, Listed, Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original, jsonable
from omio.ome.writable import is_positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.metadata.facts import Columns

NAMESPACE = "omio:native/1"
"""Namespace of the annotation; later versions of omio read all earlier ones."""
ID_PREFIX = "Annotation:omio-"
"""Begins the ID of an annotation that had none in the image it was written from."""

type Json = dict[str, Any]


def dumps(document: Mapping[str, Any]) -> str:
    """Write JSON in ASCII, which XML holds whatever the text: control characters are escaped."""
    return json.dumps(jsonable(document), separators=(",", ":"), allow_nan=False)


def apply(text: str, facts: Facts) -> Facts:
    """Return `facts`, as read from the standard elements, with what the annotation `text` adds.

    Text that is no such JSON is told in a warning and changes nothing.
    """
    document = _parse(text)
    if document is None:
        warnings.warn(f"an annotation {NAMESPACE} is damaged; what it held is lost", OmioWarning, stacklevel=2)
        return facts
    axes = _merged_axes(facts, _table(document, "axes"))
    channels = _merged_channels(facts, _table(document, "channels"))
    planes = _merged_planes(facts, _table(document, "planes"))
    return replace(_merged_static(facts, document), axes=axes, channels=channels, planes=planes)


def _parse(text: str) -> Json | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _table(document: Mapping[str, Any], name: str) -> Json:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def pack_axis(axis: AxisPositions) -> Json | None:
    """Describe an axis that a bare spacing does not; None where it does."""
    if isinstance(axis, Listed):
        return {"positions": numbers(axis.positions)}
    if axis.origin == 0 and is_positive(axis.spacing):
        return None
    return {"origin": axis.origin, "spacing": axis.spacing}


def _merged_axes(facts: Facts, packed: Json) -> dict[str, AxisPositions]:
    axes = dict(facts.axes)
    # made from the times of planes, the axis is no word of the file against what was written
    made = {"T"} if "time" in facts.static.sources else set()
    for dim, entry in packed.items():
        axis = _axis(entry, None if dim in made else axes.get(dim), facts.sizes.get(dim, 0))
        if axis is not None:
            axes[dim] = axis
        elif entry is None and dim in made:
            axes.pop(dim, None)
    return axes


def _axis(entry: Any, read: AxisPositions | None, size: int) -> AxisPositions | None:
    if not isinstance(entry, dict):
        return None
    values = floats(_list(entry, "positions"))
    if values is not None and len(values) == size > 0 and not isinstance(read, Regular):
        return Listed(values)
    pair = floats([entry.get("origin"), entry.get("spacing")])
    if pair is None or not np.isfinite(pair).all() or not pair[1]:
        return None
    origin, spacing = map(float, pair)
    if isinstance(read, Regular):
        same = math.isclose(abs(spacing), abs(read.spacing), rel_tol=1e-9)
    else:
        same = not is_positive(abs(spacing))  # a spacing that the standard place does not hold
    return Regular(origin, spacing, size) if same else None


def numbers(values: NDArray[Any]) -> list[float | None]:
    """Write numbers as JSON, what is not finite as null; `floats` reads them."""
    return [value if math.isfinite(value) else None for value in values.ravel().tolist()]


def floats(values: list[Any]) -> NDArray[np.float64] | None:
    """Read numbers from JSON, null as NaN; None where an entry is no number."""
    try:
        return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _merged_channels(facts: Facts, packed: Json) -> dict[str, tuple[Any, ...]]:
    channels = dict(facts.channels)
    for name, values in packed.items():
        if isinstance(values, list) and len(values) == facts.sizes["C"]:
            read = channels.get(name, (None,) * len(values))
            channels[name] = tuple(_richer(old, new) for old, new in zip(read, values, strict=True))
    return channels


def _richer(read: Any, native: Any) -> Any:
    if isinstance(read, str) and read != "Other":  # what the OME enumerations say of all they do not know
        return _exact(read, native)
    if native is None or read not in (None, "Other"):
        return read
    return tuple(native) if isinstance(native, list) else native


def _merged_planes(facts: Facts, packed: Json) -> PlaneTable | None:
    shape = (facts.sizes["T"], facts.sizes["Z"], facts.sizes["C"])
    columns = {name: column for name, values in packed.items() if (column := _column(values, shape)) is not None}
    if not columns:
        return facts.planes
    return PlaneTable(partial(_join, facts.planes, columns), shape)


def _join(planes: PlaneTable | None, columns: Columns) -> Columns:
    return {**(planes.columns if planes else {}), **columns}


def _column(values: Any, shape: tuple[int, int, int]) -> NDArray[Any] | None:
    if not isinstance(values, list) or len(values) != math.prod(shape):
        return None
    if any(isinstance(value, str) for value in values):
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column.reshape(shape)
    numbers = floats(values)
    return None if numbers is None else numbers.reshape(shape)


def _merged_static(facts: Facts, document: Json) -> Facts:
    static, held = facts.static, _table(document, "static")
    original = _table(document, "original")
    return facts.with_static(
        **{name: _exact(getattr(static, name), held.get(name)) for name in ("name", "description", "acquired")},
        objective=_merged_fields(static.objective, _table(held, "objective")),
        stage_position=_merged_fields(static.stage_position, _table(held, "stage_position")),
        provenance=tuple(step for step in _list(document, "provenance") if isinstance(step, dict)),
        annotations=_merged_annotations(static.annotations, _list(document, "annotations"), _table(document, "ids")),
        sources={**static.sources, **_table(document, "sources")},
        original=Original(partial(dict, original)),
    )


def _exact(read: str | None, native: Any) -> str | None:
    """Return the text as it was where OME-XML holds all of it but white space, or nothing."""
    if not isinstance(native, str) or (read is not None and read.split() != native.split()):
        return read
    return native


def _merged_fields(read: Mapping[str, Any] | None, native: Json) -> Mapping[str, Any] | None:
    known = dict(read or {})
    for name, value in native.items():
        known[name] = _richer(known.get(name), value)
    return known or None


def _merged_annotations(
    read: tuple[Mapping[str, Any], ...], packed: list[Any], names: Json
) -> tuple[Mapping[str, Any], ...]:
    notes = [_with_own_id(note, names) for note in read]
    for entry in packed:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int) and isinstance(entry[1], dict):
            notes.insert(entry[0], entry[1])
    return tuple(notes)


def _with_own_id(note: Mapping[str, Any], names: Json) -> Mapping[str, Any]:
    made = str(note.get("id") or "")
    if not made.startswith(ID_PREFIX):
        return note
    rest = {name: value for name, value in note.items() if name != "id"}
    return {**rest, "id": names[made]} if made in names else rest

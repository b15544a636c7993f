"""Metadata that users give: checked at the edge, marked as theirs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import MetadataError
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts, channel_columns
from omio.metadata.original import Original
from omio.metadata.problems import problems
from omio.naming import listed

if TYPE_CHECKING:
    from collections.abc import Callable


def described(
    shape: tuple[int, ...],
    *,
    pixel_size: Mapping[str, float | None] | None,
    time_increment: float | None,
    channels: Any,
    name: str | None,
) -> Facts:
    """Describe an array as its owner says."""
    given = {
        "pixel_size": pixel_size,
        "time_increment": time_increment,
        "channels": channels if len(channels) else None,
        "name": name,
    }
    facts = changed(Facts.of(shape), {field: value for field, value in given.items() if value is not None})
    return facts.with_static(provenance=())


def changed(facts: Facts, changes: Mapping[str, Any]) -> Facts:
    """Apply a user's changes.

    Raises
    ------
    MetadataError
        For unknown names or impossible values.
    """
    told: dict[str, str] = {}
    for name, value in changes.items():
        if name not in _APPLY:
            raise MetadataError(f"no metadata {name!r} to set", remedy=listed(_APPLY, name))
        facts = _APPLY[name](facts, value)
        told |= {f"{name}.{key}": "user" for key in value} if isinstance(value, Mapping) else {name: "user"}
    return facts.with_sources(told).with_step("with_metadata", fields=sorted(changes)) if changes else facts


def _name(facts: Facts, value: Any) -> Facts:
    return facts.with_static(name=_text("name", value))


def _description(facts: Facts, value: Any) -> Facts:
    return facts.with_static(description=_text("description", value))


def _text(field: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise MetadataError(f"{field} is {value!r}", remedy="Give text, or None.")
    return value


def _pixel_size(facts: Facts, value: Any) -> Facts:
    if not isinstance(value, Mapping):
        raise MetadataError(f"pixel_size is {value!r}", remedy='Give µm by dim: pixel_size={"X": 0.1, "Y": 0.1}.')
    for dim, spacing in value.items():
        if dim not in ("Z", "Y", "X"):
            raise MetadataError(f"pixel_size has no {dim!r}", remedy="It has Z, Y and X.")
        facts = _with_spacing(facts, dim, spacing)
    return facts


def _with_spacing(facts: Facts, dim: str, spacing: float | None) -> Facts:
    axes = {name: axis for name, axis in facts.axes.items() if name != dim}
    if spacing is not None and not isinstance(spacing, int | float | np.number):
        raise MetadataError(f"the spacing of {dim} is {spacing!r}", remedy="Give a number, or None if unknown.")
    if spacing is not None:
        checked = Facts.of(facts.shape, **{"time_increment": spacing} if dim == "T" else {"pixel_size": {dim: spacing}})
        axis = checked.axes[dim]
        old = facts.axes.get(dim)
        # a crop keeps its place: its origin counts in pixels of the new size
        if isinstance(axis, Regular) and isinstance(old, Regular):
            origin = old.origin / abs(old.spacing) * axis.spacing
            axis = replace(axis, origin=origin, spacing=math.copysign(axis.spacing, old.spacing))
        axes[dim] = axis
    return replace(facts, axes=axes)


def _time_increment(facts: Facts, value: Any) -> Facts:
    return _with_spacing(facts, "T", value)


def _channels(facts: Facts, value: Any) -> Facts:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise MetadataError(f"channels is {value!r}", remedy='Give one entry a channel: channels=["DAPI", "EGFP"].')
    rows = [_channel_row(item) for item in value]
    if len(rows) != facts.sizes["C"]:
        raise MetadataError(f"{len(rows)} channels are given, the image has {facts.sizes['C']}")
    return replace(facts, channels=channel_columns(rows, facts.sizes["C"]))


def _channel_row(item: Any) -> dict[str, Any]:
    from omio.metadata.models import Channel

    given = {"name": item} if isinstance(item, str) else item
    return _dump(given if isinstance(given, Channel) else _validated(Channel, given))


def _validated(model: Any, value: Any) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise MetadataError(f"{model.__name__}: {problems(error)}") from None


def _dump(model: Any) -> dict[str, Any]:
    return dict(model.model_dump(exclude_none=True))


def _objective(facts: Facts, value: Any) -> Facts:
    from omio.metadata.models import Objective

    return facts.with_static(objective=None if value is None else _dump(_validated(Objective, value)))


def _stage_position(facts: Facts, value: Any) -> Facts:
    from omio.metadata.models import StagePosition

    return facts.with_static(stage_position=None if value is None else _dump(_validated(StagePosition, value)))


def _annotations(facts: Facts, value: Any) -> Facts:
    from omio.metadata.models import Annotation

    return facts.with_static(annotations=tuple(_dump(_validated(Annotation, item)) for item in value))


def _acquired(facts: Facts, value: Any) -> Facts:
    isoformat = getattr(value, "isoformat", None)
    text = _text("acquired", isoformat() if isoformat else value)
    try:
        moment = text and datetime.fromisoformat(text)
    except ValueError:
        raise MetadataError(f"acquired is {value!r}", remedy="Give a datetime, or ISO 8601 text.") from None
    return facts.with_static(acquired=moment and moment.isoformat())


def _original(facts: Facts, value: Any) -> Facts:
    if not isinstance(value, Mapping):
        raise MetadataError(f"original is {value!r}", remedy="Give a mapping; its entries are added.")
    return facts.with_static(original=Original({**facts.static.original, **value}.copy))


_APPLY: dict[str, Callable[[Facts, Any], Facts]] = {
    "name": _name,
    "description": _description,
    "pixel_size": _pixel_size,
    "time_increment": _time_increment,
    "channels": _channels,
    "objective": _objective,
    "stage_position": _stage_position,
    "annotations": _annotations,
    "acquired": _acquired,
    "original": _original,
}

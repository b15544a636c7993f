"""The only bridge between facts, models and xarray coordinates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from omio.dims import UNITS
from omio.errors import MetadataError
from omio.metadata.axes import AxisPositions, Regular, is_increasing, told_spacing
from omio.metadata.facts import Facts, channel_rows
from omio.metadata.problems import problems
from omio.metadata.sources import standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.metadata.models import ImageMetadata

FACT_UNITS = {"time": "s", "delta_t": "s", "exposure": "s", "stage_x": "µm", "stage_y": "µm", "stage_z": "µm"}
FACT_UNITS |= {"excitation_nm": "nm", "emission_nm": "nm", "pinhole_um": "µm"}

type Coordinate = tuple[tuple[str, ...], NDArray[Any], dict[str, Any]]


def to_metadata(facts: Facts, dtype: np.dtype[Any] | None = None) -> ImageMetadata:
    """Assemble the models that users read.

    Raises
    ------
    MetadataError
        For facts that no image can have.
    """
    from pydantic import ValidationError

    try:
        return _assembled(facts, dtype)
    except ValidationError as error:
        raise MetadataError(f"{error.title}: {problems(error)}") from None


def _assembled(facts: Facts, dtype: np.dtype[Any] | None) -> ImageMetadata:
    from omio.metadata.models import Axis, Channel, ImageMetadata

    static = facts.static
    axes = []
    for dim, size in facts.sizes.items():
        axis = facts.axes.get(dim)
        known = {} if axis is None else {"spacing": axis.spacing, "origin": axis.origin, "unit": UNITS[dim]}
        axes.append(Axis(name=dim, size=size, **known))
    spacing = {axis.name: axis.spacing and abs(axis.spacing) for axis in axes}
    return ImageMetadata(
        name=static.name,
        description=static.description,
        dtype=None if dtype is None else str(dtype),
        acquired=static.acquired,
        axes=tuple(axes),
        channels=tuple(Channel(**row) for row in channel_rows(facts)),
        pixel_size={dim: spacing[dim] for dim in ("Z", "Y", "X")},
        time_increment=spacing["T"],
        objective=static.objective,
        stage_position=static.stage_position,
        provenance=static.provenance,
        annotations=static.annotations,
        original=static.original,
        sources=standing(facts),
    )


def from_metadata(metadata: ImageMetadata) -> Facts:
    """Take the models apart again (facts of planes are not in them)."""
    origins = {axis.name: axis.origin for axis in metadata.axes if axis.origin is not None}
    spacing = {axis.name: abs(axis.spacing) for axis in metadata.axes if axis.spacing is not None}
    facts = Facts.of(
        metadata.shape,
        pixel_size={dim: spacing.get(dim) or metadata.pixel_size.get(dim) for dim in ("Z", "Y", "X")},
        origin=origins,
        time_increment=spacing.get("T", metadata.time_increment),
        channels=[channel.model_dump(exclude_none=True) for channel in metadata.channels],
        name=metadata.name,
        description=metadata.description,
        acquired=metadata.acquired.isoformat() if metadata.acquired else None,
        objective=metadata.objective and metadata.objective.model_dump(exclude_none=True),
        stage_position=metadata.stage_position and metadata.stage_position.model_dump(exclude_none=True),
        provenance=tuple(step.model_dump() for step in metadata.provenance),
        annotations=tuple(note.model_dump(exclude_none=True) for note in metadata.annotations),
        original=metadata.original,
        sources=metadata.sources,
    )
    return replace(facts, axes=dict(_directed(facts, metadata)))


def _directed(facts: Facts, metadata: ImageMetadata) -> Iterator[tuple[str, AxisPositions]]:
    for dim, axis in facts.axes.items():
        spacing = metadata.axis(dim).spacing
        if isinstance(axis, Regular) and spacing is not None:
            yield dim, replace(axis, spacing=math.copysign(axis.spacing, spacing))
        else:
            yield dim, axis


def to_coordinates(facts: Facts) -> dict[str, Coordinate]:
    """Return the coordinates of the xarray form: name -> (dims, values, attrs)."""
    found: dict[str, Coordinate] = {}
    for dim, axis in facts.axes.items():
        # T indexes its dim only when unique and increasing; otherwise the seconds are a plain fact along T
        name = "time" if dim == "T" and not is_increasing(axis) else dim
        # one position alone does not tell how far its neighbours would be; nor do two, of which nobody said it
        spacing = told_spacing(axis)
        known = {} if spacing is None else {"spacing": spacing}
        found[name] = ((dim,), axis.values(), {"units": UNITS[dim], **known})
    for name, values in facts.channels.items():
        if name == "window":
            for end, side in enumerate(("window_min", "window_max")):
                found[side] = (("C",), _column(side, tuple(pair and pair[end] for pair in values)), {})
        else:
            found["C" if name == "name" else name] = (("C",), _column(name, values), _attrs(name))
    if facts.planes is not None:
        for name, column in facts.planes.columns.items():
            found[name] = (("T", "Z", "C"), column, _attrs(name))
    return found


def _column(name: str, values: tuple[Any, ...]) -> NDArray[Any]:
    if name == "name":
        return np.array(["" if value is None else value for value in values], dtype=np.str_)
    if all(value is None or isinstance(value, int | float) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = ["" if value is None else value for value in values]
    return column


def _attrs(name: str) -> dict[str, str]:
    return {"units": FACT_UNITS[name]} if name in FACT_UNITS else {}

"""What an OME-Zarr document says, as `Facts`."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.dims import SPATIAL
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.units import to_s, to_um

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omio.backends.zarr.multiscales import Axis, Multiscales

_HEX = re.compile("#?([0-9A-Fa-f]{6})(?:[0-9A-Fa-f]{2})?")
"""RRGGBB; some write a sign before, or an opacity behind."""
_SOURCE = "file: OME-Zarr multiscales"


def facts_of(
    image: Multiscales, shape: tuple[int, ...], attributes: Mapping[str, Any]
) -> tuple[Facts, tuple[str, ...]]:
    """Describe an image of T Z C Y X `shape`, and say what in its document is not used.

    A scale without a unit is no physical size: it is unknown, and stays in ``original``. So does a time of scale 0.
    """
    known = {axis.dim: sizes for axis in image.axes if image.scaled and (sizes := _physical(axis)) is not None}
    spacing = {dim: step for dim, (step, _) in known.items()}
    facts = Facts.of(
        shape,
        pixel_size={dim: spacing[dim] for dim in "ZYX" if dim in spacing},
        time_increment=spacing.get("T"),
        origin={dim: at for dim, (_, at) in known.items()},
        channels=[_channel(channel) for channel in image.channels[:: math.prod(shape[5:])][: shape[2]]],
        name=image.name,
        original=Original(partial(dict, attributes)),
    )
    told = {"time_increment" if dim == "T" else f"pixel_size.{dim}": _SOURCE for dim in spacing}
    sourced = facts.with_sources(told | ({"channels": "file: OME-Zarr omero"} if facts.channels else {}))
    return sourced, (*_unused(image), *_too_many(image, shape))


def _unused(image: Multiscales) -> Iterator[str]:
    for axis in image.axes:
        if axis.dim in SPATIAL and not (axis.scale[0] > 0 and math.isfinite(axis.scale[0])):
            yield f"a scale of {axis.scale[0]:g} along {axis.dim} is no size"
    for name in image.unapplied:
        yield f"positions lack the transformation {name}, which omio does not apply"


def _too_many(image: Multiscales, shape: tuple[int, ...]) -> Iterator[str]:
    count = math.prod((shape[2], *shape[5:]))  # samples lie along c
    if len(image.channels) > count:
        yield f"omero describes {len(image.channels)} channels, the image has {count}: the first were taken"


def _physical(axis: Axis) -> tuple[float, float] | None:
    """Return spacing and origin in µm or s; None where the document does not say."""
    scale = axis.scale[0]
    if axis.dim == "C" or not (scale > 0 and math.isfinite(scale)):
        return None
    convert = to_s if axis.dim == "T" else to_um
    step, origin = convert(scale, axis.unit), convert(axis.translation, axis.unit)
    return None if not step or origin is None else (step, origin)


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    label, window = channel.get("label"), channel.get("window")
    color = _HEX.fullmatch(str(channel.get("color") or ""))
    limits = (window.get("start"), window.get("end")) if isinstance(window, dict) else ()
    found = {
        "name": None if label in (None, "") else str(label),
        "color": None if color is None else f"#{color[1].upper()}",
        "window": limits if limits and all(isinstance(limit, int | float) for limit in limits) else None,
    }
    return {name: value for name, value in found.items() if value is not None}

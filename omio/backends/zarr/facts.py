"""What an OME-Zarr document says, as `Facts`."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.units import to_s, to_um

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.zarr.multiscales import Axis, Multiscales

_HEX = re.compile("[0-9A-Fa-f]{6}")
_SOURCE = "file: OME-Zarr multiscales"


def facts_of(image: Multiscales, shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Facts:
    """Describe an image of T Z C Y X `shape`.

    A scale without a unit is no physical size: it is unknown, and stays in ``original``. So does a time of scale 0.
    """
    known = {axis.dim: sizes for axis in image.axes if (sizes := _physical(axis)) is not None}
    spacing = {dim: step for dim, (step, _) in known.items()}
    facts = Facts.of(
        shape,
        pixel_size={dim: spacing[dim] for dim in "ZYX" if dim in spacing},
        time_increment=spacing.get("T"),
        origin={dim: at for dim, (_, at) in known.items()},
        channels=[_channel(channel) for channel in image.channels[: shape[2]]],
        name=image.name,
        original=Original(partial(dict, attributes)),
    )
    told = {"time_increment" if dim == "T" else f"pixel_size.{dim}": _SOURCE for dim in spacing}
    return facts.with_sources(told | ({"channels": "file: OME-Zarr omero"} if facts.channels else {}))


def _physical(axis: Axis) -> tuple[float, float] | None:
    """Return spacing and origin in µm or s; None where the document does not say."""
    if axis.dim == "C" or axis.scale <= 0:
        return None
    convert = to_s if axis.dim == "T" else to_um
    step, origin = convert(axis.scale, axis.unit), convert(axis.translation, axis.unit)
    return None if not step or origin is None else (step, origin)


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    label, color, window = channel.get("label"), str(channel.get("color") or ""), channel.get("window")
    limits = (window.get("start"), window.get("end")) if isinstance(window, dict) else (None, None)
    found = {
        "name": None if label in (None, "") else str(label),
        "color": f"#{color.upper()}" if _HEX.fullmatch(color) else None,
        "window": None if None in limits else limits,
    }
    return {name: value for name, value in found.items() if value is not None}

"""OME-Zarr documents of an image, made by zarr-python (arrays) and yaozarrs (OME)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from omio.dims import SPATIAL
from omio.metadata.axes import Regular
from omio.metadata.facts import channel_rows, level_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.metadata.facts import Facts
    from omio.writers.zarr.encode import ChunkCodec, Version
    from omio.writers.zarr.plan import ZarrPlan
    from omio.writers.zarr.stream import Place

OWN_VERSION = 1
"""Of the attribute ``omio``."""
XML_KEY = "OME/METADATA.ome.xml"
_AXES = (("t", "time", "T"), ("c", "channel", None), ("z", "space", "Z"), ("y", "space", "Y"), ("x", "space", "X"))
_UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
_RGB = ("FF0000", "00FF00", "0000FF")
_WHITE = "#FFFFFF"


def attributes_of(
    facts: Facts, plan: ZarrPlan, version: str, *, has_xml: bool, further: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the attributes of an image's group.

    An unknown spacing is scale 1 without a unit, as the specification has no other way to say it. Samples lie in c;
    ``omio`` says how many make a channel, and which facts of channels were chosen because the specification wants some.

    Parameters
    ----------
    has_xml
        Whether all that is known lies in OME-XML beside it.
    further
        Other parts of the OME document, such as ``image-label``.
    """
    own: dict[str, Any] = {
        "version": OWN_VERSION,
        "samples": plan.samples if len(facts.sizes) > 5 else None,
        "metadata": XML_KEY if has_xml else None,
        "chosen": None if has_xml else _chosen(facts, plan) or None,
    }
    ome = {**_validated(facts, plan, version), **further}
    return {**({"ome": ome} if version == "0.5" else ome), "omio": {k: v for k, v in own.items() if v is not None}}


def group_documents(attributes: Mapping[str, Any], version: Version) -> dict[str, bytes]:
    """Return key -> content of the documents of a group."""
    import zarr
    from zarr.storage import MemoryStore

    kept: dict[str, Any] = {}
    zarr.open_group(MemoryStore(kept), mode="w", zarr_format=version, attributes=dict(attributes))
    return {key: value.to_bytes() for key, value in kept.items()}


def lost_without_xml(facts: Facts, plan: ZarrPlan) -> tuple[str, ...]:
    """Return the facts that only OME-XML could hold."""
    static = ("description", "acquired", "objective", "stage_position", "annotations", "original", "provenance")
    found = [name for name in static if getattr(facts.static, name)]
    found += [f"axes.{dim}" for dim in facts.axes if _regular(facts, dim) is None]
    has_channels = bool(_channels(facts, plan))
    kept = {"name": has_channels, "window": has_channels, "color": has_channels and len(facts.sizes) == 5}
    found += [f"channels.{name}" for name in facts.channels if not kept.get(name)]
    return (*found, *(("planes",) if facts.planes is not None else ()))


def _validated(facts: Facts, plan: ZarrPlan, version: str) -> dict[str, Any]:
    from yaozarrs import v04, v05

    image = {
        "name": facts.static.name,
        "axes": [_axis(facts, *axis) for axis in _AXES],
        "datasets": [
            {"path": str(number), "coordinateTransformations": _transformations(facts, plan, number)}
            for number in range(len(plan.arrays))
        ],
    }
    document: dict[str, Any] = {"multiscales": [image]}
    if channels := _channels(facts, plan):
        document["omero"] = {"channels": channels}
    if version == "0.5":
        return v05.Image.model_validate({"version": "0.5", **document}).model_dump(mode="json", exclude_none=True)
    image["version"] = "0.4"
    return v04.Image.model_validate(document).model_dump(mode="json", exclude_none=True)


def _axis(facts: Facts, name: str, kind: str, dim: str | None) -> dict[str, Any]:
    unit = {"unit": _UNITS[dim]} if dim is not None and _regular(facts, dim) else {}
    return {"name": name, "type": kind, **unit}


def _regular(facts: Facts, dim: str) -> Regular | None:
    """Return the positions of a dim where a scale can tell them: even, and ascending."""
    axis = facts.axes.get(dim)
    return axis if isinstance(axis, Regular) and axis.spacing > 0 else None


def _transformations(facts: Facts, plan: ZarrPlan, number: int) -> list[dict[str, Any]]:
    full, shape = plan.arrays[0].shape, plan.arrays[number].shape
    dims = tuple(facts.sizes)
    scale, translation = [], []
    for _, _, dim in _AXES:
        axis = _regular(facts, dim) if dim is not None else None
        factor = level_factor(full[dims.index(dim)], shape[dims.index(dim)]) if dim in SPATIAL else 1.0
        step, origin = (axis.spacing, axis.origin) if axis is not None else (1.0, 0.0)
        scale.append(step * factor)
        translation.append(origin + (factor - 1) / 2 * step)
    return [{"type": "scale", "scale": scale}, {"type": "translation", "translation": translation}]


def _channels(facts: Facts, plan: ZarrPlan) -> list[dict[str, Any]]:
    """Return the channels as viewers want them; none where a window is needed and cannot be known."""
    rows = [row for row in channel_rows(facts) for _ in range(plan.samples)]
    limits = _range(plan)
    if limits is None and not all(row.get("window") for row in rows):
        return []
    return [_channel(row, number % plan.samples, plan) for number, row in enumerate(rows)]


def _channel(row: Mapping[str, Any], sample: int, plan: ZarrPlan) -> dict[str, Any]:
    low, high = _range(plan) or row["window"]
    start, end = row.get("window") or (low, high)
    color = _RGB[sample] if plan.samples == 3 else (row.get("color") or _WHITE).lstrip("#")
    window = {"min": min(low, start), "max": max(high, end), "start": start, "end": end}
    return {"label": row.get("name") or "", "color": color, "active": True, "window": window}


def _chosen(facts: Facts, plan: ZarrPlan) -> dict[str, list[int]]:
    """Return which channels have a colour or window that nobody gave."""
    rows = channel_rows(facts) if _channels(facts, plan) else []
    given = {
        "color": [plan.samples == 1 and row.get("color") for row in rows],
        "window": [row.get("window") for row in rows],
    }
    found = {name: [number for number, value in enumerate(values) if not value] for name, values in given.items()}
    return {name: numbers for name, numbers in found.items() if numbers}


def _range(plan: ZarrPlan) -> tuple[float, float] | None:
    """Return the least and the greatest number that pixels can be; None for real numbers."""
    import numpy as np

    if plan.dtype.kind in "iu":
        info = np.iinfo(plan.dtype)
        return float(info.min), float(info.max)
    return (0.0, 1.0) if plan.dtype.kind == "b" else None


def array_documents(
    plan: ZarrPlan, attributes: Mapping[str, Any], version: Version, codec: ChunkCodec, level: int
) -> dict[str, bytes]:
    """Return key -> content of the documents of the group and its arrays."""
    import zarr
    from zarr.storage import MemoryStore

    from omio.writers.zarr.stream import in_order_of

    kept: dict[str, Any] = {}
    group = zarr.open_group(MemoryStore(kept), mode="w", zarr_format=version, attributes=dict(attributes))
    for number, array in enumerate(plan.arrays):
        group.create_array(
            str(number),
            shape=_stored_shape(array.shape),
            chunks=in_order_of(array.chunk, plan.samples),
            shards=None if array.shard is None else in_order_of(array.shard, plan.samples),
            dtype=plan.dtype.newbyteorder("<"),
            compressors=codec.describe(level, plan.dtype.itemsize, version) or None,
            fill_value=0,
            dimension_names=[name for name, *_ in _AXES] if version == 3 else None,
            chunk_key_encoding={"name": "default" if version == 3 else "v2", "separator": "/"},
        )
    return {key: value.to_bytes() for key, value in kept.items()}


def _stored_shape(shape: tuple[int, ...]) -> Place:
    t, z, c, y, x = shape[:5]
    return t, c * math.prod(shape[5:]), z, y, x

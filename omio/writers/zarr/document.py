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


def attributes_of(facts: Facts, plan: ZarrPlan, version: str, *, has_xml: bool) -> dict[str, Any]:
    """Return the attributes of an image's group.

    An unknown spacing is scale 1 without a unit, as the specification has no other way to say it. Samples lie in c;
    ``omio`` says how many make a channel.
    """
    own: dict[str, Any] = {"version": OWN_VERSION, "samples": plan.samples if len(facts.sizes) > 5 else None}
    own["metadata"] = XML_KEY if has_xml else None
    ome = _validated(facts, plan, version)
    return {**({"ome": ome} if version == "0.5" else ome), "omio": {k: v for k, v in own.items() if v is not None}}


def _validated(facts: Facts, plan: ZarrPlan, version: str) -> dict[str, Any]:
    from yaozarrs import v04, v05

    image = {
        "name": facts.static.name or "image",
        "axes": [_axis(facts, *axis) for axis in _AXES],
        "datasets": [
            {"path": str(number), "coordinateTransformations": _transformations(facts, plan, number)}
            for number in range(len(plan.arrays))
        ],
    }
    document: dict[str, Any] = {"multiscales": [image], "omero": {"channels": _channels(facts, plan)}}
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
    rows = [row for row in channel_rows(facts) for _ in range(plan.samples)]
    return [_channel(row, number % plan.samples, plan) for number, row in enumerate(rows)]


def _channel(row: Mapping[str, Any], sample: int, plan: ZarrPlan) -> dict[str, Any]:
    low, high = _range(plan)
    start, end = row.get("window") or (low, high)
    color = str(row.get("color") or "#FFFFFF").lstrip("#")
    if plan.samples == 3:
        color = _RGB[sample]
    return {
        "label": row.get("name") or "",
        "color": color,
        "active": True,
        "window": {"min": low, "max": high, "start": start, "end": end},
    }


def _range(plan: ZarrPlan) -> tuple[float, float]:
    import numpy as np

    if plan.dtype.kind in "iu":
        info = np.iinfo(plan.dtype)
        return float(info.min), float(info.max)
    return 0.0, 1.0


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

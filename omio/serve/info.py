"""What the page is told of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from omio.dims import SAMPLES, SPATIAL
from omio.metadata.facts import channel_rows
from omio.serve.ngff import VERSIONS

if TYPE_CHECKING:
    from omio.dataset import MicroscopyDataset
    from omio.metadata.axes import AxisPositions
    from omio.serve.catalogue import Entry
    from omio.serve.shown import Shown

type Json = dict[str, Any]

_MOST_POSITIONS = 20_000
"""Positions of planes are listed up to here."""


def describe(entry: Entry, number: int) -> Json:
    """Return what a scene is, as JSON holds it; reads an overview of each channel for its limits."""
    shown = entry.scene(number)
    image = shown.image
    height, width = image.sizes["Y"], image.sizes["X"]
    axes = image.facts.axes
    return {
        "id": entry.id,
        "name": entry.name,
        "scene": number,
        "scenes": list(entry.scenes),
        "sizes": dict(image.sizes),
        "dtype": str(image.dtype),
        "rgb": SAMPLES in image.sizes,
        "width": width,
        "height": height,
        "tile": shown.tile,
        "tiles_are": shown.stored,
        "levels": level_sizes(width, height, shown.levels),
        "stored": [[level.sizes["X"], level.sizes["Y"]] for level in image.levels],
        "pixel_size": image.pixel_size,
        "origin": {dim: _origin(axes.get(dim)) for dim in SPATIAL},
        "time_increment": image.metadata.time_increment,
        "times": _positions(axes.get("T")),
        "z_positions": _positions(axes.get("Z")),
        "unit": {"length": "µm", "time": "s"},
        "channels": _channels(shown),
        "associated": {key: _associated(entry, key, picture) for key, picture in image.associated.items()},
        "zarr": {version: f"zarr/{entry.id}/{version}/{number}.ome.zarr" for version in VERSIONS},
        "metadata": _summary(image),
    }


def level_sizes(width: int, height: int, count: int) -> list[list[int]]:
    """Return width and height of each level of tiles, coarsest first: halves of the full image, rounded up.

    >>> level_sizes(601, 400, 3)
    [[151, 100], [301, 200], [601, 400]]
    """
    return [[-(-width >> level), -(-height >> level)] for level in reversed(range(count))]


def _channels(shown: Shown) -> list[Json]:
    rows = channel_rows(shown.image.facts)
    wanted = ("name", "excitation_nm", "emission_nm")
    is_shown = shown.image.dtype.kind in "biuf"
    return [
        {
            **{name: row.get(name) for name in wanted},
            "color": shown.colors[number],
            "limits": shown.limits(number) if is_shown else None,
            "range": _range(shown, number) if is_shown else None,
        }
        for number, row in enumerate(rows)
    ]


def _range(shown: Shown, channel: int) -> tuple[float, float]:
    """Return what the dtype can hold; for floats and wide integers what the image does."""
    dtype = shown.image.dtype
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        info = np.iinfo(dtype)
        return float(info.min), float(info.max)
    return (0.0, 1.0) if dtype.kind == "b" else shown.extremes(channel)


def _associated(entry: Entry, key: str, picture: MicroscopyDataset) -> Json:
    url = f"api/{entry.id}/associated/{quote(key, safe='')}.png"
    return {"width": picture.sizes["X"], "height": picture.sizes["Y"], "url": url}


def _origin(axis: AxisPositions | None) -> float | None:
    return None if axis is None else axis.origin


def _positions(axis: AxisPositions | None) -> list[float] | None:
    return None if axis is None or axis.size > _MOST_POSITIONS else axis.values().tolist()


def _summary(image: MicroscopyDataset) -> Json:
    """Return what people look up; the rest lies in the OME-XML of the OME-Zarr."""
    facts = image.metadata.model_dump(mode="json", exclude_none=True, exclude={"original", "axes", "sources"})
    return {name: value for name, value in facts.items() if value not in ((), [], {})}

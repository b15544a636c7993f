"""OME-Zarr hierarchies made with zarr-python, their documents checked by yaozarrs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import zarr

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIZES = {"t": 2, "c": 3, "z": 2, "y": 7, "x": 9}
UNITS = {"t": "second", "z": "micrometer", "y": "micrometer", "x": "nanometer"}
SCALE = {"t": 2.0, "c": 1.0, "z": 0.5, "y": 0.25, "x": 125.0}
TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}

CHANNELS = [
    {"label": "DAPI", "color": "0000ff", "window": {"min": 0, "max": 255, "start": 3, "end": 200}},
    {"label": "GFP", "color": "00FF00"},
    {"label": 3},
]


def pixels(axes: str) -> NDArray[np.uint8]:
    shape = tuple(SIZES[axis] for axis in axes)
    return np.arange(np.prod(shape), dtype=np.uint32).reshape(shape).astype(np.uint8)


def axes_of(axes: str) -> list[dict[str, Any]]:
    return [{"name": axis, "type": TYPES[axis]} | ({"unit": UNITS[axis]} if axis in UNITS else {}) for axis in axes]


def multiscales(axes: str, *, levels: int = 2) -> dict[str, Any]:
    datasets = []
    for level in range(levels):
        scale = [SCALE[axis] * (2**level if axis in "yx" else 1) for axis in axes]
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    return {"name": "cells", "axes": axes_of(axes), "datasets": datasets}


def write_image(
    path: Path, axes: str = "tczyx", *, zarr_format: Literal[2, 3] = 3, document: dict[str, Any] | None = None
) -> NDArray[np.uint8]:
    """Write an image of two levels; `document` replaces its OME attributes."""
    channels = CHANNELS[: SIZES["c"] if "c" in axes else 1]
    ome = document or {"multiscales": [multiscales(axes)], "omero": {"channels": channels}}
    version = "0.5" if zarr_format == 3 else "0.4"
    said = {"version": version, **ome} if zarr_format == 3 else {**ome, "multiscales": _dated(ome["multiscales"])}
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    group.attrs.update({"ome": said} if zarr_format == 3 else said)
    full = pixels(axes)
    chunks = tuple(4 if axis in "yx" else 1 for axis in axes)
    for level, array in enumerate((full, full[..., ::2, ::2])):
        group.create_array(str(level), data=np.ascontiguousarray(array), chunks=chunks)
    return full


def _dated(images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"version": "0.4", **image} for image in images]

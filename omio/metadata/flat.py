"""`ImageMetadata` as one flat dict of OME's names, for scripts and the function API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.metadata.original import jsonable

if TYPE_CHECKING:
    from omio.metadata.models import ImageMetadata

_OF_OME = {"axes", "pixel_size", "time_increment"}
"""Fields that have keys of their own."""


def flat(metadata: ImageMetadata) -> dict[str, Any]:
    """Return the metadata as plain values.

    The keys are ``axes``, ``shape``, ``SizeT`` … ``SizeX`` (``SizeS`` for RGB), ``PhysicalSizeX/Y/Z`` with
    ``PhysicalSizeXUnit`` …, ``TimeIncrement`` with ``TimeIncrementUnit``, ``Channel_Count``, ``unit``, and
    ``Annotations``: everything that is no size, what the source says beyond it as ``original_<name>``. A size that
    is not known is None, and so is its unit.
    """
    sizes = {f"Size{axis.name}": axis.size for axis in metadata.axes}
    lengths: dict[str, Any] = {}
    for dim in "XYZ":
        value = metadata.pixel_size.get(dim)
        lengths |= {f"PhysicalSize{dim}": value, f"PhysicalSize{dim}Unit": None if value is None else "µm"}
    increment = metadata.time_increment
    return {
        "axes": "".join(axis.name for axis in metadata.axes),
        "shape": metadata.shape,
        **sizes,
        **lengths,
        "TimeIncrement": increment,
        "TimeIncrementUnit": None if increment is None else "s",
        "Channel_Count": metadata.sizes.get("C", 1),
        "unit": "micron" if any(value is not None for value in metadata.pixel_size.values()) else None,
        "Annotations": _annotations(metadata),
    }


def _annotations(metadata: ImageMetadata) -> dict[str, Any]:
    fields = metadata.model_dump(mode="json", exclude_none=True, exclude=_OF_OME | {"original"})
    known = {name: value for name, value in fields.items() if value not in ([], {})}
    return known | {f"original_{name}": jsonable(value) for name, value in metadata.original.items()}

"""OME-NGFF documents of any version, brought to the form of version 0.5.

Sources: the OME-NGFF specification 0.1 to 0.5 (ngff.openmicroscopy.org). Before 0.3 axes were always t c z y x; in 0.3
they were plain names; 0.4 gave them types and units, required their order (time, channel, space) and added the
transformations; 0.5 moved all into ``ome``.
"""

from __future__ import annotations

from typing import Any

LATEST = "0.5"
_FIVE = ("t", "c", "z", "y", "x")
_TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
_RANKS = {"time": 0, "channel": 1}
_KEPT = ("scale", "translation")


def ome_of(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the OME part of a node's attributes: ``ome`` since 0.5, the attributes themselves before."""
    found = attributes.get("ome")
    return found if isinstance(found, dict) else attributes


def version_of(ome: dict[str, Any]) -> str | None:
    """Return the version that a document says it has."""
    parts = [ome, *listed(ome.get("multiscales")), ome.get("plate"), ome.get("well")]
    return next((str(part["version"]) for part in parts if isinstance(part, dict) and "version" in part), None)


def upgraded(ome: dict[str, Any], ndim: int) -> dict[str, Any]:
    """Return an image's document as 0.5 would write it.

    Parameters
    ----------
    ome
        As `ome_of` gives it.
    ndim
        Number of dims of its arrays, for documents that do not name their axes.
    """
    images = [_image(image, ndim) for image in listed(ome.get("multiscales"))]
    return {"version": LATEST, "multiscales": images}


def channels_of(ome: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the channels of the transitional ``omero`` part, of which writers leave out what they like."""
    omero = ome.get("omero")
    return listed(omero.get("channels")) if isinstance(omero, dict) else []


def _image(image: dict[str, Any], ndim: int) -> dict[str, Any]:
    axes = axes_of(image, ndim)
    order = sorted(range(len(axes)), key=lambda at: _RANKS.get(str(axes[at].get("type")), 2))
    datasets = [
        {
            "path": item.get("path"),
            "coordinateTransformations": _transformations(item, order) or [_unit_scale(len(axes))],
        }
        for item in listed(image.get("datasets"))
    ]
    return {
        "name": image.get("name"),
        "axes": [axes[at] for at in order],
        "datasets": datasets,
        "coordinateTransformations": _transformations(image, order) or None,
    }


def axes_of(image: dict[str, Any], ndim: int) -> list[dict[str, Any]]:
    """Return the axes of an image in the order of its arrays, which need not be the order that is required."""
    return [_axis(axis) for axis in image.get("axes") or _FIVE[-ndim:]]


def _axis(axis: Any) -> dict[str, Any]:
    if isinstance(axis, dict):
        return axis
    return {"name": str(axis), "type": _TYPES.get(str(axis), "space")}


def transformations_of(image: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the transformations of an image and of its finest array."""
    holders = [*listed(image.get("datasets"))[:1], image]
    return [step for holder in holders for step in listed(holder.get("coordinateTransformations"))]


def is_applied(step: dict[str, Any]) -> bool:
    """Whether a transformation is one that omio applies: a scale or translation that the document itself holds."""
    return step.get("type") in _KEPT and "path" not in step


def unapplied(step: dict[str, Any]) -> str | None:
    """Return the name of a transformation that would move pixels, and is not applied; None for any other."""
    kind = str(step.get("type"))
    if is_applied(step) or kind == "identity" or _is_identity(step):
        return None
    return f"{kind} in {step['path']!r}" if "path" in step else kind


def _is_identity(step: dict[str, Any]) -> bool:
    """Whether an affine or a rotation leaves everything where it is."""
    rows = step.get(str(step.get("type")))
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return False
    return all(value == (at == number) for number, row in enumerate(rows) for at, value in enumerate(row))


def _transformations(item: dict[str, Any], order: list[int]) -> list[dict[str, Any]]:
    steps = [step for step in listed(item.get("coordinateTransformations")) if is_applied(step)]
    return [{**step, step["type"]: _reordered(step.get(step["type"]), order)} for step in steps]


def _reordered(values: Any, order: list[int]) -> Any:
    """Bring one value an axis into another order; what is no such list is left to the check that follows."""
    return [values[at] for at in order] if isinstance(values, list) and len(values) == len(order) else values


def _unit_scale(ndim: int) -> dict[str, Any]:
    return {"type": "scale", "scale": [1.0] * ndim}


def listed(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a JSON list; nothing where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

"""``Plane`` elements from the columns of plane facts: formatted as text, no object a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omio.dims import PLANE_DIMS
from omio.ome.write_native import PLANE_ATTRIBUTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.metadata.facts import Facts

_UNITS = {"PositionX": "µm", "PositionY": "µm", "PositionZ": "µm"}
"""Seconds are the schema's default; a position without a unit would be in the stage's own frame."""


def planes_xml(facts: Facts, lost: list[str]) -> str:
    """Return the elements of all planes of which anything is known."""
    columns = facts.planes.columns if facts.planes is not None else {}
    texts = [
        _attribute(attribute, columns[name], name, lost)
        for name, attribute in PLANE_ATTRIBUTES.items()
        if name in columns and not np.isnan(columns[name]).all()
    ]
    if not texts:
        return ""
    shape = tuple(facts.sizes[dim] for dim in PLANE_DIMS)
    t, z, c = (index.ravel().tolist() for index in np.indices(shape))
    said = map("".join, zip(*texts, strict=True))
    return "".join(
        f'<Plane TheZ="{the_z}" TheT="{the_t}" TheC="{the_c}"{values}/>'
        for the_t, the_z, the_c, values in zip(t, z, c, said, strict=True)
        if values
    )


def _attribute(attribute: str, column: NDArray[np.float64], name: str, lost: list[str]) -> list[str]:
    if np.isinf(column).any():
        lost.append(f"planes.{name}: infinite values")
    unit = f' {attribute}Unit="{_UNITS[attribute]}"' if attribute in _UNITS else ""
    values = np.asarray(column, dtype=np.float64).ravel()
    if np.isfinite(values).all():
        return [f' {attribute}="{value!r}"{unit}' for value in values.tolist()]
    known = np.isfinite(values).tolist()
    pairs = zip(values.tolist(), known, strict=True)
    return [f' {attribute}="{value!r}"{unit}' if is_known else "" for value, is_known in pairs]

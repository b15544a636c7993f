"""Positions and facts that xarray's form of Zarr keeps in arrays beside the image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.zarr.reader import ArrayPlace, ZarrReader
from omio.dims import PLANE_DIMS
from omio.lazy.leaf import lease
from omio.metadata.axes import told_positions
from omio.metadata.facts import CHANNEL_FIELDS, PLANE_FIELDS, Columns, Facts, PlaneTable
from omio.units import length_factor, time_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.backends.zarr.store import StoreStamp
    from omio.metadata.axes import AxisPositions

_CF = ("scale_factor", "add_offset", "calendar")
"""Attributes of CF conventions with which numbers mean something else; omio leaves those to xarray."""


@dataclass(frozen=True)
class Variable:
    """An array beside an image: where it lies, the dims of the image that it lies along, and its attributes."""

    where: ArrayPlace
    attributes: Mapping[str, Any]

    def values(self, stamp: StoreStamp) -> NDArray[Any]:
        """Read it."""
        with lease(ZarrReader, stamp, *stamp.outside) as reader:
            return reader.values(self.where)


def located(facts: Facts, variables: Mapping[str, Variable], stamp: StoreStamp) -> Facts:
    """Add what the arrays beside an image say: positions where they have units, facts of channels and of planes.

    Parameters
    ----------
    variables
        Name -> array; T, Z, C, Y and X are those named as the dims of the image.
    """
    axes = dict(facts.axes)
    for dim in ("T", "Z", "Y", "X"):
        variable = variables.get("time" if dim == "T" and "time" in variables else dim)
        if variable is not None and variable.where.dims == (dim,):
            found = _positions(variable, dim, stamp)
            axes |= {dim: found} if found is not None else {}
    return replace(
        facts,
        axes=axes,
        channels={**facts.channels, **_channels(variables, stamp)},
        planes=_planes(facts, variables, stamp),
    )


def _positions(variable: Variable, dim: str, stamp: StoreStamp) -> AxisPositions | None:
    units, spacing = variable.attributes.get("units"), variable.attributes.get("spacing")
    factor = None if units is None else (time_factor if dim == "T" else length_factor)(str(units))
    if factor is None or any(name in variable.attributes for name in _CF):
        return None
    values = variable.values(stamp)
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return None
    return told_positions(values.astype(np.float64) * factor, spacing, factor)


def _channels(variables: Mapping[str, Variable], stamp: StoreStamp) -> dict[str, tuple[Any, ...]]:
    def column(name: str) -> tuple[Any, ...]:
        variable = variables.get(name)
        if variable is None or variable.where.dims != ("C",):
            return ()
        return tuple(_known(value) for value in variable.values(stamp).tolist())

    columns = {field: column("C" if field == "name" else field) for field in CHANNEL_FIELDS}
    pairs = zip(column("window_min"), column("window_max"), strict=False)
    columns["window"] = tuple(None if None in pair else pair for pair in pairs)
    return {field: values for field, values in columns.items() if any(value is not None for value in values)}


def _known(value: Any) -> Any:
    return None if value == "" or value != value else value


def _planes(facts: Facts, variables: Mapping[str, Variable], stamp: StoreStamp) -> PlaneTable | None:
    found = {
        name: variable
        for name in PLANE_FIELDS
        if (variable := variables.get(name)) is not None and variable.where.dims == PLANE_DIMS
    }
    shape = (facts.sizes["T"], facts.sizes["Z"], facts.sizes["C"])
    return PlaneTable(partial(_load, found, stamp), shape) if found else facts.planes


def _load(variables: Mapping[str, Variable], stamp: StoreStamp) -> Columns:
    return {name: variable.values(stamp) for name, variable in variables.items()}

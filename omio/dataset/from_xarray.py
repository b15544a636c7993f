"""DataArrays and Datasets taken apart into recipes and facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import DIMS, PLANE_DIMS, SAMPLES
from omio.errors import AxesError, LayoutError
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.metadata.axes import told_positions
from omio.metadata.facts import CHANNEL_FIELDS, PLANE_FIELDS, Facts, PlaneTable, Static
from omio.metadata.original import Original
from omio.units import length_factor, time_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray
    from numpy.typing import NDArray

    from omio.lazy.recipe import Recipe
    from omio.metadata.axes import AxisPositions

VARIABLE = "image"
"""Name of the variable in datasets that omio makes."""
METADATA = "omio"
"""Attribute that holds the metadata as JSON."""
_READ = {"C", "time", "window_min", "window_max", *DIMS, *CHANNEL_FIELDS, *PLANE_FIELDS}


def take_apart(array: xarray.DataArray | xarray.Dataset) -> tuple[Recipe, Facts]:
    """Turn a DataArray with dims among T Z C Y X S into a recipe and facts; absent dims get length 1.

    Coordinates of Z, Y, X are µm and of T seconds unless their ``units`` say otherwise; coordinates and attributes
    that omio has no field for go to ``original``.
    """
    image, attrs = _image_of(array)
    full = _canonical(image)
    shape = tuple(int(size) for size in full.shape)
    axes = {dim: _positions(full, dim) for dim in ("T", "Z", "Y", "X")}
    facts = replace(
        Facts.of(shape),
        axes={dim: axis for dim, axis in axes.items() if axis is not None},
        channels=_channels(full),
        planes=_planes(full),
        static=_static(image, attrs),
    )
    return _as_recipe(full), facts


def _image_of(array: xarray.DataArray | xarray.Dataset) -> tuple[xarray.DataArray, Mapping[Any, Any]]:
    variables = getattr(array, "data_vars", None)
    if variables is None:
        if not hasattr(array, "coords"):
            kind = type(array).__name__
            raise LayoutError(f"a {kind} is no DataArray", remedy="from_array takes arrays without names.")
        return array, array.attrs  # type: ignore[return-value]
    names = [VARIABLE] if VARIABLE in variables else list(variables)
    if len(names) != 1:
        raise LayoutError(f"the Dataset has the variables {', '.join(map(str, names))}", remedy="Choose one of them.")
    return variables[names[0]], {**variables[names[0]].attrs, **array.attrs}


def _canonical(array: xarray.DataArray) -> xarray.DataArray:
    if unknown := [str(dim) for dim in array.dims if dim not in (*DIMS, SAMPLES)]:
        raise AxesError(f"dims {', '.join(unknown)} are none of T Z C Y X S", remedy="Rename them with .rename().")
    missing = [dim for dim in DIMS if dim not in array.dims]
    order = [*DIMS, SAMPLES] if SAMPLES in array.dims else list(DIMS)
    return array.expand_dims(missing).transpose(*order)


def _as_recipe(array: xarray.DataArray) -> Recipe:
    # xarray keeps arrays of files as indexing objects of its own, which .data would read
    lazy = array.chunks is None and not array.variable._in_memory
    data = LazilyIndexed(array) if lazy else array.data
    return ArrayRecipe(data) if isinstance(data, np.ndarray) else DuckRecipe(data)


@dataclass(frozen=True, eq=False)
class LazilyIndexed:
    """A DataArray that is read when indexed, such as ``xr.open_zarr(..., chunks=None)`` gives."""

    array: xarray.DataArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its dims."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype as stored."""
        return self.array.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return np.asarray(self.array[key].values)


def _positions(array: xarray.DataArray, dim: str) -> AxisPositions | None:
    name = "time" if dim == "T" and "time" in array.coords else dim
    if name not in array.coords or array.coords[name].dims not in ((dim,), ()):
        return None
    coordinate = array.coords[name]
    values = _in_units(coordinate, dim)
    if values is None:
        return None
    return told_positions(values, coordinate.attrs.get("spacing"))


def _in_units(coordinate: xarray.DataArray, dim: str) -> NDArray[np.float64] | None:
    values = np.atleast_1d(coordinate.values)
    if values.dtype.kind in "mM":
        return None if dim != "T" else (values - _zero(values)) / np.timedelta64(1, "ns") * 1e-9
    if values.dtype.kind not in "iuf":
        return None
    units = coordinate.attrs.get("units")
    factor = 1.0 if units is None else (time_factor if dim == "T" else length_factor)(str(units))
    return None if factor is None else _as_written(values) * factor


def _zero(values: NDArray[Any]) -> Any:
    return values[0] if values.dtype.kind == "M" else np.timedelta64(0, "ns")


def _as_written(values: NDArray[Any]) -> NDArray[np.float64]:
    """Widen to 64 bits as the shortest decimal says: 0.1 of 32 bits is meant as 0.1."""
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        return np.array([float(str(value)) for value in values])
    return values.astype(np.float64)


def _channels(array: xarray.DataArray) -> dict[str, tuple[Any, ...]]:
    columns = {field: _along_c(array, "C" if field == "name" else field) for field in CHANNEL_FIELDS}
    low, high = _along_c(array, "window_min"), _along_c(array, "window_max")
    if low is not None and high is not None:
        columns["window"] = tuple(None if None in pair else pair for pair in zip(low, high, strict=True))
    if columns["name"] is not None:
        columns["name"] = tuple(None if name is None else str(name) for name in columns["name"])
    return {field: values for field, values in columns.items() if values is not None}


def _along_c(array: xarray.DataArray, name: str) -> tuple[Any, ...] | None:
    if name not in array.coords or array.coords[name].dims not in (("C",), ()) or array.coords[name].size == 0:
        return None
    values = tuple(_known(value) for value in np.atleast_1d(array.coords[name].values).tolist())
    if len(values) != array.sizes["C"]:
        return None
    return values if any(value is not None for value in values) else None


def _known(value: Any) -> Any:
    return None if value == "" or value != value else value


def _planes(array: xarray.DataArray) -> PlaneTable | None:
    columns = {}
    for name in PLANE_FIELDS:
        if name in array.coords and set(array.coords[name].dims) <= set(PLANE_DIMS):
            coordinate = array.coords[name]
            missing = [dim for dim in PLANE_DIMS if dim not in coordinate.dims]
            if all(array.sizes[dim] == 1 for dim in missing):
                columns[name] = coordinate.reset_coords(drop=True).expand_dims(missing).transpose(*PLANE_DIMS).values
    return PlaneTable.of(columns) if columns else None


def _static(array: xarray.DataArray, attrs: Mapping[Any, Any]) -> Static:
    if METADATA in attrs:
        from omio.metadata._coords import from_metadata
        from omio.metadata.models import ImageMetadata

        return from_metadata(ImageMetadata.model_validate_json(attrs[METADATA])).static
    others = {str(name): value.values for name, value in array.coords.items() if name not in _READ}
    rest: dict[str, Any] = {"attrs": dict(attrs)} if attrs else {}
    rest |= {"coords": others} if others else {}
    name = None if array.name is None else str(array.name)
    return Static(name=name, acquired=_first_moment(array), original=Original(partial(dict, rest)))


def _first_moment(array: xarray.DataArray) -> str | None:
    if "T" not in array.coords or array.coords["T"].dtype.kind != "M" or not array.coords["T"].size:
        return None
    return str(np.datetime_as_string(np.atleast_1d(array.coords["T"].values)[0], unit="us"))

"""From xarray back to datasets: DataArrays taken apart, results of functions, projections, samples as channels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import DIMS, SAMPLES
from omio.errors import AxesError, LayoutError
from omio.lazy.projection import Projection, Projector
from omio.lazy.recipe import ArrayRecipe, DuckRecipe
from omio.metadata.axes import positions_of
from omio.metadata.facts import CHANNEL_FIELDS, PLANE_FIELDS, Facts, PlaneTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray

    from omio.lazy.recipe import Recipe
    from omio.metadata.axes import AxisPositions


def take_apart(array: xarray.DataArray) -> tuple[Recipe, Facts]:
    """Turn a DataArray with dims among T Z C Y X S into a recipe and facts; absent dims get length 1."""
    full = _canonical(array)
    return _as_recipe(full), _facts_of(full, array.name)


def _canonical(array: xarray.DataArray) -> xarray.DataArray:
    if unknown := [str(dim) for dim in array.dims if dim not in (*DIMS, SAMPLES)]:
        raise AxesError(f"dims {', '.join(unknown)} are none of T Z C Y X S", remedy="Rename them with .rename().")
    missing = [dim for dim in DIMS if dim not in array.dims]
    scalars = [dim for dim in missing if dim in array.coords]
    order = [*DIMS, SAMPLES] if SAMPLES in array.dims else list(DIMS)
    grown = array.expand_dims([*scalars, *(dim for dim in missing if dim not in scalars)])
    return grown.transpose(*order)


def _as_recipe(array: xarray.DataArray) -> Recipe:
    data = array.data
    return ArrayRecipe(data) if isinstance(data, np.ndarray) else DuckRecipe(data)


def _facts_of(array: xarray.DataArray, name: Any) -> Facts:
    shape = tuple(int(size) for size in array.shape)
    facts = Facts.of(shape, name=None if name is None else str(name))
    axes = {dim: _positions(array, dim) for dim in ("T", "Z", "Y", "X")}
    rows = {field: _along_c(array, "C" if field == "name" else field) for field in CHANNEL_FIELDS}
    return replace(
        facts,
        axes={dim: axis for dim, axis in axes.items() if axis is not None},
        channels={field: values for field, values in rows.items() if values is not None},
        planes=_plane_table(array),
    )


def _positions(array: xarray.DataArray, dim: str) -> AxisPositions | None:
    name = "time" if dim == "T" and "time" in array.coords else dim
    if name not in array.coords or array.coords[name].dims != (dim,):
        return None
    values = np.asarray(array.coords[name].values)
    return positions_of(values.astype(np.float64)) if values.dtype.kind in "iuf" else None


def _along_c(array: xarray.DataArray, name: str) -> tuple[Any, ...] | None:
    if name not in array.coords or array.coords[name].dims != ("C",):
        return None
    values = tuple(_known(value) for value in array.coords[name].values.tolist())
    return values if any(value is not None for value in values) else None


def _known(value: Any) -> Any:
    return None if value == "" or value != value else value


def _plane_table(array: xarray.DataArray) -> PlaneTable | None:
    columns = {
        name: np.asarray(array.coords[name].values)
        for name in PLANE_FIELDS
        if name in array.coords and array.coords[name].dims == ("T", "Z", "C")
    }
    return PlaneTable.of(columns) if columns else None


def mapped(
    data: xarray.DataArray,
    facts: Facts,
    function: Callable[[xarray.DataArray], xarray.DataArray],
    step: str | None,
) -> tuple[Recipe, Facts]:
    """Apply a function and keep the facts that its result still bears out."""
    result = function(data)
    recipe, found = take_apart(result)
    label = step or getattr(function, "__name__", "map")
    reduced = [dim for dim, size in facts.sizes.items() if dim not in result.dims and size > 1]
    kept = _still_true(facts, found, {str(dim) for dim in result.dims})
    return recipe, kept.with_step("map", function=label, reduced=reduced or None)


def _still_true(old: Facts, new: Facts, dims: set[str]) -> Facts:
    axes = {dim: _keep_axis(old.axes.get(dim), axis) for dim, axis in new.axes.items()}
    same_channels = "C" in dims and new.sizes["C"] == old.sizes["C"]
    shared = {name: values[:1] for name, values in old.channels.items() if len(set(values)) == 1}
    channels: Mapping[str, tuple[Any, ...]] = new.channels
    if same_channels and new.channels.get("name") == old.channels.get("name"):
        channels = old.channels
    elif "C" not in dims:
        channels = shared
    same_planes = all(new.sizes[dim] == old.sizes[dim] and dim in dims for dim in ("T", "Z", "C"))
    return replace(
        new, axes=axes, channels=channels, planes=old.planes if same_planes and new.planes else None, static=old.static
    )


def _keep_axis(old: AxisPositions | None, new: AxisPositions) -> AxisPositions:
    if old is None or old.size != new.size:
        return new
    # a single pixel has lost its spacing on the way through xarray
    return old if np.allclose(old.values(), new.values(), rtol=0, atol=1e-9, equal_nan=True) else new


def projected(recipe: Recipe, facts: Facts, along: str, how: Projector) -> tuple[Recipe, Facts]:
    """Reduce a dim; what lay along it is no longer known."""
    if along not in facts.sizes or along == SAMPLES:
        raise AxesError(f"cannot project along {along!r}", remedy="Choose T, Z, C, Y or X.")
    axes = {dim: axis for dim, axis in facts.axes.items() if dim != along}
    shared = {name: values[:1] for name, values in facts.channels.items() if len(set(values)) == 1}
    reduced = replace(
        facts,
        sizes={**facts.sizes, along: 1},
        axes=axes,
        channels=shared if along == "C" else facts.channels,
        planes=None if along in ("T", "Z", "C") else facts.planes,
    )
    step = reduced.with_step("project", along=along, how=how, size=facts.sizes[along])
    return Projection(recipe, recipe_axis(facts, along), how), step


def recipe_axis(facts: Facts, dim: str) -> int:
    """Return the place of a dim."""
    return list(facts.sizes).index(dim)


def split_facts(facts: Facts) -> Facts:
    """Describe samples as channels."""
    if SAMPLES not in facts.sizes or facts.sizes["C"] != 1:
        raise LayoutError("split_samples needs samples (S) and one channel")
    count = facts.sizes[SAMPLES]
    sizes = {dim: size for dim, size in facts.sizes.items() if dim != SAMPLES} | {"C": count}
    names, colors = ("Red", "Green", "Blue"), ("#FF0000", "#00FF00", "#0000FF")
    channels = {"name": names, "color": colors} if count == 3 else {}
    return replace(facts, sizes=sizes, channels=channels, planes=None).with_step("split_samples")


def join_facts(facts: Facts) -> Facts:
    """Describe channels as samples."""
    if SAMPLES in facts.sizes:
        raise LayoutError("join_samples needs an image without samples (S)")
    sizes = {**facts.sizes, "C": 1, SAMPLES: facts.sizes["C"]}
    return replace(facts, sizes=sizes, channels={}, planes=None).with_step("join_samples")

"""What is still true after pixels were changed: functions of DataArrays, projections, samples as channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omio.dataset.from_xarray import take_apart
from omio.dims import SAMPLES
from omio.errors import AxesError, LayoutError
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.lazy.projection import Projection, Projector
from omio.metadata.axes import Listed, Regular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray

    from omio.lazy.recipe import Recipe
    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts


@dataclass(frozen=True, eq=False)
class Mapped(DuckRecipe):
    """The lazy result of a function; what it was made from stays known, so that its files are."""

    base: Recipe | None = None

    def parts(self) -> tuple[Recipe, ...]:
        """Return what the function was applied to."""
        return () if self.base is None else (self.base,)


def mapped(
    data: xarray.DataArray,
    base: Recipe,
    facts: Facts,
    function: Callable[[xarray.DataArray], xarray.DataArray],
    step: str | None,
) -> tuple[Recipe, Facts]:
    """Apply a function and keep the facts that its result still bears out.

    Raises
    ------
    LayoutError
        Where the function returns no DataArray.
    """
    result = function(data)
    if not hasattr(result, "dims") or not hasattr(result, "coords") or hasattr(result, "data_vars"):
        kind = type(result).__name__
        raise LayoutError(f"the function returned a {kind}", place="map", remedy="Return an xarray.DataArray.")
    recipe, found = take_apart(result)
    if not isinstance(recipe, ArrayRecipe):
        recipe = Mapped(recipe.array, base=base) if isinstance(recipe, DuckRecipe) else recipe
    label = step or getattr(function, "__name__", "map")
    reduced = [dim for dim, size in facts.sizes.items() if dim not in result.dims and size > 1]
    return recipe, _still_true(facts, found, result).with_step("map", function=label, reduced=reduced or None)


def _still_true(old: Facts, new: Facts, result: xarray.DataArray) -> Facts:
    """Trust the coordinates of the result; the old facts only add what xarray cannot hold."""
    axes = {dim: _keep_spacing(dim, old.axes.get(dim), axis, result) for dim, axis in new.axes.items()}
    reduced_channels = "C" not in result.dims and "C" not in result.coords
    channels = shared(old) if reduced_channels and not new.channels else new.channels
    return replace(new, axes=axes, channels=channels, static=old.static)


def _keep_spacing(dim: str, old: AxisPositions | None, new: AxisPositions, result: xarray.DataArray) -> AxisPositions:
    if old is not None and old.size == new.size and old.agrees(new):
        return old
    if new.size != 1:
        return new
    position = float(new.values()[0])
    picked = dim not in result.dims  # only an integer selection leaves a position without its dim
    if isinstance(old, Regular) and (picked or (old.size == 1 and old.origin == position)):
        return Regular(position, old.spacing, 1)
    return Listed(new.values())


def shared(facts: Facts) -> Mapping[str, tuple[Any, ...]]:
    """Return what all channels have in common, for one channel made of all."""
    return {name: values[:1] for name, values in facts.channels.items() if len(set(values)) == 1}


def projected(recipe: Recipe, facts: Facts, along: str, how: Projector) -> tuple[Recipe, Facts]:
    """Reduce a dim; what lay along it is no longer known."""
    if along not in facts.sizes or along == SAMPLES:
        raise AxesError(f"cannot project along {along!r}", remedy="Choose T, Z, C, Y or X.")
    reduced = replace(
        facts,
        sizes={**facts.sizes, along: 1},
        axes={dim: axis for dim, axis in facts.axes.items() if dim != along},
        channels=shared(facts) if along == "C" else facts.channels,
        planes=None if along in ("T", "Z", "C") else facts.planes,
    )
    step = reduced.with_step("project", along=along, how=how, size=facts.sizes[along])
    return Projection(recipe, list(facts.sizes).index(along), how), step


def split_facts(facts: Facts) -> Facts:
    """Describe samples as channels; three of them are red, green and blue."""
    if SAMPLES not in facts.sizes or facts.sizes["C"] != 1:
        raise LayoutError("split_samples needs samples (S) and one channel")
    count = facts.sizes[SAMPLES]
    sizes = {dim: size for dim, size in facts.sizes.items() if dim != SAMPLES} | {"C": count}
    names, colors = ("Red", "Green", "Blue"), ("#FF0000", "#00FF00", "#0000FF")
    channels = {"name": names, "color": colors} if count == 3 else {}
    before = {name: values[0] for name, values in facts.channels.items()}
    split = replace(facts, sizes=sizes, channels=channels, planes=None)
    return split.with_sources({"channels": "policy: split_samples"}).with_step("split_samples", channel=before or None)


def join_facts(facts: Facts) -> Facts:
    """Describe channels as samples; their names stay in the provenance."""
    if SAMPLES in facts.sizes:
        raise LayoutError("join_samples needs an image without samples (S)")
    sizes = {**facts.sizes, "C": 1, SAMPLES: facts.sizes["C"]}
    names = facts.channels.get("name")
    joined = replace(facts, sizes=sizes, channels=shared(facts), planes=None)
    return joined.with_step("join_samples", channels=None if names is None else list(names))

"""Carrying out merge and pad plans: trees of recipes, no pixel is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset import levels as pyramid
from omio.errors import PolicyError
from omio.lazy.tree import cast, concat, pad
from omio.metadata.combine import concat_facts, pad_facts
from omio.metadata.original import jsonable
from omio.policies.merge import MergePolicy, StrictMerge
from omio.policies.pad import PadPolicy, ZeroPad

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts, Static
    from omio.policies.pad import PadPlan, Width


def merged(
    parts: Sequence[MicroscopyDataset], along: str, policy: MergePolicy | str | dict[str, Any] | None
) -> tuple[Recipe, Facts, tuple[pyramid.Level, ...]]:
    """Plan a merge by policy and build it."""
    chosen = StrictMerge() if policy is None else MergePolicy.resolve(policy)
    plan = chosen.plan(parts, along)
    axis = parts[0].dims.index(along)
    pieces = [_pad(part.recipe, part.facts, one) for part, one in zip(parts, plan.pads, strict=True)]
    recipe = concat(tuple(cast(piece, plan.dtype) for piece, _ in pieces), axis)
    facts = concat_facts([facts for _, facts in pieces], along, plan.times)
    facts = facts.with_static(provenance=parts[0].facts.static.provenance).with_step(
        "merge", along=along, policy=chosen.describe(), parts=_places(parts, along)
    )
    untouched = all(not any(map(any, one.widths.values())) for one in plan.pads)
    levels = pyramid.join([part._coarser for part in parts], axis) if untouched else ()
    return recipe, facts, levels


def _places(parts: Sequence[MicroscopyDataset], along: str) -> list[dict[str, Any]]:
    """Say of each part where it lies, where it came from, and what the merged image no longer says of it."""
    places, start = [], 0
    for part in parts:
        stop = start + part.sizes[along]
        source = part._source and part._source.name
        steps = part.facts.static.provenance
        origin = next((step for step in steps if step["action"] == "open"), {})
        entry = {"file": source, "scene": origin.get("scene"), "at": [start, stop]}
        if part is not parts[0]:
            entry |= _own(parts[0].facts.static, part.facts.static)
        places.append({name: value for name, value in entry.items() if value is not None})
        start = stop
    return places


def _own(first: Static, static: Static) -> dict[str, Any]:
    if static is first:
        return {}
    own = {
        name: jsonable(getattr(static, name)) for name in _OF_A_PART if getattr(static, name) != getattr(first, name)
    }
    untouched = len(static.provenance) < 2 or static.provenance == first.provenance
    return own if untouched else {**own, "provenance": jsonable(static.provenance)}


_OF_A_PART = ("name", "description", "acquired", "objective", "stage_position")
"""Facts of which the merged image has the first part's."""


def padded(
    image: MicroscopyDataset,
    widths: Mapping[str, Width],
    to: Mapping[str, int],
    policy: PadPolicy | str | dict[str, Any] | None,
) -> tuple[Recipe, Facts]:
    """Plan a padding by policy and build it."""
    chosen = ZeroPad() if policy is None else PadPolicy.resolve(policy)
    plan = chosen.plan(image.sizes, widths, to)
    recipe, facts = _pad(image.recipe, image.facts, plan)
    detail = {dim: list(width) for dim, width in plan.widths.items()}
    return recipe, facts.with_step("pad", widths=detail, policy=chosen.describe())


def _pad(recipe: Recipe, facts: Facts, plan: PadPlan) -> tuple[Recipe, Facts]:
    if not plan.widths:
        return recipe, facts
    if np.array(plan.fill).astype(recipe.dtype) != plan.fill:
        raise PolicyError(f"{recipe.dtype} pixels cannot hold the fill value {plan.fill:g}")
    dims = list(facts.sizes)
    by_axis = {dims.index(dim): width for dim, width in plan.widths.items()}
    return pad(recipe, by_axis, plan.mode, plan.fill), pad_facts(facts, plan.widths)

"""Carrying out mosaic plans: tiles on a plane, no pixel is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset.merging import check_fill, part_entry, warn
from omio.lazy.placed import Placed
from omio.lazy.tree import cast
from omio.metadata.axes import Listed, Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.sharing import shared
from omio.policies.merge import name_part
from omio.policies.mosaic import PLANE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.levels import Level
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Columns
    from omio.policies.mosaic import MosaicMerge, MosaicPlan


def mosaicked(
    parts: Sequence[MicroscopyDataset], along: str, policy: MosaicMerge
) -> tuple[Recipe, Facts, tuple[Level, ...]]:
    """Plan a mosaic and build it.

    Coarser levels are left out: tiles seldom lie on whole pixels of them.
    """
    plan = policy.plan(parts, along)
    check_fill(plan.fill, plan.dtype)
    items = tuple(cast(parts[number].recipe, plan.dtype) for number in plan.order)
    recipe = Placed(items, plan.corners[plan.order], plan.plane, plan.fill)
    if plan.hidden:
        hidden = [name_part(number + 1, parts[number]) for number in plan.hidden]
        warn("not seen in the mosaic, as another tile lies on top in the same place: ", hidden)
    common, left_out = _common_columns([part.facts for part in parts])
    facts = _described([part.facts for part in parts], plan, policy, common).with_step(
        "merge",
        along=along,
        policy=policy.describe(),
        parts=_places(parts, plan),
        rounding=round(plan.rounding, 6),
        left_out=left_out or None,
    )
    return recipe, facts, ()


def _described(tiles: Sequence[Facts], plan: MosaicPlan, policy: MosaicMerge, common: Columns) -> Facts:
    first = shared(tiles, plan.words)
    axes, sizes = dict(first.axes), dict(first.sizes)
    for dim, size, corner in zip(PLANE, plan.plane, plan.corners[0].tolist(), strict=True):
        axis = axes[dim]
        if isinstance(axis, Regular):  # as the plan has seen to
            axes[dim] = axis.extend(corner, size - corner - axis.size)
        sizes[dim] = size
    stage = policy.stage_of_plane(plan, first)
    depths = {(tile.static.stage_position or {}).get("Z") for tile in tiles}
    if len(depths) == 1 and (depth := depths.pop()) is not None:
        stage["Z"] = depth
    sources = {f"stage_position.{dim}": f"policy: {policy.kind}" for dim in PLANE}
    described = replace(first, sizes=sizes, axes=axes, planes=PlaneTable.of(common) if common else None)
    return described.with_static(stage_position=stage).with_sources(sources)


def _common_columns(tiles: Sequence[Facts]) -> tuple[Columns, list[str]]:
    """Return the facts of planes that all tiles share, and the names of the others.

    Where the stage stood is a fact of a tile, also where all tiles of a column say the same.
    """
    tables = [tile.planes.columns if tile.planes else {} for tile in tiles]
    names = dict.fromkeys(name for table in tables for name in table)
    shared_by_all = [name for name in names if all(_same(tables[0], table, name) for table in tables)]
    common = {name: tables[0][name] for name in shared_by_all if name not in ("stage_x", "stage_y")}
    return common, [name for name in names if name not in common]


def _same(first: Columns, table: Columns, name: str) -> bool:
    if name not in first or name not in table:
        return False
    return first[name] is table[name] or np.array_equal(
        first[name], table[name], equal_nan=first[name].dtype.kind == "f"
    )


def _places(parts: Sequence[MicroscopyDataset], plan: MosaicPlan) -> list[dict[str, Any]]:
    """Say of each tile which pixels it has, where the stage stood, and what the whole no longer says of it."""
    places = []
    for part, (top, left), stands in zip(parts, plan.corners.tolist(), plan.stage.tolist(), strict=True):
        at = {"Y": [top, top + part.sizes["Y"]], "X": [left, left + part.sizes["X"]]}
        stage = {**(part.facts.static.stage_position or {}), **dict(zip(PLANE, stands, strict=True))}
        times = part.facts.axes.get("T")
        begins = times.origin if isinstance(times, Listed) else None
        places.append({**part_entry(part, parts[0], plan.words, at=at, begins=begins), "stage_position": stage})
    return places

"""Carrying out merge and pad plans: trees of recipes, no pixel is read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.arguments import checked_call
from omio.dataset import levels as pyramid
from omio.dataset.dataset import MicroscopyDataset
from omio.errors import MergeError, OmioWarning, PolicyError
from omio.lazy.tree import cast, concat, pad
from omio.lazy.view import view
from omio.metadata.channelnames import told_apart
from omio.metadata.combine import JOINED, concat_facts, pad_facts
from omio.metadata.original import jsonable
from omio.policies.merge import MergePolicy, name_part
from omio.policies.mosaic import MosaicMerge
from omio.policies.pad import PadPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.metadata.sharing import Sharing
    from omio.policies.base import Choice
    from omio.policies.merge import Fit, MergePlan
    from omio.policies.pad import PadPlan, Width

type Parts = MicroscopyDataset | Mapping[Any, Parts] | Iterable[Parts]
"""What can be merged: a dataset, or a sequence or mapping of what can be merged."""


@checked_call
def merge(
    parts: Parts,
    *,
    along: str = "T",
    policy: Choice[MergePolicy] | None = None,
    **fields: Any,
) -> MicroscopyDataset:
    """Put images one after another along T, Z or C, or lay them out as a mosaic along M; no pixel is read.

    Parameters
    ----------
    parts
        Datasets, sequences of them, and mappings such as a `MicroscopyCollection`, whose values are taken in order.
    along
        The dim that grows.
    policy
        A `MergePolicy`, its kind (``"strict"``, ``"padded"``, ``"cropped"``), or its fields; `StrictMerge` by default,
        along M `MosaicMerge`.
    **fields
        Fields of the policy, such as ``dtype="promote"``.

    Raises
    ------
    MergeError
        Listing every conflict.
    PolicyError
        For an unknown policy or field.
    """
    first, *others = gathered(parts) or _nothing()
    return first.merge(*others, along=along, policy=policy, **fields)


def gathered(parts: Parts) -> list[MicroscopyDataset]:
    """List the datasets of nested sequences and mappings, in order."""
    if isinstance(parts, MicroscopyDataset):
        return [parts]
    if isinstance(parts, str | os.PathLike) or hasattr(parts, "dtype") or not isinstance(parts, Iterable):
        what = type(parts).__name__ if hasattr(parts, "dtype") else repr(parts)
        remedy = "Give datasets: omio.open() makes one of a file, MicroscopyDataset.from_array() one of an array."
        raise MergeError(f"cannot merge {what}", remedy=remedy)
    items = parts.values() if isinstance(parts, Mapping) else parts
    return [image for item in items for image in gathered(item)]


def _nothing() -> list[MicroscopyDataset]:
    raise MergeError("nothing to merge", remedy="Give at least one dataset.")


def merged(
    parts: Sequence[MicroscopyDataset], along: str, policy: Choice[MergePolicy] | None, **fields: Any
) -> tuple[Recipe, Facts, tuple[pyramid.Level, ...]]:
    """Plan a merge by policy and build it."""
    chosen = _policy(along, policy, fields)
    if isinstance(chosen, MosaicMerge):
        from omio.dataset.mosaic import mosaicked

        return mosaicked(parts, along, chosen)
    plan = chosen.plan(parts, along)
    axis = parts[0].dims.index(along)
    changes = [fit.changes(part.sizes) for fit, part in zip(plan.fits, parts, strict=True)]
    recipe = concat(tuple(_fitted(part, fit, plan.dtype) for part, fit in zip(parts, plan.fits, strict=True)), axis)
    described = _described(parts, plan)
    facts = concat_facts(described, along, plan.times, plan.words).with_step(
        "merge",
        along=along,
        policy=chosen.describe(),
        parts=_places(parts, [facts.sizes[along] for facts in described], changes, plan.words),
    )
    if any(changes):
        _warn(parts, changes)
        return recipe, facts, ()
    return recipe, facts, pyramid.join([part._coarser for part in parts], axis)


def _policy(along: str, policy: Choice[MergePolicy] | None, fields: Mapping[str, Any]) -> MergePolicy:
    """Return the policy that is meant: along M a mosaic, unless another is named."""
    if along == "M" and not isinstance(policy, MergePolicy):
        return MosaicMerge.resolve(policy, **fields)
    return MergePolicy.resolve(policy, **fields)


def _fitted(part: MicroscopyDataset, fit: Fit, dtype: np.dtype[Any]) -> Recipe:
    """Crop, convert and pad: the added pixels have a value of the result's dtype."""
    key = tuple(fit.crop.get(dim, range(size)) for dim, size in part.sizes.items())
    return _pad(cast(view(part.recipe, key), dtype), part.dims, fit.pad)


def _described(parts: Sequence[MicroscopyDataset], plan: MergePlan) -> list[Facts]:
    facts = [fit.facts(part.facts) for part, fit in zip(parts, plan.fits, strict=True)]
    return told_apart(facts, plan.names, [_file(part) for part in parts]) if plan.along == "C" else facts


def _warn(parts: Sequence[MicroscopyDataset], changes: Sequence[Mapping[str, Any]]) -> None:
    """Say once which parts were cropped or padded, and how."""
    told = [
        f"{name_part(number, part)} {_change_text(part.sizes, change)}"
        for number, (part, change) in enumerate(zip(parts, changes, strict=True), start=1)
        if change
    ]
    warn("to merge them, ", told)


def warn(lead: str, told: Sequence[str]) -> None:
    """Warn once of several parts."""
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    package = str(Path(__file__).parents[1])  # the warning names the line that called omio
    warnings.warn(f"{lead}{'; '.join(told[:_SHOWN])}{more}", OmioWarning, skip_file_prefixes=(package,))


_SHOWN = 10
"""Parts that a warning names; the provenance names all."""


def _change_text(sizes: Mapping[str, int], change: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    lost = [f"{dim} from {sizes[dim]} to {stop - start}" for dim, (start, stop) in change.get("cropped", {}).items()]
    added = change.get("padded", {}).items()
    gained = [f"{dim} from {sizes[dim]} to {sizes[dim] + before + after}" for dim, (before, after) in added]
    told = {"is cropped in ": lost, "is padded in ": gained}
    return " and ".join(verb + ", ".join(dims) for verb, dims in told.items() if dims)


def _places(
    parts: Sequence[MicroscopyDataset],
    lengths: Sequence[int],
    changes: Sequence[Mapping[str, Any]],
    words: Mapping[str, Sharing],
) -> list[dict[str, Any]]:
    """Say of each part where it lies along the dim, and what `part_entry` says."""
    places, start = [], 0
    for part, length, change in zip(parts, lengths, changes, strict=True):
        stop = start + length
        places.append(part_entry(part, parts[0], words, at=[start, stop], **change))
        start = stop
    return places


def part_entry(
    part: MicroscopyDataset, first: MicroscopyDataset, words: Mapping[str, Sharing] = JOINED, **place: Any
) -> dict[str, Any]:
    """Say of a part where it came from, where it lies, and what the merged image no longer says of it."""
    steps = part.facts.static.provenance
    origin = next((step for step in steps if step["action"] == "open"), {})
    entry = {"file": _file(part), "scene": origin.get("scene"), **place}
    if part is not first:
        entry |= _own(first.facts, part.facts, words)
    return {name: value for name, value in entry.items() if value is not None}


def _file(part: MicroscopyDataset) -> str | None:
    return None if part._source is None else part._source.name


def _own(first: Facts, part: Facts, words: Mapping[str, Sharing]) -> dict[str, Any]:
    if part is first:
        return {}
    static = part.static
    facts = [*_OF_A_PART, *(["annotations"] if words.get("annotations") == "first" else [])]
    own = {
        name: jsonable(getattr(static, name)) for name in facts if getattr(static, name) != getattr(first.static, name)
    }
    if "channels" in words:
        channels = {name: list(values) for name, values in part.channels.items() if values != first.channels.get(name)}
        own |= {"channels": channels} if channels else {}
    untouched = len(static.provenance) < 2 or static.provenance == first.static.provenance
    return own if untouched else {**own, "provenance": jsonable(static.provenance)}


_OF_A_PART = ("name", "description", "acquired", "objective", "stage_position")
"""Facts that a merged image has once; it joins annotations and `original` unless told otherwise."""


def padded(
    image: MicroscopyDataset,
    widths: Mapping[str, Width],
    to: Mapping[str, int],
    policy: Choice[PadPolicy] | None,
    **fields: Any,
) -> tuple[Recipe, Facts]:
    """Plan a padding by policy and build it."""
    chosen = PadPolicy.resolve(policy, **fields)
    plan = chosen.plan(image.sizes, widths, to)
    detail = {dim: list(width) for dim, width in plan.widths.items()}
    facts = pad_facts(image.facts, plan.widths).with_step("pad", widths=detail, policy=chosen.describe())
    return _pad(image.recipe, image.dims, plan), facts


def _pad(recipe: Recipe, dims: Sequence[str], plan: PadPlan) -> Recipe:
    if not any(map(any, plan.widths.values())):
        return recipe
    if plan.mode == "constant":
        check_fill(plan.fill, recipe.dtype)
    by_axis = {dims.index(dim): width for dim, width in plan.widths.items()}
    return pad(recipe, by_axis, plan.mode, plan.fill)


def check_fill(fill: float, dtype: np.dtype[Any]) -> None:
    """Raise `PolicyError` unless a dtype holds a value: whole numbers exactly, real ones to the nearest it has."""
    with np.errstate(invalid="ignore", over="ignore"):
        held = np.array(fill).astype(dtype)
    if not (np.isfinite(held) == np.isfinite(fill) if dtype.kind in "fc" else held == fill):
        raise PolicyError(f"{dtype} pixels cannot hold the fill value {fill:g}")

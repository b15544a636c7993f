"""One image of the files of a grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset.sequence.stack import FileStack
from omio.dataset.sequence.tiling import side_by_side
from omio.dims import PLANE_DIMS, dims_of
from omio.errors import MergeError
from omio.lazy.blank import Blank
from omio.lazy.lifetime import Lifetime
from omio.metadata.axes import Listed
from omio.metadata.combine import concat_facts
from omio.policies.merge import MergePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.sequence.grid import FileGrid, Label
    from omio.dataset.sequence.models import Model
    from omio.lazy.leaf import FileRecipe
    from omio.metadata.facts import Facts
    from omio.policies.base import Choice

type Images = dict[int, MicroscopyDataset]
"""Number of the place -> the image there."""


def stacked(
    model: Model, recipe: FileRecipe, grid: FileGrid, fill: float, stamps: NDArray[np.int64] | None
) -> MicroscopyDataset:
    """Join files that are alike: what holds of the first holds of all, times of planes only where all were compared."""
    facts = model.image.facts if stamps is not None else replace(model.image.facts, planes=None)
    for dim, labels in reversed(tuple(zip(grid.dims, grid.labels, strict=True))):
        facts = _repeated(model.image, facts, dim, labels)
    counts = tuple(grid.counts.get(dim, 1) for dim in dims_of(recipe.ndim))
    names = tuple(grid.files.get(number) for number in range(grid.size))
    stack = FileStack(counts, fill, recipe, grid.listing.folder, names, stamps, model=model)
    return model.image._replace(_recipe=stack, _facts=facts, _coarser=())


def _repeated(image: MicroscopyDataset, facts: Facts, dim: str, labels: Sequence[Label]) -> Facts:
    """Describe files that are alike along one dim; what two of them agree in, all do."""
    parts = [_named(facts, label) if dim == "C" else facts for label in labels]
    if dim not in PLANE_DIMS:
        return concat_facts(parts, dim)
    pair = [image._replace(_recipe=Blank(facts.shape, image.dtype), _facts=part) for part in parts[:2]]
    plan = MergePolicy.resolve(None).plan(pair, dim)
    return concat_facts(parts, dim, plan.times, plan.words)


def _named(facts: Facts, label: Label) -> Facts:
    """Call a channel that has no name as the file's name does."""
    if isinstance(label, int) or facts.sizes["C"] != 1 or facts.channels.get("name") is not None:
        return facts
    return replace(facts, channels={**facts.channels, "name": (label,)}).with_sources({"channels[0].name": "file name"})


def filled(images: Images, grid: FileGrid, fill: float) -> Images:
    """Put images of one value in the places of missing files, described as a file of the same channel is."""
    like: dict[Label | None, MicroscopyDataset] = {}
    for number, image in images.items():
        like.setdefault(grid.channel(number), image)
    first = next(iter(images.values()))
    unknown = first._replace(_facts=replace(first.facts, channels={}))
    blanks = {number: _blank(like.get(grid.channel(number), unknown), grid, fill) for number in grid.missing()}
    return {**images, **blanks}


def _blank(like: MicroscopyDataset, grid: FileGrid, fill: float) -> MicroscopyDataset:
    """Return what stands in the place of a missing file: nothing is known of its planes, nor when they were taken."""
    axes = dict(like.facts.axes)
    if "T" in grid.dims and isinstance(times := axes.get("T"), Listed):
        axes["T"] = Listed(np.full(times.size, np.nan))
    facts = replace(like.facts, axes=axes, planes=None)
    return like._replace(_recipe=Blank(like.shape, like.dtype, fill), _facts=facts, _coarser=())


def merged(images: Images, grid: FileGrid, policy: Choice[MergePolicy] | None) -> MicroscopyDataset:
    """Merge by policy, the innermost dim first, so that each dim's parts are whole.

    Raises
    ------
    MergeError
        Listing every conflict of all files that are compared with each other.
    """
    for dim, labels in reversed(tuple(zip(grid.dims, grid.labels, strict=True))):
        images = _along(images, dim, labels, policy)
    return images[0]


def _along(images: Images, dim: str, labels: Sequence[Label], policy: Choice[MergePolicy] | None) -> Images:
    groups: dict[int, list[MicroscopyDataset]] = {}
    for number in sorted(images):
        row, at = divmod(number, len(labels))
        image = images[number]
        named = image._replace(_facts=_named(image.facts, labels[at])) if dim == "C" else image
        groups.setdefault(row, []).append(named)
    found: Images = {}
    refused: list[MergeError] = []
    for row, parts in groups.items():
        try:
            found[row] = _joined(parts, dim, policy)
        except MergeError as error:
            refused.append(error)
    if refused:
        raise _together(refused)
    return found


def _joined(parts: Sequence[MicroscopyDataset], dim: str, policy: Choice[MergePolicy] | None) -> MicroscopyDataset:
    if len(parts) == 1:
        return parts[0]
    return parts[0].merge(*parts[1:], along=dim, policy=policy) if dim in PLANE_DIMS else side_by_side(parts, dim)


def _together(errors: Sequence[MergeError]) -> MergeError:
    if len(errors) == 1:
        return errors[0]
    conflicts = tuple(conflict for error in errors for conflict in error.conflicts or (error.cause,))
    listed = "\n  ".join(conflicts)
    together = MergeError(f"{len(conflicts)} conflicts:\n  {listed}", remedy=errors[0].remedy)
    together.conflicts = conflicts
    return together


def tell(image: MicroscopyDataset, **step: Any) -> MicroscopyDataset:
    """Let the provenance begin with one step for all files; what was done to the first before it was joined follows."""
    opened, *done = image.facts.static.provenance
    told = {name: value for name, value in {**opened, **step}.items() if value is not None}
    facts = image.facts.with_static(provenance=(told, *done))
    return image._replace(_facts=facts, _associated={}, _lifetime=Lifetime())

"""Images put on one plane where their user says, in pixels; `MosaicMerge` places them by stage position instead."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.arguments import checked_call
from omio.dataset.merging import check_fill
from omio.errors import RegionError
from omio.lazy.lifetime import Lifetime
from omio.lazy.placed import Placed
from omio.lazy.tree import cast
from omio.metadata.axes import Regular, same_step
from omio.metadata.compare import size_differences
from omio.metadata.sharing import disagreements, shared
from omio.policies.merge import refused
from omio.policies.metadata import MetadataPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.dataset.dataset import MicroscopyDataset
    from omio.metadata.facts import Facts
    from omio.raster.scaling import Resampling


@checked_call
def mosaic(
    images: Sequence[MicroscopyDataset],
    positions: Sequence[tuple[int, int]],
    *,
    scales: Sequence[float] | None = None,
    size: tuple[int, int] | None = None,
    fill: float = 0,
    resample: Resampling = "auto",
) -> MicroscopyDataset:
    """Put images on one plane; lazy.

    Parameters
    ----------
    images
        Of the same T, Z, C and S; the later lies on top. Where their dtypes differ, the result has one that holds all.
    positions
        Column and row (x, y) of each image's first pixel; negative ones let the plane begin there.
    scales
        By how much each image is enlarged before it is placed; by default 1.
    size
        Columns and rows (width, height) of the plane, from column and row 0 on: what lies outside is cut off. By
        default it holds all images.
    fill
        Value of pixels where no image lies.
    resample
        How images are enlarged or reduced; see `MicroscopyDataset.region`.

    Raises
    ------
    MergeError
        Listing how the images differ in what one plane has once.
    RegionError
        Other numbers of positions or scales than images; positions between pixels; scales that are no numbers above 0;
        an empty plane.
    """
    count = len(images)
    if not count or len(positions) != count or len(scales or images) != count:
        cause = f"{count} images, {len(positions)} positions, {count if scales is None else len(scales)} scales"
        raise RegionError(cause, remedy="Give one position, and one scale or none, an image.")
    if not all(isinstance(at, Integral) for place in positions for at in place):
        raise RegionError(f"positions={list(positions)!r}", remedy="Use whole pixels: (x, y) of each image.")
    parts = [_scaled(image, scale, resample) for image, scale in zip(images, scales or [1] * count, strict=True)]
    words = MetadataPolicy().words("M")
    _check([part.facts for part in parts], parts, words)
    dtype = np.result_type(*(part.dtype for part in parts))
    check_fill(fill, dtype)
    corners = np.array([(y, x) for x, y in positions], dtype=np.intp)
    ends = corners + np.array([part.recipe.shape[3:5] for part in parts], dtype=np.intp)
    low = np.minimum(corners.min(axis=0), 0)
    high = ends.max(axis=0) if size is None else np.maximum(ends.max(axis=0), size[::-1])
    height, width = (high - low).tolist()
    recipe = Placed(tuple(cast(part.recipe, dtype) for part in parts), corners - low, (height, width), fill)
    facts = _facts(shared([part.facts for part in parts], words), parts, recipe.shape, low.tolist())
    step = facts.with_step(
        "mosaic", positions=[list(map(int, at)) for at in positions], scales=scales and list(scales), fill=fill
    )
    whole = parts[0]._replace(_recipe=recipe, _facts=step, _coarser=(), _associated={}, _lifetime=Lifetime())
    if size is None:
        return whole
    return whole.isel(Y=slice(-low[0], size[1] - low[0]), X=slice(-low[1], size[0] - low[1]))


def _scaled(image: MicroscopyDataset, scale: float, resample: Resampling) -> MicroscopyDataset:
    if not 0 < scale < np.inf:
        raise RegionError(f"a scale of {scale}", remedy="Use numbers above 0.")
    if scale == 1:
        return image
    width, height = (max(1, round(image.sizes[dim] * scale)) for dim in "XY")
    return image.region(max_width=width, max_height=height, resample=resample)


def _check(facts: Sequence[Facts], parts: Sequence[MicroscopyDataset], words: Any) -> None:
    found = list(disagreements(list(enumerate(facts, start=1)), words))
    for number, part in enumerate(facts[1:], start=2):
        dims = dict.fromkeys((*facts[0].sizes, *part.sizes))
        found += [
            (number, reason) for dim in dims if dim not in "YX" for reason in size_differences(dim, facts[0], part)
        ]
    if found:
        raise refused(sorted(found), parts, "Make the images agree: sel, with_metadata.")


def _facts(first: Facts, parts: Sequence[MicroscopyDataset], shape: tuple[int, ...], low: list[int]) -> Facts:
    """Keep what holds for all: a pixel size, where all have it, and positions from column and row 0 on."""
    axes = dict(first.axes)
    for dim, start, size in zip("YX", low, shape[3:5], strict=True):
        axis = axes.pop(dim, None)
        others = [part.facts.axes.get(dim) for part in parts]
        if isinstance(axis, Regular) and all(other is not None and same_step(axis, other) for other in others):
            axes[dim] = Regular(start * axis.spacing, axis.spacing, size)
    sizes = dict(zip(first.sizes, shape, strict=True))
    return replace(first, sizes=sizes, axes=axes, planes=None).with_static(stage_position=None)

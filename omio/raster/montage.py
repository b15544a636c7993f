"""A montage: the planes of an image side by side on one plane."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import PLANE_DIMS
from omio.errors import AxesError, RegionError
from omio.indexing import full_key
from omio.lazy.placed import Placed
from omio.lazy.view import view
from omio.metadata.axes import Regular
from omio.raster.fill import fill_values

if TYPE_CHECKING:
    from omio.image import Image
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


def montage(image: Image, dims: str, columns: int | None, gap: int, fill: float) -> tuple[Recipe, Facts]:
    """Plan a montage; see `omio.dataset.looking.Looking.montage`. No pixel is read.

    Raises
    ------
    AxesError
        `dims` are not some of T, Z and C.
    RegionError
        Fewer than one column, a negative gap, no plane, or a `fill` that the dtype does not hold.
    """
    if not dims or set(dims) - set(PLANE_DIMS) or len(set(dims)) != len(dims):
        raise AxesError(f"dims={dims!r}", remedy='Name dims whose planes stand side by side, slowest first: "TCZ".')
    counts = [image.sizes[dim] for dim in dims]
    count = math.prod(counts)
    across = math.ceil(math.sqrt(count)) if columns is None else columns
    if not all(isinstance(number, Integral) for number in (across, gap)) or across < 1 or gap < 0 or not count:
        raise RegionError(f"{count} planes in {across} columns, {gap} pixels apart", remedy="Use whole numbers.")
    ground = fill_values(fill, image.dtype, ()).item()
    height, width = image.sizes["Y"], image.sizes["X"]
    places = np.stack(np.divmod(np.arange(count), across), -1)
    corners = places * (height + gap, width + gap)
    plane = tuple((corners.max(axis=0) + np.array((height, width))).tolist())
    items = tuple(view(image.recipe, _plane(image, dims, at)) for at in np.ndindex(*counts))
    recipe = Placed(items, corners.astype(np.intp), (plane[0], plane[1]), ground)
    step = {"dims": dims, "columns": int(across), "frame": [height, width], "gap": int(gap) or None}
    return recipe, _facts(image.facts, dims, recipe.shape).with_step("montage", **step)


def _plane(image: Image, dims: str, at: tuple[int, ...]) -> Key:
    key: list[Any] = list(full_key(image.recipe.shape))
    for dim, place in zip(dims, at, strict=True):
        key[PLANE_DIMS.index(dim)] = range(place, place + 1)
    return tuple(key)


def _facts(facts: Facts, dims: str, shape: tuple[int, ...]) -> Facts:
    """Keep what is true of all planes: pixels have their size, and positions count from the first plane's corner."""
    sizes = dict(zip(facts.sizes, shape, strict=True))
    axes = {
        dim: replace(axis, size=sizes[dim]) if isinstance(axis, Regular) else axis
        for dim, axis in facts.axes.items()
        if sizes[dim] == facts.sizes[dim] or (dim in "YX" and isinstance(axis, Regular))
    }
    same = [dim for dim in PLANE_DIMS if sizes[dim] == facts.sizes[dim]]
    return replace(
        facts,
        sizes=sizes,
        axes=axes,
        channels=facts.channels if "C" in same else {},
        planes=facts.planes if len(same) == len(PLANE_DIMS) else None,
    )

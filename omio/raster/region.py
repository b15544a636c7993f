"""Regions: a part of every plane, as it is or at another size, lazily and with true positions."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from omio.errors import OmioWarning, RegionError
from omio.indexing import full_key
from omio.lazy.view import view
from omio.metadata.axes import Listed, Regular
from omio.metadata.combine import pad_facts
from omio.raster.box import Box, Frame, Pair, fit
from omio.raster.fill import fill_values
from omio.raster.levels import Rounding, nearest_level, resolutions, tile_extent, virtual_levels
from omio.raster.pyramid import STAGE, VirtualLevel, is_picture, pyramid_of
from omio.raster.resampled import Resampled, on_ground
from omio.raster.scaling import Resampling, check_resampling, nearest
from omio.raster.window import box_of

if TYPE_CHECKING:
    from omio.image import Image
    from omio.indexing import Index, Key
    from omio.lazy.recipe import Recipe
    from omio.metadata.axes import AxisPositions
    from omio.metadata.facts import Facts
    from omio.raster.box import PixelSize, Side
    from omio.raster.fill import Fill

type Anchor = Literal["center", "corner"]

MOST_LEVELS = 64
"""No image has more halvings."""

_SLACK = 1e-4
"""Share of a halving within which a level counts as fine enough."""


@dataclass(frozen=True, eq=False)
class Region:
    """What a region is made of.

    Attributes
    ----------
    key
        The selection of the full image that it is; None where its pixels are resampled or something is added.
    recipe, facts
        Its pixels, and what is known of them.
    """

    key: Key | None
    recipe: Recipe
    facts: Facts


def region(
    image: Image,
    x: Side = None,
    y: Side = None,
    *,
    width: float | None = None,
    height: float | None = None,
    units: str = "px",
    size_units: str | None = None,
    max_width: int | None = None,
    max_height: int | None = None,
    magnification: float | None = None,
    pixel_size: PixelSize | None = None,
    exact: bool = False,
    resample: Resampling = "auto",
    fill: Fill | None = None,
    anchor: Anchor = "center",
) -> Region:
    """Plan a region; see `omio.dataset.looking.Looking.region`. No pixel is read."""
    check_resampling(resample)
    frame = Frame.of(image)
    box = box_of(
        image, x, y, width=width, height=height, units=units, size_units=size_units, magnification=magnification
    )
    reduction = _reduction(frame, magnification, pixel_size, exact=exact)
    if box.is_empty:
        found = _empty(image, box)
    else:
        extent = fit(Pair(box.height, box.width), reduction, max_width, max_height)
        found = _at_size(image, box, extent, resample)
    if fill is None:
        return found
    if max_width is None or max_height is None:
        raise RegionError("fill= needs max_width= and max_height=", remedy="They say how large the ground is.")
    return _on_ground(found, (max_height, max_width), fill, anchor)


def level_for(
    image: Image,
    *,
    magnification: float | None = None,
    pixel_size: PixelSize | None = None,
    exact: bool = False,
    rounding: Rounding = "nearest",
) -> float | None:
    """Return the virtual level of a magnification or pixel size; see `omio.dataset.looking.Looking.level_for`."""
    if rounding not in get_args(Rounding.__value__):
        known = ", ".join(get_args(Rounding.__value__))
        raise RegionError(f"rounding={rounding!r}", remedy=f"Use {known}.")
    frame = Frame.of(image)
    ratios = [] if magnification is None else [frame.reduction(magnification).x]
    ratios += [] if pixel_size is None else list(frame.coarsening(pixel_size))
    if not ratios:
        raise RegionError("a level for what?", remedy="Give magnification= or pixel_size=.")
    return nearest_level(ratios, _count(image), exact=exact, rounding=rounding)


def _reduction(frame: Frame, magnification: float | None, pixel_size: PixelSize | None, *, exact: bool) -> Pair | None:
    if magnification is not None and pixel_size is not None:
        raise RegionError("both magnification and pixel_size are given", remedy="Give one.")
    if magnification is not None:
        found = frame.reduction(magnification)
    elif pixel_size is not None:
        found = frame.coarsening(pixel_size)
    else:
        return None
    if exact and nearest_level(list(found), MOST_LEVELS, exact=True) is None:
        asked = f"magnification {magnification}" if magnification is not None else f"pixel size {pixel_size}"
        raise RegionError(f"no level has exactly {asked}", remedy="Leave out exact=True to resample.")
    return found


def _count(image: Image) -> int:
    height, width = image.recipe.shape[3:5]
    return virtual_levels(width, height, tile_extent(image))


def _crop(image: Image, box: Box) -> Key:
    key: list[Index] = list(full_key(image.recipe.shape))
    key[3:5] = range(box.top, box.bottom), range(box.left, box.right)
    return tuple(key)


def _plain(image: Image, key: Key) -> Region:
    return Region(key, view(image.recipe, key), image.facts.take(key))


def _empty(image: Image, box: Box) -> Region:
    warnings.warn(f"the region holds no pixel of the image: {box}", OmioWarning, stacklevel=4)
    return _plain(image, _crop(image, Box(box.top, box.left, box.top, box.left)))


def _at_size(image: Image, box: Box, extent: tuple[int, int], how: Resampling) -> Region:
    if extent == (box.height, box.width):
        return _plain(image, _crop(image, box))
    scale = Pair(box.height / extent[0], box.width / extent[1])
    base, factors, number = _best_level(image, scale, how)
    rows, columns = (
        _within(first, last, factor, size)
        for first, last, factor, size in zip(box[:2], box[2:], factors, base.shape[3:5], strict=True)
    )
    key = (*map(range, base.shape[:3]), rows, columns, *map(range, base.shape[5:]))
    recipe = _resized(view(base, key), extent, how)
    facts = _facts(image.facts, (rows, columns), factors, extent)
    step = facts.with_step(
        "region",
        x=[box.left, box.right],
        y=[box.top, box.bottom],
        size=[extent[1], extent[0]],
        level=number,
        resample=how,
        factor=len(columns) * factors[1] / extent[1],
    )
    return Region(None, recipe, step)


def _within(first: int, last: int, factor: float, size: int) -> range:
    """Return the pixels of a level of `size` that show the full pixels `first` to `last`: at least one."""
    start = min(int(first / factor), size - 1)
    return range(start, max(start + 1, min(size, int(last / factor))))


def _resized(base: Recipe, extent: tuple[int, int], how: Resampling) -> Recipe:
    if base.shape[3:5] == extent:
        return base
    if how != "nearest":
        return Resampled(base, extent, how)
    rows, columns = (nearest(size, new) for size, new in zip(base.shape[3:5], extent, strict=True))
    key = full_key(base.shape)
    return view(base, (*key[:3], rows, columns, *key[5:]))


def _best_level(image: Image, scale: Pair, how: Resampling) -> tuple[Recipe, tuple[float, float], int | None]:
    """Return the coarsest level that is fine enough: its pixels, its factors, and its number.

    Pictures that become much smaller than any stored level come from a level made of tiles, as large_image has it; all
    other pixels straight from what is stored. Nearest pixels are those of the file.
    """
    enough = 1 + _SLACK
    stored = resolutions(image)
    fine = [
        at for at, level in enumerate(stored) if all(f <= s * enough for f, s in zip(level.factors, scale, strict=True))
    ]
    number = max(fine, key=lambda at: stored[at].factors[1], default=0)
    chosen = stored[number]
    if chosen.halvings is None or how not in ("auto", "lanczos") or not is_picture(image.recipe):
        return chosen.recipe, chosen.factors, number
    needed = min(math.floor(math.log2(min(scale)) + _SLACK), _count(image) - 1)
    level = chosen.halvings + max(0, needed - chosen.halvings) // STAGE * STAGE
    if level == chosen.halvings:
        return chosen.recipe, chosen.factors, number
    return VirtualLevel(pyramid_of(image), level), (2.0**level, 2.0**level), None


def _facts(facts: Facts, runs: tuple[range, range], factors: tuple[float, float], extent: tuple[int, int]) -> Facts:
    axes = dict(facts.axes)
    for dim, run, factor, size in zip("YX", runs, factors, extent, strict=True):
        if dim in axes:
            axes[dim] = _moved(axes[dim], run.start * factor, len(run) * factor / size, size)
    return replace(facts, sizes={**facts.sizes, "Y": extent[0], "X": extent[1]}, axes=axes)


def _moved(axis: AxisPositions, start: float, ratio: float, size: int) -> AxisPositions:
    """Return the centres of `size` pixels that each join `ratio` pixels, from `start` on."""
    if isinstance(axis, Regular):
        return Regular(axis.origin + start * axis.spacing, axis.spacing, axis.size).coarsen(ratio, size)
    centres = start + (np.arange(size) + 0.5) * ratio - 0.5
    return Listed(np.interp(centres, np.arange(axis.size), axis.positions))


def _on_ground(found: Region, extent: tuple[int, int], fill: Fill, anchor: Anchor) -> Region:
    if anchor not in ("center", "corner"):
        raise RegionError(f"anchor={anchor!r}", remedy='Use "center" or "corner".')
    missing = [whole - size for whole, size in zip(extent, found.recipe.shape[3:5], strict=True)]
    before = [gap // 2 if anchor == "center" else 0 for gap in missing]
    widths = {dim: (lead, gap - lead) for dim, lead, gap in zip("YX", before, missing, strict=True)}
    color = fill_values(fill, found.recipe.dtype, found.recipe.shape[5:])
    recipe = on_ground(found.recipe, {3: widths["Y"], 4: widths["X"]}, color)
    facts = pad_facts(found.facts, widths).with_step("fill", color=color.tolist(), anchor=anchor)
    return Region(None, recipe, facts)

"""`MosaicMerge`: tiles of one specimen become one plane, each where the stage stood; nothing is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from omio.errors import MergeError
from omio.metadata.axes import TOLERANCE, Listed, Regular, same_step
from omio.metadata.compare import lengths, position_differences, size_differences
from omio.metadata.sharing import disagreements
from omio.policies.merge import Conflict, Fit, MergePlan, MergePolicy, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from omio.image import Image
    from omio.metadata.facts import Facts

PLANE = ("Y", "X")
_FARTHEST = 2.0**31
"""Pixels that no two tiles lie apart."""
_GUARD = 1e-6
"""Share of a pixel that noise may take from a half before it is rounded."""


@dataclass(frozen=True, eq=False)
class MosaicPlan(MergePlan):
    """Where tiles lie on the plane that they make.

    Attributes
    ----------
    plane
        Y, X of the whole, in pixels.
    corners
        Row and column of each tile's first pixel: an array of shape (tiles, 2).
    stage
        Y, X of the stage for each tile, µm: an array of shape (tiles, 2).
    rounding
        Most that a tile was moved to lie on whole pixels, in pixels.
    fill
        What stands where no tile lies.
    order
        Numbers of the tiles, from 0, as they are drawn: the last lies on top.
    hidden
        Numbers of the tiles that nothing is seen of, as another one lies on top in the same place.
    """

    plane: tuple[int, int]
    corners: NDArray[np.intp]
    stage: NDArray[np.float64]
    rounding: float
    fill: float
    order: range
    hidden: tuple[int, ...]


class MosaicMerge(MergePolicy):
    """Tiles are placed by stage position along M, to the nearest pixel; all else must agree as for `StrictMerge`.

    Y and X sizes may differ; spacing may not. Along T, positions that were measured plane by plane may differ, as
    tiles are taken one after another: the first tile's stand, and the provenance tells when the others begin.

    Attributes
    ----------
    fill
        Value of pixels that no tile covers; the dtype must hold it.
    overlap
        Which tile lies on top where several cover a pixel: the ``last`` or the ``first`` of them.
    anchor
        Which point of a tile the stage position means. OME says no more than "the position of the stage"; a stage
        that stands at a position has it on the optical axis, so it is the ``center`` of the tile (ZEISS documents it
        so for CZI). Some programs store the ``corner``: the tile's first pixel. For tiles of one size it is all the
        same.
    flip
        Axes along which the stage counts against the image, such as ``("Y",)``. The files do not say it. By default
        none.
    tolerance
        How far the stage may wander over T, Z and C within one tile, in pixels; the first plane's position counts.
    """

    kind: ClassVar[str] = "mosaic"

    fill: float = 0
    overlap: Literal["last", "first"] = "last"
    anchor: Literal["center", "corner"] = "center"
    flip: tuple[Literal["X", "Y"], ...] = ()
    tolerance: Annotated[float, Field(ge=0)] = 1.0

    def plan(self, parts: Sequence[Image], along: str) -> MosaicPlan:
        """Compare the tiles and find their places; stage positions of planes are loaded, pixels are not.

        Raises
        ------
        MergeError
            Listing every conflict, of every tile.
        """
        if along != "M":
            raise MergeError(f"a mosaic has no place along {along!r}", remedy='Merge along "M".')
        if not parts:
            raise MergeError("nothing to merge")
        facts = [part.facts for part in parts]
        dtype = np.result_type(*{part.dtype for part in parts})
        words = {fact: word for fact, word in self.metadata.words(along).items() if fact != "stage_position"}
        stage, spread = np.array([[_stage(tile, dim) for dim in PLANE] for tile in facts]).transpose(2, 0, 1)
        found = [*self._of_pixels(parts, dtype), *self._of_tiles(facts, stage, spread)]
        found += disagreements(list(enumerate(facts, start=1)), words)
        firsts = np.zeros_like(stage) if found else self._first_pixels(facts, stage)
        found += _far(firsts)
        if found:
            raise refused(sorted(found, key=lambda conflict: conflict[0]), parts, self.remedy())
        corners, plane, rounding = _on_whole_pixels(firsts, facts)
        order = range(len(parts)) if self.overlap == "last" else range(len(parts))[::-1]
        return MosaicPlan(
            along,
            (Fit(),) * len(parts),
            dtype,
            self.times,
            self.names,
            words,
            plane=plane,
            corners=corners,
            stage=stage,
            rounding=rounding,
            fill=self.fill,
            order=order,
            hidden=_hidden(corners, facts, order),
        )

    def _of_tiles(
        self, facts: Sequence[Facts], stage: NDArray[np.float64], spread: NDArray[np.float64]
    ) -> Iterator[Conflict]:
        first = facts[0]
        for number, (tile, *stands) in enumerate(zip(facts, stage.tolist(), spread.tolist(), strict=True), start=1):
            reasons = [*_sampling(first, tile), *self._standing(tile, *stands), *_besides(first, tile)]
            reasons += _centers(first, tile) if self.anchor == "center" else ()
            yield from ((number, reason) for reason in reasons)

    def _standing(self, tile: Facts, stage: Sequence[float], spread: Sequence[float]) -> Iterator[str]:
        for dim, position, moved in zip(PLANE, stage, spread, strict=True):
            step = abs(_spacing(tile, dim) or np.inf)
            if np.isnan(position):
                yield f"{dim} of the stage: unknown"
            elif moved > self.tolerance * step:
                yield f"{dim} of the stage: wanders {moved:g} µm, {moved / step:.3g} pixels, within the tile"

    def _first_pixels(self, facts: Sequence[Facts], stage: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the row and column of each tile's first pixel, counted from that of the first tile."""
        spacing = np.array([_spacing(facts[0], dim) for dim in PLANE], dtype=float)
        sense = np.array([-1.0 if dim in self.flip else 1.0 for dim in PLANE])
        moved = (stage - stage[0]) * sense / spacing
        if self.anchor == "corner":
            own = np.array([[tile.axes[dim].origin for dim in PLANE] for tile in facts]) / spacing
        else:
            own = -np.array([[tile.sizes[dim] - 1 for dim in PLANE] for tile in facts]) / 2
        found: NDArray[np.float64] = moved + own - own[0]
        return found

    def remedy(self) -> str:
        """Say what a user can do about conflicts."""
        return "Make the tiles agree (sel, with_metadata), or raise tolerance=."

    def stage_of_plane(self, plan: MosaicPlan, first: Facts) -> dict[str, float]:
        """Return where the stage would stand for the whole plane, µm, as the tiles say it."""
        if self.anchor == "corner":  # the position of a coordinate 0, which the plane shares with the first tile
            return dict(zip(PLANE, plan.stage[0].tolist(), strict=True))
        found = {}
        for at, dim in enumerate(PLANE):
            pixels = (plan.plane[at] - first.sizes[dim]) / 2 - float(plan.corners[0, at])
            step = (_spacing(first, dim) or 0.0) * (-1 if dim in self.flip else 1)
            found[dim] = float(plan.stage[0, at]) + pixels * step
        return found


def _stage(tile: Facts, dim: str) -> tuple[float, float]:
    """Return where the stage stood along Y or X and how far it wandered from there over the planes, µm; NaN: unknown.

    Planes know better than the image as a whole; the first one that knows counts.
    """
    column = tile.planes.columns.get(f"stage_{dim.lower()}") if tile.planes else None
    if column is not None and np.isfinite(column).any():
        known = column[np.isfinite(column)]
        return float(known[0]), float(np.abs(known - known[0]).max())
    position = (tile.static.stage_position or {}).get(dim, np.nan)
    return position if np.isfinite(position) else np.nan, 0.0


def _spacing(tile: Facts, dim: str) -> float | None:
    axis = tile.axes.get(dim)
    return None if axis is None else axis.spacing


def _sampling(first: Facts, tile: Facts) -> Iterator[str]:
    """Yield what is unknown of the spacing of a tile, or not as in the first."""
    for dim in PLANE:
        a, b = first.axes.get(dim), tile.axes.get(dim)
        if b is None or isinstance(b, Listed):
            yield f"{dim} spacing: {'unknown' if b is None else 'uneven'}"
        elif isinstance(a, Regular) and (not same_step(a, b) or a.spacing * b.spacing < 0):
            yield f"{dim} spacing: {lengths(dim, a.spacing, b.spacing)}"


def _besides(first: Facts, tile: Facts) -> Iterator[str]:
    """Yield how the other dims differ; of measured times, only their number must agree."""
    for dim in dict.fromkeys((*first.sizes, *tile.sizes)):
        if dim not in PLANE:
            yield from size_differences(dim, first, tile)
            measured = isinstance(first.axes.get(dim), Listed) and isinstance(tile.axes.get(dim), Listed)
            if not (dim == "T" and measured):
                yield from position_differences(dim, first, tile)


def _centers(first: Facts, tile: Facts) -> Iterator[str]:
    """Yield where the center of a tile is not where it was taken: it was cropped, and not as the first."""
    for dim in PLANE:
        a, b = first.axes.get(dim), tile.axes.get(dim)
        if not isinstance(a, Regular) or not isinstance(b, Regular):
            continue
        step = abs(a.spacing)
        alike = first.sizes[dim] == tile.sizes[dim] and abs(a.origin - b.origin) <= TOLERANCE * step
        # the first pixel of a coarser level lies less than half a pixel from that of the full one
        if not alike and max(abs(a.origin), abs(b.origin)) >= step / 2:
            yield f"{dim} of the stage: is that of a whole tile, and this or the first is a crop; crop the mosaic"


def _far(firsts: NDArray[np.float64]) -> list[Conflict]:
    """Return the tiles that lie further from the first than any plane reaches."""
    apart = np.abs(firsts).max(axis=1)
    return [(int(at) + 1, f"lies {apart[at]:.3g} pixels from the first") for at in np.flatnonzero(apart > _FARTHEST)]


def _on_whole_pixels(
    firsts: NDArray[np.float64], facts: Sequence[Facts]
) -> tuple[NDArray[np.intp], tuple[int, int], float]:
    """Return corners from 0 on, the plane that holds all tiles, and the largest distance that rounding moves a tile."""
    # halves go up, also where noise makes them a little less: a row of tiles must not jump to and fro
    whole = np.floor(firsts + 0.5 + _GUARD)
    corners = (whole - whole.min(axis=0)).astype(np.intp)
    ends = corners + np.array([[tile.sizes[dim] for dim in PLANE] for tile in facts], dtype=np.intp)
    height, width = ends.max(axis=0).tolist()
    return corners, (height, width), float(np.abs(firsts - whole).max())


def _hidden(corners: NDArray[np.intp], facts: Sequence[Facts], order: range) -> tuple[int, ...]:
    found = []
    seen: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for number in reversed(order):
        height, width = (facts[number].sizes[dim] for dim in PLANE)
        above = seen.setdefault(tuple(corners[number].tolist()), [])
        if any(height <= rows and width <= columns for rows, columns in above):
            found.append(number)
        else:
            above.append((height, width))
    return tuple(sorted(found))

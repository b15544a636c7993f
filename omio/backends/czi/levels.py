"""Pyramid levels: which sub-blocks belong together, and which levels are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omio.backends.czi.layout import Coverage, Layout, make_layout
from omio.indexing import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.czi.catalog import Content, Part
    from omio.backends.czi.directory import Directory, Ints
    from omio.backends.czi.layout import Grid

WHOLE = 0.999
"""Share of a full-size tile that a level must cover; the rest is for rounding."""


def make_levels(columns: Directory, content: Content, part: Part, grid: Grid, full: Layout) -> tuple[Layout, ...]:
    """Return the coarser levels, finest first, up to the first that lacks tiles."""
    found = []
    for factor, rows in _by_factor(columns, content.reduced.row):
        layout = make_layout(columns, content.reduced.take(rows), grid, part, factor)
        if not _is_whole(columns, full, layout, factor):
            break
        found.append(layout)
    return tuple(found)


def _by_factor(columns: Directory, row: Ints) -> list[tuple[int, Ints]]:
    """Group reduced sub-blocks by how many full pixels one of theirs joins.

    A stored size is the logical one divided by the factor and rounded either way, so small tiles at the edges fit
    several factors: the factors are those of the largest tiles, and each tile goes to the nearest that it fits.
    """
    if not len(row):
        return []
    size = np.stack([columns.sizes(letter)[row] for letter in "YX"])
    stored = np.stack([columns.stored_sizes(letter)[row] for letter in "YX"])
    longer = np.take_along_axis(size, stored.argmax(0)[None], 0)[0] / stored.max(0)
    known = _factors(size, stored)
    if not known:
        return []
    nearest = np.abs(np.log(longer)[:, None] - np.log(known)).argmin(1)
    factors = np.asarray(known)[nearest]
    good = (np.abs(size / factors - stored) < 1).all(0)
    groups = [(factor, np.flatnonzero(good & (factors == factor))) for factor in known]
    return [(factor, rows) for factor, rows in groups if len(rows)]


def _factors(size: Ints, stored: Ints) -> list[int]:
    kinds = np.unique(np.concatenate((-stored, size)), axis=1)
    known: list[int] = []
    for *negative, height, width in sorted(kinds.T.tolist(), key=lambda kind: min(kind[:2])):
        tile, kept = np.array((height, width)), -np.array(negative)
        factor = round(float(tile[kept.argmax()] / kept.max()))
        if factor > 1 and _fits(tile, kept, factor) and not any(_fits(tile, kept, one) for one in known):
            known.append(factor)
    return sorted(known)


def _fits(size: Ints, stored: Ints, factor: int) -> bool:
    return bool(factor > 0 and (np.abs(size / max(1, factor) - stored) < 1).all())


def _is_whole(columns: Directory, full: Layout, level: Layout, factor: int) -> bool:
    """Whether a level shows what every full-size tile shows, in every plane."""
    if not len(level.row) or any(a // factor > b for a, b in zip(full.shape[3:5], level.shape[3:5], strict=True)):
        return False
    seen: dict[tuple[bytes, bytes], bool] = {}
    for plane in distinct(full.plane):
        ours, theirs = _rectangles(columns, full, plane), _rectangles(columns, level, plane)
        theirs[2:] += factor - 1  # the last row or column of a level may be rounded away
        key = (ours.tobytes(), theirs.tobytes())
        if key not in seen:
            seen[key] = _covers(theirs, ours)
        if not seen[key]:
            return False
    return True


def _rectangles(columns: Directory, layout: Layout, plane: int) -> Ints:
    """Return what the tiles of a plane claim to show, in full-size pixels: top, left, bottom, right."""
    row = layout.row[slice(*np.searchsorted(layout.plane, (plane, plane + 1)))]
    top, left = columns.starts("Y")[row], columns.starts("X")[row]
    return np.stack((top, left, top + columns.sizes("Y")[row], left + columns.sizes("X")[row]))


def _covers(covering: Ints, covered: Ints) -> bool:
    coverage = Coverage.of(*covering) if covering.size else None
    if coverage is None:
        return bool(covering.size)
    wanted: NDArray[np.float64] = ((covered[2] - covered[0]) * (covered[3] - covered[1])).astype(float)
    return bool((coverage.area(*covered) >= WHOLE * wanted).all())

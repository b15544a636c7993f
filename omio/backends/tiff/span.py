"""Whether the planes of an image lie in the file as they are, evenly spaced: then they can be mapped into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.mapped import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.where import Where


def span_of(document: TiffDocument, where: Where, shape: tuple[int, ...]) -> Span | None:
    """Return where the planes of T, Z, C, Y, X [, S] `shape` lie; None where a copy is needed to read them."""
    pages = where.planes.pages(document, *(range(size) for size in shape[:3]))
    if where.orientation != 1 or pages.min() < 0:
        return None
    first = int(pages.flat[0]) if where.run is None else where.run
    layout = document.layout(first, where.level)
    if not layout.is_raw or layout.is_planar or layout.grid[1] > 1 or (layout.is_tiled and layout.grid[0] > 1):
        return None
    starts = _starts(document, where, layout, pages)
    steps = None if starts is None else _even_steps(starts)
    if starts is None or steps is None:
        return None
    pixel = layout.samples * layout.stored.itemsize
    inner = (layout.columns * pixel, pixel, layout.stored.itemsize)
    return Span(document.path, int(starts.flat[0]), layout.stored, (*steps, *inner)[: len(shape)])


def _starts(document: TiffDocument, where: Where, layout: Layout, pages: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Return the offset of each plane, in the shape of `pages`; None where one lies in pieces."""
    if where.run is not None:
        base = int(document.segments(np.array([where.run]), where.level)[0][0, 0])
        return base + pages.astype(np.int64) * layout.plane_bytes
    kinds = document.ifds(where.level).kinds[pages]
    if (kinds != kinds.flat[0]).any():
        return None
    starts, counts = document.segments(pages.ravel(), where.level)
    whole = (starts[:, 1:] == starts[:, :-1] + counts[:, :-1]).all() and (counts.sum(1) >= layout.plane_bytes).all()
    return starts[:, 0].reshape(pages.shape) if whole and (starts[:, 0] > 0).all() else None


def _even_steps(starts: NDArray[Any]) -> tuple[int, ...] | None:
    """Return the bytes from plane to plane along T, Z and C; None where they are not the same throughout."""
    steps = []
    for axis in range(3):
        gaps = np.diff(starts, axis=axis)
        if gaps.size and (gaps != gaps.flat[0]).any():
            return None
        steps.append(int(gaps.flat[0]) if gaps.size else 0)
    return tuple(steps)

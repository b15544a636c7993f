"""Reading planes: only the segments that a key meets, in threads, straight into the destination where possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from omio.backends.tiff.faults import Faults
from omio.backends.tiff.orientation import upright
from omio.backends.tiff.planes import Planes
from omio.backends.tiff.selection import Selection
from omio.errors import DamagedFileError
from omio.indexing import distinct
from omio.lazy import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.where import Where
    from omio.indexing import Key

type Targets = NDArray[Any] | Sequence[NDArray[Any]]


def read_where(document: TiffDocument, where: Where, key: Key, out: NDArray[Any]) -> None:
    """Fill `out` (T, Z, C, Y, X [, S]) with what `key` selects."""
    t, z, c, *plane = key
    pages = where.planes.pages(document, t, z, c).ravel()
    if out.flags.c_contiguous:
        targets: Targets = out.reshape(-1, *out.shape[3:])
    else:
        targets = [out[index] for index in np.ndindex(out.shape[:3])]
    read_planes(document, where, pages, tuple(plane), targets)


def read_planes(document: TiffDocument, where: Where, pages: NDArray[np.intp], key: Key, targets: Targets) -> None:
    """Fill one target a page.

    Parameters
    ----------
    document
        The open file.
    where
        Frame, level, run, orientation and strictness; ``where.planes`` is not used.
    pages
        Page numbers, (n,); a negative one fills with 0.
    key
        Index of Y, X and, for pages with samples, S.
    targets
        n arrays of the key's shape, or one array of (n, Y, X [, S]); native byte order.

    Raises
    ------
    DamagedFileError
        For what cannot be read, unless ``where.strict`` is False.
    """
    if not len(pages) or not all(len(index) for index in key):
        return
    if len(distinct(pages)) < len(pages):
        _read_once(document, where, pages, key, targets)
        return
    faults = Faults(document, strict=where.strict)
    key, targets = upright(where, key, targets)
    selection = Selection.of(where.frame[2], key)
    for rows, planes in _by_kind(document, where, pages, faults):
        some = targets if len(rows) == len(targets) else [targets[row] for row in rows]
        if planes is None or not _fits(planes, some[0].dtype, faults):
            for target in some:
                target[...] = 0
        else:
            planes.read(selection, some, faults)
    faults.report()


def _read_once(document: TiffDocument, where: Where, pages: NDArray[np.intp], key: Key, targets: Targets) -> None:
    """Read each page once, and copy what is asked for again."""
    first: dict[int, int] = {}
    for row, page in enumerate(pages.tolist()):
        first.setdefault(page, row)
    rows = list(first.values())
    read_planes(document, where, pages[rows], key, [targets[row] for row in rows])
    for row, page in enumerate(pages.tolist()):
        if row != first[page]:
            targets[row][...] = targets[first[page]]


def _fits(planes: Planes, dtype: np.dtype[Any], faults: Faults) -> bool:
    """Whether pixels keep their values in the image's dtype: a file of a set may be of another than the first."""
    if np.can_cast(planes.layout.dtype, dtype, "safe"):
        return True
    faults.add(f"page {planes.pages[0]}", f"its pixels are {planes.layout.dtype}, those of the image {dtype}")
    return False


def _by_kind(
    document: TiffDocument, where: Where, pages: NDArray[np.intp], faults: Faults
) -> Iterator[tuple[NDArray[np.intp], Planes | None]]:
    """Yield the rows of `pages` that are stored alike, with where their segments lie; None for what is not there."""
    if where.run is not None:
        yield np.arange(len(pages)), _planes_of_run(document, where, where.run, pages)
        return
    table = document.ifds(where.level)
    kinds = np.full(len(pages), -2)
    inside = (pages >= 0) & (pages < len(table))
    kinds[inside] = table.kinds[pages[inside]]
    kinds[pages >= len(table)] = -1
    for kind in distinct(kinds):
        rows = np.flatnonzero(kinds == kind)
        if kind == -2:
            filled.tell("", "no page holds it", absent=True)
            yield rows, None
        else:
            yield from _of_kind(document, where, pages, rows, faults, absent=kind == -1)


def _of_kind(
    document: TiffDocument,
    where: Where,
    pages: NDArray[np.intp],
    rows: NDArray[np.intp],
    faults: Faults,
    *,
    absent: bool,
) -> Iterator[tuple[NDArray[np.intp], Planes | None]]:
    """Yield rows of one kind together, or each for itself where one is damaged: it must not take the others with it."""
    try:
        yield rows, _planes_of_pages(document, where, pages[rows])
    except DamagedFileError as error:
        if len(rows) == 1:
            faults.add(error.place or f"page {pages[rows[0]]}", error, absent=absent)
            yield rows, None
            return
        for row in rows:
            yield from _of_kind(document, where, pages, np.array([row]), faults, absent=absent)


def _planes_of_pages(document: TiffDocument, where: Where, pages: NDArray[np.intp]) -> Planes:
    layout = _checked(document.layout(int(pages[0]), where.level), where, document, int(pages[0]))
    starts, counts = document.segments(pages, where.level)
    return Planes(document, layout, pages, starts, counts)


def _planes_of_run(document: TiffDocument, where: Where, page: int, pages: NDArray[np.intp]) -> Planes:
    layout = _checked(document.layout(page, where.level), where, document, page).merged()
    start = int(document.segments(np.array([page]), where.level)[0][0, 0])
    starts = start + pages.astype(np.int64)[:, None] * layout.plane_bytes
    return Planes(document, layout, pages, starts, np.full_like(starts, layout.plane_bytes))


def _checked(layout: Layout, where: Where, document: TiffDocument, page: int) -> Layout:
    if layout.frame != where.frame:
        cause = f"it has {layout.height} x {layout.width} x {layout.samples} pixels, the image has "
        cause += " x ".join(map(str, where.frame))
        raise DamagedFileError(cause, path=document.path, place=f"page {page}")
    return layout

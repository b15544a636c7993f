"""Whether the pages of a TIFF are what their tags say, and lie in the file.

Rules: TIFF 6.0 (tags, strips, tiles), the TIFF technical note on SubIFDs, the OME-TIFF specification on the names of
BigTIFF files (``.ome.tf2``, ``.ome.tf8`` and ``.ome.btf`` are BigTIFF only).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.document import SUBIFDS, TiffDocument
from omio.backends.tiff.ifd import TYPE_SIZES
from omio.backends.tiff.omesource import is_tiff
from omio.backends.tiff.ometiff import OmeTiffBackend
from omio.indexing import distinct
from omio.lazy.leaf import FileStamp, lease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.base import TiffBackend
    from omio.backends.tiff.ifd import IfdGroup, Integers
    from omio.backends.tiff.layout import Layout
    from omio.checks.report import Findings

BIG_ONLY = (".tf2", ".tf8", ".btf")
MOST_LEVELS = 64
"""SubIFDs of a page; halving an image that often leaves nothing."""
FIRST_BYTE = 8
"""Where the header ends: no pixels lie before."""


def check_tiff(kind: type[TiffBackend], path: str, options: OpenOptions, findings: Findings) -> None:
    """Check a TIFF, or all files of the set that it belongs to."""
    files: tuple[str, ...] = ()
    with findings.watched():
        if issubclass(kind, OmeTiffBackend):
            from omio.checks.ometiff import check_set

            files = check_set(path, options, findings)
        elif Path(path).is_dir():
            files = kind(path, options).files()
    alone = () if Path(path).is_dir() else (path,)
    for file in dict.fromkeys((*alone, *files)):
        with findings.watched():
            if is_tiff(file):
                check_file(file, "" if file == path else Path(file).name, findings)


def check_file(path: str, prefix: str, findings: Findings) -> None:
    """Check the pages of one file; `prefix` stands before the places."""
    with lease(TiffDocument, FileStamp.of(path)) as document:
        if Path(path).suffix.lower() in BIG_ONLY and not document.is_bigtiff:
            findings.warning(prefix, f"is no BigTIFF, as {Path(path).suffix} says")
        problem = document.ifds().problem
        if problem:
            findings.error(_at(prefix, "chain of pages"), problem)
        for level in range(_levels(document, prefix, findings) + 1):
            with findings.watched(prefix):
                _check_level(document, level, prefix, findings)


def _levels(document: TiffDocument, prefix: str, findings: Findings) -> int:
    """Return how many SubIFDs the page has that has most."""
    groups = [group for group in document.ifds().groups if SUBIFDS in group.columns]
    most = max((group.kind_of(SUBIFDS)[1] for group in groups), default=0)
    if most > MOST_LEVELS:
        findings.error(_at(prefix, f"tag {SUBIFDS}"), f"a page claims {most} SubIFDs")
        return 0
    return most


def _check_level(document: TiffDocument, level: int, prefix: str, findings: Findings) -> None:
    """Check all pages, or the SubIFDs of one level, those that are stored alike together."""
    table = document.ifds(level)
    offsets = table.offsets
    if level:
        lost = np.flatnonzero((offsets != 0) & (table.group_of < 0))
        looped = np.flatnonzero(np.isin(offsets, document.ifds().offsets))
        findings.errors([(_page(prefix, page, level), "there is no IFD at its offset") for page in lost.tolist()])
        findings.errors([(_page(prefix, page, level), "it is a page of the main chain") for page in looped.tolist()])
    for group in table.groups:
        findings.errors(list(_value_problems(group, document.file.size, level, prefix)))
    for kind in distinct(table.kinds).tolist():
        pages = np.flatnonzero(table.kinds == kind)
        if kind >= 0:
            with findings.watched(prefix):
                layout = document.layout(int(pages[0]), level)
                findings.errors(list(_segment_problems(document, layout, pages, level, prefix)))


def _value_problems(group: IfdGroup, size: int, level: int, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the tags whose values do not lie in the file."""
    for code in group.columns:
        kind, count = group.kind_of(code)
        needed = TYPE_SIZES.get(kind, 1) * count
        if group.is_inline(code):
            continue
        starts = group.pointers(code)
        for row in np.flatnonzero((starts < FIRST_BYTE) | (starts > size - needed)).tolist():
            text = f"{needed} bytes of values at offset {starts[row]} lie outside of the file's {size} bytes"
            yield _page(prefix, int(group.pages[row]), level) + f", tag {code}", text


def _segment_problems(
    document: TiffDocument, layout: Layout, pages: NDArray[np.intp], level: int, prefix: str
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the strips or tiles of pages that are stored alike, at most one thing a page."""
    needed = layout.segments
    if needed > document.file.size:  # each takes at least a byte of the list
        yield _page(prefix, int(pages[0]), level), f"its {needed} segments cannot be in {document.file.size} bytes"
        return
    starts, counts = document.segments(pages, level)
    for row, page in enumerate(pages.tolist()):
        text = _wrong(starts[row], counts[row], layout, document.file.size)
        if text:
            yield _page(prefix, page, level), text


def _wrong(starts: Integers, counts: Integers, layout: Layout, size: int) -> str | None:
    needed = layout.segments
    listed = min(int((starts != -1).sum()), int((counts != -1).sum()))
    if listed < needed:
        return f"it lists {listed} segments, its {layout.height} x {layout.width} pixels need {needed}"
    starts, counts = starts[:needed], counts[:needed]
    held = counts > 0  # those of length 0 are left out on purpose, and read as the fill value
    outside = np.flatnonzero(held & ((starts < FIRST_BYTE) | (counts > size - starts)) | (counts < 0))
    if len(outside):
        first = int(outside[0])
        where = f"{counts[first]} bytes from {starts[first]} on"
        return f"{len(outside)} of {needed} segments lie outside of the file's {size} bytes (number {first}: {where})"
    if not layout.is_raw:
        return None
    whole = np.tile(np.repeat(layout.row_sizes, layout.grid[1]), needed // (layout.grid[0] * layout.grid[1]))
    short = np.flatnonzero(held & (counts < whole))
    if len(short):
        first = int(short[0])
        return (
            f"{len(short)} of {needed} segments are too short (number {first}: {counts[first]} of {whole[first]} bytes)"
        )
    return None


def _at(prefix: str, place: str) -> str:
    return ": ".join(filter(None, (prefix, place)))


def _page(prefix: str, page: int, level: int) -> str:
    return _at(prefix, f"page {page}" + (f", SubIFD {level}" if level else ""))

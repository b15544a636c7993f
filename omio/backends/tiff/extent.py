"""Whether the pixels that a page declares can be in the file: asked before anything is allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.faults import FILLING
from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.layout import Layout

HOPELESS = 100
"""How many times larger than the file pixels must be for no filling to make sense."""


def check_extent(document: TiffDocument, layout: Layout, page: int, level: int, *, strict: bool) -> None:
    """Compare declared sizes with the file's.

    Raises
    ------
    DamagedFileError
        Where a page has more segments than it lists, or its uncompressed pixels would not fit into the file. When not
        strict, only where the file could not hold a hundredth of it.
    """
    place = f"page {page}" + (f", SubIFD {level}" if level else "")
    needed = layout.segments
    if needed > document.file.size:  # each takes at least a byte of the list
        raise DamagedFileError(
            f"{layout.height} x {layout.width} pixels in {needed} segments cannot be in {document.file.size} bytes",
            path=document.path,
            place=place,
        )
    too_large = layout.is_raw and layout.plane_bytes > document.file.size
    if not strict and not (too_large and layout.plane_bytes > HOPELESS * document.file.size):
        return
    starts, counts = _segments(document, page, level)
    listed = min(int((starts[0] >= 0).sum()), int((counts[0] >= 0).sum()))
    if listed < needed:
        cause = f"it lists {listed} segments, its {layout.height} x {layout.width} pixels need {needed}"
    elif too_large and (counts[0, :needed] > 0).all():
        cause = f"its {layout.plane_bytes} bytes of pixels cannot be in a file of {document.file.size} bytes"
    else:
        return
    raise DamagedFileError(cause, path=document.path, place=place, remedy=FILLING if strict else None)


def _segments(document: TiffDocument, page: int, level: int) -> tuple[Integers, Integers]:
    if (page, level) == (0, 0):
        starts, counts = document.first_segments()
        return starts[None], counts[None]
    return document.segments(np.array([page]), level)

"""The Orientation tag: which stored pixel is which upright one.

TIFF 6.0 page 36: the value says which side of the picture the stored row 0 and column 0 are. 6, for instance: row 0
is the right side, column 0 the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from omio.backends.tiff.reader import Targets
    from omio.backends.tiff.where import Where
    from omio.indexing import Index, Key

FLIPS = {
    1: (False, False), 2: (False, True), 3: (True, True), 4: (True, False),
    5: (False, False), 6: (True, False), 7: (True, True), 8: (False, True),
}  # fmt: skip
"""Orientation -> whether stored rows and columns run against the upright picture."""

NAMES = {
    1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
    5: "left top", 6: "right top", 7: "right bottom", 8: "left bottom",
}  # fmt: skip
"""Which sides the stored first row and first column are."""


def is_turned(orientation: int) -> bool:
    """Whether stored rows are upright columns."""
    return 5 <= orientation <= 8


def upright_shape(height: int, width: int, orientation: int) -> tuple[int, int]:
    """Return height and width of the upright picture."""
    return (width, height) if is_turned(orientation) else (height, width)


def upright(where: Where, key: Key, targets: Targets) -> tuple[Key, Targets]:
    """Translate a key on the upright picture, and its targets, to pixels as stored."""
    flips = FLIPS.get(where.orientation, (False, False))
    if not is_turned(where.orientation) and not any(flips):
        return key, targets
    y, x, *rest = key
    if is_turned(where.orientation):
        y, x = x, y
        targets = [np.swapaxes(target, 0, 1) for target in targets]
    stored = [
        _flip(index, size) if flip else index for index, flip, size in zip((y, x), flips, where.frame[:2], strict=True)
    ]
    return (*stored, *rest), targets


def _flip(index: Index, size: int) -> Index:
    if isinstance(index, range):
        last = size - 1
        return range(last - index.start, last - index.stop, -index.step)
    return size - 1 - index

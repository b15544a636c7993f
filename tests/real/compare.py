"""Comparing what two readers say."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def digest(image: ArrayLike) -> str:
    """Return the sha256 of pixels in C order, little-endian, as the record and Bio-Formats count it."""
    pixels = np.asarray(image)
    return hashlib.sha256(np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))).hexdigest()


def same(left: Any, right: Any, *, rel: float = 1e-9) -> bool:
    """Compare numbers within `rel` of their size, everything else exactly, inside lists and mappings too."""
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=rel, abs_tol=1e-12)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b, rel=rel) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key], rel=rel) for key in left)
    return bool(left == right)

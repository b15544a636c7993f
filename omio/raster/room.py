"""Memory for what is asked for at once, within the limit."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import MemoryLimitError
from omio.settings import current, memory_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray


SMALL = 1 << 24
"""Bytes up to which nobody looks what the system has free, which takes longer than to decode a tile."""


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any], what: str, remedy: str) -> NDArray[Any]:
    """Return an array of zeros for `what`.

    Raises
    ------
    MemoryLimitError
        It takes more than `omio.config` allows, or than the system gives.
    """
    size = math.prod(shape) * dtype.itemsize
    limit = memory_limit() if size > SMALL or current().memory is not None else None
    if limit is None or size <= limit:
        with suppress(MemoryError, ValueError):  # numpy says ValueError where a size is no number of bytes
            return np.zeros(shape, dtype)
    why = "more than the system gives" if limit is None or size <= limit else f"the limit is {limit:,}"
    raise MemoryLimitError(f"{what} takes {size:,} bytes, {why}", remedy=remedy)

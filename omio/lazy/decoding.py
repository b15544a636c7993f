"""What decoding one stored piece of an image (a segment, a sub-block, a chunk) may take, asked before it is decoded."""

from __future__ import annotations

from omio.errors import MemoryLimitError
from omio.settings import current, memory_limit

LARGE = 1 << 28
"""Bytes below which a decoded piece is never questioned."""

UNLIKELY_RATIO = 1000
"""Images come to this only where they are empty: deflate ends at 1032, and microscopes add noise."""


def check_decoded(nbytes: int, stored: int, *, path: str, place: str) -> None:
    """Raise where a piece of `stored` bytes is said to become `nbytes`, and that is too much.

    Raises
    ------
    MemoryLimitError
        It takes more than an eager read may; or, where nobody has said what it may, it is large and came out of
        hardly anything, as bombs do.
    """
    if nbytes < LARGE:
        return
    limit = memory_limit()
    if limit is not None and nbytes > limit:
        cause = f"one piece takes {nbytes} bytes decoded, the limit is {limit}"
    elif current().memory is None and nbytes > UNLIKELY_RATIO * stored:
        cause = f"{stored} bytes would become {nbytes}; beyond {UNLIKELY_RATIO}:1 the limit is {LARGE}"
    else:
        return
    raise MemoryLimitError(cause, path=path, place=place, remedy="Raise it: omio.config(memory=...).")

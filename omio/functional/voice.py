"""What the functions say: through `logging` and `warnings`, never by printing; ``verbose=False`` is silence."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import OmioWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger("omio")


@contextmanager
def voice(*, verbose: bool) -> Iterator[None]:
    """Let omio warn and log within the block, or keep it silent; errors are raised either way."""
    if verbose:
        yield
        return
    level = LOG.level
    LOG.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OmioWarning)
            yield
    finally:
        LOG.setLevel(level)


def tell(text: str) -> None:
    """Warn of something that the user should know and that does not stop the work."""
    warnings.warn(text, OmioWarning, skip_file_prefixes=(_PACKAGE,))


_PACKAGE = str(Path(__file__).parents[1])
"""Warnings name the line that called omio."""

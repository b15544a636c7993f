"""Time of the processor, which does not depend on what else the machine does."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def within(seconds: float, work: object = "") -> Iterator[None]:
    """Assert that the ``with`` block takes less time of the processor, that of all threads."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds, work

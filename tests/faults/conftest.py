"""Folders in memory, as what is tried a thousand times need not wait for a disk; threads that stay."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where Linux has one


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return an empty folder, in memory where that can be."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as made:
        yield Path(made)


@pytest.fixture
def no_thread_hangs() -> Iterator[None]:
    """See to it that no thread of the test stays, but those of pools that wait for work."""
    before = set(threading.enumerate())
    yield
    stayed = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in stayed if not name.startswith(("omio", "zarr", "asyncio"))] == []

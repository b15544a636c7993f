"""Copies on disk, whatever befalls them and their source: right pixels or an error, never others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import omio
from omio.errors import OmioError
from omio.store.cache.entries import FILES, FOLDER, MANIFEST, entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.store.cache.entries import Entry

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="those that are killed are forked"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:a copy can no longer be used"),
]
NIGHTLY = os.environ.get("OMIO_NIGHTLY") == "1"
SHAPE = (3, 40, 48)
PLACES = st.integers(0, 10_000)
"""Taken modulo the number of places: how many there are may hang on when a child was killed."""


class Copies(RuleBasedStateMachine):
    """One source, its pixels, and a folder of copies."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.source = self.folder / "a.ome.tif"
        self.pixels: NDArray[Any] = np.zeros(SHAPE, np.uint16)
        self.is_spoilt = False
        self.edit(0)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def copies(self) -> list[Entry]:
        return list(entries(self.folder / FOLDER))

    @rule(seed=st.integers(0, 5))
    def edit(self, seed: int) -> None:
        """Write other pixels of the same size."""
        self.pixels = np.random.default_rng(seed).integers(0, 4000, SHAPE, dtype=np.uint16)
        tifffile.imwrite(self.source, self.pixels, ome=True, metadata={"axes": "ZYX", "UUID": "urn:uuid:0"})

    @rule()
    def touch(self) -> None:
        """Change the time of the source, not what it holds."""
        os.utime(self.source, ns=(time.time_ns(), time.time_ns()))

    @rule()
    def read(self) -> None:
        """Read through a copy, which is found or made; one with a spoilt chunk costs an error."""
        with contextlib.suppress(OmioError) if self.is_spoilt else contextlib.nullcontext():
            self.compare()

    def compare(self) -> None:
        found = omio.open(self.source).cached().load()
        np.testing.assert_array_equal(found[0, :, 0], self.pixels)

    @rule(which=PLACES)
    def lose(self, which: int) -> None:
        """Delete a file of a copy; without its manifest it would be nobody's, and stand in the way until removed."""
        if place := self.any_file(which, besides=(MANIFEST,)):
            place.unlink()

    @rule(which=PLACES, at=PLACES)
    def spoil(self, which: int, at: int) -> None:
        """Change a byte, in the same size: verifying tells, and what is read is right or an error."""
        place = self.any_file(which, besides=(MANIFEST, FILES))
        if place is None or not (content := bytearray(place.read_bytes())):
            return
        content[at % len(content)] = (content[at % len(content)] + 1) % 256
        place.write_bytes(content)
        self.is_spoilt = True
        assert any(list(entry.damage()) for entry in self.copies())

    def any_file(self, which: int, besides: tuple[str, ...]) -> Path | None:
        files = sorted(path for entry in self.copies() for path in entry.path.rglob("*") if path.is_file())
        files = [path for path in files if path.name not in besides]
        return files[which % len(files)] if files else None

    @rule(milliseconds=st.integers(0, 30))
    def kill(self, milliseconds: int) -> None:
        """Kill one that makes a copy."""
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                omio.open(self.source).cached()
            os._exit(0)
        time.sleep(milliseconds / 1000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    @rule()
    def verify(self) -> None:
        """Throw away what is not what was written."""
        for entry in self.copies():
            if list(entry.damage()):
                entry.remove()
        assert not any(list(entry.damage()) for entry in self.copies())
        self.is_spoilt = False

    @rule()
    def remove(self) -> None:
        """Remove all copies."""
        for entry in self.copies():
            entry.remove()
        self.is_spoilt = False
        assert self.copies() == []

    @invariant()
    def the_source_is_as_it_was(self) -> None:
        np.testing.assert_array_equal(tifffile.imread(self.source), self.pixels)


TestCopies = Copies.TestCase
TestCopies.settings = settings(max_examples=500 if NIGHTLY else 12, stateful_step_count=30 if NIGHTLY else 12)

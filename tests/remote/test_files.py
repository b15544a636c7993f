"""`RemoteFile`: the same bytes as the file has, in few requests and bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fsspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omio.remote import cache
from omio.remote.cache import BLOCK, CACHE, Cache
from omio.remote.files import GAP, PART, RemoteFile
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from omio.remote.wires import Range

CONTENT = np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
SPANS = st.lists(st.tuples(st.integers(0, len(CONTENT) + 9), st.integers(0, 40_000)), max_size=6)


class Counted(RemoteFile):
    """Keeps the ranges that it asks for."""

    def __init__(self, content: bytes, name: str = "memory://counted/file") -> None:
        fsspec.filesystem("memory").pipe(name.removeprefix("memory:/"), content)
        CACHE.forget_all()
        super().__init__(Url(name))
        self.asked: list[Range] = []
        wire = self._wire
        fetch = wire.fetch

        def counted(ranges: Sequence[Range], version: str) -> list[bytes]:
            self.asked += ranges
            return fetch(ranges, version)

        wire.fetch = counted  # type: ignore[method-assign]


@given(SPANS, SPANS)
def test_bytes_are_those_of_the_file(ahead: list[tuple[int, int]], spans: list[tuple[int, int]]) -> None:
    file = Counted(CONTENT)
    file.ahead((start, start + count) for start, count in ahead)
    for start, count in spans:
        assert file.read(count, start) == CONTENT[start : start + count]
        into = bytearray(count), bytearray(5)
        got = file.read_into(into, start)
        assert b"".join(into)[:got] == CONTENT[start : start + count + 5]


def test_what_is_here_is_not_asked_for_again() -> None:
    file = Counted(CONTENT)
    file.read(100, 50_000)
    file.read(100, 50_050)
    assert len(file.asked) == 1


def test_a_reader_that_goes_on_gets_more_at_a_time() -> None:
    file = Counted(CONTENT)
    for start in range(0, len(CONTENT), 1000):
        file.read(1000, start)
    sizes = [stop - start for start, stop in file.asked]
    assert len(sizes) < 8
    assert sizes[:3] == sorted(sizes[:3])


def test_neighbours_are_fetched_together_and_far_ones_apart() -> None:
    file = Counted(CONTENT)
    far = 5 * BLOCK + 2 * GAP
    file.ahead([(0, 10), (2 * BLOCK, 2 * BLOCK + 10), (far, far + 10)])
    assert len(file.asked) == 2
    assert file.asked[0] == (0, 3 * BLOCK)


def test_long_ranges_come_in_parts_and_are_not_kept() -> None:
    file = Counted(bytes(3 * PART))
    assert len(file.read(3 * PART, 0)) == 3 * PART
    assert len(file.asked) == 3
    assert CACHE.block(file._version, 0) is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 10 * BLOCK)
    kept = Cache()
    kept.keep_blocks(("a", 1, "", 0), 0, bytes(100 * BLOCK))
    kept.keep_blocks(("a", 1, "", 0), 99, bytes(BLOCK))
    assert kept._held == 10 * BLOCK == sum(map(len, kept._blocks.values()))


def test_blocks_that_went_meanwhile_are_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", BLOCK)
    assert Counted(CONTENT).read(50_000, 10) == CONTENT[10:50_010]

"""The bar: on a terminal only."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from omio.batch.reporting.records import Result
from omio.batch.running.progress import shown, silent

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with shown(None, 2) as progress:
        progress(1, 2, Result("a", "processed", ("a",)))
        progress(2, 2, Result("b", "failed", ("b",)))
    return stream.getvalue()


def test_a_terminal_sees_counts_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(Terminal(), monkeypatch)
    assert "2/2" in told
    assert "1 failed" in told


def test_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run(io.StringIO(), monkeypatch)


def test_a_progress_of_ones_own_is_used() -> None:
    with shown(silent, 2) as progress:
        assert progress is silent

"""What making a dask array of a recipe leaves as it was."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from omio.lazy import graph


@pytest.mark.parametrize("is_collecting", [True, False])
def test_importing_leaves_the_garbage_collector_as_it_was(
    monkeypatch: pytest.MonkeyPatch, *, is_collecting: bool
) -> None:
    monkeypatch.setattr(graph, "sys", SimpleNamespace(modules={}))  # as if nothing were imported yet
    was_collecting = gc.isenabled()
    (gc.enable if is_collecting else gc.disable)()
    try:
        assert graph.import_libraries().__name__ == "xarray"
        assert gc.isenabled() == is_collecting
    finally:
        (gc.enable if was_collecting else gc.disable)()


def test_no_garbage_is_looked_for_while_importing(monkeypatch: pytest.MonkeyPatch) -> None:
    switched: list[str] = []
    fake = SimpleNamespace(
        isenabled=lambda: True,
        disable=lambda: switched.append("off"),
        enable=lambda: switched.append("on"),
    )
    monkeypatch.setattr(graph, "gc", fake)
    monkeypatch.setattr(graph, "sys", SimpleNamespace(modules={}))
    graph.import_libraries()
    assert switched == ["off", "on"]

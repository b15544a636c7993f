"""Viewers by name: declared by packages or registered, made anew, and waited for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio import MicroscopyDataset
from omio.errors import MissingDependencyError, OptionError
from omio.viewing.viewers import registry
from tests.support.packages import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Watched:
    """Remembers what was called."""

    name = "watched"

    def __init__(self) -> None:
        self.called: list[str] = []

    def add_image(self, data: Any, *, name: str, **options: Any) -> None:
        assert set(options) >= {"scale", "units"}
        self.called.append(f"{name} {data.shape}")

    def add_labels(self, data: Any, **options: Any) -> None:
        raise AssertionError("the image has no labels")

    def run(self) -> None:
        self.called.append("run")


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    omio.register_viewer(Watched)
    yield
    registry.unregister("watched")


def cells() -> MicroscopyDataset:
    pixels = MicroscopyDataset.from_array(np.zeros((2, 8, 9), "u1"), "CYX")
    return pixels.with_metadata(name="cells", pixel_size={"Y": 0.5, "X": 0.5})


@pytest.mark.parametrize(("blocking", "waits"), [(True, True), (False, False), (None, True)])
def test_a_registered_viewer_is_made_shown_in_and_waited_for(*, blocking: bool | None, waits: bool) -> None:
    shown = cells().view("watched", blocking=blocking)
    assert isinstance(shown, Watched)
    assert shown.called == ["cells :: C0 (8, 9)", "cells :: C1 (8, 9)", *["run"] * waits]
    assert cells().view("watched") is not shown


def test_a_viewer_that_is_given_is_waited_for_where_that_is_asked() -> None:
    given = Watched()
    assert cells().view(given) is given
    assert "run" not in given.called
    omio.view([cells()], given, blocking=True)
    assert given.called[-1] == "run"


def test_a_package_declares_viewers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {"found": f"{Watched.__module__}:Watched", "broken": f"{Watched.__module__}:Absent"}
    install(tmp_path, monkeypatch, "omio.viewers", **targets)
    monkeypatch.setattr(registry, "_discovered", False)
    try:
        assert type(cells().view("found")).__qualname__ == "Watched"
        with pytest.raises(MissingDependencyError, match="'broken' cannot be loaded"):
            cells().view("broken")
    finally:
        registry.unregister("found")
        registry.unregister("broken")


def test_an_unknown_name_lists_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "napari", None)  # whoever imports it fails
    with pytest.raises(OptionError, match=r"no viewer 'wached'\. Did you mean 'watched'\?"):
        cells().view("wached")

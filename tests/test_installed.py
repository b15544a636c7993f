"""Finding out whether installed packages declare plug-ins."""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from omio.installed import is_declared
from tests.support.packages import install

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "omio.test_declared"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the path that holds an installed package with an entry point."""
    return install(tmp_path, monkeypatch, GROUP, found="demo_plugin_module:Plugin")


def test_looking_for_declarations_agrees_with_importlib(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_declared(GROUP) == bool(entry_points(group=GROUP))
    assert is_declared(f"{GROUP}.absent") == bool(entry_points(group=f"{GROUP}.absent"))
    monkeypatch.setattr(sys, "path", [str(package / "absent"), str(package / "demo_plugin-1.0.dist-info")])
    assert not is_declared(GROUP)


def test_a_zip_on_the_path_counts_as_maybe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as file:
        file.writestr("x.py", "")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "lib.zip")])
    assert is_declared(GROUP)


def test_a_finder_of_its_own_counts_as_maybe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_distributions(self) -> list[object]:
            return []

    monkeypatch.setattr(sys, "path", [])
    assert not is_declared(GROUP)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert is_declared(GROUP)

"""The registry of plug-ins."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from omio.errors import MissingDependencyError, OmioWarning
from omio.registry import PluginSpec, Registry
from tests.support.packages import install

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "omio.test_plugins"
MODULE = "class Plugin:\n    name = 'found'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on the path that holds an installed package with two entry points, one of them broken."""
    (tmp_path / "demo_plugin_module.py").write_text(MODULE)
    monkeypatch.delitem(sys.modules, "demo_plugin_module", raising=False)
    targets = {"found": "demo_plugin_module:Plugin", "broken": "demo_plugin_module:Absent"}
    return install(tmp_path, monkeypatch, GROUP, **targets)


def test_entry_points_join_the_built_in_ones(package: Path) -> None:
    registry: Registry[object] = Registry(GROUP, (PluginSpec("own", "builtins:object"),))
    assert registry.names() == ("own", "found", "broken")
    assert package.exists()
    assert registry.load("found").__module__ == "demo_plugin_module"


def test_a_broken_plug_in_is_one_warning(package: Path) -> None:
    registry: Registry[object] = Registry(GROUP, ())
    with pytest.warns(OmioWarning, match="'broken'"):
        assert [name for name, _ in registry.loadable()] == ["found"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [name for name, _ in registry.loadable()] == ["found"]
    assert package.exists()


@pytest.mark.parametrize("body", ["raise RuntimeError('boom')", "1 / 0", "import no_such_module", "def"])
def test_a_plug_in_that_raises_at_import_is_one_warning(package: Path, body: str) -> None:
    (package / "demo_plugin_module.py").write_text(body)
    registry: Registry[object] = Registry(GROUP, (PluginSpec("own", "builtins:object"),))
    with pytest.raises(MissingDependencyError, match="'found' cannot be loaded"):
        registry.load("found")
    with pytest.warns(OmioWarning, match="is broken") as told:
        assert [name for name, _ in registry.loadable()] == ["own"]
    assert len(told) == 2
    assert [name for name, _ in registry.loadable()] == ["own"]


def test_a_missing_package_names_the_extra() -> None:
    registry: Registry[object] = Registry(GROUP, (PluginSpec("far", "no_such_module:X", extra="cloud"),))
    with pytest.raises(MissingDependencyError, match=r'pip install "omio\[cloud\]"'):
        registry.load("far")
    assert not list(registry.loadable())


def test_register_replaces() -> None:
    registry: Registry[object] = Registry(GROUP, (PluginSpec("int", "builtins:str"),))
    registry.register(int)
    assert registry.load("int") is int
    assert len(registry) == 1

"""Installed packages: that declare plug-ins, as `importlib.metadata` finds them, or seem not to be there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, group: str, **targets: str) -> Path:
    """Put a package into a folder on the path that declares ``name=module:Class`` in a group of entry points."""
    info = folder / "demo_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-plugin\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{name} = {target}" for name, target in targets.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(folder)
    return folder


def hide(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let imports of a package fail, also of those of its modules that were imported before."""
    for name in {package, *(name for name in sys.modules if name.startswith(f"{package}."))}:
        monkeypatch.setitem(sys.modules, name, None)

"""What lies at the top of the repository."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import omio
from tests.support.blocks import ROOT

TOP = {"pyproject.toml", "omio", "tests", "docs", "benchmarks", "README.md", "LICENSE", "CITATION.cff"}


def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


def test_top_level_holds_nothing_else() -> None:
    names = {path.partition("/")[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} <= TOP


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert project["requires-python"] == f">={pinned}"
    assert f"version: {omio.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert (Path(omio.__file__).parent / "py.typed").exists()

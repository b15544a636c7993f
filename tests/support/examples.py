"""The scripts of `docs/examples`."""

from __future__ import annotations

from tests.support.blocks import ROOT

FOLDER = ROOT / "docs" / "examples"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "made")
"""Their names; `made` makes the files that they work on."""

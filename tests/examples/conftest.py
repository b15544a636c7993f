"""The scripts of `docs/examples`, imported as whoever runs them does: their folder is the first of the path."""

from __future__ import annotations

import importlib
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.examples import FOLDER, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Yield a function that imports a script by name; the files that `made` makes lie in `tmp_path`."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield importlib.import_module
    for name in (*SCRIPTS, "made"):
        sys.modules.pop(name, None)

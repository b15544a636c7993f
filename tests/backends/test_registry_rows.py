from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from omio.backends import Glance, registry
from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.dialects import DIALECTS
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("dialect", [*(name for name, _ in DIALECTS), "plain", "damaged"])
def test_rows_and_classes_agree_on_dialects(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omio.backends.tiff.dialects.sniff", lambda *_: dialect)
    caring = []
    for name in registry:
        cares = registry.spec(name).cares
        if cares is not None and cares(Glance("a.tif", b"II*\0")):
            caring.append(name)
    owners = [
        name for name in registry if issubclass(kind := registry.load(name), TiffBackend) and dialect in kind.dialects
    ]
    assert caring == owners
    assert len(owners) == 1


def test_opening_one_dialect_imports_no_other(tmp_path: Path) -> None:
    sample = makers.imagej(tmp_path / "a.tif")
    code = f"import sys, omio; omio.open({str(sample.path)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "omio.backends.tiff.imagej" in loaded
    for other in ("omio.backends.tiff.ometiff", "omio.backends.tiff.lsm", "omio.backends.czi", "omio.backends.omexml"):
        assert other not in loaded

"""``--axes`` takes names and policies, on every command that opens files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Return a plain stack of five pages."""
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((5, 8, 9), "u1"), photometric="minisblack", metadata=None)
    return path


@pytest.mark.parametrize(("axes", "dim"), [("ZYX", "Z"), ("time", "T"), ("imagej", "Z"), ("channels", "C")])
def test_info_and_convert_name_axes_as_told(
    stack: Path, axes: str, dim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(stack), "--axes", axes, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenes"][0]["sizes"][dim] == 5
    target = stack.with_name("out.ome.tif")
    assert main(["convert", str(stack), "-o", str(target), "--axes", axes]) == 0
    assert omio.open(target).sizes[dim] == 5


def test_an_unknown_policy_is_an_error_that_names_the_others(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(stack), "--axes", "weeks"]) == 1
    told = capsys.readouterr().err
    assert all(kind in told for kind in ("depth", "imagej", "require", "time"))

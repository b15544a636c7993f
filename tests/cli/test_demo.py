"""``omio demo``."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np

import omio
from omio.cli import main
from omio.dataset import MicroscopyDataset
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_all_checks_pass_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["demo"]) == 0
    streams = capsys.readouterr()
    assert not streams.err
    assert "6 images opened" in streams.out
    for name in ("cells.ome.tif", "hyperstack.tif", "t{T:03d}.ome.tif", "histology.tif", "merged.ome.tif"):
        assert name in streams.out
    assert not list(tmp_path.iterdir())


def test_keep_leaves_files_that_open(tmp_path: Path) -> None:
    assert main(["demo", "--keep", str(tmp_path / "here")]) == 0
    with omio.open(tmp_path / "here" / "results" / "merged.ome.tif") as image:
        np.testing.assert_array_equal(image.load(), makers.cells())
    with omio.open(tmp_path / "here" / "project" / "stack.tif", axes="ZYX") as image:
        assert image.sizes["Z"] == 5


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "--keep", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_wrong_pixels_are_seen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    right = MicroscopyDataset.load
    monkeypatch.setattr(MicroscopyDataset, "load", lambda self: right(self) + np.asarray(1, self.dtype))
    assert main(["demo"]) == 1
    streams = capsys.readouterr()
    assert "cells.ome.tif: opened: other pixels" in streams.err
    assert "failed" in streams.out


def test_wrong_sizes_are_seen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    right = makers.ome_tiff

    def lying(path: Path) -> makers.Sample:
        sample = right(path)
        return makers.Sample(sample.path, sample.kind, sample.pixels, {"Z": 1.5, "Y": 9.0, "X": 0.325}, 2.5)

    monkeypatch.setattr(makers, "ome_tiff", lying)
    assert main(["demo"]) == 1
    assert "pixel size" in capsys.readouterr().err

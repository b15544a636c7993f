"""Errors name options as they are written on a command line, and the near word for a misspelt one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from omio.cli import main
from omio.cli._spelling import advised, told
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    makers.ome_tiff(tmp_path / "cells.ome.tif")
    makers.stack(tmp_path / "stack.tif")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("convert stack.tif -o a.ome.tif", "Name it: --axes TYX for time, ZYX for depth, CYX for channels"),
        (
            "convert cells.ome.tif -o a.ome.tif --axes TYX",
            "Leave --axes out. Read the pages alone with --backend tiff.",
        ),
        ("convert cells.ome.tif -o a.ome.tif --scene B", "Choose with --scene: 'Image0'."),
        ("convert cells.ome.tif -o stack.tif", "Use --overwrite replace or --overwrite increment."),
        ("convert cells.ome.tif -o a.ome.tif --compression jpeg", "Use --compression zlib, or cast to uint8."),
        ("convert cells.ome.tif -o a.ome.tif --tile 100", "--tile 100x100: TIFF takes multiples of 16"),
        ("convert cells.ome.tif -o a.ome.tif --crop Z=99um", "It spans 0 to 6 µm."),
        ("batch plan . --exp TP", "--layout folder takes images from any folder."),
    ],
)
def test_remedies_are_options(line: str, remedy: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 1
    printed = capsys.readouterr().err
    assert remedy in printed
    assert not re.search(r"\b(axes|scene|overwrite|compression|backend|method|strict)=", printed)


def test_a_damaged_file_is_told_how_it_is_saved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (folder / "cells.ome.tif").read_bytes()
    (folder / "cut.ome.tif").write_bytes(whole[:60000])
    assert main(["info", "cut.ome.tif"]) == 1
    assert "`omio convert --salvage` takes the pages before it." in capsys.readouterr().err
    main(["convert", "cut.ome.tif", "-o", "saved.ome.tif", "--salvage"])
    np.testing.assert_array_equal(tifffile.imread("saved.ome.tif"), makers.cells()[0, 0, 0])


def test_backend_reads_pages_alone(folder: Path) -> None:
    line = ["convert", "cells.ome.tif", "-o", "pages.ome.tif", "--backend", "tiff", "--axes", "TYX"]
    assert main(line) == 0
    np.testing.assert_array_equal(
        tifffile.imread("pages.ome.tif").reshape(-1, 96, 128), makers.cells().reshape(-1, 96, 128)
    )


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("inof x", "info"),
        ("convert x -o y --chanel GFP", "--channel"),
        ("merge x -o y --overwrite relpace", "replace"),
        ("view x --kind montag", "montage"),
    ],
)
def test_the_near_word_is_named(line: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


def test_help_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["help", "info"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: omio info")


def test_outside_of_a_command_nothing_is_spelled_anew() -> None:
    assert told('axes="TYX"', ()) == 'axes="TYX"'
    assert advised("Call close().", ()) == "Call close()."


def test_what_only_python_can_do_is_said_to_be_of_python() -> None:
    options = ("axes",)
    assert advised("If that is true: max_pixels=40.", options) == "In Python: If that is true: max_pixels=40."
    assert advised("Raise it: omio.config(memory=...).", options) == "Raise it: OMIO_MEMORY."
    assert advised('pip install "omio[plot]"', options) == 'pip install "omio[plot]"'
    assert advised(None, options) is None

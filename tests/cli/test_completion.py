"""Shells complete commands, options, choices and names of files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from omio.cli import main
from omio.cli.completion import SHELLS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert "_ARGCOMPLETE" in printed
    assert "omio" in printed


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_reads_the_script() -> None:
    script = subprocess.run([sys.executable, "-m", "omio", "completion", "bash"], capture_output=True, check=True)
    shown = subprocess.run(
        ["bash", "-c", f"{script.stdout.decode()}\ncomplete -p omio"], capture_output=True, check=True
    )
    assert b"_python_argcomplete" in shown.stdout


def completed(line: str, folder: Path) -> set[str]:
    """Return what a shell would offer at the end of a line."""
    answer = folder / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-m", "omio"], env=environment, cwd=folder, check=True, capture_output=True)
    return {word.strip() for word in answer.read_text(encoding="utf-8").split("\n")}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("omio conv", {"convert"}),
        ("omio convert --over", {"--overwrite"}),
        ("omio merge --along ", {"T", "Z", "C", "M"}),
        ("omio info cel", {"cells.ome.tif"}),
    ],
)
def test_what_could_stand_next(line: str, words: set[str], tmp_path: Path) -> None:
    (tmp_path / "cells.ome.tif").touch()
    assert completed(line, tmp_path) == words

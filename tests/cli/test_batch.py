"""``omio batch``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import tifffile

from omio.cli import main
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for subject in ("sub-1", "sub-2"):
        folder = tmp_path / "project" / subject / "exp_TP001"
        folder.mkdir(parents=True)
        makers.ome_tiff(folder / "cells.ome.tif", makers.cells((1, 2, 2, 32, 32)))
        makers.rgb(folder / "section.tif", (16, 16))
    return tmp_path / "project"


def batch(*arguments: str | Path) -> int:
    return main(["batch", *map(str, arguments)])


def test_plan_lists_and_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(project.rglob("*"))
    assert batch("plan", project, "--sub", "sub-", "--exp", "TP") == 0
    assert "4 outputs of 4 images" in capsys.readouterr().out
    assert batch("run", project, "--pattern", "cells*", "--json", "-n") == 0
    jobs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [job["destination"] for job in jobs] == [f"sub-{k}/exp_TP001/cells.ome.tif" for k in (1, 2)]
    assert sorted(project.rglob("*")) == before


def test_run_converts_and_report_tells(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    arguments = ("run", project, "--sub", "sub-", "--exp", "TP", "--output", output, "--workers", "1")
    assert batch(*arguments, "--compression", "zstd") == 0
    assert capsys.readouterr().out.startswith("4 converted, 0 failed, of 4\n")
    with tifffile.TiffFile(output / "sub-1/exp_TP001/cells.ome.tif") as file:
        assert file.pages.first.compression == tifffile.COMPRESSION.ZSTD
    assert batch("report", output, "--html", tmp_path / "page.html") == 0
    assert capsys.readouterr().out.startswith("4 converted, 0 failed, of 4\n")
    assert "all 4 converted" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert batch(*arguments, "--compression", "zstd", "--json") == 0
    assert {json.loads(line)["status"] for line in capsys.readouterr().out.splitlines()} == {"skipped"}


def test_a_bad_file_fails_the_command_and_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "sub-1/exp_TP001/cells.ome.tif").write_bytes(b"II*\0 cut")
    assert batch("run", project, "--workers", "1", "-q") == 1
    streams = capsys.readouterr()
    assert not streams.out
    assert "sub-1/exp_TP001/cells.ome.tif" in streams.err
    assert batch("report", project / "omio_converted") == 1


def test_imagej_files_have_plain_names(project: Path) -> None:
    assert batch("run", project, "--pattern", "cells*", "--flavor", "imagej", "--workers", "1") == 0
    assert (project / "omio_converted/sub-1/exp_TP001/cells.tif").is_file()


@pytest.mark.parametrize("arguments", [("--workers", "0"), ("--overwrite", "increment"), ("--writer", "paper")])
def test_what_cannot_be_is_refused(
    project: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("run", project, *arguments) == 1
    assert "error" in capsys.readouterr().err
    assert not (project / "omio_converted").exists()


def test_as_a_program_with_processes(project: Path) -> None:
    command = [sys.executable, "-m", "omio", "batch", "run", str(project), "--workers", "2"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 converted, 0 failed, of 4\n")
    assert not done.stderr

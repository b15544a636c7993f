"""How problems are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omio.checks import Problem, Report, each, validate
from omio.checks.report import Findings
from omio.errors import DamagedFileError
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


def test_a_report_is_ok_with_warnings_and_not_with_errors() -> None:
    warning, error = Problem("page 0", "warning", "is odd"), Problem("", "error", "is cut")

    assert Report("a.tif", "tiff", (warning,)).ok
    assert not Report("a.tif", "tiff", (warning, error)).ok
    assert [str(problem) for problem in (warning, error)] == ["page 0: is odd", "is cut"]


def test_one_problem_is_told_once() -> None:
    findings = Findings("a.tif")
    for _ in range(2):
        findings.error("page 0", "is  cut\n off")

    assert list(findings.found) == [Problem("page 0", "error", "is cut off")]


@pytest.mark.parametrize(("path", "place"), [("a.tif", "page 3"), ("b.tif", "scene 'A': b.tif: page 3")])
def test_the_file_itself_is_not_named_again_and_members_are(path: str, place: str) -> None:
    findings = Findings("a.tif")
    with findings.watched("" if path == "a.tif" else "scene 'A'"):
        raise DamagedFileError("is cut", path=path, place="page 3", remedy="Copy it again.")

    assert list(findings.found) == [Problem(place, "error", "is cut")]


def test_a_relative_name_is_not_repeated_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cut.tif").write_bytes(b"II*\0junk")
    monkeypatch.chdir(tmp_path)

    (problem,) = validate("cut.tif").errors

    assert str(tmp_path) not in str(problem)


def test_what_is_not_there(tmp_path: Path) -> None:
    for name in (tmp_path / "absent.tif", "", "https://example.org/cells.ome.tif"):
        report = validate(name)
        assert not report.ok
        assert report.format is None


def test_images_of_a_folder_come_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    makers.ome_tiff(tmp_path / "inner" / "cells.ome.tif")
    (tmp_path / "bad.tif").write_bytes(b"no")
    (tmp_path / "notes.txt").write_text("no image")

    assert [(report.path, report.ok) for report in each(tmp_path)] == [
        (str(tmp_path / "bad.tif"), False),
        (str(tmp_path / "inner" / "cells.ome.tif"), True),
    ]
    assert [problem.place for problem in validate(tmp_path).problems] == ["bad.tif"]

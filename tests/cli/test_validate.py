from __future__ import annotations

import json
from pathlib import Path

import pytest

from omio import backends
from omio.cli import main
from omio.testing import makers
from tests.support.packages import install


@pytest.fixture
def project(tmp_path: Path) -> Path:
    makers.ome_tiff(tmp_path / "good.ome.tif")
    makers.stack(tmp_path / "pages.tif")
    makers.ome_tiff(tmp_path / "cut.ome.tif")
    cut = tmp_path / "cut.ome.tif"
    cut.write_bytes(cut.read_bytes()[:-5000])
    return tmp_path


def test_a_good_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(project / "good.ome.tif")]) == 0

    told = capsys.readouterr()
    assert told.out == "1 file checked, 1 ok: 0 errors, 0 warnings\n"
    assert told.err == ""


def test_each_problem_is_a_line_that_names_file_and_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(project)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"error: {project / 'cut.ome.tif'}: page ") for line in lines)
    assert any(line.startswith(f"warning: {project / 'pages.tif'}: ") for line in lines)
    assert lines[-1].startswith("3 files checked, 2 ok: ")


def test_warnings_alone_are_no_failure(project: Path) -> None:
    assert main(["validate", str(project / "pages.tif")]) == 0


def test_json_is_an_object_a_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--json", str(project), str(project / "absent.tif")]) == 1

    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    verdicts = {Path(report["path"]).name: report["ok"] for report in reports}
    assert verdicts == {
        "cut.ome.tif": False,
        "good.ome.tif": True,
        "pages.tif": True,
        "absent.tif": False,
    }
    assert {report["format"] for report in reports} >= {"ometiff", "tiff", None}
    assert {problem["severity"] for report in reports for problem in report["problems"]} == {"error", "warning"}


def test_quiet_leaves_the_problems(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "-q", str(project / "pages.tif"), str(project / "good.ome.tif")]) == 0

    assert "checked" not in capsys.readouterr().out


def test_colours_are_those_of_the_console(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["validate", str(project / "pages.tif")])

    assert "\x1b[33mwarning\x1b[0m: " in capsys.readouterr().out


def test_an_empty_folder_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path)]) == 1

    assert f"error: {tmp_path}: no image in the folder, nor in those below" in capsys.readouterr().out


def test_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate"])
    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["validate", "doctor"])
def test_a_plug_in_that_cannot_be_loaded_is_no_fault_of_the_file(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, "omio.backends", absent="no_such_module:Backend")
    monkeypatch.setattr(backends.registry, "_discovered", False)
    good = makers.ome_tiff(tmp_path / "good.ome.tif").path
    try:
        assert main([command, str(good), str(good), "--json"]) == 0
    finally:
        backends.registry.unregister("absent")
    told = capsys.readouterr()
    reports = [json.loads(line) for line in told.out.splitlines()]
    assert [report["problems"] for report in reports] == [[], []]
    assert told.err.count("plug-in 'absent' is broken") == 1

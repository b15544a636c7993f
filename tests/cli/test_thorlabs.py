from __future__ import annotations

from pathlib import Path

import pytest

import omio
from omio.cli import main
from tests.backends.thorlabs import made


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "bare.raw"
    made.pixels((6, 64, 128)).tofile(path)
    return path


def test_template_of_a_file(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thorlabs", "template", str(bare), "--size", "Y=64,X=128,c=2,T=3,Z=1"]) == 0

    assert capsys.readouterr().out.split() == [str(bare.with_suffix(".yaml"))]
    assert omio.open(bare).shape == (3, 1, 2, 64, 128)


def test_template_of_a_folder_tells_of_guesses(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thorlabs", "template", str(bare.parent)]) == 0

    told = capsys.readouterr()
    assert told.out.split() == [str(bare.with_suffix(".yaml"))]
    assert "guess" in told.err
    assert main(["thorlabs", "template", str(bare.parent)]) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_the_list_of_a_batch_run_may_be_edited_and_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        made.pixels((6, 64, 128)).tofile(tmp_path / f"{name}.raw")
    assert main(["batch", "run", str(tmp_path), "--layout", "folder", "--workers", "1", "-q"]) == 1
    listed = tmp_path / "omio_converted" / "omio-report-raw.txt"
    listed.write_text("".join(line for line in listed.read_text().splitlines(keepends=True) if "two.raw" not in line))
    capsys.readouterr()

    assert main(["thorlabs", "template", str(listed), "--size", "Y=64,X=128,C=1,T=6,Z=1"]) == 0

    assert [Path(line).resolve() for line in capsys.readouterr().out.split()] == [tmp_path / "one.yaml"]
    assert omio.open(tmp_path / "one.raw").shape == (6, 1, 1, 64, 128)


def test_nothing_is_overwritten_without_force(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare.with_suffix(".yaml").write_text("mine")

    assert main(["thorlabs", "template", str(bare)]) == 1
    assert "exists" in capsys.readouterr().err
    assert bare.with_suffix(".yaml").read_text() == "mine"

    assert main(["thorlabs", "template", str(bare), "--force"]) == 0
    assert bare.with_suffix(".yaml").read_text() != "mine"


def test_one_failure_does_not_stop_the_others(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["thorlabs", "template", str(bare.with_name("absent.raw")), str(bare), "--bits", "8"]) == 1

    told = capsys.readouterr()
    assert "absent.raw" in told.err
    assert bare.with_suffix(".yaml").exists()
    assert "bits: 8" in bare.with_suffix(".yaml").read_text()


@pytest.mark.parametrize("size", ["Y", "Y=0", "Q=3", "Y=1.5", ""])
def test_sizes_are_checked(bare: Path, size: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["thorlabs", "template", str(bare), "--size", size])

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import omio
from omio.cli import main
from omio.store.cache.entries import FOLDER, MANIFEST, entries
from omio.store.cache.making import user_folder
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make two images with a copy each; the second copy lies in the user's cache folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with omio.config(cache_dir=tmp_path / "user"):
        omio.open(makers.imagej(folder / "a.tif").path).cached()
        omio.open(makers.rgb(folder / "b.tif").path).cached(tmp_path / "user")
        yield folder


def called(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[str]:
    assert main(["cache", *arguments]) == code
    return capsys.readouterr().out.splitlines()


def described(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in called(capsys, *arguments, "--json", code=code)]


def copy_of(folder: Path) -> Path:
    (entry,) = entries(folder)
    return entry.path


class TestLs:
    def test_here_and_in_the_users_folder(self, capsys: pytest.CaptureFixture[str]) -> None:
        heading, first, second = called(capsys, "ls")
        assert heading.split() == ["size", "used", "state", "source", "copy"]
        assert "just now  whole  a.tif 0" in first
        assert "just now  whole  b.tif 0" in second

    @pytest.mark.parametrize("path", ["a.tif", ".", FOLDER])
    def test_of_a_path(self, capsys: pytest.CaptureFixture[str], project: Path, path: str) -> None:
        (row,) = described(capsys, "ls", path)
        assert row["sources"] == [str(project / "a.tif")]
        assert Path(row["path"]).resolve() == copy_of(project / FOLDER)
        assert (row["state"], row["scenes"]) == ("whole", ["0"])
        assert row["nbytes"] < 500_000

    def test_of_an_image_whose_copy_is_in_the_users_folder(self, capsys: pytest.CaptureFixture[str]) -> None:
        (row,) = described(capsys, "ls", "b.tif")
        assert row["path"] == str(copy_of(user_folder()))

    def test_states(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        os.utime(project / "a.tif", ns=(1, 1))
        (copy_of(user_folder()) / "zarr.json").unlink()
        assert [row["state"] for row in described(capsys, "ls")] == ["stale", "incomplete"]
        (project / "a.tif").unlink()
        assert [row["state"] for row in described(capsys, "ls", "a.tif")] == ["stale"]

    def test_what_was_never_there_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["cache", "ls", "c.tif"]) == 1
        assert "c.tif: no such file, and no copy of one" in capsys.readouterr().err


class TestRm:
    def test_of_a_path(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        name = copy_of(project / FOLDER).name
        assert called(capsys, "rm", "a.tif") == [str(Path(FOLDER) / name)]
        assert not (project / FOLDER).exists()
        assert copy_of(user_folder()).exists()

    def test_a_copy_itself(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        path = str(copy_of(project / FOLDER))
        (row,) = described(capsys, "rm", path)
        assert row["path"] == path
        assert row["nbytes"] > 0

    def test_all(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        assert len(called(capsys, "rm", "--all")) == 2
        assert not (project / FOLDER).exists()
        assert not user_folder().exists()
        assert called(capsys, "ls") == []

    def test_stale_ones(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        os.utime(project / "a.tif", ns=(1, 1))
        (removed,) = called(capsys, "rm", "--stale")
        assert Path(removed).name.startswith("a-")
        assert called(capsys, "rm", "--stale") == []

    def test_old_ones(self, capsys: pytest.CaptureFixture[str]) -> None:
        os.utime(copy_of(user_folder()) / MANIFEST, (1, 1))
        assert "d ago" in called(capsys, "ls", "b.tif")[1]
        (removed,) = called(capsys, "rm", "--older", "30")
        assert Path(removed).name.startswith("b-")

    def test_the_least_recently_used(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        os.utime(copy_of(project / FOLDER) / MANIFEST, (1, 1))
        assert called(capsys, "rm", "--keep", "1GB") == []
        (removed,) = called(capsys, "rm", "--keep", "100kB")
        assert Path(removed).name.startswith("a-")

    def test_what_omio_did_not_write_stays_and_the_others_go(
        self, capsys: pytest.CaptureFixture[str], project: Path
    ) -> None:
        (copy_of(project / FOLDER) / "notes.txt").write_text("mine")
        assert len(called(capsys, "rm", "--all", code=1)) == 1
        assert (copy_of(project / FOLDER) / "notes.txt").read_text() == "mine"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["rm"],
            ["ls", "--stale"],
            ["verify", "--keep", "1"],
            ["rm", "--keep", "much"],
            ["rm", "--older", "nan"],
            ["rm", "--all", "--stale"],
        ],
    )
    def test_what_makes_no_sense_is_wrong_usage(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as exit_info:
            main(["cache", *arguments])
        assert exit_info.value.code == 2


class TestVerify:
    def test_whole_ones(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert called(capsys, "verify") == ["2 checked, 0 damaged"]

    def test_a_flipped_byte(self, capsys: pytest.CaptureFixture[str], project: Path) -> None:
        chunk = next(path for path in copy_of(project / FOLDER).rglob("c/**/*") if path.is_file())
        content = bytearray(chunk.read_bytes())
        content[-1] ^= 1
        chunk.write_bytes(content)
        lines = called(capsys, "verify", code=1)
        assert lines[-1] == "2 checked, 1 damaged"
        assert lines[0].endswith(
            f": {chunk.relative_to(copy_of(project / FOLDER)).as_posix()}: is not what was written"
        )
        assert [row["ok"] for row in described(capsys, "verify", code=1)] == [False, True]

    @pytest.mark.parametrize("of", ["copy", "folder", "nothing"])
    def test_a_manifest_that_cannot_be_read(self, capsys: pytest.CaptureFixture[str], project: Path, of: str) -> None:
        path = copy_of(project / FOLDER)
        (path / MANIFEST).write_text("{")
        arguments = {"copy": [str(path)], "folder": [str(project)], "nothing": []}[of]
        problems = [row["problems"] for row in described(capsys, "verify", *arguments, code=1)]
        assert ["its manifest cannot be read"] in problems

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest

from omio.errors import DestinationExistsError, SourceOverwriteError, WriteError
from omio.lazy.leaf import FileStamp
from omio.store import atomic, platform
from omio.store.atomic import sweep, temporary_name
from omio.store.folders import folder_destination, repair

if TYPE_CHECKING:
    from pathlib import Path

    from omio.policies.write import Overwrite


def fill(path: Path, text: str, overwrite: Overwrite = "error") -> Path:
    with folder_destination(path, is_ours=lambda folder: (folder / "mark").exists(), overwrite=overwrite) as pending:
        (pending.temp / "mark").write_text(text)
        (pending.temp / "deep").mkdir()
        (pending.temp / "deep" / "chunk").write_bytes(b"x")
    return pending.path


@pytest.fixture(params=[True, False], ids=["exchange", "aside"])
def _renames(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "RENAMEAT2", platform.RENAMEAT2 and request.param)


@pytest.mark.usefixtures("_renames")
class TestFolderDestination:
    def test_appears_whole(self, tmp_path: Path) -> None:
        assert fill(tmp_path / "a.zarr", "new") == tmp_path / "a.zarr"

        assert sorted(path.name for path in (tmp_path / "a.zarr").iterdir()) == ["deep", "mark"]
        assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]

    def test_an_error_leaves_nothing(self, tmp_path: Path) -> None:
        def half() -> None:
            with folder_destination(tmp_path / "a.zarr", is_ours=bool) as pending:
                (pending.temp / "mark").write_text("half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half()

        assert list(tmp_path.iterdir()) == []

    def test_a_taken_name_is_an_error(self, tmp_path: Path) -> None:
        fill(tmp_path / "a.zarr", "old")

        with pytest.raises(DestinationExistsError):
            fill(tmp_path / "a.zarr", "new")

        assert (tmp_path / "a.zarr" / "mark").read_text() == "old"

    def test_an_empty_folder_is_taken_as_well(self, tmp_path: Path) -> None:
        (tmp_path / "a.zarr").mkdir()

        with pytest.raises(DestinationExistsError):
            fill(tmp_path / "a.zarr", "new")

    def test_a_name_taken_meanwhile_is_an_error(self, tmp_path: Path) -> None:
        with (
            pytest.raises(DestinationExistsError),
            folder_destination(tmp_path / "a.zarr", is_ours=lambda folder: True),
        ):
            (tmp_path / "a.zarr").mkdir()

        assert list((tmp_path / "a.zarr").iterdir()) == []

    def test_replaces_its_own_kind_only(self, tmp_path: Path) -> None:
        fill(tmp_path / "a.zarr", "old")
        fill(tmp_path / "a.zarr", "new", "replace")
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter").write_text("1")

        with pytest.raises(WriteError, match="nothing that would be written"):
            fill(tmp_path / "thesis", "new", "replace")

        assert (tmp_path / "a.zarr" / "mark").read_text() == "new"
        assert (tmp_path / "thesis" / "chapter").read_text() == "1"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "thesis"]

    def test_increments(self, tmp_path: Path) -> None:
        fill(tmp_path / "a.zarr", "old")

        assert fill(tmp_path / "a.zarr", "new", "increment") == tmp_path / "a-1.zarr"

    def test_a_source_is_refused(self, tmp_path: Path) -> None:
        source = fill(tmp_path / "a.zarr", "old")
        stamps = [FileStamp.of(source)]

        with (
            pytest.raises(SourceOverwriteError),
            folder_destination(source, is_ours=lambda folder: True, overwrite="replace", sources=stamps),
        ):
            pytest.fail("the folder was made")


def test_a_failed_replacement_puts_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "a.zarr", "old")
    monkeypatch.setattr(platform, "RENAMEAT2", False)
    rename, calls = type(tmp_path).rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise PermissionError(13, "no")
        return rename(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", second_fails)
    with pytest.raises(WriteError):
        fill(tmp_path / "a.zarr", "new", "replace")

    assert (tmp_path / "a.zarr" / "mark").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("taken", [True, False])
def test_what_a_killed_process_moved_aside_is_mended(tmp_path: Path, *, taken: bool) -> None:
    if taken:
        fill(tmp_path / "a.zarr", "new")
    old = tmp_path / f".a.zarr.omio-{'0' * 16}.old"
    old.mkdir()
    (old / "mark").write_text("old")

    repair(tmp_path)

    assert (tmp_path / "a.zarr" / "mark").read_text() == ("new" if taken else "old")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


KILLED = """
import os, signal, sys
from pathlib import Path
from omio.store.folders import folder_destination
with folder_destination(sys.argv[1], is_ours=bool) as pending:
    (pending.temp / "chunk").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.zarr")], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1

    fill(tmp_path / "b.zarr", "new")

    assert [path.name for path in tmp_path.iterdir()] == ["b.zarr"]


@pytest.mark.skipif(os.name != "posix", reason="folders cannot be locked")
def test_what_gets_its_name_while_another_sweeps_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try_lock = platform.try_lock
    with folder_destination(tmp_path / "a.zarr", is_ours=lambda _: True) as pending:
        (pending.temp / "mark").write_text("new")

        def late(descriptor: int) -> bool | None:
            pending.unlock()
            return try_lock(descriptor)

        monkeypatch.setattr(platform, "try_lock", late)
        sweep(tmp_path)
    assert (tmp_path / "a.zarr" / "mark").read_text() == "new"


def test_what_was_left_is_not_emptied_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / temporary_name("a.zarr")
    emptied: list[Path] = []
    (left / "deep").mkdir(parents=True)
    monkeypatch.setattr(atomic, "UNLOCKABLE_AGE", -1.0)

    def remove(folder: Path) -> None:
        assert not left.exists()
        emptied.append(folder)
        rmtree(folder)

    monkeypatch.setattr(shutil, "rmtree", remove)
    sweep(tmp_path)
    assert len(emptied) == 1
    assert not list(tmp_path.iterdir())

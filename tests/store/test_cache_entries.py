"""Copies on disk: found by content, whole or not at all, and removed only where omio made them."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.errors import LayoutError, WriteError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.store import atomic
from omio.store.cache import making
from omio.store.cache.entries import FILES, FOLDER, MANIFEST, Check, Entry, entries, unreadable
from omio.store.cache.identity import Identity
from omio.store.cache.making import Wanted, provide, safe_stem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PIXELS = b"pixels" * 1000


def recipe(path: Path, where: Any = 0) -> FileRecipe:
    return FileRecipe(open, FileStamp.of(path), (), where, (1, 1, 1, 2, 2), np.dtype("u1"), (1, 1, 1, 2, 2))  # type: ignore[arg-type]


def fill(folder: Path, *, calls: list[Path], fails: type[BaseException] | None = None) -> Mapping[str, Check]:
    calls.append(folder)
    files = {"zarr.json": b"{}", "c/0": PIXELS, "c/1": PIXELS[::-1]}
    (folder / "c").mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        if fails is not None:
            raise fails
    return {name: Check.of(content) for name, content in files.items()}


@dataclass(frozen=True)
class Elsewhere(FileStamp):
    """The state of a remote file that never changes."""

    version: str = ""

    def check(self) -> None:
        """Take it as it is."""


class Caller:
    """Asks for copies of a file and counts how often one is made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: list[Path] = []

    def wanted(self, *, where: Any = 0, **options: Any) -> Wanted:
        identity = Identity.of([recipe(self.path, where)], {"chunks": 1})
        return Wanted(self.path.stem, identity, 1000, partial(fill, calls=self.calls, **options), {"arrays": [""]})

    def __call__(self, *, reuse: bool = True, **options: Any) -> Entry:
        return provide(self.wanted(**options), self.path.parent, reuse=reuse)


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    path = tmp_path / "a.tif"
    path.write_bytes(os.urandom(500_000))
    os.utime(path, ns=(10**18, 10**18))
    return Caller(path)


def test_an_entry_is_whole_and_says_what_it_is_of(caller: Caller) -> None:
    entry = caller()
    manifest = json.loads((entry.path / MANIFEST).read_text())
    assert entry.path.name == f"a-{manifest['key']}.zarr"
    assert manifest["sources"][0]["path"] == "a.tif"
    assert entry.is_whole()
    assert entry.state() == "whole"
    assert list(entry.damage()) == []
    assert entry.is_of(caller.path)
    assert not entry.is_of(caller.path.with_name("b.tif"))
    assert list(entries(entry.path.parent)) == [entry]
    assert [path.name for path in entry.path.parent.iterdir()] == [entry.path.name]


def test_it_is_made_once(caller: Caller) -> None:
    first = caller()
    assert caller() == first
    assert len(caller.calls) == 1
    assert caller(reuse=False).path == first.path
    assert len(caller.calls) == 2


def test_it_is_known_when_it_was_last_used(caller: Caller) -> None:
    manifest = caller().path / MANIFEST
    os.utime(manifest, (1, 1))
    caller()
    assert manifest.stat().st_mtime > time.time() - 3600


class TestIdentity:
    def test_another_part_of_a_file_is_another_copy(self, caller: Caller) -> None:
        assert caller(where=1).path != caller().path

    def test_a_changed_file_is_another_copy(self, caller: Caller) -> None:
        first = caller()
        os.utime(caller.path, ns=(1, 1))
        assert caller().path != first.path
        assert first.state() == "stale"

    @pytest.mark.parametrize("place", [0, 65_535, 250_000, 499_999], ids=["first", "head", "middle", "last"])
    def test_an_edit_after_which_size_and_time_were_set_back_is_seen(self, caller: Caller, place: int) -> None:
        caller()
        stat = caller.path.stat()
        time.sleep(0.02)  # the change time counts in ticks of the kernel
        with caller.path.open("r+b") as file:
            file.seek(place)
            file.write(b"edit"[: 500_000 - place])
        os.utime(caller.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        caller()
        assert len(caller.calls) == 2

    def test_a_file_and_its_cache_folder_may_move_together(self, caller: Caller, tmp_path: Path) -> None:
        caller()
        there = tmp_path / "there" / "deep"
        there.mkdir(parents=True)
        shutil.copytree(tmp_path / FOLDER, there / FOLDER)
        shutil.copy2(caller.path, there / "a.tif")
        other = Caller(there / "a.tif")
        assert other().is_of(there / "a.tif")
        assert other.calls == []

    def test_the_place_of_a_file_does_not_count_anywhere(self, tmp_path: Path) -> None:
        keys = set()
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            path = tmp_path / name / "a.tif"
            path.write_bytes(b"x")
            os.utime(path, ns=(1, 1))
            stamp = FileStamp.of(path)
            wheres = (stamp, ("nested", (stamp, str(path), str(path.parent))))
            keys.add(Identity.of([recipe(path, wheres)], {}).key)
        assert len(keys) == 1

    def test_an_image_that_is_a_folder_is_known_by_its_files(self, tmp_path: Path) -> None:
        folder = tmp_path / "a.zarr"
        (folder / "c").mkdir(parents=True)
        (folder / "c" / "0").write_bytes(b"chunk")
        key = Identity.of([recipe(folder)], {}).key
        assert Identity.of([recipe(folder)], {}).key == key
        os.utime(folder / "c" / "0", ns=(1, 1))
        assert Identity.of([recipe(folder)], {}).key != key

    def test_a_remote_file_is_known_by_its_version(self, tmp_path: Path) -> None:
        def identity(url: str, version: str) -> Identity:
            stamp = Elsewhere(url, 7, 0, version)
            leaf = FileRecipe(open, stamp, (), 0, (1,) * 5, np.dtype("u1"), (1,) * 5)  # type: ignore[arg-type]
            return Identity.of([leaf], {})

        one = identity("s3://one/a.tif", "etag")
        assert one.key == identity("s3://two/b.tif", "etag").key != identity("s3://one/a.tif", "other").key
        assert identity("s3://one/a.tif", "").key != identity("s3://two/b.tif", "").key
        assert one.stamps[0].path == "s3://one/a.tif"
        wanted = Wanted("a", one, 1000, partial(fill, calls=[]), {})
        assert provide(wanted, tmp_path).state() == "whole"

    def test_pixels_in_memory_have_none(self) -> None:
        with pytest.raises(LayoutError, match="not known by any file"):
            Identity.of([ArrayRecipe(np.zeros((1, 1, 1, 2, 2)))], {})


class TestDamage:
    def test_a_lost_file_is_seen_at_once(self, caller: Caller) -> None:
        entry = caller()
        (entry.path / "c" / "0").unlink()
        assert entry.state() == "incomplete"
        assert caller().is_whole()
        assert len(caller.calls) == 2

    def test_a_flipped_byte_is_found_by_looking(self, caller: Caller) -> None:
        entry = caller()
        content = bytearray((entry.path / "c" / "0").read_bytes())
        content[7] ^= 1
        (entry.path / "c" / "0").write_bytes(content)
        assert entry.is_whole()
        assert list(entry.damage()) == ["c/0: is not what was written"]

    def test_a_lost_list_of_files_is_damage(self, caller: Caller) -> None:
        path = caller().path
        (path / FILES).unlink()
        (entry,) = entries(path.parent)
        assert not entry.is_whole()
        assert list(entry.damage()) == [f"{FILES}: is not what was written"]

    def test_a_changed_manifest_is_damage(self, caller: Caller) -> None:
        entry = caller()
        text = (entry.path / MANIFEST).read_text()
        (entry.path / MANIFEST).write_text(text.replace('"chunks": 1', '"chunks": 2'))
        (found,) = entries(entry.path.parent)
        assert list(found.damage()) == [f"{MANIFEST}: is not what was written"]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "omio cache entry"}', "\x00", "[" * 9999])
    def test_what_has_no_manifest_is_nobodys(self, caller: Caller, text: str) -> None:
        path = caller().path
        (path / MANIFEST).write_text(text)
        assert list(entries(path.parent)) == []
        assert unreadable(path.parent) == [path]
        with pytest.raises(WriteError, match="nothing that would be written here"):
            caller()
        assert (path / "c" / "0").read_bytes() == PIXELS

    @pytest.mark.parametrize("name", ["kind", "version", "key", "sources", "made", "content"])
    @pytest.mark.parametrize("value", [None, 7.5, "text", [], [1], {}, [{}], [{"path": 1}]])
    def test_nor_has_what_is_no_manifest(self, caller: Caller, name: str, value: Any) -> None:
        path = caller().path
        manifest = json.loads((path / MANIFEST).read_text())
        (path / MANIFEST).write_text(json.dumps({**manifest, name: value}))
        for entry in entries(path.parent):
            assert (name, value) in (("made", {}), ("sources", []))
            assert entry.is_whole()
            assert list(entry.damage())

    def test_an_entry_of_another_version_is_listed_and_not_used(self, caller: Caller) -> None:
        path = caller().path
        manifest = json.loads((path / MANIFEST).read_text())
        (path / MANIFEST).write_text(json.dumps({**manifest, "version": 1}))
        (entry,) = entries(path.parent)
        assert entry.state() == "stale"
        assert list(entry.damage()) == [f"{MANIFEST}: has version 1, and 2 is known"]
        caller()
        assert len(caller.calls) == 2


class TestRemoving:
    def test_all_of_it_goes(self, caller: Caller) -> None:
        entry = caller()
        (entry.path / ".DS_Store").touch()
        entry.remove()
        assert list(entry.path.parent.iterdir()) == []
        entry.remove()

    def test_also_where_its_list_of_files_is_lost(self, caller: Caller) -> None:
        path = caller().path
        (path / FILES).unlink()
        (entry,) = entries(path.parent)
        assert entry.state() == "incomplete"
        entry.remove()
        assert list(path.parent.iterdir()) == []

    def test_what_omio_did_not_write_stays(self, caller: Caller) -> None:
        entry = caller()
        (entry.path / "c" / "notes.txt").write_text("mine")
        with pytest.raises(WriteError, match=r"did not write: c/notes\.txt"):
            entry.remove()
        with pytest.raises(WriteError, match="nothing that would be written here"):
            caller(reuse=False)
        assert (entry.path / "c" / "notes.txt").read_text() == "mine"
        assert caller().is_whole()

    def test_a_link_to_an_entry_is_none(self, caller: Caller, tmp_path: Path) -> None:
        path = caller().path
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / path.name).symlink_to(path, target_is_directory=True)
        assert list(entries(tmp_path / "links")) == []


class TestMaking:
    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
    def test_an_error_leaves_nothing(self, caller: Caller, error: type[BaseException]) -> None:
        with pytest.raises((WriteError, error)):
            caller(fails=error)
        assert list((caller.path.parent / FOLDER).iterdir()) == []

    def test_an_error_leaves_the_copy_that_was_there(self, caller: Caller) -> None:
        entry = caller()
        with pytest.raises(WriteError):
            caller(reuse=False, fails=OSError)
        assert list(entry.damage()) == []

    def test_a_source_that_changes_meanwhile_makes_none(self, caller: Caller) -> None:
        wanted = caller.wanted()
        os.utime(caller.path, ns=(5, 5))
        with pytest.raises(OSError, match="changed after it was opened"):
            provide(wanted, caller.path.parent)
        assert list((caller.path.parent / FOLDER).iterdir()) == []

    def test_too_little_room_is_told_before_anything_is_written(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil.disk_usage(caller.path.parent)._replace(free=999)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        with pytest.raises(WriteError, match=r"needs up to [0-9,]+ bytes, and [0-9,]+ are free"):
            caller()
        assert caller.calls == []

    def test_leftovers_of_killed_processes_are_swept(self, caller: Caller) -> None:
        folder = caller.path.parent / FOLDER
        left = folder / atomic.temporary_name("a-01234567.zarr")
        left.mkdir(parents=True)
        (left / atomic.LOCK).touch()
        (folder / ".a-01234567.zarr.omio-lock").touch()
        (folder / ".mine.zarr.omio-lock").touch()
        entry = caller()
        assert sorted(path.name for path in folder.iterdir()) == [".mine.zarr.omio-lock", entry.path.name]


class TestFolders:
    def test_the_users_folder_is_used_where_there_is_no_other(
        self, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(making, "user_folder", lambda: tmp_path / "user" / FOLDER)
        assert provide(caller.wanted(), None).path.parent == tmp_path / "user" / FOLDER

    def test_a_copy_beside_the_file_is_found_where_nothing_can_be_written(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = caller()
        monkeypatch.setattr(making, "_writable", lambda folders: pytest.fail("looked for a folder to write"))
        assert caller() == entry

    def test_no_folder_at_all_is_an_error_that_names_all(
        self, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in (FOLDER, "user"):
            (tmp_path / name).write_text("a file stands in the way")
        monkeypatch.setattr(making, "user_folder", lambda: tmp_path / "user" / FOLDER)
        with pytest.raises(WriteError, match=r"\.omio_cache cannot be written.*user.*OMIO_CACHE_DIR"):
            caller()


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("plain", "plain"),
        ('a<>:"/\\|?*\n', "a__________"),
        ("CON", "_CON"),
        ("com1.x", "_com1.x"),
        ("console", "console"),
        ("ü" * 99, "ü" * 50),
        ("日" * 99, "日" * 33),
    ],
)
def test_stems_are_names_everywhere(stem: str, name: str) -> None:
    assert safe_stem(stem) == name

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omio.errors import ChangedFileError, DestinationExistsError, SourceOverwriteError, WriteError
from omio.lazy.leaf import FileStamp
from omio.store import atomic, platform
from omio.store.atomic import destination, free_name, sweep

if TYPE_CHECKING:
    from collections.abc import Callable


def write(path: Path, content: bytes = b"new", **options: object) -> Path:
    with destination(path, **options) as pending:  # type: ignore[arg-type]
        pending.file.write(content)
    return pending.path


def write_and(then: Callable[[], object], path: Path, **options: object) -> None:
    """Write, and do something before the block ends."""
    with destination(path, **options) as pending:  # type: ignore[arg-type]
        pending.file.write(b"new")
        then()


def fail(error: BaseException) -> Callable[[], object]:
    def raise_it() -> None:
        raise error

    return raise_it


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def leftover(folder: Path) -> Path:
    """Make what a killed process leaves: a temporary file that nobody holds."""
    path = folder / f".a.tif.omio-{atomic._token('a.tif', '0123abcd')}.tmp"
    path.write_bytes(b"half")
    return path


@pytest.fixture(params=["native", "portable"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with the calls of this system, and with the fallbacks that need none of them."""
    if request.param == "portable":
        monkeypatch.setattr(platform, "fcntl", None)
        monkeypatch.setattr(platform, "msvcrt", None)
        monkeypatch.setattr(platform, "HARD_LINKS", False)
        monkeypatch.setattr(platform, "POSITIONED", False)
    return str(request.param)


@pytest.mark.usefixtures("system")
class TestOutcome:
    def test_a_file_appears_when_the_block_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        with destination(path) as pending:
            pending.file.write(b"new")
            assert not path.exists()
        assert path.read_bytes() == b"new"
        assert names_in(tmp_path) == ["a.tif"]

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
    def test_an_error_leaves_what_was_there(self, tmp_path: Path, error: type[BaseException]) -> None:
        path = tmp_path / "a.tif"
        path.write_bytes(b"old")
        with pytest.raises(error):
            write_and(fail(error()), path, overwrite="replace")
        assert path.read_bytes() == b"old"
        assert names_in(tmp_path) == ["a.tif"]

    def test_an_existing_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        path.write_bytes(b"old")
        with pytest.raises(DestinationExistsError, match=r"a\.tif: exists") as caught:
            write(path)
        assert isinstance(caught.value, FileExistsError)
        assert path.read_bytes() == b"old"

    def test_a_file_that_appears_meanwhile_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        with pytest.raises(DestinationExistsError):
            write_and(lambda: path.write_bytes(b"other"), path)
        assert path.read_bytes() == b"other"
        assert names_in(tmp_path) == ["a.tif"]

    def test_replace_replaces_and_keeps_the_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        path.write_bytes(b"old")
        path.chmod(0o640)
        write(path, overwrite="replace")
        assert path.read_bytes() == b"new"
        assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o640

    def test_increment_takes_the_first_free_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ome.tif"
        names = [write(path, overwrite="increment").name for _ in range(3)]
        assert names == ["a.ome.tif", "a-1.ome.tif", "a-2.ome.tif"]


@pytest.mark.skipif(not platform.HARD_LINKS, reason="without hard links the look and the rename are two steps")
def test_writers_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: write(path, overwrite="increment"), range(16)))
    assert len(set(names)) == 16
    assert names_in(tmp_path) == sorted(name.name for name in names)


def test_names_count_before_the_ending() -> None:
    names = ("exp.001.tif", "a.OME.TIF", "noending", ".hidden.tif")
    assert [free_name(Path(name), 2).name for name in names] == [
        "exp.001-2.tif",
        "a-2.OME.TIF",
        "noending-2",
        ".hidden-2.tif",
    ]


def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write(tmp_path / "a.tif")
    finally:
        os.umask(before)
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o640


class TestSources:
    @pytest.mark.parametrize("overwrite", ["error", "replace"])
    def test_a_source_is_refused_by_whatever_name(self, tmp_path: Path, overwrite: str) -> None:
        source, link, twin = tmp_path / "a.tif", tmp_path / "link.tif", tmp_path / "twin.tif"
        source.write_bytes(b"source")
        link.symlink_to(source)
        twin.hardlink_to(source)
        stamp = FileStamp.of(source)
        for name in (source, link, twin, tmp_path / "." / "a.tif"):
            with pytest.raises(SourceOverwriteError, match="is read by this dataset"):
                write(name, overwrite=overwrite, sources=[stamp])
        assert source.read_bytes() == b"source"

    def test_increment_writes_beside_the_source(self, tmp_path: Path) -> None:
        source = tmp_path / "a.tif"
        source.write_bytes(b"source")
        assert write(source, overwrite="increment", sources=[FileStamp.of(source)]).name == "a-1.tif"
        assert source.read_bytes() == b"source"

    def test_a_source_that_changed_meanwhile_leaves_no_output(self, tmp_path: Path) -> None:
        source = tmp_path / "a.tif"
        source.write_bytes(b"source")
        stamp = FileStamp.of(source)
        with pytest.raises(ChangedFileError, match=r"a\.tif"):
            write_and(lambda: source.write_bytes(b"changed since"), tmp_path / "b.tif", sources=[stamp])
        assert names_in(tmp_path) == ["a.tif"]

    def test_a_link_as_destination_is_followed(self, tmp_path: Path) -> None:
        target, link = tmp_path / "target.tif", tmp_path / "link.tif"
        target.write_bytes(b"old")
        link.symlink_to(target)
        write(link, overwrite="replace")
        assert link.is_symlink()
        assert target.read_bytes() == b"new"


class TestDestination:
    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WriteError, match="is a folder"):
            write(tmp_path)

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(WriteError, match="its folder does not exist"):
            write(tmp_path / "none" / "a.tif")

    def test_a_file_that_cannot_fit_is_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        with pytest.raises(WriteError, match=r"bytes, and [0-9,]+ are free"):
            write(tmp_path / "a.tif", size=1 << 60)
        assert names_in(tmp_path) == []

    def test_a_full_disk_leaves_nothing(self, tmp_path: Path) -> None:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with pytest.raises(WriteError, match=r"No space left on device\. Make room") as caught:
            write_and(fail(full), tmp_path / "a.tif")
        assert isinstance(caught.value, OSError)
        assert names_in(tmp_path) == []

    def test_long_names_are_written(self, tmp_path: Path) -> None:
        name = "é" * 120 + ".ome.tif"
        assert write(tmp_path / name).name == name


class TestSweep:
    def test_what_a_killed_process_left_is_removed(self, tmp_path: Path) -> None:
        leftover(tmp_path)
        write(tmp_path / "b.tif")
        assert names_in(tmp_path) == ["b.tif"]

    def test_files_of_others_are_kept(self, tmp_path: Path) -> None:
        names = [".a.tif.omio-0123abcd00000000.tmp", ".a.tif.omio-x.tmp", ".x.tmp", "a.tmp"]
        for name in names:
            (tmp_path / name).write_bytes(b"mine")
        sweep(tmp_path)
        assert names_in(tmp_path) == sorted(names)

    def test_a_file_that_is_being_written_is_kept(self, tmp_path: Path) -> None:
        with destination(tmp_path / "a.tif") as pending:
            sweep(tmp_path)
            assert pending.temp.exists()

    def test_without_locks_only_old_leftovers_are_removed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(platform, "fcntl", None)
        monkeypatch.setattr(platform, "msvcrt", None)
        young = leftover(tmp_path)
        sweep(tmp_path)
        assert young.exists()
        past = time.time() - atomic.UNLOCKABLE_AGE - 60
        os.utime(young, (past, past))
        sweep(tmp_path)
        assert not young.exists()


CHILD = """
import sys
from omio.store.atomic import destination
with destination(sys.argv[1], overwrite="replace") as pending:
    print("ready", flush=True)
    for _ in range(400):
        pending.file.write(b"new!" * 1000)
        pending.file.flush()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_a_kill_leaves_the_old_or_the_new(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")
    with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.kill()
    assert path.read_bytes() in (b"old", b"new!" * 400_000)
    write(tmp_path / "b.tif")
    assert names_in(tmp_path) == ["a.tif", "b.tif"]


LIMITED = """
import resource, signal, sys
from omio.errors import WriteError
from omio.store.atomic import destination
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with destination(sys.argv[1]) as pending:
        pending.file.write(b"x" * 20_000)
except WriteError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limits")
def test_a_file_size_limit_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "a.tif")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "File too large" in answer.stdout
    assert names_in(tmp_path) == []


@pytest.mark.usefixtures("system")
def test_positioned_reading_and_writing(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w+b") as file:
        platform.write_at(file.fileno(), b"world", 6)
        platform.write_at(file.fileno(), memoryview(b"hello "), 0)
        assert platform.read_at(file.fileno(), 5, 6) == b"world"
        assert platform.read_at(file.fileno(), 99, 0) == b"hello world"


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert write(tmp_path / "a.tif").read_bytes() == b"new"
    other = tmp_path / "b.tif"
    with pytest.raises(DestinationExistsError):
        write_and(lambda: other.write_bytes(b"other"), other)
    assert (tmp_path / "b.tif").read_bytes() == b"other"


STRUCK_BETWEEN = """
import sys
from omio.store import atomic, platform

def strike(descriptor):
    raise KeyboardInterrupt

platform.try_lock = strike
with atomic.destination(sys.argv[1]):
    pass
"""


def test_ctrl_c_where_no_finally_stands_leaves_nothing_when_the_process_has_ended(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", STRUCK_BETWEEN, str(tmp_path / "a.tif")], capture_output=True)
    assert b"KeyboardInterrupt" in done.stderr
    assert names_in(tmp_path) == []


FORKED = """
import os, sys
from omio.store import atomic

with atomic.destination(sys.argv[1]) as pending:
    child = os.fork()
    if child == 0:
        atomic.abandon()
        os._exit(0)
    os.waitpid(child, 0)
    assert pending.temp.exists()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_that_ends_leaves_the_file_of_its_parent(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKED, str(tmp_path / "a.tif")], check=True)
    assert names_in(tmp_path) == ["a.tif"]

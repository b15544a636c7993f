"""A folder that is whole or absent: filled beside its name and moved there when complete.

A folder cannot be renamed over another that holds files. Where the system can exchange two names in one step
(renameat2 on Linux, renamex_np on macOS) that is done; elsewhere the old one is renamed aside under a temporary name
first, and is put back should the second rename fail.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from omio.errors import WriteError
from omio.store import platform
from omio.store.atomic import (
    JOURNAL,
    LOCK,
    UNDER_WAY,
    as_write_errors,
    check_room,
    check_target,
    exists,
    free_name,
    is_claimed,
    leftovers,
    remove,
    resolve,
    sweep,
    temporary_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from omio.lazy.leaf import FileStamp
    from omio.policies.write import Overwrite

ASIDE = ".omio-aside"
"""Folder for files that are being written; it is gone when all is whole."""
_OLD = re.compile(r"\.(?P<name>.+)\.omio-[0-9a-f]{16}\.old", re.DOTALL)


class PendingFolder:
    """A folder that is being filled.

    Attributes
    ----------
    temp
        Where it lies until it is whole.
    path
        The name it will have; with ``overwrite="increment"`` final only when the ``with`` block has ended.
    """

    def __init__(self, path: Path, temp: Path, lock: BinaryIO, own: platform.FolderLock) -> None:
        self.path = path
        self.temp = temp
        self._lock = lock
        self._own = own

    @classmethod
    def new(cls, path: Path, *, mode: int = 0o777) -> PendingFolder:
        """Make an empty one, for those whom `mode` and the system's mask of it let in."""
        while True:
            temp = path.with_name(temporary_name(path.name))
            UNDER_WAY.add(temp)
            temp.mkdir(mode)
            with ExitStack() as undo:
                undo.callback(remove, temp)
                with contextlib.suppress(FileNotFoundError):  # a sweep of another process took hold of it first
                    if pending := cls._locked(path, temp, "x+b"):
                        undo.pop_all()
                        return pending

    @classmethod
    def taken_up(cls, path: Path, temp: Path) -> PendingFolder | None:
        """Take up what an interrupted call left; None where that cannot be, or another process is at it."""
        with contextlib.suppress(OSError):
            return cls._locked(path, temp, "r+b")
        return None

    @classmethod
    def _locked(cls, path: Path, temp: Path, mode: Literal["x+b", "r+b"]) -> PendingFolder | None:
        """Lock a folder that was made, or left; None where another process has it, or may have what was left."""
        with ExitStack() as locks:
            own = locks.enter_context(platform.FolderLock(temp))
            lock = locks.enter_context((temp / LOCK).open(mode))
            is_new = mode == "x+b"
            if own.is_held is False or not (
                is_claimed(lock, temp / LOCK) if is_new else platform.try_lock(lock.fileno())
            ):
                return None
            locks.pop_all()
        return cls(path, temp, lock, own)

    def unlock(self) -> None:
        """Take out what is not of the content: lock, journal, files that were not finished.

        The lock of the folder itself tells until `close` that it is not to be swept away.
        """
        shutil.rmtree(self.temp / ASIDE, ignore_errors=True)
        (self.temp / JOURNAL).unlink(missing_ok=True)
        self._lock.close()
        (self.temp / LOCK).unlink(missing_ok=True)

    def close(self) -> None:
        """Leave it to whoever finds it."""
        UNDER_WAY.discard(self.temp)
        self._release()

    def _release(self) -> None:
        self._lock.close()
        self._own.close()

    def discard(self) -> None:
        """Remove it, or what `exchange` put in its place."""
        self._lock.close()  # Windows removes no open file
        remove(self.temp)
        self._release()


@contextmanager
def folder_destination(
    path: str | os.PathLike[str],
    *,
    is_ours: Callable[[Path], bool],
    overwrite: Overwrite = "error",
    sources: Iterable[FileStamp] = (),
    goes_on: Callable[[Path], bool] | None = None,
    size: int | None = None,
) -> Iterator[PendingFolder]:
    """Fill a folder that appears under its name only when the block ends without an error.

    Parameters
    ----------
    path
        The name; a link is followed.
    is_ours
        Whether a folder of that name is of the kind that is written: no other is ever replaced.
    overwrite, sources, size
        See `omio.store.atomic.destination`; what is gone on with has taken part of the size already.
    goes_on
        Whether a folder that an interrupted call left under this name holds part of the same: then it is taken up, and
        it stays should this call be interrupted as well. None: nothing is taken up, and nothing stays.

    Raises
    ------
    DestinationExistsError, SourceOverwriteError, WriteError
        The destination; what lay under its name is untouched.
    ChangedFileError
        A source changed meanwhile.
    """
    stamps, target = tuple(sources), resolve(path)
    with as_write_errors(path):
        repair(target.parent)
        check_target(target, path, overwrite, stamps)
        if overwrite == "replace" and target.exists() and not is_ours(target):
            raise WriteError("is there, and is nothing that would be written here", path=path, remedy="Remove it.")
        sweep(target.parent)
        pending = _left(target, goes_on) or _new(target, path, size)
    stays = goes_on is not None
    try:
        with as_write_errors(path):
            yield pending
            for stamp in stamps:
                stamp.check()
            platform.sync_tree(pending.temp)
            stays = False
            pending.unlock()
            _publish(pending, path, overwrite)
    finally:
        pending.close() if stays else pending.discard()


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Make a folder for files that are needed for a while, where the system keeps such."""
    pending = scratch_folder(Path(tempfile.gettempdir(), name))
    try:
        yield pending.temp
    finally:
        pending.discard()


def scratch_folder(path: Path) -> PendingFolder:
    """Make a folder beside a name that nothing will have, for this user alone; those of killed processes go."""
    sweep(path.parent)
    return PendingFolder.new(path, mode=0o700)


def _new(target: Path, path: str | os.PathLike[str], size: int | None) -> PendingFolder:
    check_room(target, path, size)
    return PendingFolder.new(target)


def _left(target: Path, goes_on: Callable[[Path], bool] | None) -> PendingFolder | None:
    """Take up what an interrupted call left under this name; what is of something else is removed."""
    for leftover in leftovers(target):
        pending = PendingFolder.taken_up(target, leftover)
        if pending is None:
            continue
        if goes_on is not None and goes_on(leftover):
            return pending
        pending.discard()
    return None


def _publish(pending: PendingFolder, path: str | os.PathLike[str], overwrite: Overwrite) -> None:
    target, taken = pending.path, 0
    while True:
        try:
            platform.publish_folder(pending.temp, pending.path)
        except FileExistsError:
            if overwrite == "error":
                raise exists(path) from None
            if overwrite == "replace":
                return _exchange(pending)
        else:
            return platform.sync_folder(target.parent)
        taken += 1
        pending.path = free_name(target, taken)


def _exchange(pending: PendingFolder) -> None:
    """Replace the folder of that name; the old one goes when the new one is in place."""
    old = pending.temp
    if not platform.exchange(pending.temp, pending.path):
        old = pending.path.with_name(f".{pending.path.name}.omio-{secrets.token_hex(8)}.old")
        pending.path.rename(old)
        try:
            pending.temp.rename(pending.path)
        except OSError:
            old.rename(pending.path)
            raise
    platform.sync_folder(pending.path.parent)
    with contextlib.suppress(OSError):
        shutil.rmtree(old)


def repair(folder: Path) -> None:
    """Put back what a killed process had moved aside, where nothing took its place; else remove it."""
    for old in folder.glob(".*.old"):
        match = _OLD.fullmatch(old.name)
        if match is None or not old.is_dir():
            continue
        with contextlib.suppress(OSError):
            if os.path.lexists(old.with_name(match["name"])):
                shutil.rmtree(old)
            else:
                old.rename(old.with_name(match["name"]))

"""A destination is whole or absent: it is written beside its name and moved there when complete.

The temporary file has a dot-prefixed name with a token that only omio makes, and is locked as long as its process
lives. A process that was killed leaves it behind; the next one that writes into the folder removes it.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from omio.errors import DestinationExistsError, MemoryLimitError, OmioError, SourceOverwriteError, WriteError
from omio.store import platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omio.lazy.leaf import FileStamp
    from omio.policies.write import Overwrite

UNLOCKABLE_AGE = 24 * 3600.0
"""Seconds after which a leftover is swept where the system has no locks to tell whether its writer lives."""
LOCK = ".omio-lock"
"""File in a folder that is being filled: held as long as its process lives."""
JOURNAL = ".omio-journal.jsonl"
"""File in a folder that can be gone on with when its process has ended."""
JOURNAL_AGE = 30 * 24 * 3600.0
"""Seconds for which such a folder waits for that."""
_TOKEN = re.compile(r"\.(?P<name>.*)\.omio-(?P<random>[0-9a-f]{8})(?P<check>[0-9a-f]{8})\.tmp", re.DOTALL)
UNDER_WAY: set[Path] = set()
"""Temporary files and folders of this process."""
_LONGEST = 50
"""So much of a name that it is, with the token, no longer than file systems allow."""
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=UNDER_WAY.clear)  # they are the parent's


class Pending:
    """A destination that is being written.

    Attributes
    ----------
    file
        Open for reading and writing.
    temp
        Where it lies until it is whole.
    path
        The name it will have; with ``overwrite="increment"`` final only when the ``with`` block has ended.
    """

    def __init__(self, path: Path, temp: Path, file: BinaryIO) -> None:
        self.path = path
        self.temp = temp
        self.file = file


@contextmanager
def destination(
    path: str | os.PathLike[str],
    *,
    overwrite: Overwrite = "error",
    sources: Iterable[FileStamp] = (),
    size: int | None = None,
) -> Iterator[Pending]:
    """Write a file that appears under its name only when the block ends without an error.

    Parameters
    ----------
    path
        The name; a link is followed.
    overwrite
        What to do where it is taken: raise, replace, or take ``name-1``, ``name-2``, …
    sources
        Files that are read meanwhile: never overwritten, and unchanged until the end.
    size
        Bytes it will need, where known: checked against the free space before anything is written.

    Raises
    ------
    DestinationExistsError, SourceOverwriteError, WriteError
        The destination; what lay under its name is untouched.
    ChangedFileError
        A source changed meanwhile.
    """
    stamps, target = tuple(sources), resolve(path)
    with as_write_errors(path):
        if target.is_dir():
            raise WriteError("is a folder", path=path, remedy="Name a file in it.")
        check_target(target, path, overwrite, stamps)
        check_room(target, path, size)
        sweep(target.parent)
        pending = _open(target)
    try:
        with as_write_errors(path):
            yield pending
            for stamp in stamps:
                stamp.check()
            _finish(pending, path, overwrite)
    finally:
        _drop(pending)


def _drop(pending: Pending) -> None:
    """Close and remove the temporary file; what the disk did not take, or is gone already, is no further error."""
    with contextlib.suppress(OSError):
        pending.file.close()
    remove(pending.temp)


@atexit.register
def abandon() -> None:
    """Remove what this process has under way, for one that ends: Ctrl-C may strike where no ``finally`` stands."""
    for leftover in tuple(UNDER_WAY):
        remove(leftover)


def remove(leftover: Path) -> None:
    """Remove a temporary file or folder; where threads that Ctrl-C cut off still write, when they have ended."""
    with contextlib.suppress(OSError):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    if not os.path.lexists(leftover):
        UNDER_WAY.discard(leftover)


def free_name(path: Path, taken: int) -> Path:
    """Return the name with a counter before its ending: ``a.ome.tif`` gives ``a-1.ome.tif``."""
    ending = path.suffix
    stem = path.name[: len(path.name) - len(ending)]
    if stem.lower().endswith(".ome"):
        stem, ending = stem[:-4], stem[-4:] + ending
    return path.with_name(f"{stem}-{taken}{ending}")


def sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder: files and folders with omio's token that nobody holds."""
    for leftover in [entry for entry in folder.glob(".*.tmp") if is_temporary(entry.name)]:
        with contextlib.suppress(OSError), _claim(leftover) as is_abandoned:
            if is_abandoned:
                _clear(leftover)


def _clear(leftover: Path) -> None:
    """Remove what was left; a folder by another name, so that one which gets its own just now is not emptied."""
    if leftover.is_dir():
        aside = leftover.with_name(temporary_name("left"))
        leftover.rename(aside)
        shutil.rmtree(aside)
    else:
        leftover.unlink()


@contextmanager
def _claim(leftover: Path) -> Iterator[bool]:
    """Yield whether whoever made it has ended: its locks tell, and age where there are none.

    The locks are held meanwhile, so that a maker who has yet to lock what it made notices.
    """
    age = time.time() - leftover.stat().st_mtime
    if age < JOURNAL_AGE and (leftover / JOURNAL).exists():
        yield False
        return
    with ExitStack() as stack:
        held = list(_locks(leftover, stack))
        yield False not in held and (True in held or age > UNLOCKABLE_AGE)


def _locks(leftover: Path, stack: ExitStack) -> Iterator[bool | None]:
    """Take the locks of a temporary file or folder, and yield which are held now; see `platform.try_lock`.

    Of a folder its own comes first: its maker gives that back last, when the folder has its name. The file in it tells
    where folders cannot be locked; without one, the folder was made just now or is done with.
    """
    lock = leftover
    if leftover.is_dir():
        yield stack.enter_context(platform.FolderLock(leftover)).is_held
        lock = leftover / LOCK
        if not lock.exists():
            return
    file = stack.enter_context(lock.open("r+b"))
    yield platform.try_lock(file.fileno())
    if os.name != "posix":
        file.close()  # Windows removes no open file


def is_claimed(file: BinaryIO, path: Path) -> bool:
    """Lock what was made just now; False where a sweep of another process took hold of it first."""
    return platform.try_lock(file.fileno()) is not False and (os.name != "posix" or path.exists())


def resolve(path: str | os.PathLike[str]) -> Path:
    """Follow links: the file that they name is the one that is made."""
    return Path(os.path.realpath(path))


def check_target(
    target: Path, path: str | os.PathLike[str], overwrite: Overwrite, stamps: tuple[FileStamp, ...]
) -> None:
    """Raise where a destination cannot take its name: no folder for it, a source, or taken."""
    if not target.parent.is_dir():
        raise WriteError("its folder does not exist", path=path, remedy=f"Make {target.parent} first.")
    if target.exists() and overwrite != "increment":
        if any(_is_same(target, stamp.path) for stamp in stamps):
            raise SourceOverwriteError("is read by this dataset", path=path, remedy="Write to another name.")
        if overwrite == "error":
            raise exists(path)


def check_room(target: Path, path: str | os.PathLike[str], size: int | None) -> None:
    """Raise where the disk has less room than a destination takes at most; nothing is said where that is unknown."""
    free = shutil.disk_usage(target.parent).free
    if size is not None and size > free:
        remedy = "Make room, or choose another folder."
        raise WriteError(f"needs up to {size:,} bytes, and {free:,} are free", path=path, remedy=remedy)


def _is_same(target: Path, source: str) -> bool:
    try:
        return target.samefile(source)
    except OSError:
        return False


def exists(path: str | os.PathLike[str]) -> DestinationExistsError:
    """Return the error for a name that is taken."""
    return DestinationExistsError("exists", path=path, remedy='Use overwrite="replace" or overwrite="increment".')


def _token(name: str, random: str) -> str:
    return random + hashlib.blake2b(f"omio:{name}:{random}".encode(), digest_size=4).hexdigest()


def temporary_name(name: str) -> str:
    """Return a name, with a token that only omio makes, for what will be called `name` when it is whole."""
    short = name[:_LONGEST]
    return f".{short}.omio-{_token(short, secrets.token_hex(4))}.tmp"


def leftovers(target: Path) -> list[Path]:
    """Return the temporary folders that lie beside a name, and were to have it."""
    found = ((entry, _TOKEN.fullmatch(entry.name)) for entry in target.parent.glob(".*.tmp"))
    short = target.name[:_LONGEST]
    return [path for path, match in found if match and match["name"] == short and is_temporary(path.name)]


def is_temporary(name: str) -> bool:
    """Whether `temporary_name` made a name."""
    match = _TOKEN.fullmatch(name)
    return match is not None and _token(match["name"], match["random"]) == match["random"] + match["check"]


def _open(target: Path) -> Pending:
    while True:
        temp = target.with_name(temporary_name(target.name))
        UNDER_WAY.add(temp)
        file = temp.open("x+b")
        if is_claimed(file, temp):
            return Pending(target, temp, file)
        file.close()
        UNDER_WAY.discard(temp)


def _finish(pending: Pending, path: str | os.PathLike[str], overwrite: Overwrite) -> None:
    pending.file.flush()
    os.fsync(pending.file.fileno())
    if os.name != "posix":
        pending.file.close()  # Windows renames no open file
    if overwrite == "replace":
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(pending.path, pending.temp)
        pending.temp.replace(pending.path)
    else:
        _publish(pending, path, overwrite)
    platform.sync_folder(pending.path.parent)


def _publish(pending: Pending, path: str | os.PathLike[str], overwrite: Overwrite) -> None:
    target, taken = pending.path, 0
    while True:
        try:
            return platform.publish(pending.temp, pending.path)
        except FileExistsError:
            if overwrite == "error":
                raise exists(path) from None
        taken += 1
        pending.path = free_name(target, taken)


@contextmanager
def as_write_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system raises into an error that names the destination: `WriteError`, or `MemoryLimitError`."""
    try:
        yield
    except OmioError:
        raise
    except OSError as error:
        remedy = "Make room, or choose another folder." if error.errno in _FULL else None
        raise WriteError(f"cannot be written: {error.strerror or error}", path=path, remedy=remedy) from error
    except MemoryError as error:
        raise MemoryLimitError("cannot be written: there is too little memory", path=path) from error

"""Calls that differ between Linux, macOS and Windows, each with a portable fallback.

A test forces a fallback by setting the flag or module here that a call looks at (`fcntl`, `msvcrt`, `POSITIONED`,
`HARD_LINKS`, `RENAMEAT2`, `SYNCFS`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import ModuleType

fcntl: ModuleType | None
msvcrt: ModuleType | None
try:
    import fcntl
except ImportError:
    fcntl = None
try:
    import msvcrt
except ImportError:
    msvcrt = None

POSITIONED = hasattr(os, "pread") and hasattr(os, "pwrite")
HARD_LINKS = hasattr(os, "link") and os.name == "posix"
LOCKED_BYTE = 1 << 40
"""Windows locks ranges of bytes and keeps others from writing them: one far behind the end hinders nobody."""

RENAMEAT2 = SYNCFS = sys.platform == "linux"
_CURRENT, _NOREPLACE, _EXCHANGE = -100, 1, 2
"""AT_FDCWD, RENAME_NOREPLACE, RENAME_EXCHANGE of linux/fcntl.h and linux/fs.h."""

_NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_seeking = threading.Lock()


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; False where another process holds it, None where there are no locks."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            return None
    except OSError as error:
        return None if error.errno in _NO_LOCKS else False
    return True


class FolderLock:
    """The lock of a folder itself, until it is closed; it goes along when the folder is renamed.

    Attributes
    ----------
    is_held
        False where another process holds it, None where folders cannot be locked: on Windows and NFS.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = None if fcntl is None else os.open(folder, os.O_RDONLY)
        self.is_held = None if self._descriptor is None else try_lock(self._descriptor)

    def close(self) -> None:
        """Give it back; harmless when repeated."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def publish(made: Path, name: Path) -> None:
    """Give a finished file its name where that is free; raise FileExistsError where it is not.

    A hard link fails on a taken name in one step; where there are none (FAT, some network drives), the look and the
    rename are two, except on Windows, whose rename refuses a taken name.
    """
    if HARD_LINKS:
        try:
            os.link(made, name)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            made.unlink()
            return
    if os.path.lexists(name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))
    made.rename(name)


def publish_folder(made: Path, name: Path) -> None:
    """Give a finished folder its name where that is free; raise FileExistsError where it is not.

    Without renameat2 the look and the rename are two.
    """
    done = _rename2(made, name, _NOREPLACE)
    if done:
        return
    if os.path.lexists(name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))
    made.rename(name)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    return _rename2(one, other, _EXCHANGE)


def _rename2(one: Path, other: Path, flag: int) -> bool:
    """Call Linux's renameat2; False where there is none, or the file system does not know the flag."""
    if not RENAMEAT2:
        return False
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return False
    if function(_CURRENT, os.fsencode(one), _CURRENT, os.fsencode(other), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def sync_tree(folder: Path) -> None:
    """Make all files of a folder outlast a power cut.

    On Linux the whole file system is flushed at once: of thousands of files that takes a sixth of the time of flushing
    each, and of a few large ones as long.
    """
    if _sync_system(folder):
        return
    files = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)  # noqa: PTH118 - many
    with ThreadPoolExecutor(8, thread_name_prefix="omio-sync") as threads:
        for _ in threads.map(_sync_file, files):
            pass
    for root, _, _ in os.walk(folder):
        sync_folder(Path(root))


def _sync_system(folder: Path) -> bool:
    """Call Linux's syncfs; False where there is none."""
    if not SYNCFS:
        return False
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if function is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if function(descriptor) == 0:
            return True
        code = ctypes.get_errno()
    finally:
        os.close(descriptor)
    if code == errno.ENOSYS:
        return False
    raise OSError(code, os.strerror(code), str(folder))


def _sync_file(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder outlast a power cut, where the system can (Windows opens no folders)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """Read up to `count` bytes at `offset`; several threads may do so at once."""
    if POSITIONED:
        return os.pread(descriptor, count, offset)
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)


def write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of `data` at `offset`; several threads may do so at once."""
    rest = memoryview(data).cast("B")
    while rest:
        if POSITIONED:
            written = os.pwrite(descriptor, rest, offset)
        else:
            with _seeking:
                os.lseek(descriptor, offset, os.SEEK_SET)
                written = os.write(descriptor, rest)
        rest, offset = rest[written:], offset + written

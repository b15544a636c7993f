"""Thread-safe reads at a position: ``preadv`` where the system has it, else seek and read under a lock; or by URL."""

from __future__ import annotations

import io
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from omio.errors import DamagedFileError, FileMissingError
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Buffer, Iterable, Sequence

BUFFERS_PER_CALL = 512
"""Well below the IOV_MAX of every system (1024 on Linux and macOS)."""


class RawFile(Protocol):
    """A file that threads read at positions of their own.

    Attributes
    ----------
    size
        In bytes.
    is_remote
        Whether each read may cost a request: who knows what comes next says so by `ahead`.
    """

    size: int
    is_remote: ClassVar[bool]

    def read(self, count: int, offset: int) -> bytes:
        """Return up to `count` bytes from `offset`; fewer at the end of the file."""
        ...

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill contiguous buffers one after another; return how many bytes there were."""
        ...

    def ahead(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Say which bytes, from and to, will be read soon."""
        ...

    def close(self) -> None:
        """Release the file; idempotent."""
        ...


def open_raw(path: str) -> RawFile:
    """Open a regular file for reading at positions; what a `Url` names is read by ranges.

    Raises
    ------
    FileMissingError
        Nothing is there.
    DamagedFileError
        A folder, pipe or device lies there.
    """
    if isinstance(path, Url):
        from omio.remote.files import RemoteFile

        return RemoteFile(path)
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        raise FileMissingError("no such file", path=path) from None
    if not stat.S_ISREG(mode):
        raise DamagedFileError("is no regular file", path=path)
    return PositionedFile(path) if hasattr(os, "preadv") else SeekingFile(path)


class _LocalFile:
    """What the two ways of reading have in common."""

    is_remote: ClassVar[bool] = False
    size: int

    def ahead(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Leave it to the system, which reads ahead itself."""

    def _there(self, count: int, offset: int) -> int:
        """Return how many of `count` bytes the file has: memory is taken for all before the first is read."""
        return max(0, min(count, self.size - offset))


class PositionedFile(_LocalFile):
    """``pread`` and ``preadv``: no lock, no position."""

    def __init__(self, path: str) -> None:
        self._fd: int | None = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self.size = os.fstat(self._fd).st_size

    def _open_fd(self) -> int:
        if self._fd is None:
            raise OSError("the file is closed")
        return self._fd

    def read(self, count: int, offset: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        count = self._there(count, offset)
        data = os.pread(self._open_fd(), count, offset)
        while 0 < len(data) < count:  # one call gives at most 2 GiB
            more = os.pread(self._open_fd(), count - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill buffers one after another."""
        done = 0
        for start in range(0, len(buffers), BUFFERS_PER_CALL):
            part = buffers[start : start + BUFFERS_PER_CALL]
            wanted = sum(memoryview(buffer).nbytes for buffer in part)
            got = os.preadv(self._open_fd(), part, offset + done)
            if got < wanted:
                got += self._finish(part, offset + done, got)
            done += got
            if got < wanted:
                break
        return done

    def _finish(self, buffers: Sequence[Buffer], offset: int, got: int) -> int:
        rest, more = _after(buffers, got), 0
        while rest:
            count = os.preadv(self._open_fd(), rest, offset + got + more)
            if not count:
                break
            more += count
            rest = _after(rest, count)
        return more

    def close(self) -> None:
        """Close once."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


class SeekingFile(_LocalFile):
    """Seek and read under a lock, for systems without ``preadv`` (Windows)."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - close() closes it
        self._lock = threading.Lock()
        self.size = os.fstat(self._file.fileno()).st_size

    def read(self, count: int, offset: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        buffer = bytearray(self._there(count, offset))
        got = self.read_into([buffer], offset)
        return bytes(buffer[:got])

    def read_into(self, buffers: Sequence[Any], offset: int) -> int:
        """Fill buffers one after another."""
        done = 0
        with self._lock:
            self._file.seek(offset)
            for buffer in buffers:
                view = memoryview(buffer).cast("B")
                while view.nbytes:
                    count = self._file.readinto(view)
                    if not count:
                        return done
                    done += count
                    view = view[count:]
        return done

    def close(self) -> None:
        """Close; idempotent."""
        self._file.close()


def _after(buffers: Sequence[Buffer], count: int) -> list[memoryview]:
    rest = []
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        skipped = min(count, view.nbytes)
        count -= skipped
        if skipped < view.nbytes:
            rest.append(view[skipped:])
    return rest


class Stream(io.RawIOBase):
    """A `RawFile` with a position, for libraries that want one; closing it leaves the file open."""

    def __init__(self, file: RawFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all that follow where it is negative."""
        left = max(0, self._file.size - self._at)
        data = self._file.read(left if size < 0 else min(size, left), self._at)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Read on from the position."""
        data = self._file.read(memoryview(buffer).nbytes, self._at)
        memoryview(buffer).cast("B")[: len(data)] = data
        self._at += len(data)
        return len(data)


def library_input(file: RawFile, path: str) -> str | Stream:
    """Return what a library is to open: the path, or where there is none on this machine the bytes."""
    return Stream(file) if file.is_remote else path


def first_bytes(path: str, count: int) -> bytes:
    """Return the first bytes of a file."""
    file = open_raw(path)
    try:
        return file.read(count, 0)
    finally:
        file.close()

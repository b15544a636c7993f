"""Calls that fail: the n-th one that writes, flushes, renames, makes a folder or a file, or takes memory.

Python's own calls are replaced, and those of omio that go to the system past them. As on a real disk, a write that
does not fit puts the part that fits.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

import numpy as np

from omio.store import platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

type Kind = Literal["write", "create", "fsync", "rename", "mkdir", "memory"]

_CREATING = os.O_CREAT | os.O_TRUNC
_REAL_OPEN, _REAL_OS_OPEN = io.open, os.open


@dataclass
class Fault:
    """One call of a kind fails.

    Attributes
    ----------
    number
        Which, counted from 1.
    is_lasting
        All after it fail too, as on a disk that is full; else they go well.
    folder
        Only files below it are made to fail.
    """

    kind: Kind
    number: int
    folder: Path
    is_lasting: bool
    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_reached(self) -> bool:
        """Whether a call failed."""
        return self.calls >= self.number

    def strikes(self, path: Any = None) -> bool:
        """Count a call, and tell whether it is to fail."""
        if isinstance(path, (str, os.PathLike)) and not os.fspath(path).startswith(str(self.folder)):
            return False
        with self._lock:
            self.calls += 1
            return self.calls >= self.number if self.is_lasting else self.calls == self.number

    def check(self, path: Any = None) -> None:
        """Count a call, and fail where it is the one."""
        if self.strikes(path):
            raise self.error()

    def error(self) -> Exception:
        """Return what the system raises."""
        if self.kind == "memory":
            return MemoryError()
        code = errno.ENOSPC if self.is_lasting else errno.EIO
        return OSError(code, os.strerror(code))

    def of_path[**P, R](self, call: Callable[P, R]) -> Callable[P, R]:
        """Replace a call whose first argument is a path; with a descriptor for it, any file counts."""

        def faulty(*arguments: P.args, **named: P.kwargs) -> R:
            self.check(arguments[0] if arguments else None)
            return call(*arguments, **named)

        return faulty

    def of_bytes(self, call: Callable[..., int]) -> Callable[..., int]:
        """Replace a call that writes bytes to a descriptor: a part of them is put."""

        def faulty(descriptor: int, content: Any, *offset: int) -> int:
            if self.strikes():
                return self.torn(lambda part: call(descriptor, part, *offset), content)
            return call(descriptor, content, *offset)

        return faulty

    def torn(self, put: Callable[[Any], int | None], content: Any) -> int:
        """Put half of the content where there is room no more; else none."""
        part = memoryview(content).cast("B")
        if len(part) < 2 or not self.is_lasting:
            raise self.error()
        return put(part[: len(part) // 2]) or 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let it strike inside the ``with`` block."""
        with ExitStack() as patches:
            for patch in self._patches():
                patches.enter_context(patch)
            yield

    def _patches(self) -> list[AbstractContextManager[Any]]:
        match self.kind:
            case "write":
                return self._writes()
            case "create":
                return self._creations()
            case "fsync":
                return [_on_os("fsync", self.of_path), _on_platform("_sync_system", self.of_path)]
            case "rename":
                return self._renames()
            case "mkdir":
                return [_on_os("mkdir", self.of_path)]
            case "memory":
                return [mock.patch.object(np, name, self.of_path(getattr(np, name))) for name in _ALLOCATORS]

    def _writes(self) -> list[AbstractContextManager[Any]]:
        fault = self

        class Raw(io.FileIO):
            """Writes half of what does not fit, then fails."""

            def write(self, content: Any, /) -> int:
                put: Callable[[Any], int | None] = super().write
                return fault.torn(put, content) if fault.strikes() else put(content) or 0

        opened = _opener(Raw, self.folder)
        return [
            mock.patch.object(io, "open", opened),
            mock.patch.object(builtins, "open", opened),
            _on_os("write", self.of_bytes),
            _on_os("pwrite", self.of_bytes),
        ]

    def _creations(self) -> list[AbstractContextManager[Any]]:
        def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
            if set(mode) & set("wax"):
                self.check(file)
            return _REAL_OPEN(file, mode, *arguments, **named)

        def os_opened(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
            if flags & _CREATING:
                self.check(path)
            return _REAL_OS_OPEN(path, flags, *arguments, **named)

        return [
            mock.patch.object(io, "open", opened),
            mock.patch.object(builtins, "open", opened),
            mock.patch.object(os, "open", os_opened),
        ]

    def _renames(self) -> list[AbstractContextManager[Any]]:
        return [
            *(_on_os(name, self.of_path) for name in ("rename", "replace", "link")),
            _on_platform("_rename2", self.of_path),
        ]


_ALLOCATORS = ("empty", "zeros", "full")


def _on_os(name: str, replace: Callable[[Any], Any]) -> AbstractContextManager[Any]:
    return mock.patch.object(os, name, replace(getattr(os, name)))


def _on_platform(name: str, replace: Callable[[Any], Any]) -> AbstractContextManager[Any]:
    return mock.patch.object(platform, name, replace(getattr(platform, name)))


def _opener(raw: type[io.FileIO], folder: Path) -> Callable[..., Any]:
    """Return ``open`` whose files below a folder write through `raw`."""

    def opened(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,  # noqa: FBT001, FBT002 - the signature of open
        opener: Any = None,
    ) -> Any:
        elsewhere = not isinstance(file, int) and not os.fspath(file).startswith(str(folder))
        if elsewhere or not set(mode) & set("wax+"):
            return _REAL_OPEN(file, mode, buffering, encoding, errors, newline, closefd, opener)
        stream = raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        if buffering == 0:
            return stream
        buffered = io.BufferedRandom(stream) if "+" in mode else io.BufferedWriter(stream)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    return opened

"""Settings of the process: threads, memory and the cache folder; ``omio.config`` changes them for a while."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import OmioError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Settings:
    """What decoders, dask and codecs share.

    Attributes
    ----------
    threads
        Worker threads of one operation (environment: ``OMIO_THREADS``; default: the CPUs this process may use).
    memory
        Bytes that one eager read may take (``OMIO_MEMORY``; default: three quarters of the free memory).
    cache_dir
        Folder of disk caches (``OMIO_CACHE_DIR``; default: the user's cache folder).
    """

    threads: int
    memory: int | None
    cache_dir: Path


def parse_bytes(text: str | int) -> int:
    """Read a size such as ``"64MiB"``, ``"2GB"`` or ``1048576``."""
    if isinstance(text, int):
        return text
    units = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
    units |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
    number = text.strip().rstrip("BbKkMmGgTtIi ")
    unit = text.strip()[len(number) :].strip().upper()
    try:
        return int(float(number) * units[unit])
    except (KeyError, ValueError):
        raise OmioError(f"{text!r} is no size in bytes", remedy='Write for instance "64MiB" or "2GB".') from None


def usable_cpus() -> int:
    """Return the number of CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int | None:
    """Return the bytes of memory that are free now; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def _user_cache() -> Path:
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "omio" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "omio"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "omio"


def _from_environment() -> Settings:
    memory = os.environ.get("OMIO_MEMORY")
    cache_dir = os.environ.get("OMIO_CACHE_DIR")
    return Settings(
        threads=int(os.environ.get("OMIO_THREADS", "0")) or usable_cpus(),
        memory=parse_bytes(memory) if memory else None,
        cache_dir=Path(cache_dir) if cache_dir else _user_cache(),
    )


_current: Settings | None = None


def current() -> Settings:
    """Return the settings in force."""
    global _current
    if _current is None:
        _current = _from_environment()
    return _current


def memory_limit() -> int | None:
    """Return how many bytes one eager read may take; None where nothing is known."""
    if current().memory is not None:
        return current().memory
    free = free_memory()
    return None if free is None else free * 3 // 4


@contextmanager
def config(
    *, threads: int | None = None, memory: str | int | None = None, cache_dir: str | os.PathLike[str] | None = None
) -> Iterator[Settings]:
    """Change settings of the whole process inside a ``with`` block.

    Parameters
    ----------
    threads
        Worker threads of one operation.
    memory
        Bytes one eager read may take, as a number or ``"4GB"``.
    cache_dir
        Folder of disk caches.
    """
    global _current
    before = current()
    _current = replace(
        before,
        threads=before.threads if threads is None else max(1, threads),
        memory=before.memory if memory is None else parse_bytes(memory),
        cache_dir=before.cache_dir if cache_dir is None else Path(cache_dir),
    )
    try:
        yield _current
    finally:
        _current = before

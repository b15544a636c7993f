"""Settings of the process: threads, memory and the cache folder; ``omio.config`` changes them for a while."""

from __future__ import annotations

import operator
import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from omio.arguments import checked_call
from omio.errors import OmioError
from omio.memory import free_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_SIZES = 'Write for instance "64MiB" or "2GB".'


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
    cache_bytes
        Bytes of decoded tiles that are kept (``OMIO_CACHE_BYTES``; default: 128 MiB).
    """

    threads: int
    memory: int | None
    cache_dir: Path
    cache_bytes: int = 128 << 20


def parse_bytes(text: str | int) -> int:
    """Read a size such as ``"64MiB"``, ``"2GB"`` or ``1048576``."""
    number = int(text) if isinstance(text, SupportsIndex) and not isinstance(text, bool) else _parse_size(text)
    if number < 0:
        raise OmioError(f"{text!r} is no size in bytes", remedy=_SIZES)
    return number


def _parse_size(text: Any) -> int:
    units = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
    units |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
    try:
        stripped = text.strip()
        number = stripped.rstrip("BbKkMmGgTtIi ")
        return int(float(number) * units[stripped[len(number) :].strip().upper()])
    except (AttributeError, KeyError, ValueError, OverflowError):
        raise OmioError(f"{text!r} is no size in bytes", remedy=_SIZES) from None


def usable_cpus() -> int:
    """Return the number of CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _user_cache() -> Path:
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "omio" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "omio"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "omio"


def _from_environment() -> Settings:
    cache_dir = os.environ.get("OMIO_CACHE_DIR")
    cache_bytes = _named("OMIO_CACHE_BYTES", parse_bytes)
    return Settings(
        threads=_named("OMIO_THREADS", _parse_threads) or usable_cpus(),
        memory=_named("OMIO_MEMORY", parse_bytes),
        cache_dir=Path(cache_dir) if cache_dir else _user_cache(),
        cache_bytes=Settings.cache_bytes if cache_bytes is None else cache_bytes,
    )


def _named(name: str, parse: Callable[[str], int]) -> int | None:
    text = os.environ.get(name)
    try:
        return parse(text) if text else None
    except OmioError as error:
        raise OmioError(error.cause, place=f"environment variable {name}", remedy=error.remedy) from None


def _parse_threads(value: int | str) -> int:
    try:
        threads = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        threads = -1
    if threads < 0:
        raise OmioError(f"{value!r} is no number of threads", remedy="Write 1 or more, or 0 for all usable CPUs.")
    return threads or usable_cpus()


_lock = threading.RLock()
_overrides: list[dict[str, Any]] = []
_base: Settings | None = None
_current: Settings | None = None


def current() -> Settings:
    """Return the settings in force; the environment is read once."""
    found = _current
    return _merge() if found is None else found


def _merge() -> Settings:
    global _base, _current
    with _lock:
        _base = _base or _from_environment()
        _current = reduce(lambda found, changes: replace(found, **changes), _overrides, _base)
        return _current


def memory_limit() -> int | None:
    """Return how many bytes one eager read may take; None where nothing is known."""
    if current().memory is not None:
        return current().memory
    free = free_memory()
    return None if free is None else free * 3 // 4


@contextmanager
@checked_call
def config(
    *,
    threads: int | None = None,
    memory: str | int | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    cache_bytes: str | int | None = None,
) -> Iterator[Settings]:
    """Change settings of the whole process inside a ``with`` block.

    Parameters
    ----------
    threads
        Worker threads of one operation; 0: as many as there are usable CPUs. Dask's threads too, in this process,
        where the dask array is computed inside the block (``num_workers`` of dask's configuration; workers of
        `dask.distributed` have settings of their own).
    memory
        Bytes one eager read may take, as a number or ``"4GB"``.
    cache_dir
        Folder of disk caches.
    cache_bytes
        Bytes of decoded tiles that are kept, as a number or ``"64MiB"``; 0: none.

    Raises
    ------
    OmioError
        A value that means nothing.

    Notes
    -----
    Blocks may overlap, also in several threads: the one entered last wins, and each takes back only its own.
    """
    changes: dict[str, Any] = {}
    if threads is not None:
        changes["threads"] = _parse_threads(threads)
    if memory is not None:
        changes["memory"] = parse_bytes(memory)
    if cache_dir is not None:
        changes["cache_dir"] = Path(cache_dir)
    if cache_bytes is not None:
        changes["cache_bytes"] = parse_bytes(cache_bytes)
    current()
    with _lock:
        _overrides.append(changes)
        found = _merge()
    tell_dask()
    try:
        yield found
    finally:
        with _lock:
            del _overrides[next(place for place, entry in enumerate(_overrides) if entry is changes)]
            _merge()
        tell_dask()


_told: Any = None


def tell_dask() -> None:
    """Give dask's schedulers of this process the number of threads that `config` or ``OMIO_THREADS`` says.

    Dask is not imported for it: whoever makes a dask array calls this too. Where nothing is said, dask chooses.
    """
    global _told
    dask = sys.modules.get("dask.config")
    if dask is None:
        return
    with _lock:
        is_said = bool(os.environ.get("OMIO_THREADS")) or any("threads" in changes for changes in _overrides)
        if _told is not None:
            _told.__exit__(None, None, None)
        _told = dask.set(num_workers=current().threads) if is_said else None


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)

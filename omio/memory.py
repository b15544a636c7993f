"""How much memory is free for this process: in the machine, in its container, in its address space."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

CGROUPS: tuple[tuple[Path, str, str], ...] = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Where a container's limit and use stand, in version 2 and version 1 of Linux control groups."""


def free_memory() -> int | None:
    """Return the bytes that this process may still take; None where the system does not say."""
    rooms = [room for room in (_in_machine(), _in_container(), _in_address_space()) if room is not None]
    return max(0, min(rooms)) if rooms else None


def _in_machine() -> int | None:
    for line in _text(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _in_container() -> int | None:
    for folder, limit, used in CGROUPS:
        most, now = _text(folder / limit).strip(), _text(folder / used).strip()
        if most.isdigit() and now.isdigit():
            return int(most) - int(now) + _reclaimable(folder)
    return None


def _reclaimable(folder: Path) -> int:
    """Return the bytes of files kept in memory, which count as used and are given up when asked."""
    for line in _text(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0


def _in_address_space() -> int | None:
    if importlib.util.find_spec("resource") is None:  # Windows
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text(Path("/proc/self/statm")).split()
    if limit == resource.RLIM_INFINITY or not pages:
        return None
    return limit - int(pages[0]) * os.sysconf("SC_PAGE_SIZE")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")  # which every process has loaded
    except OSError:
        return ""

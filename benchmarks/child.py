"""The process of one case: prepare, then time the work, then digest its result."""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    where, arguments = sys.argv[1], json.loads(sys.argv[2])
    module, _, name = where.partition(":")
    work = getattr(importlib.import_module(f"benchmarks.topics.{module}"), name)(*arguments)
    watch = getattr(work, "memory_kb", memory_kb)  # work that others do knows how to ask them
    gc.collect()  # of what imports left: else it falls into the work of this case or that, by chance
    before = watch("VmRSS")
    started, busy = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - busy
    peak = watch("VmHWM")
    answer: dict[str, Any] = {"seconds": seconds, "cpu_seconds": cpu}
    answer |= {"peak_mb": peak / 1000, "growth_mb": (peak - before) / 1000}
    answer["steps"] = getattr(work, "steps", [])
    # what was written is read and digested by the parent, for reading it here would count as memory of the work
    answer |= {"written": str(result)} if isinstance(result, Path) else {"digest": digest(result)}
    print(json.dumps(answer))


def memory_kb(field: str) -> int:
    """Return a line of the process's status: VmRSS is resident now, VmHWM its peak, mapped pages of files included.

    ``ru_maxrss`` is only the fallback: it starts at the size of the process that forked this one.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = next((int(line.split()[1]) for line in lines if line.startswith(field)), None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if found is None else found


def digest(result: Any) -> str:
    """Digest pixels by their values and lengths (axes of length 1 apart), anything else by its text."""
    if not hasattr(result, "tobytes"):
        return repr(result)
    lengths = [size for size in result.shape if size > 1]
    pixels = result if result.flags.c_contiguous else result.copy()
    return f"{result.dtype} {lengths} {hashlib.sha256(pixels).hexdigest()[:16]}"


if __name__ == "__main__":
    main()

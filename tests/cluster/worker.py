"""What workers are asked about themselves."""

from __future__ import annotations

from typing import Any


def tasks_given(dask_worker: Any) -> int:
    """Return how many tasks a worker was given so far; of what else it keeps a log, entries may come at any time."""
    return sum(entry[1:2] == ("compute-task",) for entry in map(tuple, dask_worker.state.log))

"""Sharded OME-Zarr with five levels, written by one and by two workers of a cluster: time, and memory of a worker.

``--scale 10`` makes it 30 GB. The memory is that of the worker that took most, its libraries (about 150 MB) included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, function
from benchmarks.child import memory_kb
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from benchmarks.data import Data

GIGABYTES = 3.0


def groups(data: Data) -> list[Group]:
    size = GIGABYTES * data.scale
    arguments = str(data.sparse_ome(size)), str(data.outputs())
    cases = tuple(
        function(name, "cluster:Conversion", *arguments, workers, compared=False)
        for name, workers in (("threads", 0), ("1 worker", 1), ("2 workers", 2))
    )
    return [Group("13a", f"{size:g} GB of holes to OME-Zarr", cases, ("threads",), goal_growth_mb=200, rounds=1)]


class Conversion:
    """The work, and the memory of those who do it."""

    def __init__(self, source: str, out: str, workers: int) -> None:
        from distributed import Client, LocalCluster

        load_omio("omio.writers.zarr.omezarr")
        self.source, self.target, self.client = source, f"{out}/cluster.ome.zarr", None
        if workers:
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
            self.client = Client(cluster)
            self.client.run(load_omio, "omio.writers.zarr.omezarr", "zarr", "dask.array")

    def __call__(self) -> str:
        import omio

        with omio.open(self.source) as image:
            report = image.to_omezarr(
                self.target, shards=True, levels=5, overwrite="replace", client=self.client or False
            )
        return f"{report.nbytes} bytes"

    def memory_kb(self, field: str) -> int:
        """Return a line of the status of the process that takes most."""
        return memory_kb(field) if self.client is None else max(self._of_workers(field))

    def _of_workers(self, field: str) -> Any:
        assert self.client is not None
        return self.client.run(memory_kb, field).values()

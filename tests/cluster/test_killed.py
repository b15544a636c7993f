"""Workers that are killed cost nothing but time."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from omio.errors import WorkerError
from tests.cluster.sources import slope
from tests.cluster.test_writing import stored, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals"),
]


@pytest.fixture
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as made:
        yield made


@contextmanager
def killing(cluster: Any, times: int) -> Iterator[list[int]]:
    """Kill a worker process again and again, up to so many times, while the block runs."""
    ended, killed = threading.Event(), list[int]()
    chance = random.Random()  # noqa: S311 - any moment must do

    def kill() -> None:
        while len(killed) < times and not ended.wait(chance.uniform(0.1, 0.5)):
            alive = [nanny.pid for nanny in cluster.workers.values() if nanny.pid and nanny.pid not in killed]
            if alive:
                killed.append(chance.choice(alive))
                os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(("name", "times"), [("a.ome.zarr", 10), ("a.ome.tif", 4), ("a.ozx", 4)])
def test_the_result_is_right_or_none_whichever_workers_die(cluster: Any, tmp_path: Path, name: str, times: int) -> None:
    from distributed import Client

    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    write(slope(), here / name, client=False, levels=3)
    killed, fields = 0, {"levels": 3, "overwrite": "replace"}
    with Client(cluster, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        while killed < times:
            with killing(cluster, times - killed) as now, suppress(WorkerError):
                write(slope(seconds=0.1), there / name, client, **fields)
            killed += len(now)
            assert [path.name for path in there.iterdir()] in ([], [name])
            assert not (there / name).exists() or stored(there / name) == stored(here / name)
        write(slope(), there / name, client, **fields)
    assert stored(there / name) == stored(here / name)

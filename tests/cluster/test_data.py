"""``ds.data`` on workers: recipes travel, files are opened where they are read."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from dask.base import optimize

import omio
from omio.testing import makers
from tests.cluster.worker import tasks_given

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPENED: list[str] = []


def _listen() -> None:
    """Note which files this process opens from now on, for a descriptor as omio reads; to be run on workers."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[1] is None:
            OPENED.append(arguments[0])

    sys.addaudithook(note)


def _heard() -> list[str]:
    return OPENED


@pytest.fixture
def movie(tmp_path: Path) -> Iterator[omio.MicroscopyDataset]:
    with omio.open(makers.ome_tiff(tmp_path / "movie.ome.tif", makers.cells((12, 2, 2, 64, 64))).path) as image:
        yield image


def test_blocks_are_those_of_this_process(client: Any, movie: omio.MicroscopyDataset) -> None:
    with client.as_current():
        np.testing.assert_array_equal(movie.data.compute(), movie.load())


def test_reductions_are_those_of_this_process(client: Any, movie: omio.MicroscopyDataset) -> None:
    mean, projected = movie.data.mean("T"), movie.project("T", "mean").data
    with client.as_current():
        np.testing.assert_allclose(mean.compute(), movie.load().mean(0), rtol=1e-12)
        np.testing.assert_allclose(projected.compute()[0], movie.load().mean(0), rtol=1e-12)


def test_a_worker_opens_a_file_once(client: Any, tmp_path: Path) -> None:
    source = makers.ome_tiff(tmp_path / "once.ome.tif", makers.cells((12, 1, 1, 32, 32)))
    client.run(_listen)
    with omio.open(source.path, chunks="plane") as image, client.as_current():
        for _ in range(2):
            np.testing.assert_array_equal(image.data.compute(), source.pixels)
    opened = client.run(_heard).values()
    assert sum(paths.count(str(source.path)) for paths in opened) > 0
    assert all(paths.count(str(source.path)) <= 1 for paths in opened)


def test_the_graph_of_a_thousand_files_is_small(tmp_path: Path) -> None:
    first = makers.ome_tiff(tmp_path / "0.ome.tif", makers.cells((1, 1, 1, 64, 64))).path
    for number in range(1, 1000):
        (tmp_path / f"{number}.ome.tif").hardlink_to(first)
    parts = [omio.open(tmp_path / f"{number}.ome.tif") for number in range(1000)]
    merged = parts[0].merge(*parts[1:], along="T")
    (graph,) = optimize(merged.data.mean("T").data)  # type: ignore[no-untyped-call]
    sizes = [len(pickle.dumps(task)) for task in dict(graph.dask).values()]
    assert sum(sizes) < 500_000
    assert len(sizes) < 100
    assert sum(size > 10_000 for size in sizes) <= 1


def test_loading_stays_in_this_process(client: Any, movie: omio.MicroscopyDataset) -> None:
    with client.as_current():
        before = client.run(tasks_given)
        movie.load()
        np.asarray(movie)
        assert client.run(tasks_given) == before

"""Mosaics: order, boxes, selections, and what is decoded for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import czifile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibCZIrw import czi as libczi

from omio.backends.czi.document import open_document
from omio.backends.czi.reading import overlap
from omio.errors import OmioWarning
from omio.indexing import orthogonal, to_index, to_numpy
from omio.lazy.leaf import lease
from omio.settings import config
from tests.support.czi import Tile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from omio.backends.czi import CziBackend
    from omio.lazy.recipe import Recipe
    from tests.backends.czi.conftest import Opener

COMPRESSIONS = ("raw", "zstd", "zstd-header")


def scattered(count: int = 12, planes: int = 2, seed: int = 0) -> list[Tile]:
    """Overlapping tiles of several planes, in no order, far from the origin."""
    random = np.random.default_rng(seed)
    tiles = [
        Tile(
            random.integers(1, 60_000, (40, 50), dtype=np.uint16),
            {"X": -100_000 + int(random.integers(150)), "Y": -7 + int(random.integers(90)), "C": plane, "M": m, "S": 0},
            compression=COMPRESSIONS[m % 3],
        )
        for plane in range(planes)
        for m in range(count)
    ]
    return [tiles[i] for i in random.permutation(len(tiles))]


def decoded(backend: CziBackend) -> int:
    key = (0, 0, backend.options.strict)
    with lease(open_document, backend.stamp, *key) as document:
        return document.blocks.decoded


@pytest.fixture
def mosaic(made: Opener) -> Recipe:
    backend = made(scattered())
    return backend.array("0")


@pytest.mark.parametrize("threads", [1, 3])
def test_the_higher_mosaic_index_lies_on_top_as_in_libczi(made: Opener, tmp_path: Path, threads: int) -> None:
    with config(threads=threads):
        pixels = made(scattered()).array("0").load()
    with libczi.open_czi(str(tmp_path / "made.czi")) as file:
        for channel in range(2):
            assert np.array_equal(pixels[0, 0, channel], file.read(plane={"C": channel}, scene=0)[..., 0])
    with czifile.CziFile(tmp_path / "made.czi") as file:
        assert np.array_equal(pixels[0, 0], file.scenes[0].asarray(maxworkers=1))


def test_uncovered_pixels_are_0(made: Opener) -> None:
    corner = np.full((10, 20), 7, np.uint8)
    pixels = made([Tile(corner, {"X": -5, "Y": 3}), Tile(corner, {"X": 100, "Y": 90})]).array("0").load()[0, 0, 0]
    assert pixels.shape == (97, 125)
    assert (pixels[:10, :20] == 7).all()
    assert (pixels[-10:, -20:] == 7).all()
    assert pixels.sum() == 2 * 7 * 200


SELECTIONS: list[tuple[Any, ...]] = [
    (0, 0, 1, slice(10, 60), slice(20, 90)),
    (0, 0, slice(None), slice(None, None, 3), slice(5, None, 7)),
    (0, 0, [1, 0, 1], slice(None, None, -2), slice(120, 3, -5)),
    (0, 0, 0, [5, 3, 88, 5], slice(1, 9)),
    (0, 0, 0, [5, 3, 88, 5], [0, 140, 77]),
    (0, 0, 1, slice(4, 70), [0, 140, 77]),
    (0, 0, 1, 17, 33),
]


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
@pytest.mark.parametrize("threads", [1, 2])
def test_selections_equal_those_of_the_whole(mosaic: Recipe, selection: tuple[Any, ...], threads: int) -> None:
    key = tuple(to_index(one, size) for one, size in zip(selection, mosaic.shape, strict=True))
    with config(threads=threads):
        assert np.array_equal(mosaic.load(key), orthogonal([to_numpy(index) for index in key], mosaic.load()))


def grid(side: int = 8, size: int = 16) -> list[Tile]:
    return [
        Tile(
            np.full((size, size), 1 + y * side + x, np.uint16),
            {"X": x * size, "Y": y * size, "M": y * side + x},
            compression="zstd",
        )
        for y in range(side)
        for x in range(side)
    ]


def test_a_region_decodes_only_the_tiles_it_meets(made: Opener) -> None:
    backend = made(grid())
    region = backend.array("0")[0, 0, 0, 20:40, 30:50]
    assert decoded(backend) == 2 * 3
    assert region[0, 0] == 1 + 8 + 1
    assert region[-1, -1] == 1 + 2 * 8 + 3


def test_strides_decode_only_the_tiles_they_meet(made: Opener) -> None:
    backend = made(grid())
    assert backend.array("0")[0, 0, 0, 0, ::64].tolist() == [1, 5]
    assert decoded(backend) == 2


def test_tiles_without_gaps_fill_memory_that_held_something_else(made: Opener) -> None:
    recipe = made(grid()).array("0")
    out = np.full(recipe.shape, 9999, np.uint16)
    recipe.read(tuple(range(size) for size in recipe.shape), out)
    assert np.array_equal(np.unique(out), np.arange(1, 65))


def test_planes_without_tiles_are_0_and_told(made: Opener) -> None:
    tile = np.full((8, 8), 3, np.uint8)
    backend = made([Tile(tile, {"Z": 0, "C": 0}), Tile(tile, {"Z": 2, "C": 1})])
    with pytest.warns(OmioWarning, match="4 of 6 planes were not recorded"):
        pixels = backend.array("0").load()
    backend.array("0")  # told once
    assert pixels.shape == (1, 3, 2, 8, 8)
    assert [int(plane.max()) for plane in pixels.reshape(6, 8, 8)] == [3, 0, 0, 0, 0, 3]
    assert backend.details("0")["missing_planes"] == 4


def test_t_and_z_that_do_not_begin_at_0_are_counted_from_their_first(made: Opener) -> None:
    tiles = [Tile(np.full((4, 4), t, np.uint8), {"T": t, "Z": -3}) for t in (5, 6)]
    backend = made(tiles)
    assert backend.array("0").load()[:, 0, 0, 0, 0].tolist() == [5, 6]
    assert backend.metadata("0").static.original["SubBlockDirectory"]["first"] == {"T": 5, "Z": -3, "C": 0}


def test_several_threads_read_the_same(mosaic: Recipe) -> None:
    wanted = mosaic.load()
    results: list[NDArray[Any]] = []
    threads = [threading.Thread(target=lambda: results.append(mosaic.load())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert all(np.array_equal(result, wanted) for result in results)


@given(
    st.integers(1, 40).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.one_of(
                st.slices(size).map(lambda one: range(size)[one]),
                st.lists(st.integers(0, size - 1), max_size=9).map(lambda some: np.array(some, np.intp)),
            ),
            st.integers(0, size - 1),
            st.integers(1, 12),
        )
    )
)
def test_overlap_picks_what_an_index_shares_with_a_run(case: tuple[int, Any, int, int]) -> None:
    size, index, start, length = case
    places = np.asarray(index, dtype=np.intp)
    wanted = [(place, value - start) for place, value in enumerate(places) if start <= value < start + length]
    found = overlap(index, start, start + length)
    if found is None:
        assert not wanted
        return
    out, inside = np.zeros(len(places), int), np.arange(length)
    out[found[0]] = 1 + inside[found[1]]
    assert [(int(place), int(out[place]) - 1) for place in np.flatnonzero(out)] == wanted
    assert size >= len(np.unique(places))

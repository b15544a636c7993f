from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.blocks import BLOCK_BYTES
from omio.lazy.chunks import plan_chunks
from omio.lazy.graph import to_dask
from omio.lazy.placed import Placed
from omio.testing.keys import pick, sample_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key

FILL = 7


@st.composite
def canvases(draw: st.DrawFn) -> tuple[Placed, NDArray[Any]]:
    """Draw parts on a plane, some over others, and the picture that painting them one by one gives."""
    depth = draw(st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)))
    samples = draw(st.sampled_from(((), (3,))))
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 14))
    painted = np.full((*depth, height, width, *samples), FILL, np.uint16)
    items, corners = [], []
    for number in range(draw(st.integers(1, 6))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        rows, columns = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
        shape = (*depth, rows, columns, *samples)
        pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) + 1000 * (number + 1)
        painted[:, :, :, top : top + rows, left : left + columns] = pixels
        items.append(ArrayRecipe(pixels))
        corners.append((top, left))
    return Placed(tuple(items), np.array(corners, dtype=np.intp), (height, width), FILL), painted


@dataclass(frozen=True, eq=False)
class Told(ArrayRecipe):
    """An array that tells the bytes of each read."""

    sizes: list[int] = field(default_factory=list)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        self.sizes.append(out.nbytes)
        super().read(key, out)


def grid(rows: int, columns: int, tile: int = 10) -> tuple[Placed, list[list[int]]]:
    """Return tiles side by side, and the bytes of each read of each."""
    tiles = [Told(np.full((1, 1, 1, tile, tile), number, np.uint8)) for number in range(rows * columns)]
    corners = np.array([divmod(number, columns) for number in range(rows * columns)], dtype=np.intp) * tile
    return Placed(tuple(tiles), corners, (rows * tile, columns * tile)), [tile.sizes for tile in tiles]


@given(canvases(), st.integers(0, 1000), st.sampled_from((1, 3)))
def test_reads_what_painting_gives(drawn: tuple[Placed, NDArray[Any]], seed: int, threads: int) -> None:
    placed, painted = drawn
    with omio.config(threads=threads):
        for key in sample_keys(painted.shape, seed=seed):
            np.testing.assert_array_equal(placed.load(key), pick(painted, key))


@given(canvases())
def test_dask_and_pickle_give_the_same(drawn: tuple[Placed, NDArray[Any]]) -> None:
    placed, painted = drawn
    again = pickle.loads(pickle.dumps(placed))  # noqa: S301 - our own bytes
    assert again.token() == placed.token()
    np.testing.assert_array_equal(again.load(), painted)
    np.testing.assert_array_equal(to_dask(placed, plan_chunks(placed, {"Y": 5, "X": 4})).compute(), painted)


class TestReading:
    def test_touches_only_the_parts_that_a_region_meets(self) -> None:
        placed, reads = grid(4, 5)
        placed.load((range(1), range(1), range(1), range(8, 12), range(20, 30)))
        assert [(number, read) for number, read in enumerate(reads) if read] == [(2, [20]), (7, [20])]

    def test_of_one_part_goes_straight_to_it(self) -> None:
        placed, reads = grid(2, 2)
        found = placed.load((range(1), range(1), range(1), range(12, 18), range(19, 9, -3)))
        assert found.max() == found.min() == 3
        assert reads == [[], [], [], [24]]

    def test_of_a_gap_touches_none(self) -> None:
        pixels = ArrayRecipe(np.ones((1, 1, 1, 4, 4), np.uint8))
        placed = Placed((pixels, pixels), np.array([(0, 0), (0, 90)], dtype=np.intp), (4, 94), 5)
        assert (placed.load((range(1), range(1), range(1), range(4), range(10, 80))) == 5).all()

    def test_of_nothing_is_empty(self) -> None:
        placed, _ = grid(2, 2)
        assert placed.load((range(1), range(1), range(0), range(20), range(20))).size == 0

    @pytest.mark.parametrize("threads", [1, 2])
    def test_takes_large_parts_block_by_block(self, threads: int) -> None:
        tiles = [Told(np.full((96, 1, 1, 512, 512), number, np.uint16)) for number in (1, 2)]
        placed = Placed(tuple(tiles), np.array([(0, 0), (0, 500)], dtype=np.intp), (512, 1012))
        with omio.config(threads=threads):
            found = placed.load()
        assert found[95, 0, 0, 0, [0, 499, 500, 1011]].tolist() == [1, 1, 2, 2]
        assert max(size for tile in tiles for size in tile.sizes) <= BLOCK_BYTES


def test_tokens_tell_places_apart() -> None:
    pixels = ArrayRecipe(np.ones((1, 1, 1, 2, 2), np.uint8))
    placed = [Placed((pixels,), np.array([corner], dtype=np.intp), (4, 4)) for corner in ((0, 0), (0, 1))]
    assert placed[0].digest != placed[1].digest
    assert placed[0].digest != Placed((pixels,), placed[0].corners, (4, 4), 1).digest

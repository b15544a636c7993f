from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.lazy.arrays import ArrayRecipe
from omio.lazy.chunks import plan_chunks
from omio.lazy.grid import Grid
from omio.lazy.view import view
from omio.testing.keys import pick, sample_keys

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe

SHAPE = (2, 1, 2, 4, 3)


@dataclass(frozen=True, eq=False)
class Numbered(Grid):
    """Parts that hold their number and the place of each pixel."""

    gaps: tuple[int, ...] = ()
    reads: tuple[list[int], ...] = ()

    @property
    def like(self) -> Recipe:
        return ArrayRecipe(np.zeros(SHAPE, np.int32), "like")

    def part(self, number: int) -> Recipe | None:
        for log in self.reads:
            log.append(number)
        return None if number in self.gaps else ArrayRecipe(pixels(number), f"part {number}")

    def token(self) -> tuple[Any, ...]:
        return ("numbered", self.counts, self.fill, self.gaps)

    def parts(self) -> tuple[Recipe, ...]:
        return ()


def pixels(number: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return (1000 * number + np.arange(np.prod(SHAPE), dtype=np.int32)).reshape(SHAPE)


def whole(counts: tuple[int, ...], gaps: tuple[int, ...] = ()) -> np.ndarray[Any, Any]:
    blocks = np.empty(counts, dtype=object)
    for number in range(blocks.size):
        blocks.flat[number] = np.full(SHAPE, -7, np.int32) if number in gaps else pixels(number)
    return np.block(blocks.tolist())


@pytest.mark.parametrize("counts", [(3, 1, 1, 1, 1), (2, 3, 2, 1, 1), (1, 1, 1, 3, 2), (2, 1, 2, 2, 3)])
@pytest.mark.parametrize("gaps", [(), (1, 3)])
def test_reads_as_the_parts_put_together_would(counts: tuple[int, ...], gaps: tuple[int, ...]) -> None:
    recipe = Numbered(counts, -7, gaps)
    expected = whole(counts, gaps)
    assert recipe.shape == expected.shape
    assert recipe.dtype == np.int32
    for key in sample_keys(recipe.shape, count=40):
        np.testing.assert_array_equal(recipe.load(key), pick(expected, key))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(recipe)).load(), expected)  # noqa: S301 - our own bytes


def test_one_plane_meets_one_part() -> None:
    reads: list[int] = []
    recipe = Numbered((50, 4, 1, 1, 1), 0, reads=(reads,))
    recipe[13, 2, 0]
    recipe[13, 3, 1, ::-1]
    assert reads == [6 * 4 + 2, 6 * 4 + 3]


def test_chunks_by_file_are_the_parts() -> None:
    recipe = Numbered((3, 1, 1, 2, 1), 0)
    assert plan_chunks(recipe, "file") == ((2, 2, 2), (1,), (2,), (4, 4), (3,))
    part = view(recipe, (range(1, 4), range(1), range(2), range(2, 8), range(3)))
    assert plan_chunks(part, "file") == ((1, 2), (1,), (2,), (2, 4), (3,))

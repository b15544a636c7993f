"""What reading takes besides its result."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest

from omio.indexing import full_key
from omio.lazy import blocks, projection
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.projection import Projection, Projector
from omio.lazy.tree import Cast, Concat, JoinSamples, Pad, SplitSamples

if TYPE_CHECKING:
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

PIXELS = ArrayRecipe(np.broadcast_to(np.arange(64, dtype="u2"), (32, 1, 4, 64, 64)))
RGB = ArrayRecipe(np.broadcast_to(np.arange(4, dtype="u2"), (32, 1, 1, 64, 64, 4)))
SCATTERED = np.array([0, 5, 3, 31, 30, 2, 3, 8, *range(9, 28)])
WIDER = Pad(PIXELS, (2, 0, 0, 0, 0), (3, 0, 0, 0, 0), fill=7)


def scattered(recipe: Recipe) -> Key:
    return (SCATTERED, *full_key(recipe.shape)[1:])


@pytest.mark.parametrize(
    ("recipe", "key"),
    [
        (Cast(PIXELS, np.dtype("f4")), full_key(PIXELS.shape)),
        (SplitSamples(RGB), full_key((32, 1, 4, 64, 64))),
        (JoinSamples(PIXELS), full_key((32, 1, 1, 64, 64, 4))),
        (PIXELS, scattered(PIXELS)),
        (PIXELS, (*scattered(PIXELS)[:3], np.array([*range(50), 3, 7]), range(64))),
        (Concat((PIXELS, PIXELS), 0), (np.concatenate([SCATTERED, 63 - SCATTERED]), *full_key(PIXELS.shape)[1:])),
        (Concat((PIXELS, PIXELS), 2), (range(32), range(1), np.array([0, 7, 2, 5, 1, 1]), range(64), range(64))),
        (WIDER, (np.concatenate([[0, 36], SCATTERED + 2]), *full_key(WIDER.shape)[1:])),
    ],
    ids=["cast", "split", "join", "list", "lists", "concat", "concat along C", "pad"],
)
def test_reading_takes_little_more_than_its_result(recipe: Recipe, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = recipe.load(key)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 16)
    recipe.load(tuple(range(1) for _ in key))
    tracemalloc.start()
    found = recipe.load(key)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found, expected)
    assert peak < 1.4 * found.nbytes


@pytest.mark.parametrize("how", get_args(Projector.__value__))
@pytest.mark.parametrize("axis", [0, 2, 3])
def test_projecting_takes_blocks_besides_its_result(how: Projector, axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "SLAB_BYTES", 1 << 18)
    base = ArrayRecipe(np.broadcast_to(np.arange(64, dtype="f4"), (32, 1, 16, 64, 64)))
    recipe = Projection(base, axis, how)
    recipe.load(tuple(range(1) for _ in base.shape))
    tracemalloc.start()
    found = recipe.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < found.nbytes + 6 * (1 << 18)

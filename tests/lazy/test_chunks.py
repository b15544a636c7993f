from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omio.errors import LayoutError, OmioError
from omio.indexing import to_index
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.lazy.blocks import blocks, grow
from omio.lazy.chunks import plan_chunks
from omio.lazy.tree import concat
from omio.lazy.view import view


def recipe(shape: tuple[int, ...], dtype: str = "uint16") -> ArrayRecipe:
    return ArrayRecipe(np.broadcast_to(np.zeros((), dtype), shape))


def test_automatic_blocks_hold_8_to_16_mib() -> None:
    for shape in [(2000, 1, 1, 512, 512), (1, 1, 1, 40000, 40000), (200000, 1, 1, 32, 32), (3, 40, 4, 2048, 2048)]:
        source = recipe(shape)
        size = np.prod(grow(source, 16 << 20)) * 2
        assert (8 << 20) <= size <= max(16 << 20, 2 * np.prod(shape[3:]))


def test_named_choices() -> None:
    source = recipe((4, 3, 2, 10, 20))
    assert plan_chunks(source, "plane") == ((1,) * 4, (1,) * 3, (1, 1), (10,), (20,))
    assert plan_chunks(source, "time") == ((1,) * 4, (3,), (2,), (10,), (20,))
    assert plan_chunks(source, {"T": 3, "Y": 4, "X": -1})[::3] == ((3, 1), (4, 4, 2))


def test_a_block_a_file() -> None:
    joined = concat((recipe((4, 1, 1, 5, 5)), recipe((2, 1, 1, 5, 5))), 0)
    assert plan_chunks(joined, "file")[0] == (4, 2)


@pytest.mark.parametrize(
    ("times", "lengths"),
    [
        (slice(3, 9), (6,)),
        (slice(15, 25), (5, 5)),
        (slice(None, None, -1), (5, 20)),
        (slice(None, None, 10), (2, 1)),
        ([0, 22, 1, 2], (1, 1, 2)),
        (slice(0, 0), (0,)),
    ],
)
def test_a_block_a_file_in_selections(times: Any, lengths: tuple[int, ...]) -> None:
    joined = concat((recipe((20, 1, 1, 5, 5)), recipe((5, 1, 1, 5, 5))), 0)
    selected = view(joined, (to_index(times, 25), *(range(size) for size in joined.shape[1:])))
    assert plan_chunks(selected, "file") == (lengths, (1,), (1,), (5,), (5,))


@pytest.mark.parametrize(
    "choice", [None, 1.5, "inf", "nan", "-5MB", -5, 0, "", True, {"X": (2, 2)}, {"X": 0}, {"X": -5}, {"X": "a"}, {1: 2}]
)
def test_choices_that_mean_nothing(choice: Any) -> None:
    with pytest.raises(LayoutError, match="chunks"):
        plan_chunks(recipe((4, 3, 2, 10, 20)), choice)


def test_numbers_of_numpy_are_lengths() -> None:
    assert plan_chunks(recipe((4, 1, 1, 2, 2)), {"T": np.int64(3)})[0] == (3, 1)  # type: ignore[dict-item]


@pytest.mark.parametrize("choice", ["auto", "plane", "tile", "time", "file", {"Y": -1}])
def test_empty_dims(choice: Any) -> None:
    assert plan_chunks(recipe((0, 1, 1, 0, 3)), choice) == ((0,), (1,), (1,), (0,), (3,))


def test_blocks_hold_whole_units() -> None:
    class Chunked:
        shape, dtype, chunks = (100, 1, 1, 10, 10), np.dtype("u1"), (8, 1, 1, 10, 10)

    assert grow(DuckRecipe(Chunked()), 2000) == (16, 1, 1, 10, 10)


def test_a_size_in_words() -> None:
    source = recipe((100, 1, 1, 64, 64))
    assert np.prod(grow(source, 1 << 20)) * 2 <= 1 << 20
    assert plan_chunks(source, "1MiB") == plan_chunks(source, str(1 << 20))
    with pytest.raises(OmioError, match="no size"):
        plan_chunks(source, "huge")


def test_unknown_dims_are_refused() -> None:
    with pytest.raises(LayoutError, match="names Q"):
        plan_chunks(recipe((1, 1, 1, 2, 2)), {"Q": 1})


def test_blocks_cover_everything_once() -> None:
    seen = np.zeros((3, 2, 5), int)
    for key in blocks(seen.shape, (2, 2, 3)):
        seen[np.ix_(*key)] += 1
    assert (seen == 1).all()

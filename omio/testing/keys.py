"""Keys that try a recipe from all sides, made from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omio.indexing import full_key, orthogonal, simplify, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index, Key


def sample_keys(shape: tuple[int, ...], count: int = 12, seed: int = 0) -> list[Key]:
    """Return keys with runs, strides, reversals and lists of positions; the first selects all."""
    random = np.random.default_rng(seed)
    return [full_key(shape), *(tuple(_index(size, random) for size in shape) for _ in range(count))]


def _index(size: int, random: np.random.Generator) -> Index:
    kind = random.integers(5)
    start, stop = sorted(random.integers(0, size + 1, 2).tolist())
    if stop == start:
        start, stop = min(start, size - 1), min(start, size - 1) + 1
    if kind == 0:
        return range(size)
    if kind == 1:
        return range(start, start + 1)
    if kind == 2:
        return range(start, stop, int(random.integers(1, 4)))
    if kind == 3:
        return range(stop - 1, start - 1, -1)
    return simplify(random.integers(0, size, int(random.integers(1, size + 1))).astype(np.intp))


def pick(array: NDArray[np.generic], key: Key) -> NDArray[np.generic]:
    """Select from an array in memory what a recipe would read: the slow, obvious twin."""
    return orthogonal((to_numpy(index) for index in key), array)

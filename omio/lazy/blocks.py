"""Growing the unit of reading to blocks, and walking over blocks."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

BLOCK_BYTES = 16 << 20
"""Size of a block of ``chunks="auto"``, and of what is in flight while pixels are converted."""


def grow(recipe: Recipe, target: int) -> tuple[int, ...]:
    """Grow the reading unit to about `target` bytes: the plane first, evenly, then C, Z and T in whole units."""
    return grow_unit(recipe.shape, recipe.chunk, target // recipe.dtype.itemsize)


def grow_unit(shape: tuple[int, ...], unit: tuple[int, ...], room: int) -> tuple[int, ...]:
    """Grow a unit to about `room` elements; see `grow`."""
    block = [max(1, min(length, size)) for length, size in zip(unit, shape, strict=True)]
    if len(shape) == 6:
        block[5] = max(1, shape[5])
    while math.prod(block) * 2 <= room and (axis := _shorter(block, shape)) is not None:
        block[axis] = min(shape[axis], block[axis] * 2)
    for axis in (2, 1, 0):
        if any(block[inner] < shape[inner] for inner in range(axis + 1, len(shape))):
            break
        fitting = room // math.prod(block) * block[axis]
        block[axis] = max(block[axis], min(shape[axis], fitting))
    return tuple(block)


def _shorter(block: list[int], shape: tuple[int, ...]) -> int | None:
    open_axes = [axis for axis in (4, 3) if block[axis] < shape[axis]]
    return min(open_axes, key=lambda axis: block[axis], default=None)


def blocks(shape: tuple[int, ...], block: tuple[int, ...]) -> Iterator[Key]:
    """Yield the keys of all blocks in C order."""
    runs = [
        [range(start, min(start + length, size)) for start in range(0, size, length)]
        for size, length in zip(shape, block, strict=True)
    ]
    yield from itertools.product(*runs)


def walk(shape: tuple[int, ...], unit: tuple[int, ...], itemsize: int) -> Iterator[Key]:
    """Yield the keys of blocks of about `BLOCK_BYTES`, in whole units: what is read and converted at a time."""
    return blocks(shape, grow_unit(shape, unit, BLOCK_BYTES // itemsize))

"""What an OME-Zarr image will consist of, decided before anything is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.writers.pyramid import level_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from omio.lazy.recipe import LazyArray
    from omio.writers.cut import Block

CHUNK = 512
"""Rows and columns of a chunk, at most, where the policy leaves it open."""
SMALL_CHUNK_BYTES = 1 << 17
"""Chunks of small planes take further planes along Z up to here."""
BLOCK_BYTES = 1 << 24
"""Pixels of level 0 that one task reads, reduces and encodes."""

type Lengths = tuple[int, int, int, int, int]
"""Of T, Z, C, Y, X."""


@dataclass(frozen=True)
class ArrayPlan:
    """One level.

    Attributes
    ----------
    shape
        T Z C Y X [S].
    chunk
        Of T, Z, C, Y, X.
    shard
        Likewise, whole chunks; None: each chunk is a file.
    """

    shape: tuple[int, ...]
    chunk: Lengths
    shard: Lengths | None

    @property
    def unit(self) -> Lengths:
        """What is put at once: the shard, or the chunk."""
        return self.shard or self.chunk


@dataclass(frozen=True)
class Stage:
    """Levels that are made in one pass: each block gives whole chunks (or shards) of all of them.

    Attributes
    ----------
    first, count
        Number of its first level, and how many there are.
    block
        Lengths of T, Z, C, Y, X of that level that one task reads.
    """

    first: int
    count: int
    block: Lengths


@dataclass(frozen=True)
class ZarrPlan:
    """All levels, and the passes in which they are made."""

    dtype: np.dtype[Any]
    arrays: tuple[ArrayPlan, ...]
    stages: tuple[Stage, ...]

    @cached_property
    def samples(self) -> int:
        """Samples of a pixel."""
        return math.prod(self.arrays[0].shape[5:])


def plan_arrays(
    source: LazyArray, count: int, chunk: tuple[int, ...] | None, *, sharded: bool, block_bytes: int = BLOCK_BYTES
) -> ZarrPlan:
    """Cut an image into levels, chunks and blocks.

    A block is as large as memory allows and holds whole units of the source, so that each of these is decoded once;
    it gives chunks of as many levels as it can be halved into whole ones. Where more are asked for, the first of the
    rest waits on disk (`Spool`) and is the source of a stage of its own.
    """
    shapes = level_shapes(source.shape, count)
    cut = tuple(_chunk(shape, chunk, source.dtype.itemsize) for shape in shapes)
    stages: list[Stage] = []
    arrays: list[ArrayPlan] = []
    units = source.chunk
    while len(arrays) < len(shapes):
        first = len(arrays)
        block = _block(shapes[first], cut[first], units, block_bytes // source.dtype.itemsize)
        direct = _direct(shapes[first:], cut[first], block)
        stages.append(Stage(first, direct, block))
        arrays += [
            ArrayPlan(shapes[first + k], cut[first + k], _shard(block, k, cut[first + k]) if sharded else None)
            for k in range(direct)
        ]
        units = (1,) * len(source.shape)  # a spool gives any part at no extra cost
    return ZarrPlan(source.dtype, tuple(arrays), tuple(stages))


def _chunk(shape: tuple[int, ...], wanted: tuple[int, ...] | None, itemsize: int) -> Lengths:
    if wanted is not None:
        t, z, c, y, x = (max(1, min(length, size)) for length, size in zip(wanted, shape[:5], strict=True))
        return t, z, c, y, x
    height, width = (min(CHUNK, size) for size in shape[3:5])
    deep = max(1, SMALL_CHUNK_BYTES // (height * width * math.prod(shape[5:]) * itemsize))
    return 1, min(shape[1], deep), 1, height, width


def _block(shape: tuple[int, ...], chunk: Lengths, unit: tuple[int, ...], room: int) -> Lengths:
    """Grow a chunk to a block: over whole units of the source, then the shorter of Y and X, then C, Z and T."""
    samples = math.prod(shape[5:])
    block = [_covering(chunk[i], unit[i], shape[i]) for i in range(5)]
    while math.prod(block) * samples * 2 <= room and (axis := _shorter(block, shape)) is not None:
        block[axis] *= 2
    for axis in (1, 2, 0):
        if any(block[inner] < shape[inner] for inner in (3, 4)):
            break
        fitting = room // (math.prod(block) * samples) * block[axis] // chunk[axis] * chunk[axis]
        block[axis] = max(block[axis], min(_ceil(shape[axis], chunk[axis]), fitting))
    return block[0], block[1], block[2], block[3], block[4]


def _covering(chunk: int, unit: int, size: int) -> int:
    """Return the least number of whole chunks that hold whole units, the dim's end apart."""
    if unit >= size:
        return _ceil(size, chunk)
    length = math.lcm(chunk, unit)
    return length if length <= 4 * max(chunk, unit) else _ceil(unit, chunk)


def _ceil(length: int, unit: int) -> int:
    return -(-length // unit) * unit


def _shorter(block: list[int], shape: tuple[int, ...]) -> int | None:
    growing = [axis for axis in (4, 3) if block[axis] < shape[axis]]
    return min(growing, key=lambda axis: block[axis], default=None)


def _direct(shapes: list[tuple[int, ...]], chunk: Lengths, block: Lengths) -> int:
    """Return how many levels a block gives whole chunks of."""
    count = 1
    while count < len(shapes) and all(
        block[axis] >= shapes[0][axis] or block[axis] % (chunk[axis] << count) == 0 for axis in (3, 4)
    ):
        count += 1
    return count


def _shard(block: Lengths, level: int, chunk: Lengths) -> Lengths:
    t, z, c, y, x = (_ceil(max(1, block[axis] >> (level if axis > 2 else 0)), chunk[axis]) for axis in range(5))
    return t, z, c, y, x


def blocks_of(shape: tuple[int, ...], lengths: Lengths) -> Iterator[Block]:
    """Yield the blocks of a level: T, Z, C, then rows and columns."""
    from omio.lazy.blocks import blocks

    for t, z, c, y, x in blocks(shape[:5], lengths):
        yield range(*_ends(t)), range(*_ends(z)), range(*_ends(c)), range(*_ends(y)), range(*_ends(x))


def _ends(index: Any) -> tuple[int, int]:
    return index.start, index.stop

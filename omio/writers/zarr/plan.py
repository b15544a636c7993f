"""What an OME-Zarr image will consist of, decided before anything is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Any

from omio.writers.pyramid import level_shapes
from omio.writers.source import check_not_empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from omio.lazy.recipe import LazyArray
    from omio.writers.cut import Block

CHUNK = 512
"""Rows and columns of a chunk, at most, where the policy leaves it open."""
SMALL_CHUNK_BYTES = 1 << 17
"""Chunks of small planes take further planes along Z up to here."""
BLOCK_BYTES = 1 << 24
"""Pixels of level 0 that one task reads, reduces and encodes."""
UNIT_BYTES = 1 << 26
"""Units of the source up to here are read whole; of larger ones part after part, whatever that costs in time."""

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
    base
        Number of the level that is read: 0 of the source; a later one of what was just written.
    first, end
        Number of its first level, and of the one behind its last.
    block
        Lengths of T, Z, C, Y, X of the base that one task reads.
    """

    base: int
    first: int
    end: int
    block: Lengths

    def core(self, block: Block, number: int, shape: tuple[int, ...]) -> tuple[range, range]:
        """Return the rows and columns of level `number`, of that shape, which a block of the base gives."""
        scale = 1 << (number - self.base)
        rows, columns = (
            range(run.start // scale, min(full, -(-run.stop // scale)))
            for run, full in zip(block[3:], shape[3:5], strict=True)
        )
        return rows, columns


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

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels of all levels."""
        return sum(math.prod(array.shape) for array in self.arrays) * self.dtype.itemsize

    @property
    def entries(self) -> int:
        """Number of files that chunks, or shards, take, and of folders, which lie in one another as T C Z Y X do."""
        total = 0
        for array in self.arrays:
            t, z, c, y, x = (-(-size // length) for size, length in zip(array.shape[:5], array.unit, strict=True))
            total += sum(accumulate((t, c, z, y, x), mul))
        return total


def plan_arrays(
    source: LazyArray,
    count: int,
    chunk: tuple[int, ...] | None,
    *,
    sharded: bool | Lengths,
    block_bytes: int | None = None,
) -> ZarrPlan:
    """Cut an image into levels, chunks and blocks.

    A block is as large as memory allows and holds whole units of the source, so that each of these is decoded once;
    it gives chunks of as many levels as it can be halved into whole ones. Further levels are made of the last of these,
    which is read back: of the hundredth part of the pixels, that costs less than to keep them anywhere.

    Raises
    ------
    UnwritableError
        The image is empty.
    """
    check_not_empty(source.shape)
    shapes = level_shapes(source.shape, count)
    chunks = tuple(_chunk(shape, chunk, source.dtype.itemsize) for shape in shapes)
    shards = tuple(_whole(sharded, cut, shape) for cut, shape in zip(chunks, shapes, strict=True))
    units = tuple(shard or cut for shard, cut in zip(shards, chunks, strict=True))
    room = (block_bytes or BLOCK_BYTES) // (source.dtype.itemsize * math.prod(source.shape[5:]))
    large = math.prod(map(min, source.chunk, source.shape)) * source.dtype.itemsize > UNIT_BYTES
    whole = (1,) * len(source.shape) if large else source.chunk
    arrays: list[ArrayPlan] = []
    stages: list[Stage] = []
    while len(arrays) < len(shapes):
        first = len(arrays)
        base = max(0, first - 1)
        block = _block(shapes[base], _doubled(units[first], first - base), chunks[base] if first else whole, room)
        end = first + _direct(shapes, units, block, base, first)
        stages.append(Stage(base, first, end, block))
        for number in range(first, end):
            own = _shard(block, number - base, chunks[number]) if sharded is True else shards[number]
            arrays.append(ArrayPlan(shapes[number], chunks[number], own))
    return ZarrPlan(source.dtype, tuple(arrays), tuple(stages))


def _chunk(shape: tuple[int, ...], wanted: tuple[int, ...] | None, itemsize: int) -> Lengths:
    if wanted is not None:
        t, z, c, y, x = (max(1, min(length, size)) for length, size in zip(wanted, shape[:5], strict=True))
        return t, z, c, y, x
    height, width = (min(CHUNK, size) for size in shape[3:5])
    deep = max(1, SMALL_CHUNK_BYTES // (height * width * math.prod(shape[5:]) * itemsize))
    return 1, min(shape[1], deep), 1, height, width


def _whole(sharded: bool | Lengths, chunk: Lengths, shape: tuple[int, ...]) -> Lengths | None:  # noqa: FBT001
    """Return the shard that was asked for, as whole chunks and no longer than the level; None: none was."""
    if isinstance(sharded, bool):
        return None
    t, z, c, y, x = (
        _ceil(min(length, size), unit) for length, size, unit in zip(sharded, shape[:5], chunk, strict=True)
    )
    return t, z, c, y, x


def _doubled(unit: Lengths, times: int) -> Lengths:
    """Return what is read of a level for a unit of one that was halved so often."""
    t, z, c, y, x = unit
    return t, z, c, y << times, x << times


def _block(shape: tuple[int, ...], least: Lengths, unit: tuple[int, ...], room: int) -> Lengths:
    """Grow `least` to a block of `room` pixels: over whole units of the source, then Y and X, then C, Z and T."""
    block = [_covering(least[i], unit[i], shape[i]) for i in range(5)]
    while math.prod(block) * 2 <= room and (axis := _shorter(block, shape)) is not None:
        block[axis] *= 2
    for axis in (1, 2, 0):
        if any(block[inner] < shape[inner] for inner in (3, 4)):
            break
        fitting = room // math.prod(block) * block[axis] // least[axis] * least[axis]
        block[axis] = max(block[axis], min(_ceil(shape[axis], least[axis]), fitting))
    return block[0], block[1], block[2], block[3], block[4]


def _covering(least: int, unit: int, size: int) -> int:
    """Return the least multiple of `least` that holds whole units, the dim's end apart."""
    if unit >= size:
        return _ceil(size, least)
    length = math.lcm(least, unit)
    return length if length <= 4 * max(least, unit) else _ceil(unit, least)


def _ceil(length: int, unit: int) -> int:
    return -(-length // unit) * unit


def _shorter(block: list[int], shape: tuple[int, ...]) -> int | None:
    growing = [axis for axis in (4, 3) if block[axis] < shape[axis]]
    return min(growing, key=lambda axis: block[axis], default=None)


def _direct(shapes: Sequence[tuple[int, ...]], units: Sequence[Lengths], block: Lengths, base: int, first: int) -> int:
    """Return how many levels, from `first` on, a block of level `base` gives whole units of."""
    count = 1
    while first + count < len(shapes):
        unit = _doubled(units[first + count], first + count - base)
        if any(block[axis] < shapes[base][axis] and block[axis] % unit[axis] for axis in range(5)):
            break
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

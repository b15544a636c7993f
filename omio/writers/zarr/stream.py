"""Carries a `ZarrPlan` out: blocks are read, encoded and halved in threads, in bounded memory."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from omio.lazy.pool import map_window, run_all, split, workers
from omio.writers.parcel import Parcel
from omio.writers.zarr.encode import shard_bytes
from omio.writers.zarr.plan import blocks_of
from omio.writers.zarr.reduce import Region, margin
from omio.writers.zarr.written import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from omio.lazy.cluster import Cluster
    from omio.lazy.recipe import LazyArray
    from omio.policies.write import Downsampling
    from omio.writers.cut import Block
    from omio.writers.zarr.encode import ChunkCodec, Version
    from omio.writers.zarr.journal import Journal
    from omio.writers.zarr.plan import ArrayPlan, Stage, ZarrPlan
    from omio.writers.zarr.targets import Target

type Place = tuple[int, ...]
"""Number of a chunk or shard along t, c, z, y, x: the order of OME-Zarr."""
type Runner = Callable[[BlockTask, Iterable[Block]], Iterator[Block]]
"""See `write_stage`."""

FLIGHT_BYTES = 3 << 24
"""Pixels in flight, at most, unless a unit of the source alone is larger."""


@dataclass(frozen=True)
class Cutter:
    """Encodes a block of a level and puts its chunks or shards.

    Attributes
    ----------
    own_order
        True: dims stay T Z C Y X [S]; False: they are t c z y x, and samples become channels.
    place
        Where in the hierarchy the image lies.
    """

    target: Target
    codec: ChunkCodec
    codec_level: int
    version: Version
    own_order: bool = False
    place: str = ""

    def give(self, number: int, array: ArrayPlan, block: Block, pixels: NDArray[Any]) -> None:
        """Cut `pixels` (T, Z, C, Y, X [, S]) of level `number`."""
        ordered = pixels if self.own_order else _in_order(pixels)
        samples = array.shape[5:]
        unit, chunk = (self._lengths(lengths, samples) for lengths in (array.unit, array.chunk))
        corner = tuple(run.start for run in block)
        starts = (*corner, *(0 for _ in samples)) if self.own_order else self._lengths(corner, samples)

        def put(corners: list[Place]) -> None:
            for at in corners:
                piece = ordered[tuple(slice(a, a + length) for a, length in zip(at, unit, strict=True))]
                place = tuple((start + a) // length for start, a, length in zip(starts, at, unit, strict=True))
                content = self._chunk(piece, chunk) if array.shard is None else self._shard(piece, unit, chunk)
                self.target.put(self.key(number, place), content)

        corners = product(*(range(0, size, length) for size, length in zip(ordered.shape, unit, strict=True)))
        run_all(put, split(list(corners), 8 * workers()))

    def key(self, number: int, place: Place) -> str:
        """Return the key of a chunk or shard of level `number`."""
        return self.below(f"{number}/{chunk_key(place, self.version)}")

    def below(self, key: str) -> str:
        """Return the key of what lies below the image."""
        return f"{self.place}/{key}" if self.place else key

    def _lengths(self, lengths: tuple[int, ...], samples: tuple[int, ...]) -> Place:
        return (*lengths, *samples) if self.own_order else in_order_of(lengths, math.prod(samples))

    def _chunk(self, piece: NDArray[Any], chunk: Place) -> bytes:
        return self.codec.encode(_full(piece, chunk), self.codec_level)

    def _shard(self, piece: NDArray[Any], unit: Place, chunk: Place) -> bytes:
        return shard_bytes(
            [
                self._chunk(part, chunk) if part.size else None
                for at in product(*(range(0, size, length) for size, length in zip(unit, chunk, strict=True)))
                for part in [piece[tuple(slice(a, a + length) for a, length in zip(at, chunk, strict=True))]]
            ]
        )


def _in_order(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return T Z C Y X [S] as t c z y x: samples become channels."""
    if pixels.ndim == 5:
        return pixels.transpose(0, 2, 1, 3, 4)
    t, z, c, y, x, s = pixels.shape
    return pixels.transpose(0, 2, 5, 1, 3, 4).reshape(t, c * s, z, y, x)


def in_order_of(lengths: tuple[int, ...], samples: int) -> Place:
    """Return lengths of T, Z, C, Y, X as those of t, c, z, y, x."""
    t, z, c, y, x = lengths
    return t, c * samples, z, y, x


def _full(piece: NDArray[Any], chunk: Place) -> NDArray[Any]:
    """Return a little-endian chunk of full size: those at the far edges are filled up with zeros."""
    if piece.shape == chunk:
        return np.ascontiguousarray(piece, piece.dtype.newbyteorder("<"))
    full = np.zeros(chunk, piece.dtype.newbyteorder("<"))
    full[tuple(slice(size) for size in piece.shape)] = piece
    return full


@dataclass(frozen=True)
class BlockTask:
    """A unit of work: what is read, halved, encoded and put at once; picklable where its target is shared.

    Attributes
    ----------
    source
        Level `Stage.base`.
    """

    source: LazyArray
    plan: ZarrPlan
    stage: Stage
    cutter: Cutter
    how: Downsampling

    @property
    def nbytes(self) -> int:
        """Pixels of a block."""
        lengths = map(min, self.stage.block, self.source.shape)
        return math.prod(lengths) * math.prod(self.source.shape[5:]) * self.source.dtype.itemsize

    def __call__(self, block: Block) -> Block:
        """Do the work of a block of the base."""
        region = self._read(block)
        leads = tuple(map(len, block[:3]))
        for number in range(self.stage.base, self.stage.end):
            array = self.plan.arrays[number]
            if number > self.stage.base:
                before = self.plan.arrays[number - 1].shape
                region = region.halved((before[3], before[4]), self.how)
            if number >= self.stage.first:
                rows, columns = self.stage.core(block, number, array.shape)
                pixels = region.cropped(rows, columns)
                place = (*block[:3], rows, columns)
                self.cutter.give(number, array, place, pixels.reshape(*leads, *pixels.shape[1:]))
        return block

    def _read(self, block: Block) -> Region:
        shape = self.source.shape
        around = margin(self.how, self.stage.end - 1 - self.stage.base)
        rows, columns = (
            range(max(0, run.start - around), min(full, run.stop + around))
            for run, full in zip(block[3:], shape[3:5], strict=True)
        )
        key = (*block[:3], rows, columns, *map(range, shape[5:]))
        pixels = np.empty(tuple(map(len, key)), self.source.dtype)
        self.source.read(key, pixels)
        return Region(pixels.reshape(-1, *pixels.shape[3:]), rows, columns)


def write_levels(
    source: LazyArray,
    plan: ZarrPlan,
    cutter: Cutter,
    how: Downsampling,
    *,
    cluster: Cluster | None = None,
    journal: Journal | None = None,
) -> None:
    """Write all levels, stage by stage.

    Parameters
    ----------
    cluster
        Whose workers do the work; what is not shared with them is brought back and put here.
    journal
        Knows which blocks are done, and is told of further ones.
    """
    for stage in plan.stages:
        base = source if stage.first == 0 else written(cutter, stage.base, plan)
        write_stage(BlockTask(base, plan, stage, cutter, how), _runner(cluster, cutter, stage), journal)


def write_stage(task: BlockTask, run: Runner, journal: Journal | None = None) -> None:
    """Do the work of a stage, a task a block, but for blocks that are done.

    Parameters
    ----------
    run
        ``run(task, blocks)`` calls ``task`` on each block, wherever it likes, and yields each block that is done.
    """
    blocks = blocks_of(task.source.shape, task.stage.block)
    if journal is None:
        deque(run(task, blocks), maxlen=0)
        return
    place = f"{task.cutter.place}/{task.stage.first}"
    for block in run(task, (block for block in blocks if not journal.has(place, block))):
        journal.add(place, block)


def in_threads(task: BlockTask, blocks: Iterable[Block]) -> Iterator[Block]:
    """Work in the threads of this process: on several blocks, or, where a block is large, on parts of one."""
    fitting = FLIGHT_BYTES // task.nbytes
    if fitting < 2:
        return map(task, blocks)
    return map_window(task, blocks, window=min(workers() + 1, fitting))


def _runner(cluster: Cluster | None, cutter: Cutter, stage: Stage) -> Runner:
    if cluster is None or (stage.first and not cutter.target.is_shared):
        return in_threads
    return partial(_elsewhere, cluster=cluster)


def _elsewhere(task: BlockTask, blocks: Iterable[Block], cluster: Cluster) -> Iterator[Block]:
    """Work on a cluster, whose workers put chunks themselves where the target lets them."""
    if task.cutter.target.is_shared:
        yield from cluster.map(task, blocks)
        return
    target = task.cutter.target
    away = replace(task, cutter=replace(task.cutter, target=cast("Target", Parcel(task.how))))
    for block, files in cluster.map(partial(_packed, task=away), blocks):
        for key, content in files:
            target.put(key, content)
        yield block


def _packed(block: Block, *, task: BlockTask) -> tuple[Block, list[tuple[str, bytes]]]:
    """Do the work of a block, and bring back what would have been put."""
    parcel = Parcel(task.how)
    replace(task, cutter=replace(task.cutter, target=cast("Target", parcel)))(block)
    return block, parcel.files


def chunk_key(place: Place, version: Version) -> str:
    """Return the key of a chunk below its array: nested, as OME-Zarr 0.2 and later want it."""
    numbers = "/".join(map(str, place))
    return f"c/{numbers}" if version == 3 else numbers

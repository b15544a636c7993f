"""Carries a `ZarrPlan` out: blocks are read, encoded and halved in threads, in bounded memory."""

from __future__ import annotations

import math
from collections import deque
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.cluster import cluster_for
from omio.lazy.pool import map_window, workers
from omio.writers.parcel import Parcel
from omio.writers.pyramid import Spool, halve
from omio.writers.zarr.encode import shard_bytes
from omio.writers.zarr.plan import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.lazy.cluster import Cluster
    from omio.lazy.recipe import LazyArray, Recipe
    from omio.policies.write import Downsampling
    from omio.writers.cut import Block
    from omio.writers.parcel import Sink
    from omio.writers.zarr.encode import ChunkCodec, Version
    from omio.writers.zarr.plan import ArrayPlan, Stage, ZarrPlan
    from omio.writers.zarr.targets import Target

type Place = tuple[int, ...]
"""Number of a chunk or shard along t, c, z, y, x: the order of OME-Zarr."""


@dataclass(frozen=True)
class Cutter:
    """Encodes a block of a level and puts its chunks or shards.

    Attributes
    ----------
    own_order
        True: dims stay T Z C Y X [S]; False: they are t c z y x, and samples become channels.
    """

    target: Target
    codec: ChunkCodec
    codec_level: int
    version: Version
    own_order: bool = False

    def give(self, number: int, array: ArrayPlan, block: Block, pixels: NDArray[Any]) -> None:
        """Cut `pixels` (T, Z, C, Y, X [, S]) of level `number`."""
        ordered = pixels if self.own_order else _in_order(pixels)
        samples = array.shape[5:]
        unit, chunk = (self._lengths(lengths, samples) for lengths in (array.unit, array.chunk))
        corner = tuple(run.start for run in block)
        starts = (*corner, *(0 for _ in samples)) if self.own_order else self._lengths(corner, samples)
        for at in product(*(range(0, size, length) for size, length in zip(ordered.shape, unit, strict=True))):
            piece = ordered[tuple(slice(a, a + length) for a, length in zip(at, unit, strict=True))]
            place = tuple((start + a) // length for start, a, length in zip(starts, at, unit, strict=True))
            content = self._chunk(piece, chunk) if array.shard is None else self._shard(piece, unit, chunk)
            self.target.put(self.key(number, place), content)

    def key(self, number: int, place: Place) -> str:
        """Return the key of a chunk or shard of level `number`."""
        return f"{number}/{chunk_key(place, self.version)}"

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


def write_levels(source: Recipe, plan: ZarrPlan, cutter: Cutter, how: Downsampling, folder: Path) -> None:
    """Write all levels; what waits between two stages lies in `folder`.

    Where a cluster is at work it makes the first stage. The further ones, a few hundredths of the pixels, are made by
    this process: what they are made of lies here.
    """
    cluster = cluster_for(source)
    current: LazyArray = source
    with ExitStack() as spools:
        for stage, following in zip(plan.stages, (*plan.stages[1:], None), strict=True):
            sink = None
            if following is not None:
                sink = Spool(plan.arrays[following.first].shape, plan.dtype, how, folder)
                spools.enter_context(closing(sink))
            task = partial(_write_block, source=current, plan=plan, stage=stage, how=how)
            blocks = blocks_of(current.shape, stage.block)
            if cluster is not None and current is source:
                _write_elsewhere(task, blocks, cutter, sink, cluster, how)
            else:
                here = partial(task, cutter=cutter, sink=sink)
                deque(map_window(here, blocks, window=workers() + 1), maxlen=0)
            current = sink or current


def _write_elsewhere(
    task: Callable[..., None],
    blocks: Iterator[Block],
    cutter: Cutter,
    sink: Spool | None,
    cluster: Cluster,
    how: Downsampling,
) -> None:
    """Write blocks on workers, which put chunks themselves where the target lets them."""
    away = cutter if cutter.target.is_shared else replace(cutter, target=Parcel(how))
    pack = partial(_packed, task=task, cutter=away, how=how, has_sink=sink is not None)
    for parcel in cluster.map(pack, blocks):
        for key, content in parcel.files:
            cutter.target.put(key, content)
        parcel.deliver(sink)


def _packed(block: Block, *, task: Callable[..., None], cutter: Cutter, how: Downsampling, has_sink: bool) -> Parcel:
    parcel = Parcel(how)
    own = cutter if cutter.target.is_shared else replace(cutter, target=parcel)
    task(block, cutter=own, sink=parcel if has_sink else None)
    return parcel


def _write_block(
    block: Block,
    *,
    source: LazyArray,
    plan: ZarrPlan,
    stage: Stage,
    cutter: Cutter,
    how: Downsampling,
    sink: Sink | None,
) -> None:
    key = (*block, *(range(size) for size in source.shape[5:]))
    pixels = np.empty(tuple(len(run) for run in key), source.dtype)
    source.read(key, pixels)
    last = stage.first + stage.count - 1
    for number in range(stage.first, last + 1):
        cutter.give(number, plan.arrays[number], block, pixels)
        if number < last:
            block, pixels = _halved(block, pixels, how)
    if sink is not None:
        sink.add(block, pixels)


def _halved(block: Block, pixels: NDArray[Any], how: Downsampling) -> tuple[Block, NDArray[Any]]:
    """Return the block of the next level, and where it lies there."""
    t, z, c, y, x = block
    planes = halve(pixels.reshape(-1, *pixels.shape[3:]), how)
    smaller = planes.reshape(*pixels.shape[:3], *planes.shape[1:])
    rows, columns = (
        range(run.start // 2, run.start // 2 + size) for run, size in zip((y, x), smaller.shape[3:5], strict=True)
    )
    return (t, z, c, rows, columns), smaller


def chunk_key(place: Place, version: Version) -> str:
    """Return the key of a chunk below its array: nested, as OME-Zarr 0.2 and later want it."""
    numbers = "/".join(map(str, place))
    return f"c/{numbers}" if version == 3 else numbers

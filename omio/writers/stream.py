"""The stream of encoded segments: read, cut and encoded in threads, in the order of the file, in bounded memory."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import WriteError
from omio.lazy.pool import map_window, workers
from omio.writers.cut import BLOCK_BYTES, JOB_BYTES, block_lengths, blocks
from omio.writers.parcel import Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from omio.lazy.cluster import Cluster
    from omio.lazy.recipe import LazyArray
    from omio.policies.write import Downsampling
    from omio.writers.codecs import Encoder
    from omio.writers.cut import Block, Grid
    from omio.writers.parcel import Sink
    from omio.writers.pyramid import Spool

WAITING_BYTES = 1 << 26
"""Pixels in flight, at most, but for one job a thread and one more."""

type Job = Callable[[], list[bytes]]


def encoded(
    source: LazyArray, grid: Grid, encoder: Encoder, sink: Spool | None = None, cluster: Cluster | None = None
) -> Generator[bytes]:
    """Yield the segments of all planes of `source`; each block that was read is also given to `sink`.

    The workers of a cluster read and encode where there is one, else the threads of this process.
    """
    lengths = block_lengths(source.shape, source.chunk, source.dtype.itemsize, grid)
    if cluster is not None:
        yield from _brought(source, blocks(source.shape, lengths), grid, encoder, sink, cluster)
        return
    size = math.prod(lengths) * math.prod(source.shape[5:]) * source.dtype.itemsize
    window = max(
        workers() + 1, min(4 * workers(), WAITING_BYTES // min(size, JOB_BYTES if size > BLOCK_BYTES else size))
    )
    make = partial(_whole, grid=grid, encoder=encoder, sink=sink, source=source)
    if size > BLOCK_BYTES:
        jobs = _split_jobs(source, blocks(source.shape, lengths), grid, encoder, sink)
    else:
        jobs = (partial(make, block) for block in blocks(source.shape, lengths))
    for segments in map_window(_call, jobs, window=window):
        yield from segments


def _brought(
    source: LazyArray, all_blocks: Iterator[Block], grid: Grid, encoder: Encoder, sink: Spool | None, cluster: Cluster
) -> Iterator[bytes]:
    """Let workers read, halve and encode; what they bring back is put in order here."""
    task = partial(_packed, source=source, grid=grid, encoder=encoder, how=None if sink is None else sink.how)
    for segments, parcel in cluster.map(task, all_blocks):
        parcel.deliver(sink)
        yield from segments


def _packed(
    block: Block, *, source: LazyArray, grid: Grid, encoder: Encoder, how: Downsampling | None
) -> tuple[list[bytes], Parcel]:
    parcel = Parcel(how)
    return _whole(block, source=source, grid=grid, encoder=encoder, sink=parcel), parcel


def _call(job: Job) -> list[bytes]:
    return job()


def _read(source: LazyArray, block: Block) -> NDArray[Any]:
    key = (*block, *(range(size) for size in source.shape[5:]))
    pixels = np.empty(tuple(len(run) for run in key), source.dtype)
    source.read(key, pixels)
    return pixels


def _planes(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels.reshape(-1, *pixels.shape[3:])


def _whole(block: Block, *, source: LazyArray, grid: Grid, encoder: Encoder, sink: Sink | None) -> list[bytes]:
    pixels = _read(source, block)
    if sink is not None:
        sink.add(block, pixels)
    return [encoder(segment) for segment in grid.segments_of(_planes(pixels))]


def _split_jobs(
    source: LazyArray, all_blocks: Iterator[Block], grid: Grid, encoder: Encoder, sink: Spool | None
) -> Iterator[Job]:
    """Read large blocks here, where the source may use all threads itself, and hand them out in pieces."""
    for block in all_blocks:
        yield from _pieces(_read(source, block), block, grid, encoder, sink)


def _pieces(pixels: NDArray[Any], block: Block, grid: Grid, encoder: Encoder, sink: Spool | None) -> Iterator[Job]:
    if sink is not None:
        step = max(2, JOB_BYTES // pixels[0, 0, 0, 0].nbytes // 2 * 2)  # even, so that bands halve
        for top in range(0, pixels.shape[3], step):
            band = (*block[:3], block[3][top : top + step], block[4])
            yield partial(_give, sink, band, pixels[:, :, :, top : top + step])
    waiting: list[NDArray[Any]] = []
    for segment in grid.segments_of(_planes(pixels)):
        waiting.append(segment.copy())  # so that no job keeps the block while the next one is read
        if len(waiting) * segment.nbytes >= JOB_BYTES:
            yield partial(_encode, waiting, encoder)
            waiting = []
    if waiting:
        yield partial(_encode, waiting, encoder)


def _give(sink: Spool, block: Block, pixels: NDArray[Any]) -> list[bytes]:
    sink.add(block, pixels)
    return []


def _encode(segments: list[NDArray[Any]], encoder: Encoder) -> list[bytes]:
    return [encoder(segment) for segment in segments]


class Counted:
    """An iterator that must give exactly `count` items: tifffile says nothing of more, and of fewer not which file."""

    def __init__(self, items: Iterator[bytes], count: int) -> None:
        self._items = items
        self._left = count

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        for item in self._items:
            self._left -= 1
            return item
        if self._left > 0:
            raise WriteError(f"{self._left} segments are missing: the source gave fewer pixels than its shape says")
        raise StopIteration

    def finish(self) -> None:
        """Raise where items were left over or missing."""
        if self._left or next(self._items, None) is not None:
            raise WriteError("the number of segments is not the one of the plan")

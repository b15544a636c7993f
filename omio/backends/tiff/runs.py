"""Whole uncompressed planes in few calls: neighbours in the file are read together, straight into the destination."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.pool import run_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.backends.tiff.faults import Faults
    from omio.backends.tiff.planes import Planes

CALL_BYTES = 8 << 20
"""Bytes of one call: large enough to cost nothing, small enough to share among the threads that a remote file takes."""

GAP = 4096
"""Bytes between planes (an IFD, say) that are read along rather than seeked over."""

type Call = tuple[int, int]


def read_runs(planes: Planes, target: NDArray[Any], faults: Faults) -> bool:
    """Fill ``target`` (n, Y, X [, S]), C-contiguous, with whole planes of one uncompressed segment each.

    Returns False, and does nothing, where planes are left out, too short, or lie in another order: the general way
    deals with these.
    """
    if not planes.starts.size or not planes.counts.size:
        return False
    size = planes.layout.plane_bytes
    starts = planes.starts[:, 0]
    ends = starts + size
    gaps = starts[1:] - ends[:-1]
    sound = (planes.counts[:, 0] >= size).all() and (starts >= 8).all() and ends.max() <= planes.document.file.size
    if not sound or (gaps < 0).any():
        return False
    flat = target.reshape(len(starts), -1).view(np.uint8)

    def read(call: Call) -> None:
        first, stop = call
        buffers = list(_buffers(flat, gaps, first, stop))
        wanted = int(ends[stop - 1] - starts[first])
        if planes.document.file.read_into(buffers, int(starts[first])) < wanted:
            faults.add(f"pages {planes.pages[first]} to {planes.pages[stop - 1]}", "the file ends before their pixels")
        if not planes.layout.stored.isnative:
            target[first:stop].byteswap(inplace=True)

    calls = list(_calls(gaps, len(starts), size))
    if planes.document.file.is_remote:
        run_all(read, calls)
    else:  # new memory is given to one thread at a time: two take as long as one, and twice the work
        deque(map(read, calls), maxlen=0)
    return True


def _calls(gaps: NDArray[np.int64], count: int, size: int) -> Iterator[Call]:
    """Cut the planes where a gap is too wide, and into calls of about `CALL_BYTES`."""
    most = max(1, CALL_BYTES // size)
    edges = [0, *(np.flatnonzero(gaps > GAP) + 1).tolist(), count]
    for first, stop in pairwise(edges):
        for start in range(first, stop, most):
            yield start, min(stop, start + most)


def _buffers(flat: NDArray[np.uint8], gaps: NDArray[np.int64], first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Yield planes, joined where nothing lies between them, and scratch for what lies between the others."""
    scratch = np.empty(GAP, np.uint8)
    begin = first
    for plane in (np.flatnonzero(gaps[first : stop - 1]) + first).tolist():
        yield flat[begin : plane + 1].reshape(-1)
        yield scratch[: gaps[plane]]
        begin = plane + 1
    yield flat[begin:stop].reshape(-1)

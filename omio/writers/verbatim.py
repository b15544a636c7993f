"""Segments that lie in the sources just as they are to lie in the file: copied, neither decoded nor encoded."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.rawfile import open_raw
from omio.errors import DamagedFileError, UnwritableError
from omio.lazy.leaf import lease
from omio.lazy.pool import map_window, workers
from omio.lazy.ranges import table_of
from omio.lazy.recipe import Recipe
from omio.remote.urls import Url
from omio.writers.cut import JOB_BYTES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from omio.lazy.leaf import FileStamp
    from omio.lazy.ranges import ChunkTable
    from omio.lazy.recipe import LazyArray
    from omio.writers.codecs import Encoder
    from omio.writers.cut import Grid


@dataclass(frozen=True)
class Run:
    """Segments that follow one another in a file: where the first begins, and the bytes of each."""

    stamp: FileStamp
    offset: int
    count: int
    nbytes: int


def verbatim(source: LazyArray, grid: Grid, encoder: Encoder) -> Generator[bytes] | None:
    """Return the segments of all planes in the order of the file; None where they must be made from pixels.

    Only uncompressed pixels are copied: what a codec made is decoded, so that damage in a source is found.
    """
    if not isinstance(source, Recipe) or encoder.codec.function is not None or source.dtype == bool:
        return None
    try:
        table = table_of(source)
    except UnwritableError:
        return None
    if table.encoding.codec or table.encoding.dtype != source.dtype.newbyteorder("<") or table.is_sparse:
        return None
    starts = _starts(table, grid)
    return None if starts is None else _copied(table, *starts)


def _starts(table: ChunkTable, grid: Grid) -> tuple[NDArray[np.int32], NDArray[np.int64], int] | None:
    """Return file and offset of each segment and the bytes of all; None where chunks do not fill segments."""
    if grid.is_tiled:
        whole = table.chunk[3:5] == (grid.rows, grid.columns)
        parts = 1
    else:
        parts, rest = divmod(grid.rows, table.chunk[3])
        whole = not rest and table.chunk[4] == grid.width and grid.height % grid.rows == 0
    if (
        not whole
        or not parts
        or any(length > 1 for length in table.chunk[:3])
        or table.offset.shape[5:] not in ((), (1,))
    ):
        return None
    file, offset = table.file.reshape(-1, parts), table.offset.reshape(-1, parts)
    length = table.length.reshape(-1, parts)
    nbytes = int(length[0].sum())
    following = (offset[:, 1:] == offset[:, :-1] + length[:, :-1]).all() and (file == file[:, :1]).all()
    return (file[:, 0], offset[:, 0], nbytes) if following and (length.sum(1) == nbytes).all() else None


def _copied(table: ChunkTable, file: NDArray[np.int32], offset: NDArray[np.int64], nbytes: int) -> Generator[bytes]:
    runs = _runs(table.stamps, file, offset, nbytes)
    if any(isinstance(stamp.path, Url) for stamp in table.stamps):
        for segments in map_window(list, map(_read, runs), window=2 * workers()):
            yield from segments
        return
    for run in runs:  # one segment after another, in the same memory: threads would only take new memory for each
        yield from _read(run)


def _runs(
    stamps: tuple[FileStamp, ...], file: NDArray[np.int32], offset: NDArray[np.int64], nbytes: int
) -> Iterator[Run]:
    """Join neighbours, as many as one job reads."""
    most = max(1, JOB_BYTES // nbytes)
    breaks = np.flatnonzero((np.diff(file) != 0) | (np.diff(offset) != nbytes)) + 1
    edges = [0, *breaks.tolist(), len(file)]
    for start, stop in pairwise(edges):
        for first in range(start, stop, most):
            yield Run(stamps[file[first]], int(offset[first]), min(most, stop - first), nbytes)


def _read(run: Run) -> Iterator[bytes]:
    with lease(open_raw, run.stamp) as raw:
        for start in range(run.offset, run.offset + run.count * run.nbytes, run.nbytes):
            segment = raw.read(run.nbytes, start)
            if len(segment) < run.nbytes:
                raise DamagedFileError("ends before its last pixel", path=run.stamp.path)
            yield segment
            del segment

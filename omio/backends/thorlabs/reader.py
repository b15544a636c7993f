"""Frames of a RAW file, which has no header: read at their places, straight into the destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.rawfile import open_raw
from omio.errors import DamagedFileError
from omio.indexing import hull, is_full, is_run, positions, within
from omio.lazy import filled
from omio.lazy.mapped import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.indexing import Key

RUN_BYTES = 16 << 20
"""Frames that lie one after another are read together up to this size."""


@dataclass(frozen=True)
class RawLayout:
    """Where the frames lie: ``T, Z, C, Y, X`` without gaps, but for the frames between volumes.

    Attributes
    ----------
    dtype
        As stored.
    frame
        Height and width.
    steps
        Bytes from a time point, plane or channel to the next.
    strict
        False: what lies beyond the end of the file is 0.
    """

    dtype: str
    frame: tuple[int, int]
    steps: tuple[int, int, int]
    strict: bool = True

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.frame[1] * np.dtype(self.dtype).itemsize

    def offsets(self, key: Key) -> NDArray[np.int64]:
        """Return where the selected frames begin, shape (T, Z, C)."""
        t, z, c = (positions(index).astype(np.int64) * step for index, step in zip(key, self.steps, strict=True))
        return t[:, None, None] + z[:, None] + c


class RawReader:
    """An open RAW file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open_raw(path)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def span(self, where: RawLayout, shape: tuple[int, ...]) -> Span | None:
        """Return where the frames lie, where the file holds all of them."""
        dtype = np.dtype(where.dtype)
        strides = (*where.steps, where.row_bytes, dtype.itemsize)
        last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        return Span(self.path, 0, dtype, strides) if last + dtype.itemsize <= self._file.size else None

    def read(self, where: RawLayout, key: Key, out: NDArray[Any]) -> None:
        """Fill `out`, T Z C Y X, with what `key` selects; thread-safe."""
        *outer, y, x = key
        if not out.size:
            return
        starts = where.offsets(tuple(outer)).ravel()
        rows = hull(y)
        starts += rows.start * where.row_bytes
        frames = [out[index] for index in np.ndindex(out.shape[:3])]
        whole = is_full(x, where.frame[1]) and is_run(y) and out[0, 0, 0].flags.c_contiguous
        if whole:
            self._read_whole(where, starts, frames)
        else:
            self._read_parts(where, starts, frames, (rows, within(y, rows), within(x, range(where.frame[1]))))

    def _read_whole(self, where: RawLayout, starts: NDArray[np.int64], frames: list[NDArray[Any]]) -> None:
        for run in _runs(starts, frames[0].nbytes):
            self._fill(where, int(starts[run.start]), frames[run.start : run.stop])

    def _read_parts(
        self, where: RawLayout, starts: NDArray[np.int64], frames: list[NDArray[Any]], parts: tuple[range, Any, Any]
    ) -> None:
        rows, y, x = parts
        buffer = np.empty((len(rows), where.frame[1]), frames[0].dtype)
        for start, frame in zip(starts.tolist(), frames, strict=True):
            self._fill(where, start, [buffer])
            frame[...] = buffer[y][:, x]

    def _fill(self, where: RawLayout, offset: int, frames: list[NDArray[Any]]) -> None:
        """Read contiguous arrays of native byte order from one place."""
        wanted = sum(frame.nbytes for frame in frames)
        got = self._file.read_into([memoryview(frame.reshape(-1)).cast("B") for frame in frames], offset)
        if got < wanted:
            self._clear(where, offset, frames, got)
        if not np.dtype(where.dtype).isnative:
            for frame in frames:
                frame.byteswap(inplace=True)

    def _clear(self, where: RawLayout, offset: int, frames: list[NDArray[Any]], got: int) -> None:
        """Blank the frames that the file does not hold whole."""
        if where.strict:
            raise DamagedFileError("ends within the frames", path=self.path, place=f"byte {offset + got}")
        for number, frame in enumerate(frames):
            if (number + 1) * frame.nbytes > got:
                frame[...] = 0
                filled.tell(f"byte {offset + got}", "ends within the frames", absent=number * frame.nbytes >= got)


def _runs(starts: NDArray[np.int64], nbytes: int) -> Iterator[range]:
    """Yield the runs of frames that lie one after another."""
    breaks = np.flatnonzero(np.diff(starts) != nbytes) + 1
    most = max(1, RUN_BYTES // nbytes)
    for first, stop in zip([0, *breaks.tolist()], [*breaks.tolist(), len(starts)], strict=True):
        for start in range(first, stop, most):
            yield range(start, min(start + most, stop))

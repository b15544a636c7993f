"""`Planes`: where the segments of pages of one kind lie, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.tiff.codecs import FAULTS
from omio.backends.tiff.runs import read_runs
from omio.lazy.decoding import LARGE, check_decoded
from omio.lazy.pool import run_all, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.faults import Faults
    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.reader import Targets
    from omio.backends.tiff.selection import Piece, Selection

TASK_BYTES = 1 << 20
"""Decoded bytes that make a task worth a thread."""

SLOW_TASK_BYTES = 1 << 17
"""The same for image codecs (JPEG, JPEG 2000, JPEG XL, …), which take ten times as long."""

REMOTE_TASK_BYTES = 1 << 22
"""The same for remote files, where neighbours are fetched together."""

MOST_MENDED = 1000
"""Segments with a wrong byte count that are looked at one by one."""

type Job = tuple[int, Piece]


@dataclass(frozen=True, eq=False)
class Planes:
    """Pages that are stored alike.

    Attributes
    ----------
    document, layout
        The file, and how the pages are stored in it.
    pages
        Page numbers, for messages.
    starts, counts
        Offset and length in bytes of each segment, (pages, segments).
    """

    document: TiffDocument
    layout: Layout
    pages: NDArray[np.intp]
    starts: Integers
    counts: Integers

    def read(self, selection: Selection, targets: Targets, faults: Faults) -> None:
        """Fill one target a page with the selected pixels."""
        planes = self._mended(faults)._merged()
        planes._check_memory()
        if planes._are_runs(selection, targets) and read_runs(planes, np.asarray(targets), faults):
            return
        pieces = selection.pieces(planes.layout)
        if selection.is_exact:
            jobs = [(row, piece) for row in range(len(planes.pages)) for piece in pieces]
            run_all(lambda batch: planes._read_jobs(batch, targets, faults), planes._batches(jobs))
        else:
            rows = [range(row, row + 1) for row in range(len(planes.pages))]
            run_all(lambda batch: planes._read_boxes(batch, selection, pieces, targets, faults), rows)

    def _check_memory(self) -> None:
        if self.layout.is_raw or self.layout.segment_bytes < LARGE:
            return
        counts = self.counts[self.counts > 0]
        if counts.size:
            place = f"page {self.pages[0]}"
            check_decoded(self.layout.segment_bytes, int(counts.min()), path=self.document.path, place=place)

    def _are_runs(self, selection: Selection, targets: Targets) -> bool:
        layout = self.layout
        whole = selection.is_exact and selection.box_shape[:2] == (layout.height, layout.width)
        single = layout.is_raw and layout.grid == (1, 1) and not layout.is_planar and layout.columns == layout.width
        straight = isinstance(targets, np.ndarray) and targets.flags.c_contiguous
        return whole and single and layout.rows == layout.height and straight and self.starts.shape[1] == 1

    def _all_listed(self) -> bool:
        return {self.starts.shape[1], self.counts.shape[1]} == {self.layout.segments}

    def _mended(self, faults: Faults) -> Planes:
        """Take uncompressed segments whose byte count is too small for whole where nothing else lies there."""
        layout = self.layout
        if not layout.is_raw or not self._all_listed():
            return self
        sizes = np.resize(np.repeat(layout.row_sizes, layout.grid[1]), layout.segments)
        short = np.argwhere((self.counts < sizes) & (self.counts > 0) & (self.starts >= 8))
        if not 0 < len(short) <= MOST_MENDED:
            return self
        counts = self.counts.copy()
        for row, segment in short.tolist():
            start, size = int(self.starts[row, segment]), int(sizes[segment])
            if self.document.is_free(start, start + size):
                text = f"its byte count is {counts[row, segment]}, its pixels take {size} bytes, which were read"
                faults.remark(f"page {self.pages[row]}, segment {segment}", text)
                counts[row, segment] = size
        return replace(self, counts=counts)

    def _merged(self) -> Planes:
        """See uncompressed strips that follow each other as one."""
        layout = self.layout
        down, across = layout.grid
        if not layout.is_raw or down == 1 or across > 1 or not self._all_listed():
            return self
        shape = (len(self.pages), -1, down)
        starts, counts = self.starts.reshape(shape), self.counts.reshape(shape)
        sizes = layout.row_sizes
        following = starts[..., :-1] + sizes[:-1] == starts[..., 1:]
        if not (following.all() and (counts == sizes).all()):
            return self
        return replace(self, layout=layout.merged(), starts=starts[..., 0], counts=counts.sum(axis=-1))

    def _batches(self, jobs: list[Job]) -> list[list[Job]]:
        fast = self.layout.is_raw or self.layout.codec.direct is not None
        worth = TASK_BYTES if fast else SLOW_TASK_BYTES
        if self.document.file.is_remote:
            worth = REMOTE_TASK_BYTES
        each = max(1, worth // max(1, self.layout.segment_bytes))
        return split(jobs, -(-len(jobs) // each))

    def _read_boxes(
        self, rows: range, selection: Selection, pieces: list[Piece], targets: Targets, faults: Faults
    ) -> None:
        for row in rows:
            box = np.empty(selection.box_shape, self.layout.dtype)
            self._read_jobs([(row, piece) for piece in pieces], {row: box}, faults)
            targets[row][...] = selection.pick(box)

    def _read_jobs(self, jobs: list[Job], targets: Any, faults: Faults) -> None:
        if self.document.file.is_remote:
            self.document.file.ahead(self._range(row, piece) for row, piece in jobs)
        for row, piece in jobs:
            target = targets[row][piece.target] if piece.band is None else targets[row][(*piece.target, piece.band)]
            start, count = self._extent(row, piece.segment)
            if count == 0:
                target[...] = self.layout.fill  # a sparse segment (GDAL's convention)
                continue
            try:
                _check_extent(start, count)
                self._read_segment(start, count, piece, target)
            except FAULTS as error:
                target[...] = self.layout.fill
                beyond = start >= self.document.file.size
                faults.add(f"page {self.pages[row]}, segment {piece.segment}", error, absent=beyond)

    def _extent(self, row: int, segment: int) -> tuple[int, int]:
        if segment >= min(self.starts.shape[1], self.counts.shape[1]):
            return -1, -1
        return int(self.starts[row, segment]), int(self.counts[row, segment])

    def _range(self, row: int, piece: Piece) -> tuple[int, int]:
        """Return which bytes of a segment will be read."""
        start, count = self._extent(row, piece.segment)
        if not self.layout.is_raw:
            return start, start + max(0, count)
        offset, size = self._raw_rows(start, piece)
        return offset, offset + size

    def _raw_rows(self, start: int, piece: Piece) -> tuple[int, int]:
        """Return where the wanted rows of an uncompressed segment begin, and how many bytes they are."""
        row_bytes = self.layout.columns * self.layout.bands * self.layout.dtype.itemsize
        rows = piece.source[0]
        return start + rows.start * row_bytes, (rows.stop - rows.start) * row_bytes

    def _read_segment(self, start: int, count: int, piece: Piece, target: NDArray[Any]) -> None:
        if self.layout.is_raw:
            self._read_raw(start, count, piece, target)
            return
        data = self.document.file.read(count, start)
        if len(data) < count:
            raise ValueError(f"it has {count} bytes at offset {start}, the file ends after {len(data)} of them")
        direct, layout = self.layout.codec.direct, self.layout
        bands = target if target.ndim == 3 else target[..., None]
        whole = bands.shape == (piece.height, layout.columns, layout.bands)
        if direct is not None and whole and target.flags.c_contiguous:
            direct(data, bands)
            return
        block = self.layout.codec.decode(data, piece.segment)
        bands[...] = block[piece.source]

    def _read_raw(self, start: int, count: int, piece: Piece, target: NDArray[Any]) -> None:
        layout = self.layout
        row_bytes = layout.columns * layout.bands * layout.dtype.itemsize
        if count < piece.height * row_bytes:
            raise ValueError(f"it has {count} bytes, its pixels need {piece.height * row_bytes}")
        columns = piece.source[1]
        offset, size = self._raw_rows(start, piece)
        straight = columns == slice(0, layout.columns) and target.flags.c_contiguous
        buffer = target if straight else np.empty(size, np.uint8)
        got = self.document.file.read_into([buffer], offset)
        if got < size:
            raise ValueError(f"its pixels lie at offset {offset} to {offset + size}, the file ends before")
        if straight:
            if not layout.stored.isnative:
                target.byteswap(inplace=True)
            return
        block = buffer.view(layout.stored).reshape(-1, layout.columns, layout.bands)[:, columns]
        target[...] = block if target.ndim == 3 else block[..., 0]


def _check_extent(start: int, count: int) -> None:
    if start < 0 or count < 0:
        raise ValueError("the page does not say where it lies")
    if start < 8:
        raise ValueError(f"it would lie at offset {start}, in the header")

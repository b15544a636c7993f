"""`TiffDocument`: an open TIFF, shared by all recipes of the process through the handle cache."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from omio.backends.rawfile import RawFile, library_input, open_raw
from omio.backends.tiff.chain import read_blocks, second_offset, walk_chain
from omio.backends.tiff.codecs import FAULTS
from omio.backends.tiff.dialects import dialect_of
from omio.backends.tiff.faults import Faults
from omio.backends.tiff.ifd import TiffHeader
from omio.backends.tiff.ifdtable import IfdTable
from omio.backends.tiff.layout import Layout, layout_of
from omio.errors import DamagedFileError, OmioError
from omio.indexing import distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.where import Where
    from omio.indexing import Key
    from omio.lazy.leaf import FileStamp
    from omio.lazy.mapped import Span
    from omio.lazy.ranges import ChunkTable

SUBIFDS = 330
OFFSETS = (324, 273)
COUNTS = (325, 279)

# what tifffile logs about damaged files, omio raises or warns of itself; an application may still listen
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class TiffDocument:
    """A TIFF file, opened once per process and closed by the handle cache (``lease(TiffDocument, stamp)``).

    Pages are counted from 0 along the main chain of IFDs. ``level`` 0 is the page itself, level k its k-th SubIFD
    counted from 1. Everything but the header and the first page is read when first asked. All methods are
    thread-safe.

    Attributes
    ----------
    path
        As given.
    file
        For reads at positions of one's own: ``document.file.read(count, offset)``.
    header
        Byte order, BigTIFF, offset of the first IFD.
    tiff
        The tifffile object, its series not built. Its file position is shared: use `page` to load pages.
    first
        tifffile's object of the first page, with all tags.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._pages: dict[tuple[int, int], tifffile.TiffPage] = {}
        self._layouts: dict[tuple[int, int], Layout] = {}
        self._tables: dict[int, IfdTable] = {}
        self._segments: dict[tuple[int, int], tuple[Integers, Integers]] = {}
        self._memo: dict[Any, Any] = {}
        self.warned: set[Any] = set()
        self.file: RawFile = open_raw(path)
        try:
            self.header = TiffHeader.parse(self.file.read(16, 0), path)
            self.tiff = self._open_tiff()
            self.first = self._pages[0, 0] = self.tiff.pages.first
        except BaseException:
            self.file.close()
            raise

    def _open_tiff(self) -> tifffile.TiffFile:
        if not 8 <= self.header.first < self.file.size:
            raise DamagedFileError(
                f"the first IFD would lie at offset {self.header.first}, the file has {self.file.size} bytes",
                path=self.path,
            )
        source: Any = library_input(self.file, self.path)
        try:
            # what tifffile repairs in all pages of these on opening is done by their backends, or not needed
            with np.errstate(divide="ignore", invalid="ignore"):  # of fractions in MetaMorph's tags
                tiff = tifffile.TiffFile(source, is_scanimage=False, is_ndpi=False, is_lsm=False)
        except FAULTS as error:
            raise DamagedFileError(f"the first page cannot be read: {error}", path=self.path) from error
        if not tiff.pages or not tiff.pages.first.tags:
            tiff.close()
            raise DamagedFileError("the first page has no tags", path=self.path, place="page 0")
        return tiff

    def close(self) -> None:
        """Release the file; idempotent."""
        self.tiff.close()
        self.file.close()

    @property
    def byteorder(self) -> str:
        """``"little"`` or ``"big"``."""
        return "little" if self.header.order == "<" else "big"

    @property
    def is_bigtiff(self) -> bool:
        """Whether offsets have 64 bits."""
        return self.header.is_big

    @property
    def description(self) -> str:
        """ImageDescription of the first page, empty where there is none."""
        return self.first.description or ""

    @cached_property
    def dialect(self) -> str:
        """What the content says the file is: a name of `omio.backends.tiff.dialects.DIALECTS`, or ``"plain"``."""
        return dialect_of(self)

    def ifds(self, level: int = 0) -> IfdTable:
        """Return the IFDs of all pages, or their SubIFDs of one level."""
        with self._lock:
            if level not in self._tables:
                walk = read_blocks(self.file, self.header, self._subifds(level)) if level else None
                walk = walk or walk_chain(self.file, self.header)
                self._tables[level] = IfdTable(self.file, self.header, walk, self.path)
            return self._tables[level]

    def _subifds(self, level: int) -> list[int]:
        table, offsets = self.ifds(), []
        for page in range(len(table)):
            found = table.integers(page, SUBIFDS)
            offsets.append(int(found[level - 1]) if found is not None and len(found) >= level else 0)
        return offsets

    def second_offset(self) -> int:
        """Return where the IFD of the second page lies, 0 where there is none; does not walk the chain."""
        return second_offset(self.file, self.header)

    def first_segments(self) -> tuple[Integers, Integers]:
        """Return offsets and byte counts of the segments of the first page, which needs no walk through the chain."""
        with self._lock:
            if 0 not in self._tables and (0, 0) not in self._segments:
                starts, counts = self.segments_at(self.header.first)
                if len(starts) and len(counts):
                    self._segments[0, 0] = starts, counts
            return self._segments.get((0, 0)) or self._page_segments(self.ifds(), 0, 0)

    def segments_at(self, offset: int) -> tuple[Integers, Integers]:
        """Return offsets and byte counts of the segments of the page whose IFD lies at an offset; empty if none."""
        table = IfdTable(self.file, self.header, read_blocks(self.file, self.header, [offset]), self.path)
        offsets, counts = (next((code for code in pair if table.has(0, code)), 0) for pair in (OFFSETS, COUNTS))
        return self._listed(table, offsets), self._listed(table, counts)

    @staticmethod
    def _listed(table: IfdTable, code: int) -> Integers:
        found = table.integers(0, code)
        return np.empty(0, np.int64) if found is None else found

    @property
    def page_count(self) -> int:
        """Pages in the main chain (walks it)."""
        return len(self.ifds())

    def check_chain(self, *, strict: bool = True) -> None:
        """Raise `DamagedFileError` where the chain of pages does not end as it should; warn when not strict."""
        problem = self.ifds().problem
        if problem:
            faults = Faults(self, strict=strict)
            faults.add("chain of pages", problem, remedy="strict=False takes the pages before it.")
            faults.report("pages are missing")

    def page(self, index: int, level: int = 0) -> tifffile.TiffPage:
        """Return tifffile's object of a page, with all its tags.

        Raises
        ------
        DamagedFileError
            Where there is no such page or tifffile cannot read it.
        """
        with self._lock:
            if (index, level) not in self._pages:
                self._pages[index, level] = self._load_page(index, level)
            return self._pages[index, level]

    def _load_page(self, index: int, level: int) -> tifffile.TiffPage:
        table = self.ifds(level)
        offset = int(table.offsets[index]) if 0 <= index < len(table) else 0
        place = f"page {index}" + (f", SubIFD {level}" if level else "")
        if not offset or table.group_of[index] < 0:
            raise DamagedFileError("there is no such page", path=self.path, place=place)
        try:
            self.tiff.filehandle.seek(offset)
            return tifffile.TiffPage(self.tiff, (index, level - 1) if level else index)
        except FAULTS as error:
            raise DamagedFileError(str(error), path=self.path, place=place) from error

    def layout(self, index: int = 0, level: int = 0) -> Layout:
        """Return how the pixels of a page are stored; pages of one kind share the object.

        Raises
        ------
        DamagedFileError, UnsupportedFormatError
            For tags that contradict each other, and what cannot be decoded.
        """
        with self._lock:
            # a lone first page needs no walk through the chain
            whole = level in self._tables or (index, level) != (0, 0)
            kind = int(self.ifds(level).kinds[index]) if whole and index < len(self.ifds(level)) else -1
            if (level, kind) not in self._layouts or kind < 0:
                found = self._layouts.get((level, -1)) if (index, level) == (0, 0) else None
                self._layouts[level, kind] = found or self._load_layout(index, level)
            return self._layouts[level, kind]

    def _load_layout(self, index: int, level: int) -> Layout:
        page = self.page(index, level)
        try:
            return layout_of(page, self.path)
        except OmioError:
            raise
        except FAULTS as error:
            raise DamagedFileError(str(error), path=self.path, place=f"page {index}") from error

    def segments(self, pages: NDArray[np.intp], level: int = 0) -> tuple[Integers, Integers]:
        """Return offsets and byte counts of the segments of pages, each (pages, segments); -1 where there are fewer."""
        table = self.ifds(level)
        if len(pages) == 1:
            return self._group_segments(table, pages, level)
        numbers = table.group_of[pages]
        parts = [np.flatnonzero(numbers == number) for number in distinct(numbers)]
        found = [self._group_segments(table, pages[rows], level) for rows in parts]
        if len(found) == 1:
            return found[0]
        order = np.argsort(np.concatenate(parts), kind="stable")
        starts, counts = (_stacked([row for table in side for row in table]) for side in zip(*found, strict=True))
        return starts[order], counts[order]

    def _group_segments(self, table: IfdTable, pages: NDArray[np.intp], level: int) -> tuple[Integers, Integers]:
        if len(pages) > 1:
            starts, counts = (
                table.column(pages, next((code for code in codes if table.has(int(pages[0]), code)), 0))
                for codes in (OFFSETS, COUNTS)
            )
            if starts is not None and counts is not None and starts.shape == counts.shape:
                return starts, counts
        found = [self._page_segments(table, int(page), level) for page in pages]
        return _stacked([starts for starts, _ in found]), _stacked([counts for _, counts in found])

    def _page_segments(self, table: IfdTable, page: int, level: int) -> tuple[Integers, Integers]:
        key = (page, level)
        if key not in self._segments:
            offsets, counts = (
                next((found for code in pair if (found := table.integers(page, code)) is not None), None)
                for pair in (OFFSETS, COUNTS)
            )
            if offsets is None or counts is None:
                loaded = self.page(page, level)  # JPEGInterchangeFormat and missing counts are tifffile's affair
                offsets = np.asarray(loaded.dataoffsets, dtype=np.int64)
                counts = np.asarray(loaded.databytecounts, dtype=np.int64)
            self._segments[key] = (offsets, counts)
        return self._segments[key]

    def is_free(self, start: int, stop: int) -> bool:
        """Whether bytes `start` to `stop` lie in the file and hold no IFD and no beginning of another segment."""
        if "taken" not in self._memo:
            taken = [np.append(self.ifds().offsets, self.file.size)]
            pages = np.flatnonzero(self.ifds().group_of >= 0)
            taken += [starts.ravel() for starts, _ in (self.segments(pages),)] if len(pages) else []
            self._memo["taken"] = distinct(np.concatenate(taken))
        taken_at = self._memo["taken"]
        following = int(np.searchsorted(taken_at, start, side="right"))
        return following < len(taken_at) and int(taken_at[following]) >= stop

    def memo[R](self, function: Callable[..., R], *arguments: Any) -> R:
        """Return ``function(document, *arguments)``, computed once while the file is open."""
        key = (function, arguments)
        with self._lock:
            if key not in self._memo:
                self._memo[key] = function(self, *arguments)
            found: R = self._memo[key]
            return found

    def span(self, where: Where, shape: tuple[int, ...]) -> Span | None:
        """Return where the planes lie in the file as they are, for memory maps; None where they do not."""
        from omio.backends.tiff.span import span_of

        return span_of(self, where, shape)

    def ranges(self, where: Where, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return where the segments lie, as the chunks of a virtual Zarr."""
        from omio.backends.tiff.ranges import document_ranges

        return document_ranges(self, where, shape, stamp)

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects of the planes that `where` names; what `FileRecipe` calls."""
        from omio.backends.tiff.reader import read_where

        read_where(self, where, key, out)


def _stacked(rows: list[Integers]) -> Integers:
    if len(rows) == 1:
        return rows[0][None]
    width = max(len(row) for row in rows)
    table = np.full((len(rows), width), -1, dtype=np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table

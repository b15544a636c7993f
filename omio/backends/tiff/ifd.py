"""Image file directories (IFDs) by our own reads: the chain of pages, and the tags of many pages as numpy columns.

Format: TIFF 6.0 section 2 (a 2-byte count, entries of 12 bytes, a 4-byte offset of the next IFD); BigTIFF: 8, 20, 8.
tifffile parses a page in about 0.1 ms; a stack of 20,000 pages needs its segment offsets in less than that a thousand
times over. So pages whose IFDs hold the same tags, types and counts are kept as rows of one structured array.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omio.errors import DamagedFileError
from omio.indexing import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.backends.rawfile import RawFile

MAX_ENTRIES = 4096
"""No writer comes near; more is a damaged count."""

EVEN, GUESSED = 3, 64
"""After so many IFDs at even distances so many more are fetched together from remote files."""

NEAR_BYTES, RUN_BYTES = 1024, 1 << 16
"""IFDs that lie at most so far apart are taken so many bytes at a time from local files."""

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
INTEGERS = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 17: "i8", 18: "u8"}

LAYOUT_TAGS = (
    256, 257, 258, 259, 262, 266, 274, 277, 278, 284, 317, 322, 323, 338, 339, 347, 530, 32997, 32998,
)  # fmt: skip
"""Tags that say how pixels are stored; pages that agree in them are decoded alike."""

type Integers = NDArray[np.int64]


@dataclass(frozen=True)
class TiffHeader:
    """The first 8 or 16 bytes of a TIFF.

    Attributes
    ----------
    order
        ``"<"`` or ``">"``.
    is_big
        BigTIFF.
    first
        Offset of the first IFD; 0 where the file has none.
    """

    order: str
    is_big: bool
    first: int

    @classmethod
    def parse(cls, head: bytes, path: str) -> TiffHeader:
        """Read it; raises `DamagedFileError` where it is no TIFF header."""
        order = {b"II": "<", b"MM": ">", b"EP": "<"}.get(head[:2])
        if order is None or len(head) < 8:
            raise DamagedFileError("no TIFF header", path=path, place="byte 0")
        version = struct.unpack_from(order + "H", head, 2)[0]
        if version != 43:
            return cls(order, is_big=False, first=struct.unpack_from(order + "I", head, 4)[0])
        if len(head) < 16 or struct.unpack_from(order + "HH", head, 4) != (8, 0):
            raise DamagedFileError("a BigTIFF header whose offset size is not 8", path=path, place="byte 4")
        return cls(order, is_big=True, first=struct.unpack_from(order + "Q", head, 8)[0])

    @cached_property
    def count_format(self) -> struct.Struct:
        """Number of entries."""
        return struct.Struct(self.order + ("Q" if self.is_big else "H"))

    @cached_property
    def offset_format(self) -> struct.Struct:
        """Offset of an IFD or of values."""
        return struct.Struct(self.order + ("Q" if self.is_big else "I"))

    @cached_property
    def entry(self) -> np.dtype[np.void]:
        """One entry: code, type, count, and the field with the values or their offset."""
        number, width = ("u8", 8) if self.is_big else ("u4", 4)
        fields = [("code", "u2"), ("type", "u2"), ("count", number), ("field", f"V{width}")]
        return np.dtype([(name, kind if kind[0] == "V" else self.order + kind) for name, kind in fields])


@dataclass
class Walk:
    """IFDs as they lie in the file: offsets, bytes from the count to the last entry, and what stopped the walk."""

    offsets: list[int] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    problem: str | None = None


def walk_chain(file: RawFile, header: TiffHeader) -> Walk:
    """Follow the chain of pages; a loop or a bad offset ends it and is told in ``problem``."""
    walk, offset, guess, alike, guessed = Walk(), header.first, 256, b"", 0
    seen: set[int] = set()
    tail, width = header.offset_format, header.count_format.size
    # an IFD takes at least this much, so a longer chain overlaps itself
    most, last = file.size // (width + tail.size) + 1, file.size - width
    while offset:
        if offset in seen or len(seen) > most:
            walk.problem = f"the IFD after page {len(seen) - 1} is one of the pages before (offset {offset})"
            break
        block = file.read(guess, offset) if offset <= last else b""
        # most pages have as many tags as the one before, and then this read was the right one
        if block[:width] != alike or len(block) != guess or offset < 8:
            found = _read_block(file, header, offset, guess, block)
            if isinstance(found, str):
                walk.problem = f"page {len(seen)}: {found}"
                break
            block, guess, alike = found, len(found), found[:width]
        seen.add(offset)
        walk.offsets.append(offset)
        walk.blocks.append(block[: -tail.size])
        offset = tail.unpack_from(block, guess - tail.size)[0]
        if file.is_remote:
            guessed = _guess_ahead(file, walk.offsets, guess, guessed)
        elif len(walk.offsets) > 1 and offset - walk.offsets[-1] == walk.offsets[-1] - walk.offsets[-2]:
            offset = _take_run(file, header, walk, seen, block)
    return walk


def _take_run(file: RawFile, header: TiffHeader, walk: Walk, seen: set[int], block: bytes) -> int:
    """Take the IFDs that go on as evenly as the last two, where these are near, in one step.

    So lie those of ImageJ and of all writers that write the pixels first. Each taken one has as many tags as the last,
    `block`, and is where the one before leads to. Returns where the last one leads to.
    """
    step = walk.offsets[-1] - walk.offsets[-2]
    first = walk.offsets[-1] + step
    if not len(block) <= step <= NEAR_BYTES:
        return first
    data = file.read(RUN_BYTES, first)
    count = max(0, (len(data) - len(block)) // step + 1)
    table = np.ndarray((count, len(block)), np.uint8, data, strides=(step, 1))
    width, tail = header.count_format.size, header.offset_format
    alike = (table[:, :width] == np.frombuffer(block[:width], np.uint8)).all(axis=1)
    leads_to = np.ascontiguousarray(table[:, -tail.size :]).view(f"{header.order}u{tail.size}")[:, 0].astype(np.uint64)
    ends = np.flatnonzero(~alike | (leads_to != first + step * np.arange(1, count + 1, dtype=np.uint64)))
    length = int(ends[0] + alike[ends[0]]) if len(ends) else count
    taken = range(first, first + step * length, step)
    if not taken or not seen.isdisjoint(taken):
        return first
    seen.update(taken)
    walk.offsets += taken
    walk.blocks += [data[at : at + len(block) - tail.size] for at in range(0, step * length, step)]
    return int(leads_to[length - 1])


def _guess_ahead(file: RawFile, offsets: list[int], size: int, guessed: int) -> int:
    """Fetch where the next IFDs lie if they go on as evenly as the last ones, which one by one would take a request.

    Returns the number of the page up to which that was done.
    """
    if len(offsets) <= max(guessed, EVEN):
        return guessed
    step = offsets[-1] - offsets[-2]
    if not step or any(b - a != step for a, b in pairwise(offsets[-EVEN:])):
        return guessed
    file.ahead((offsets[-1] + step * number, offsets[-1] + step * number + size) for number in range(1, GUESSED + 1))
    return len(offsets) + GUESSED


def read_blocks(file: RawFile, header: TiffHeader, offsets: Sequence[int]) -> Walk:
    """Read IFDs whose offsets are known; an offset of 0 or a damaged IFD gives an empty block."""
    walk, guess, tail = Walk(), 256, header.offset_format.size
    if file.is_remote:
        file.ahead((offset, offset + guess) for offset in offsets if offset)
    for offset in offsets:
        block = _read_block(file, header, offset, guess) if offset else ""
        if isinstance(block, str):
            walk.problem = walk.problem or (block or None)
            block = b""
        else:
            guess = len(block)
        walk.offsets.append(offset)
        walk.blocks.append(block[:-tail])
    return walk


def _read_block(file: RawFile, header: TiffHeader, offset: int, guess: int, known: bytes = b"") -> bytes | str:
    """Return the IFD at an offset, or why there is none; `known` are its first bytes, where they were read already."""
    count_format = header.count_format
    if not 8 <= offset <= file.size - count_format.size:
        return f"its IFD would lie at offset {offset}, the file has {file.size} bytes"
    block = known or file.read(guess, offset)
    count = count_format.unpack_from(block)[0] if len(block) >= count_format.size else 0
    if count > MAX_ENTRIES:
        return f"its IFD at offset {offset} claims {count} tags"
    size = count_format.size + count * header.entry.itemsize + header.offset_format.size
    if len(block) < size:
        block += file.read(size - len(block), offset + len(block))
    if len(block) < size:
        return f"its IFD at offset {offset} is cut off"
    return block[:size]


@dataclass(frozen=True, eq=False)
class IfdGroup:
    """Pages whose IFDs hold the same tags with the same types and counts.

    Attributes
    ----------
    pages
        Their indices, ascending.
    rows
        Entries, (pages, tags).
    """

    pages: NDArray[np.intp]
    rows: NDArray[np.void]
    header: TiffHeader

    @cached_property
    def columns(self) -> dict[int, int]:
        """Code -> column."""
        return {int(code): column for column, code in reversed(list(enumerate(self.rows["code"][0])))}

    def kind_of(self, code: int) -> tuple[int, int]:
        """Return type and count of a tag that is there."""
        first = self.rows[0, self.columns[code]]
        return int(first["type"]), int(first["count"])

    def is_inline(self, code: int) -> bool:
        """Whether the values lie in the entry itself."""
        kind, count = self.kind_of(code)
        return TYPE_SIZES.get(kind, 1) * count <= self.header.offset_format.size

    def tells_number(self, code: int) -> bool:
        """Whether the entry of each page itself holds integers of a tag, at least one."""
        if code not in self.columns:
            return False
        kind, count = self.kind_of(code)
        return kind in INTEGERS and count > 0 and self.is_inline(code)

    def fields(self, code: int) -> NDArray[np.uint8]:
        """Return the bytes of the value fields, (pages, 4 or 8)."""
        column = np.ascontiguousarray(self.rows["field"][:, self.columns[code]])
        return column.view(np.uint8).reshape(len(self.pages), -1)

    def pointers(self, code: int) -> Integers:
        """Return where the values of each page lie in the file."""
        kind = np.dtype(self.header.order + ("u8" if self.header.is_big else "u4"))
        return self.fields(code).view(kind)[:, 0].astype(np.int64)

    def numbers(self, code: int) -> Integers:
        """Return inline integers, (pages, count)."""
        kind, count = self.kind_of(code)
        number = np.dtype(self.header.order + INTEGERS[kind])
        values = np.ascontiguousarray(self.fields(code)[:, : number.itemsize * count])
        return values.view(number).astype(np.int64)


class IfdTable:
    """The IFDs of all pages, or of the k-th SubIFD of all pages."""

    def __init__(self, file: RawFile, header: TiffHeader, walk: Walk, path: str) -> None:
        self._file, self._header, self._path = file, header, path
        self.offsets: Integers = np.array(walk.offsets, dtype=np.uint64).astype(np.int64)
        self.problem = walk.problem
        self.groups = tuple(_grouped(walk.blocks, header))
        self.group_of = np.full(len(walk.blocks), -1, dtype=np.intp)
        self.row_of = np.zeros(len(walk.blocks), dtype=np.intp)
        for number, group in enumerate(self.groups):
            self.group_of[group.pages] = number
            self.row_of[group.pages] = np.arange(len(group.pages))

    def __len__(self) -> int:
        return len(self.offsets)

    def has(self, page: int, code: int) -> bool:
        """Whether a page has a tag."""
        group = int(self.group_of[page])
        return group >= 0 and code in self.groups[group].columns

    def integers(self, page: int, code: int) -> Integers | None:
        """Return the integers of one tag of one page; None where it has none.

        Raises
        ------
        DamagedFileError
            Where the values lie outside the file or are no integers.
        """
        if not self.has(page, code):
            return None
        group = self.groups[self.group_of[page]]
        kind, count = group.kind_of(code)
        if kind not in INTEGERS:
            raise self._damaged(page, code, f"values of type {kind} where integers belong")
        number = np.dtype(self._header.order + INTEGERS[kind])
        data = self._value_bytes(group, page, code, number.itemsize * count)
        return np.frombuffer(data, number, count).astype(np.int64)

    def column(self, pages: NDArray[np.intp], code: int) -> Integers | None:
        """Return the integers of one tag of pages of one group, (pages, count), in few steps.

        None where the pages are of several groups, the tag is absent or holds no integers.
        """
        numbers = distinct(self.group_of[pages])
        group = self.groups[numbers[0]] if len(numbers) == 1 and numbers[0] >= 0 else None
        if group is None or code not in group.columns or group.kind_of(code)[0] not in INTEGERS:
            return None
        rows = self.row_of[pages]
        if group.is_inline(code):
            inline: Integers = group.numbers(code)[rows]
            return inline
        kind, count = group.kind_of(code)
        number = np.dtype(self._header.order + INTEGERS[kind])
        size, pointers = number.itemsize * count, group.pointers(code)[rows]
        if pointers.min() < 0 or pointers.max() > self._file.size - size:
            return None
        if self._file.is_remote:
            self._file.ahead((pointer, pointer + size) for pointer in pointers.tolist())
        data = b"".join([self._file.read(size, pointer) for pointer in pointers.tolist()])
        if len(data) != size * len(pages):
            return None
        return np.frombuffer(data, number).reshape(len(pages), count).astype(np.int64)

    def _value_bytes(self, group: IfdGroup, page: int, code: int, size: int) -> bytes:
        row = int(self.row_of[page])
        entry = group.rows[row, group.columns[code]]
        inline: bytes = entry["field"].tobytes()
        if size <= len(inline):
            return inline[:size]
        offset = int(self._header.offset_format.unpack(inline)[0])
        if offset + size > self._file.size:
            raise self._damaged(page, code, f"{size} bytes of values at offset {offset} lie outside the file")
        return self._file.read(size, offset)

    def _damaged(self, page: int, code: int, cause: str) -> DamagedFileError:
        return DamagedFileError(cause, path=self._path, place=f"page {page}, tag {code}")

    @cached_property
    def kinds(self) -> NDArray[np.intp]:
        """Number of each page's way of storing pixels: equal numbers mean equal values of all `LAYOUT_TAGS`."""
        known: dict[tuple[tuple[int, bytes], ...], int] = {}
        kinds = np.full(len(self), -1, dtype=np.intp)
        for group in self.groups:
            for rows, signature in self._signatures(group):
                kinds[group.pages[rows]] = known.setdefault(signature, len(known))
        return kinds

    def _signatures(self, group: IfdGroup) -> Iterator[tuple[NDArray[np.intp], tuple[tuple[int, bytes], ...]]]:
        codes = [code for code in LAYOUT_TAGS if code in group.columns]
        inline = [code for code in codes if group.is_inline(code)]
        table = np.concatenate(
            [group.fields(code) for code in inline] or [np.zeros((len(group.pages), 1), np.uint8)], axis=1
        )
        table = np.ascontiguousarray(table)
        far = [code for code in codes if code not in inline]
        for rows in _equal_rows(table):
            near = tuple((code, group.fields(code)[rows[0]].tobytes()) for code in inline)
            parts: dict[tuple[tuple[int, bytes], ...], list[int]] = {}
            for row in rows if far else ():
                parts.setdefault(self._far_values(group, int(row), far), []).append(int(row))
            if not far:
                yield rows, near
            for values, members in parts.items():
                yield np.array(members, dtype=np.intp), near + values

    def _far_values(self, group: IfdGroup, row: int, codes: list[int]) -> tuple[tuple[int, bytes], ...]:
        page, found = int(group.pages[row]), []
        for code in codes:
            kind, count = group.kind_of(code)
            found.append((code, self._value_bytes(group, page, code, TYPE_SIZES.get(kind, 1) * count)))
        return tuple(found)


def _grouped(blocks: list[bytes], header: TiffHeader) -> Iterator[IfdGroup]:
    sizes = np.fromiter(map(len, blocks), dtype=np.intp, count=len(blocks))
    skip = header.count_format.size
    for size in sorted(set(map(len, blocks))):  # np.unique would import numpy.ma
        pages = np.flatnonzero(sizes == size)
        if size <= skip:  # an absent or empty IFD holds no tags
            continue
        matrix = np.frombuffer(b"".join([blocks[page] for page in pages]), np.uint8).reshape(len(pages), size)
        rows = np.ascontiguousarray(matrix[:, skip:]).view(header.entry)
        names = ("code", "type", "count")
        structure = np.concatenate([rows[name].astype(np.uint64) for name in names], axis=1)
        for members in _equal_rows(structure):
            yield IfdGroup(pages[members], rows[members], header)


def _equal_rows(table: NDArray[np.generic]) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of each set of equal rows; one comparison where all are equal."""
    same = (table == table[0]).all(axis=1)
    if same.all():
        yield np.arange(len(table))
        return
    yield np.flatnonzero(same)
    rest = np.flatnonzero(~same)
    _, inverse = np.unique(table[rest], axis=0, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(inverse.ravel()))[:-1]):
        yield rest[np.sort(members)]

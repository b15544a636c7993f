"""Image file directories (IFDs): the header of a TIFF, and the tags of many pages as numpy columns.

Format: TIFF 6.0 section 2 (a 2-byte count, entries of 12 bytes, a 4-byte offset of the next IFD); BigTIFF: 8, 20, 8.
tifffile parses a page in about 0.1 ms; a stack of 20,000 pages needs its segment offsets in less than that a thousand
times over. So pages whose IFDs hold the same tags, types and counts are kept together, a column a tag, and a column in
which all pages agree takes no more than one of them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
INTEGERS = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 17: "i8", 18: "u8"}
STRUCTURE = ("code", "type", "count")

type Integers = NDArray[np.int64]
type Fields = NDArray[np.uint8]
"""Value fields of one tag, (pages, 4 or 8)."""
type Rows = slice | NDArray[np.intp]


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


@dataclass(frozen=True, eq=False)
class IfdGroup:
    """Pages whose IFDs hold the same tags with the same types and counts.

    Attributes
    ----------
    pages
        Their indices, ascending.
    entries
        Those of the first page, (tags,).
    values
        Value fields of each tag; where many pages agree, one row stands for all (its stride is 0).
    """

    pages: NDArray[np.intp]
    entries: NDArray[np.void]
    values: list[Fields]
    header: TiffHeader

    @cached_property
    def structure(self) -> bytes:
        """Codes, types and counts; equal in groups that belong together."""
        return b"".join(self.entries[name].tobytes() for name in STRUCTURE)

    @cached_property
    def columns(self) -> dict[int, int]:
        """Code -> column."""
        return {int(code): column for column, code in reversed(list(enumerate(self.entries["code"])))}

    def kind_of(self, code: int) -> tuple[int, int]:
        """Return type and count of a tag that is there."""
        entry = self.entries[self.columns[code]]
        return int(entry["type"]), int(entry["count"])

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

    def fields(self, code: int) -> Fields:
        """Return the bytes of the value fields of a tag that is there."""
        return self.values[self.columns[code]]

    def pointers(self, code: int, rows: Rows = slice(None)) -> Integers:
        """Return where the values of each page lie in the file, or of some pages."""
        kind = np.dtype(self.header.order + ("u8" if self.header.is_big else "u4"))
        return self.fields(code)[rows].view(kind)[:, 0].astype(np.int64)

    def numbers(self, code: int, rows: Rows = slice(None)) -> Integers:
        """Return inline integers, (pages, count), of all pages or of some."""
        kind, count = self.kind_of(code)
        number = np.dtype(self.header.order + INTEGERS[kind])
        return self.fields(code)[rows, : number.itemsize * count].view(number).astype(np.int64)


def grouped(blocks: list[bytes], header: TiffHeader, first: int = 0) -> Iterator[IfdGroup]:
    """Put IFDs with the same tags together.

    Parameters
    ----------
    blocks
        From the count to the last entry.
    header
        Of the file.
    first
        Number of the page of the first block; the others follow.
    """
    sizes = np.fromiter(map(len, blocks), dtype=np.intp, count=len(blocks))
    skip = header.count_format.size
    for size in sorted(set(map(len, blocks))):  # np.unique would import numpy.ma
        pages = np.flatnonzero(sizes == size)
        if size <= skip:  # an absent or empty IFD holds no tags
            continue
        matrix = np.frombuffer(b"".join([blocks[page] for page in pages]), np.uint8).reshape(len(pages), size)
        rows = np.ascontiguousarray(matrix[:, skip:]).view(header.entry)
        structure = np.concatenate([rows[name].astype(np.uint64) for name in STRUCTURE], axis=1)
        fields = np.ascontiguousarray(rows["field"]).view(np.uint8).reshape(*rows.shape, -1)
        for members in equal_rows(structure):
            values = list(fields[members].swapaxes(0, 1))
            yield IfdGroup(first + pages[members], rows[members[0]].copy(), values, header)


def joined(groups: Sequence[IfdGroup]) -> IfdGroup:
    """Make one group of groups of equal structure, whose pages follow each other; hold once what all agree in."""
    pages = np.concatenate([group.pages for group in groups])
    values = [_column(parts) for parts in zip(*(group.values for group in groups), strict=True)]
    return replace(groups[0], pages=pages, values=values)


def _column(parts: Sequence[Fields]) -> Fields:
    """Put parts of a column one below the other; one row stands for all where all are equal."""
    first = parts[0][:1]
    if all((part == first).all() for part in parts):
        return np.broadcast_to(first.copy(), (sum(map(len, parts)), first.shape[1]))
    return np.concatenate(parts)


def equal_rows(table: NDArray[np.generic]) -> Iterator[NDArray[np.intp]]:
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

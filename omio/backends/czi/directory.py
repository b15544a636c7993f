"""The sub-block directory as numpy columns: one row a sub-block, never one object.

An entry is 32 bytes and 20 more a dimension. Entries of one file nearly always have the same dimensions, so they have
a constant stride and are read in one step; others are sorted by their dimensions first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from omio.indexing import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.czi.segments import Container

PLACE = "sub-block directory"
HEAD_BYTES, DIMENSION_BYTES = 32, 20
MAX_DIMENSIONS = 32
_COUNT_AT = 28
_LIST_HEAD = 128
_DEFAULT_START = {"M": -1, "S": -1}

type Ints = NDArray[np.int64]


@dataclass
class Directory:
    """The columns.

    Attributes
    ----------
    position, part, pixel_type, compression, pyramid
        Of each sub-block: where its segment lies, in which part of a multi-file image, and how its pixels are stored.
    order, orders
        Which sequence of dimensions each sub-block has, fastest first, and the different sequences.
    start, size, stored
        Dimension letter -> first index, logical length and stored length. A sub-block without the dimension has
        0 (-1 for mosaic tile M and scene S), 1 and 1.
    """

    position: Ints
    part: Ints
    pixel_type: Ints
    compression: Ints
    pyramid: Ints
    order: Ints
    start: dict[str, Ints] = field(default_factory=dict)
    size: dict[str, Ints] = field(default_factory=dict)
    stored: dict[str, Ints] = field(default_factory=dict)
    orders: list[tuple[str, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.position)

    def starts(self, letter: str) -> Ints:
        """Return first indexes along a dimension, also where no sub-block has it."""
        found = self.start.get(letter)
        return np.full(len(self), _DEFAULT_START.get(letter, 0), np.int64) if found is None else found

    def sizes(self, letter: str) -> Ints:
        """Return lengths along a dimension, also where no sub-block has it."""
        found = self.size.get(letter)
        return np.ones(len(self), np.int64) if found is None else found

    def stored_sizes(self, letter: str) -> Ints:
        """Return stored lengths along a dimension, also where no sub-block has it."""
        found = self.stored.get(letter)
        return np.ones(len(self), np.int64) if found is None else found


@cache
def _entry_dtype(count: int) -> np.dtype[Any]:
    dimension = np.dtype([("name", "S4"), ("start", "<i4"), ("size", "<i4"), ("coordinate", "<f4"), ("stored", "<i4")])
    return np.dtype(
        [
            ("schema", "S2"),
            ("pixel_type", "<i4"),
            ("position", "<i8"),
            ("part", "<i4"),
            ("compression", "<i4"),
            ("pyramid", "u1"),
            ("spare", "u1"),
            ("reserved", "S4"),
            ("count", "<i4"),
            ("dims", dimension, (count,)),
        ]
    )


def read_directory(file: Container, position: int) -> Directory:
    """Read the directory segment at `position`.

    Raises
    ------
    DamagedFileError
        No directory lies there, it is not whole, or an entry cannot be one.
    """
    segment = file.segment(position, "ZISRAWDIRECTORY", PLACE)
    (count,) = struct.unpack("<i", file.read(segment.offset, 4, PLACE))
    begin = segment.offset + _LIST_HEAD
    room = file.size - begin
    if not 0 <= count * (HEAD_BYTES + DIMENSION_BYTES) <= room:
        raise file.damaged(f"{count} entries do not fit into the {room} bytes that follow", PLACE)
    used = segment.used - _LIST_HEAD
    return parse_entries(file, file.read(begin, min(room, used) if used > 0 else room, PLACE), count)


def parse_entries(file: Container, data: bytes, count: int) -> Directory:
    """Turn `count` entries that lie one after another into columns."""
    position, part, pixel_type, compression, pyramid, order = np.zeros((6, count), np.int64)
    columns = Directory(position, part, pixel_type, compression, pyramid, order)
    for rows, entries in _groups(file, data, count):
        if (entries["schema"] != b"DV").any():
            bad = bytes(entries["schema"][entries["schema"] != b"DV"][0])
            raise file.damaged(f"an entry of schema {bad!r}, not DV", PLACE)
        for name in ("position", "part", "pixel_type", "compression", "pyramid"):
            getattr(columns, name)[rows] = entries[name]
        for same, names in _sequences(file, entries["dims"]["name"]):
            _fill(columns, rows[same], entries["dims"][same], names)
    return columns


def _groups(file: Container, data: bytes, count: int) -> Iterator[tuple[Ints, NDArray[Any]]]:
    """Yield entries of equal length together: their row numbers and the entries."""
    if not count:
        return
    first = _dimension_count(file, data, 0)
    if count * _entry_dtype(first).itemsize <= len(data):
        entries = np.frombuffer(data, _entry_dtype(first), count)
        if (entries["count"] == first).all():
            yield np.arange(count), entries
            return
    offsets, counts = _offsets(file, data, count)
    octets = np.frombuffer(data, np.uint8)
    for length in distinct(counts):
        rows = np.flatnonzero(counts == length)
        dtype = _entry_dtype(int(length))
        yield rows, octets[offsets[rows, None] + np.arange(dtype.itemsize)].view(dtype)[:, 0]


def _offsets(file: Container, data: bytes, count: int) -> tuple[Ints, Ints]:
    offsets, counts = np.empty(count, np.int64), np.empty(count, np.int64)
    offset = 0
    for row in range(count):
        counts[row] = _dimension_count(file, data, offset)
        offsets[row] = offset
        offset += HEAD_BYTES + DIMENSION_BYTES * int(counts[row])
    return offsets, counts


def _dimension_count(file: Container, data: bytes, offset: int) -> int:
    if offset + HEAD_BYTES > len(data):
        raise file.damaged("ends before the last entry", PLACE)
    (count,) = struct.unpack_from("<i", data, offset + _COUNT_AT)
    if not 0 < count <= MAX_DIMENSIONS:
        raise file.damaged(f"an entry claims {count} dimensions", PLACE)
    if offset + HEAD_BYTES + DIMENSION_BYTES * count > len(data):
        raise file.damaged("ends before the last entry", PLACE)
    return int(count)


def _sequences(file: Container, names: NDArray[Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield the rows that have the same dimensions in the same order, and these dimensions."""
    if (names == names[0]).all():
        yield slice(None), _letters(file, names[0])
        return
    found, inverse = np.unique(names, axis=0, return_inverse=True)
    for index, sequence in enumerate(found):
        yield np.flatnonzero(inverse.reshape(-1) == index), _letters(file, sequence)


def _letters(file: Container, names: NDArray[Any]) -> tuple[str, ...]:
    letters = tuple(bytes(name).decode("latin-1") for name in names)
    wrong = [letter for letter in letters if not (len(letter) == 1 and letter.isascii() and letter.isalpha())]
    if wrong or len(set(letters)) != len(letters):
        raise file.damaged(f"an entry has dimensions {', '.join(map(repr, letters))}", PLACE)
    return letters


def _fill(columns: Directory, rows: Ints, dims: NDArray[Any], names: tuple[str, ...]) -> None:
    columns.order[rows] = len(columns.orders)
    columns.orders.append(names)
    for index, letter in enumerate(names):
        for table, read in ((columns.start, "start"), (columns.size, "size"), (columns.stored, "stored")):
            if letter not in table:
                default = _DEFAULT_START.get(letter, 0) if read == "start" else 1
                table[letter] = np.full(len(columns), default, np.int64)
        columns.start[letter][rows] = dims["start"][:, index]
        columns.size[letter][rows] = dims["size"][:, index]
        stored = dims["stored"][:, index]
        columns.stored[letter][rows] = np.where(stored == 0, dims["size"][:, index], stored)

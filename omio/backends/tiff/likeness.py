"""Whether another TIFF file says the same in all its tags but where the pixels lie, told from its first bytes.

This is what opens a sequence of many files quickly: one file is opened, the others only compared.
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.backends.tiff.ifd import TYPE_SIZES, TiffHeader
from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_BYTES = 4096
PLACES = frozenset((273, 279, 288, 289, 324, 325))
"""Tags whose values say where pixels lie; their counts still tell how many segments there are."""

type Entries = tuple[tuple[int, int, int, bytes], ...]


@dataclass(frozen=True)
class Likeness:
    """All tags of a file of one page.

    Attributes
    ----------
    entries
        Code, type, count and value of each tag; the values of `PLACES` left out.
    start
        The bytes before the pixels where these hold all tags: a file that begins like this is alike.
    """

    entries: Entries
    start: bytes | None

    @classmethod
    def of(cls, path: str) -> Likeness | None:
        """Read the first bytes of a file; None where they do not hold all its tags."""
        with _opened(path) as file:
            return cls._read(file, os.read(file, READ_BYTES), path)

    @classmethod
    def _read(cls, file: int, head: bytes, path: str) -> Likeness | None:
        """Read the tags; where they lie behind the pixels, the file is looked into there."""
        try:
            header = TiffHeader.parse(head, path)
            is_near = len(head) < READ_BYTES or header.first + READ_BYTES // 4 <= len(head)
            base = 0 if is_near else header.first
            block = head if is_near else _bytes_at(file, base)
            entries, end = _entries(block, header, base)
        except (DamagedFileError, struct.error, _BeyondError):
            return None
        return cls(entries, head[:end] if is_near else None)

    def holds_for(self, path: str) -> bool:
        """Whether another file says the same."""
        with _opened(path) as file:
            head = os.read(file, READ_BYTES)
            if self.start is not None and head.startswith(self.start):
                return True
            other = Likeness._read(file, head, path)
        return other is not None and other.entries == self.entries


class _BeyondError(Exception):
    """A value lies beyond the bytes that were read."""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))  # a file object costs as much again
    try:
        yield file
    finally:
        os.close(file)


def _bytes_at(file: int, offset: int) -> bytes:
    if offset > os.fstat(file).st_size:
        return b""
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, READ_BYTES)


def _entries(block: bytes, header: TiffHeader, base: int) -> tuple[Entries, int]:
    """Return the tags of the only IFD, and where the last of their bytes ends; offsets count from `base`."""
    start = header.first - base
    count = header.count_format.unpack_from(block, start)[0]
    form = struct.Struct(header.order + ("HHQ8s" if header.is_big else "HHI4s"))
    start += header.count_format.size
    stop = start + count * form.size
    if header.offset_format.unpack_from(block, stop)[0]:
        raise _BeyondError
    end, found = stop + header.offset_format.size, []
    for code, kind, number, field in form.iter_unpack(block[start:stop]):
        size = number * TYPE_SIZES.get(kind, 1)
        value = field[:size]
        if size > len(field):
            at = header.offset_format.unpack(field)[0] - base
            value, end = _value(block, at, size), max(end, at + size)
        found.append((code, kind, number, b"" if code in PLACES else value))
    return (*found, (0, 0, 0, header.order.encode() + bytes([header.is_big]))), end


def _value(block: bytes, at: int, size: int) -> bytes:
    if at < 0 or at + size > len(block):
        raise _BeyondError
    return block[at : at + size]

"""The container of a CZI file: a file header and segments, each with an id and its length.

Facts of the layout: Zeiss, ZISRAW (CZI) File Format Design Specification 1.2.2, and libCZI's public headers. All
numbers are little-endian; a segment is 32 bytes of id, allocated and used size, then its data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.rawfile import RawFile

MAGIC = b"ZISRAWFILE"
SEGMENT_BYTES = 32
_SEGMENT = struct.Struct("<16sqq")
_HEADER = struct.Struct("<iiii16s16siqqiq")


@dataclass(frozen=True)
class Segment:
    """A piece of the file.

    Attributes
    ----------
    kind
        Its id, such as ``ZISRAWDIRECTORY``.
    offset
        Where its data begin, behind id and sizes.
    used, allocated
        Bytes of data, and how many it may grow to.
    """

    kind: str
    offset: int
    used: int
    allocated: int


@dataclass(frozen=True)
class FileHeader:
    """Where the directories lie; positions are 0 where there is none."""

    version: tuple[int, int]
    part: int
    directory: int
    metadata: int
    attachments: int
    pending: bool


@dataclass
class Container:
    """A CZI file, or one that lies inside another as an attachment.

    Attributes
    ----------
    raw
        The open file.
    path
        What errors name.
    base, size
        Where the container begins in the file, and how many bytes it has.
    """

    raw: RawFile
    path: str
    base: int
    size: int

    def damaged(self, cause: str, place: str, remedy: str | None = None) -> DamagedFileError:
        """Return the error that names this file."""
        return DamagedFileError(cause, path=self.path, place=place, remedy=remedy)

    def read(self, offset: int, count: int, place: str) -> bytes:
        """Return exactly `count` bytes; raises `DamagedFileError` where the file does not have them."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise self.damaged(f"{count} bytes at {offset} do not lie in a file of {self.size}", place)
        data = self.raw.read(count, self.base + offset)
        if len(data) != count:
            raise self.damaged(f"only {len(data)} of {count} bytes could be read at {offset}", place)
        return data

    def header(self) -> FileHeader:
        """Read the file header.

        Raises
        ------
        UnsupportedFormatError
            It is no CZI file.
        DamagedFileError
            It ends within the header.
        """
        if self.raw.read(len(MAGIC), self.base) != MAGIC:
            raise UnsupportedFormatError("is no CZI file: it does not begin with ZISRAWFILE", path=self.path)
        fields = _HEADER.unpack(self.read(SEGMENT_BYTES, _HEADER.size, "file header"))
        major, minor, _, _, _, _, part, directory, metadata, pending, attachments = fields
        return FileHeader((major, minor), part, directory, metadata, attachments, bool(pending))

    def segment(self, position: int, kind: str, place: str) -> Segment:
        """Return the segment at `position`; raises `DamagedFileError` where no segment of this kind lies there."""
        found = self._segment(position, place)
        if found.kind != kind:
            raise self.damaged(f"expected {kind} at {position}, found {found.kind!r}", place)
        return found

    def _segment(self, position: int, place: str) -> Segment:
        name, allocated, used = _SEGMENT.unpack(self.read(position, SEGMENT_BYTES, place))
        if allocated < 0 or used < 0:
            raise self.damaged(f"a segment at {position} has {allocated} bytes and uses {used}", place)
        kind = name.rstrip(b"\0").decode("latin-1")
        return Segment(kind, position + SEGMENT_BYTES, used or allocated, allocated)

    def walk(self) -> Iterator[Segment]:
        """Yield all segments from the beginning, up to the first that is not whole."""
        position = 0
        while position + SEGMENT_BYTES <= self.size:
            try:
                found = self._segment(position, "segments")
            except DamagedFileError:
                return
            if not found.kind.isascii() or not found.kind.isalnum():
                return
            yield found
            position = found.offset + found.allocated

"""What the header of an encoded segment says of its size, read before a decoder allocates anything.

Sources: ITU T.81 (JPEG, frame header SOF), ISO 15444-1 A.5.1 (JPEG 2000, SIZ), PNG 1.2 (IHDR), ISO 18181-1 (JPEG XL,
SizeHeader), the WebP container specification. A codec that is not here is decoded into a buffer of known size.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

type Size = tuple[int, int]

_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7})
_LONGEST_SIZE = 11
"""Bytes of a signature and a SizeHeader of JPEG XL, at the most; every image is longer."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def encoded_size(compression: int, data: bytes) -> Size | None:
    """Return height and width that an encoded image declares; None where the codec has no such header.

    Raises
    ------
    ValueError
        Where a JPEG ends before its end marker: decoders would fill the rest with grey.
    """
    read = _READERS.get(compression)
    return read(data) if read is not None else None


def _jpeg(data: bytes) -> Size | None:
    if data[:2] == b"\xff\xd8" and data.rfind(b"\xff\xd9") < 0:
        raise ValueError("the JPEG ends before its end marker")
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return height, width
        if marker == 0xDA:
            return None
        alone = marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        position += (1 if marker == 0xFF else 2) if alone else 2 + max(2, length)
    return None


def _jpeg2000(data: bytes) -> Size | None:
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 24:
        return None
    width, height, left, top = struct.unpack_from(">IIII", data, start + 8)
    return height - top, width - left


def _png(data: bytes) -> Size | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if len(data) < 30 or data[:4] != b"RIFF":
        return None
    if kind == b"VP8X":
        return int.from_bytes(data[27:30], "little") + 1, int.from_bytes(data[24:27], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return ((bits >> 14) & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return height & 0x3FFF, width & 0x3FFF


def _jpegxl(data: bytes) -> Size | None:
    start = 0 if data[:2] == b"\xff\x0a" else data.find(b"jxlc") + 4
    if data[start : start + 2] != b"\xff\x0a" or len(data) < start + _LONGEST_SIZE:
        return None
    bits, position = int.from_bytes(data[start + 2 : start + 18], "little"), 0

    def take(count: int) -> int:
        nonlocal position
        value = (bits >> position) & ((1 << count) - 1)
        position += count
        return value

    small = take(1)

    def length() -> int:
        return 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1

    height = length()
    ratio = take(3)
    if not ratio:
        return height, length()
    over, under = _RATIOS[ratio - 1]
    return height, height * over // under


_READERS: dict[int, Callable[[bytes], Size | None]] = {
    **dict.fromkeys((6, 7, 33007, 34892), _jpeg),
    **dict.fromkeys((33003, 33004, 33005, 34712), _jpeg2000),
    34933: _png,
    **dict.fromkeys((34927, 50001), _webp),
    50002: _jpegxl,
    52546: _jpegxl,
}

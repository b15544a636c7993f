"""JPEG tiles made whole: what decoders must know besides a tile's own bytes is put into them; no pixel is decoded.

Sources: ITU-T T.81, annex B (markers); TIFF Technical Note 2 (tiles that share tables); ITU-T T.872, 6.5.3 (the marker
of Adobe, whose last byte says whether three components are red, green and blue, or luma and chroma).
"""

from __future__ import annotations

from typing import NamedTuple

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended sequential, progressive: those that every browser decodes."""
_LOSSLESS_OR_ARITHMETIC = frozenset({0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_TABLES = frozenset({0xC4, 0xDB})
"""Huffman tables and quantization tables: what a file may keep apart from its tiles."""
_JFIF, _ADOBE = (0xE0, b"JFIF\0"), (0xEE, b"Adobe")
_MARK = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""Marker, length, name, version and two flags; what follows says what colours are."""


class Segment(NamedTuple):
    """A marker with what it says."""

    marker: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return bytes((0xFF, self.marker)) + (len(self.payload) + 2).to_bytes(2, "big") + self.payload

    def is_a(self, kind: tuple[int, bytes]) -> bool:
        """Whether it is an application's segment of this marker and name."""
        return self.marker == kind[0] and self.payload.startswith(kind[1])


def whole_jpeg(tile: bytes, tables: bytes, extent: tuple[int, int], samples: int, *, is_rgb: bool) -> bytes | None:
    """Return a JPEG that decoders need nothing else for; None where browsers do not show it as it is.

    Parameters
    ----------
    tile
        As it lies in the file.
    tables
        What all tiles of the page share: a JPEG without an image, or nothing.
    extent, samples
        Rows, columns and samples that it must have: 1 sample or 3.
    is_rgb
        Whether its components are red, green and blue whatever its own markers say; else they say what they are, and
        those that say nothing are luma and chroma.
    """
    found = _segments(tile)
    if found is None or tile.rfind(_END) < 0:
        return None
    head, rest = found
    frame = next((segment.payload for segment in head if segment.marker in _FRAMES), b"")
    said = frame[:1], frame[1:3], frame[3:5], frame[5:6]
    wanted = b"\x08", extent[0].to_bytes(2, "big"), extent[1].to_bytes(2, "big"), bytes((samples,))
    if said != wanted or any(segment.marker in _LOSSLESS_OR_ARITHMETIC for segment in head):
        return None
    shared = _segments(tables)
    if tables and shared is None:
        return None
    mark = b""
    if samples == 3:
        head, mark = _marked(head, frame[6:15:3], is_rgb=is_rgb)
    given = [segment for segment in shared[0] if segment.marker in _TABLES] if shared else []
    first = [head.pop(0)] if head and head[0].is_a(_JFIF) else []  # it stands before all others
    return b"".join((_START, *map(bytes, first), mark, *map(bytes, given), *map(bytes, head), tile[rest:]))


def _marked(head: list[Segment], names: bytes, *, is_rgb: bool) -> tuple[list[Segment], bytes]:
    """Return the segments and a mark that together say what colours three components are."""
    if is_rgb:
        kept = [segment for segment in head if not (segment.is_a(_JFIF) or segment.is_a(_ADOBE))]
        return kept, _MARK + b"\0"
    if any(segment.is_a(_JFIF) or segment.is_a(_ADOBE) for segment in head):
        return head, b""
    return head, _MARK + (b"\0" if names == b"RGB" else b"\1")


def _segments(data: bytes) -> tuple[list[Segment], int] | None:
    """Return the segments before the first scan, and where it begins; None where they are not one after another."""
    if data[:2] != _START:
        return None
    found, at = [], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _SCAN:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD9 or length < 2:
            return None
        found.append(Segment(marker, data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found, at

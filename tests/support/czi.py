"""Small CZI files, written by what the format's public description says: any dims, mosaics, pyramids, damage."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PIXEL_TYPES = {
    ("|u1", 1): 0,
    ("<u2", 1): 1,
    ("<f4", 1): 2,
    ("|u1", 3): 3,
    ("<u2", 3): 4,
    ("|u1", 4): 9,
    ("<i4", 1): 12,
    ("<f8", 1): 13,
}
COMPRESSIONS = {"raw": 0, "jpeg": 1, "lzw": 2, "jpeg-xr": 4, "zstd": 5, "zstd-header": 6}
MASK_GUID = bytes.fromhex("67eae3cbfc5b2b49a16aece378031448")


@dataclass(eq=False)
class Tile:
    """One sub-block.

    ``pixels`` is Y X [S] with S in the order RGB, or (planes, Y, X) where `along` names the dim of the planes.
    ``at`` gives the first index by letter, ``Y`` and ``X`` included. ``logical`` is the Y, X size that is claimed.
    """

    pixels: NDArray[Any]
    at: dict[str, int] = field(default_factory=dict)
    logical: tuple[int, int] | None = None
    along: str = ""
    compression: str = "raw"
    pyramid: int = 0
    xml: bytes = b""
    mask: NDArray[np.bool_] | None = None
    claimed: tuple[int, int] | None = None
    part: int = 0

    @property
    def samples(self) -> int:
        return self.pixels.shape[2] if self.pixels.ndim == 3 and not self.along else 1


@dataclass
class Attached:
    name: str
    kind: str
    data: bytes


def write_czi(
    path: Path,
    tiles: Sequence[Tile],
    xml: str | None = None,
    attachments: Sequence[Attached] = (),
    part: int = 0,
) -> Path:
    """Write a file; tiles lie in it, and in the directory, in the given order."""
    path.write_bytes(czi_bytes(tiles, xml, attachments, part))
    return path


def czi_bytes(
    tiles: Sequence[Tile], xml: str | None = None, attachments: Sequence[Attached] = (), part: int = 0
) -> bytes:
    """Return the bytes of a file."""
    out = bytearray(segment("ZISRAWFILE", bytes(80), 512))
    entries, listed = [], []
    for tile in tiles:
        entry = directory_entry(tile, len(out))
        entries.append(entry)
        out += segment("ZISRAWSUBBLOCK", subblock(tile, entry))
    metadata = len(out) if xml is not None else 0
    if xml is not None:
        text = xml.encode()
        out += segment("ZISRAWMETADATA", struct.pack("<ii", len(text), 0).ljust(256, b"\0") + text)
    for item in attachments:
        entry = attachment_entry(item, len(out))
        listed.append(entry)
        head = struct.pack("<i", len(item.data)).ljust(16, b"\0") + entry
        out += segment("ZISRAWATTACH", head.ljust(256, b"\0") + item.data)
    attached = len(out) if listed else 0
    if listed:
        out += segment("ZISRAWATTDIR", struct.pack("<i", len(listed)).ljust(256, b"\0") + b"".join(listed))
    directory = len(out)
    out += segment("ZISRAWDIRECTORY", struct.pack("<i", len(entries)).ljust(128, b"\0") + b"".join(entries))
    header = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"g" * 16, b"g" * 16, part, directory, metadata, 0, attached)
    out[32 : 32 + len(header)] = header
    return bytes(out)


def segment(name: str, data: bytes, room: int = 0) -> bytes:
    allocated = -(-max(len(data), room) // 32) * 32
    return struct.pack("<16sqq", name.encode(), allocated, len(data)) + data.ljust(allocated, b"\0")


def directory_entry(tile: Tile, position: int) -> bytes:
    pixels = tile.pixels
    height, width = pixels.shape[1:3] if tile.along else pixels.shape[:2]
    stored = tile.claimed or (height, width)
    size = tile.logical or stored
    dims = [dimension("X", tile.at.get("X", 0), size[1], stored[1])]
    dims.append(dimension("Y", tile.at.get("Y", 0), size[0], stored[0]))
    for letter, start in tile.at.items():
        if letter not in "XY":
            length = len(pixels) if letter == tile.along else 1
            dims.append(dimension(letter, start, length, length))
    kind = PIXEL_TYPES[pixels.dtype.str, tile.samples]
    code = COMPRESSIONS[tile.compression]
    head = struct.pack("<2siqiiBB4si", b"DV", kind, position, tile.part, code, tile.pyramid, 0, b"", len(dims))
    return head + b"".join(dims)


def dimension(letter: str, start: int, size: int, stored: int) -> bytes:
    return struct.pack("<4siifi", letter.encode(), start, size, 0.0, stored)


def subblock(tile: Tile, entry: bytes) -> bytes:
    data, attachment = encode(tile), mask_attachment(tile.mask)
    head = struct.pack("<iiq", len(tile.xml), len(attachment), len(data)) + entry
    return head.ljust(256, b"\0") + tile.xml + data + attachment


def encode(tile: Tile) -> bytes:
    pixels = np.ascontiguousarray(tile.pixels)
    if tile.compression == "jpeg":
        return bytes(imagecodecs.jpeg_encode(pixels, level=95))
    if tile.compression == "jpeg-xr":
        return bytes(imagecodecs.jpegxr_encode(pixels))
    if tile.samples > 1:
        pixels = np.ascontiguousarray(pixels[..., [2, 1, 0, 3][: tile.samples]])
    data = pixels.tobytes()
    if tile.compression == "zstd":
        return bytes(imagecodecs.zstd_encode(data))
    if tile.compression == "zstd-header":
        halves = np.frombuffer(data, np.uint8).reshape(-1, 2).T.tobytes()
        return b"\x03\x01\x01" + bytes(imagecodecs.zstd_encode(halves))
    return bytes(imagecodecs.lzw_encode(data)) if tile.compression == "lzw" else data


def mask_attachment(mask: NDArray[np.bool_] | None) -> bytes:
    if mask is None:
        return b""
    bits = np.packbits(mask, axis=1)
    body = struct.pack("<IIII", mask.shape[1], mask.shape[0], 0, bits.shape[1]) + bits.tobytes()
    return MASK_GUID + struct.pack("<i", len(body)) + body


def attachment_entry(item: Attached, position: int) -> bytes:
    fields = (b"A1", b"", position, 0, b"g" * 16, item.kind.encode(), item.name.encode())
    return struct.pack("<2s10sqi16s8s80s", *fields)


def document(image: str = "", scaling: str = "", extra: str = "") -> str:
    """Return a metadata document with the given inner parts."""
    return (
        f"<ImageDocument><Metadata><Information><Image>{image}</Image>{extra}</Information>"
        f"<Scaling><Items>{scaling}</Items></Scaling></Metadata></ImageDocument>"
    )


def stamps(values: Sequence[float]) -> Attached:
    """Return the attachment of time stamps."""
    data = struct.pack("<ii", 8 + 8 * len(values), len(values)) + np.asarray(values, "<f8").tobytes()
    return Attached("TimeStamps", "CZTIMS", data)

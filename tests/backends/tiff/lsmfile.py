"""LSM files made with tifffile and byte surgery: structure and sub-records as the format describes them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from tifffile import TIFF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LSM_INFO = 34412
BITS, STRIP_OFFSETS, STRIP_COUNTS = 258, 273, 279


def write_lsm(
    path: Path,
    pages: NDArray[Any],
    info: Mapping[str, Any],
    records: Mapping[str, bytes] | None = None,
    compression: str | None = None,
) -> Path:
    """Write (pages, C, Y, X) pixels, a thumbnail after each, and CZ_LSMINFO with its sub-records behind all."""
    structure = np.zeros(1, np.dtype(TIFF.CZ_LSMINFO))
    fields = {"MagicNumber": 67127628, "StructureSize": structure.itemsize, "DimensionP": 1, "DimensionM": 1, **info}
    for name, value in fields.items():
        structure[name] = value
    samples = pages.shape[1]
    layout: dict[str, Any] = {"photometric": "rgb" if samples == 3 else "minisblack", "metadata": None}
    if samples > 1:
        layout["planarconfig"] = "separate"
    with tifffile.TiffWriter(path, byteorder="<") as writer:
        for number, page in enumerate(pages):
            tag = [(LSM_INFO, 7, structure.nbytes, structure.tobytes(), True)] if number == 0 else ()
            image, small = (page, page[:, ::2, ::2]) if samples > 1 else (page[0], page[0, ::2, ::2])
            writer.write(image, extratags=tag, rowsperstrip=page.shape[1], compression=compression, **layout)
            writer.write(small, subfiletype=1, rowsperstrip=page.shape[1], **layout)
    if samples == 2:
        _store_bits_apart(path)
    _append(path, records or {})
    return path


def _store_bits_apart(path: Path) -> None:
    """Put the bits of two samples behind the file, as Zeiss' software does although the entry has room for them."""
    with path.open("r+b") as file:
        file.seek(4)
        (offset,) = struct.unpack("<I", file.read(4))
        while offset:
            file.seek(offset)
            (count,) = struct.unpack("<H", file.read(2))
            codes = [struct.unpack("<H2xI4s", file.read(12)) for _ in range(count)]
            (following,) = struct.unpack("<I", file.read(4))
            place = next(number for number, (code, _, _) in enumerate(codes) if code == BITS)
            end = file.seek(0, 2)
            file.write(codes[place][2])
            file.seek(offset + 2 + 12 * place + 8)
            file.write(struct.pack("<I", end))
            offset = following


def _append(path: Path, records: Mapping[str, bytes]) -> None:
    with tifffile.TiffFile(path, is_lsm=False) as tiff:
        start = tiff.pages.first.tags[LSM_INFO].valueoffset
    fields = np.dtype(TIFF.CZ_LSMINFO).fields
    assert fields is not None
    with path.open("r+b") as file:
        for name, record in records.items():
            end = file.seek(0, 2)
            file.write(record)
            file.seek(start + fields[f"Offset{name}"][1])
            file.write(struct.pack("<I", end))


def colors(names: list[str], table: list[tuple[int, int, int]]) -> bytes:
    """Return a ChannelColors record."""
    body = b"".join(bytes((*color, 0)) for color in table)
    spelled = b"".join(struct.pack("<I", len(name) + 1) + name.encode() + b"\0" for name in names)
    head = struct.pack("<6I", 24 + len(body) + len(spelled), len(table), len(names), 24, 24 + len(body), 0)
    return head + body + spelled


def stamps(*seconds: float) -> bytes:
    """Return a TimeStamps record."""
    return struct.pack(f"<ii{len(seconds)}d", 8 + 8 * len(seconds), len(seconds), *seconds)


def positions(*places: tuple[float, float, float]) -> bytes:
    """Return a Positions record, in metres."""
    return struct.pack("<I", len(places)) + b"".join(struct.pack("<3d", *place) for place in places)


def wavelengths(*bands: tuple[float, float]) -> bytes:
    """Return a ChannelWavelength record, in metres."""
    return struct.pack("<i", len(bands)) + b"".join(struct.pack("<2d", *band) for band in bands)


def scan(content: Mapping[str, Any]) -> bytes:
    """Return a ScanInformation record; lists of mappings are arrays of structures."""
    return struct.pack("<3I", 0x10000000, 0, 0) + _entries(content)


def _entries(content: Mapping[str, Any]) -> bytes:
    codes = {name: code for code, name in TIFF.CZ_LSMINFO_SCANINFO_ATTRIBUTES.items()}
    arrays = {name: code for code, name in TIFF.CZ_LSMINFO_SCANINFO_ARRAYS.items()}
    structures = {name: code for code, name in TIFF.CZ_LSMINFO_SCANINFO_STRUCTS.items()}
    out = b""
    for name, value in content.items():
        if isinstance(value, list):
            out += struct.pack("<3I", arrays[name], 0, 0)
            for item in value:
                out += struct.pack("<3I", structures[name.removesuffix("s")], 0, 0) + _entries(item)
            out += struct.pack("<3I", 0xFFFFFFFF, 0, 0)
        elif isinstance(value, str):
            out += struct.pack("<3I", codes[name], 2, len(value) + 1) + value.encode() + b"\0"
        elif isinstance(value, int):
            out += struct.pack("<3Ii", codes[name], 4, 4, value)
        else:
            out += struct.pack("<3Id", codes[name], 5, 8, value)
    return out + struct.pack("<3I", 0xFFFFFFFF, 0, 0)


def forget_counts(path: Path) -> None:
    """Say of compressed strips how long they are once decoded, as Zeiss' software does."""
    with tifffile.TiffFile(path, is_lsm=False) as tiff:
        found = [(page.tags[STRIP_COUNTS], page.nbytes) for page in _pages(tiff, slice(None, None, 2))]
    with path.open("r+b") as file:
        for tag, size in found:
            file.seek(tag.valueoffset)
            file.write(np.full(tag.count, size // tag.count, "<u4" if tag.dtype == 4 else "<u2").tobytes())


def move_beyond_4_gib(path: Path, page: int) -> None:
    """Move the pixels of a page and its thumbnail behind 4 GiB (sparse); their offsets wrap."""
    with tifffile.TiffFile(path, is_lsm=False) as tiff:
        pair = _pages(tiff, slice(page, page + 2))
        moved = [(entry.tags[STRIP_OFFSETS], entry.dataoffsets[0], entry.databytecounts[0]) for entry in pair]
    with path.open("r+b") as file:
        offset = (1 << 32) + 64
        for tag, old, size in moved:
            file.seek(old)
            pixels = file.read(size)
            file.seek(offset)
            file.write(pixels)
            file.seek(tag.valueoffset)
            file.write(struct.pack("<I", offset % (1 << 32)))
            offset += size


def _pages(tiff: tifffile.TiffFile, which: slice) -> list[tifffile.TiffPage]:
    return [page for page in list(tiff.pages)[which] if isinstance(page, tifffile.TiffPage)]

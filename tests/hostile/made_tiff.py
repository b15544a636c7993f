"""Hostile TIFF files: tags, chains, segments, codecs."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import tifffile

from tests.hostile.cases import PAGE, STACK, add, case, patched, retag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ERROR, TOLD, READ = "error", ("error", "warned"), ("error", "warned", "oracle")
BYTE, SHORT, LONG, RATIONAL, SLONG, FLOAT = 1, 3, 4, 5, 9, 11


def page(folder: Path, **options: Any) -> Path:
    path = folder / "a.tif"
    tifffile.imwrite(path, PAGE, photometric="minisblack", **{"metadata": None, **options})
    return path


def pages(folder: Path) -> Path:
    path = folder / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for pixels in STACK:
            tiff.write(pixels, contiguous=False, photometric="minisblack", metadata=None)
    return path


def offset_of(path: Path, code: int, number: int = 0) -> int:
    """Return where the entry of a tag lies."""
    with tifffile.TiffFile(path) as tiff:
        return int(tiff.pages[number].tags[code].offset)  # type: ignore[union-attr]


def overwritten(path: Path, offset: int, pattern: str, *values: Any) -> Path:
    path.write_bytes(patched(path.read_bytes(), offset, pattern, *values))
    return path


def tagged(code: int, value: Any, dtype: int | None, folder: Path, **options: Any) -> Path:
    return retag(page(folder, **options), code, value, dtype=dtype)


for name, code, value, dtype, accept in (
    ("width_0", 256, 0, None, [ERROR]),
    ("width_negative", 256, -32, SLONG, [ERROR]),
    ("width_float", 256, 32.5, FLOAT, [ERROR]),
    ("width_nan", 256, float("nan"), FLOAT, [ERROR]),
    ("width_2g", 256, 2**31 - 1, LONG, [ERROR]),
    ("length_0", 257, 0, None, [ERROR]),
    ("length_4g", 257, 2**32 - 1, LONG, [ERROR]),
    ("bits_0", 258, 0, None, TOLD),
    ("bits_65535", 258, 65535, None, [ERROR]),
    ("bits_13", 258, 13, None, ["any"]),
    ("photometric_palette_without_palette", 262, 3, None, READ),
    ("photometric_unknown", 262, 4711, None, READ),
    ("strip_at_the_end", 273, 2**32 - 1, LONG, TOLD),
    ("samples_0", 277, 0, None, TOLD),
    ("rows_a_strip_0", 278, 0, None, READ),
    ("rows_a_strip_4g", 278, 2**32 - 1, LONG, READ),
    ("byte_count_0", 279, 0, None, ["any"]),
    ("byte_count_4g", 279, 2**32 - 1, LONG, READ),
    ("resolution_1_0", 282, (1, 0), RATIONAL, READ),
    ("resolution_0_1", 282, (0, 1), RATIONAL, READ),
    ("resolution_unit_99", 296, 99, None, READ),
):
    options: dict[str, Any] = {"resolution": (100, 100), "resolutionunit": "CENTIMETER"} if code in (282, 296) else {}
    add(f"tif_{name}", partial(tagged, code, value, dtype, **options), *accept, pixels=PAGE)


def renamed_tag(code: int, to: int, folder: Path) -> Path:
    path = page(folder)
    return overwritten(path, offset_of(path, code), "<H", to)


for code in (256, 257, 273, 277, 278, 279, 262):
    add(f"tif_without_{code}", partial(renamed_tag, code, 40000 + code), *READ, pixels=PAGE)
# one bit a sample is what TIFF 6.0 says of pages that say nothing
add("tif_without_258", partial(renamed_tag, 258, 40258), "any")


def emptied_tag(code: int, folder: Path) -> Path:
    path = page(folder)
    return overwritten(path, offset_of(path, code) + 4, "<I", 0)


for code in (256, 258, 273, 279):
    add(f"tif_no_value_in_{code}", partial(emptied_tag, code), *READ, pixels=PAGE)


def tiles(sides: tuple[int, int], folder: Path) -> Path:
    path = page(folder, tile=(16, 16))
    retag(path, 322, sides[0], dtype=LONG)
    return retag(path, 323, sides[1], dtype=LONG)


for sides in ((0, 0), (1, 1), (16, 0), (2**31, 2**31), (7, 7)):
    add(f"tif_tiles_of_{sides[0]}_{sides[1]}", partial(tiles, sides), *TOLD)


def cut(keep: float, folder: Path) -> Path:
    path = pages(folder)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep) if keep > 1 else int(len(data) * keep)])
    return path


for keep in (1.5, 4, 7, 8, 9, 60, 0.2, 0.5, 0.8, 0.999):
    add(f"tif_cut_at_{keep}", partial(cut, keep), *TOLD)


@case(*TOLD)
def tif_fewer_segments_than_needed(folder: Path) -> Path:
    path = page(folder, rowsperstrip=8)
    with tifffile.TiffFile(path) as tiff:
        offsets, counts = tiff.pages.first.dataoffsets, tiff.pages.first.databytecounts
    retag(path, 273, offsets[:2])
    return retag(path, 279, counts[:2])


@case("any")
def tif_segments_overlap(folder: Path) -> Path:
    path = page(folder, rowsperstrip=8)
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.dataoffsets[0]
    return retag(path, 273, [offset] * 4)


@case(*TOLD)
def tif_pages_in_a_ring(folder: Path) -> Path:
    path = pages(folder)
    with tifffile.TiffFile(path) as tiff:
        first, last = tiff.pages[0], tiff.pages[2]
        count = len(last.tags)  # type: ignore[union-attr]
        return overwritten(path, int(last.offset) + 2 + 12 * count, "<I", int(first.offset))


@case(*READ, pixels=PAGE)
def tif_60000_empty_pages(folder: Path) -> Path:
    path = page(folder)
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        end = tiff.pages.first.offset + 2 + 12 * len(tiff.pages.first.tags)
    start = len(data) + len(data) % 2
    chain = b"".join(struct.pack("<HI", 0, start + 6 * (number + 1)) for number in range(60_000))
    path.write_bytes(patched(data, end, "<I", start).ljust(start, b"\0") + chain[:-4] + bytes(4))
    return path


@case("any")
def tif_60000_pages_of_one(folder: Path) -> Path:
    """Every IFD names the same pixels, which is legal."""
    path = page(folder)
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        first = tiff.pages.first
        size = 2 + 12 * len(first.tags)
        block, end = data[first.offset : first.offset + size], first.offset + size
    start = len(data) + len(data) % 2
    step = size + 4
    chain = b"".join(block + struct.pack("<I", start + step * (number + 1)) for number in range(60_000))
    path.write_bytes(patched(data, end, "<I", start).ljust(start, b"\0") + chain[:-4] + bytes(4))
    return path


@case(*READ, pixels=PAGE)
def tif_subifds_in_a_ring(folder: Path) -> Path:
    path = folder / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(PAGE, subifds=1, photometric="minisblack", metadata=None)
        tiff.write(PAGE[::2, ::2], subfiletype=1, photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path) as tiff:
        first = tiff.pages.first.offset
    return retag(path, 330, first)


@case(*READ, pixels=PAGE)
def tif_subifd_behind_the_end(folder: Path) -> Path:
    return retag(tif_subifds_in_a_ring(folder), 330, 2**32 - 2)


@case(*TOLD)
def tif_first_page_in_the_header(folder: Path) -> Path:
    return overwritten(page(folder), 4, "<I", 4)


@case(*TOLD)
def tif_as_big_endian(folder: Path) -> Path:
    return overwritten(page(folder), 0, "2s", b"MM")


@case(ERROR)
def tif_big_version(folder: Path) -> Path:
    return overwritten(page(folder), 2, "<H", 43)


@case(*READ, pixels=PAGE)
def tif_text_behind_the_end(folder: Path) -> Path:
    path = page(folder, description="x" * 500)
    return overwritten(path, offset_of(path, 270) + 8, "<I", 2**32 - 600)


@case(*READ, pixels=PAGE)
def tif_text_of_a_gigabyte(folder: Path) -> Path:
    path = page(folder, description="x" * 500)
    return overwritten(path, offset_of(path, 270) + 4, "<I", 1 << 30)


STREAMS: dict[str, Callable[..., Any]] = {
    "deflate": imagecodecs.zlib_encode,
    "zstd": imagecodecs.zstd_encode,
    "lzw": imagecodecs.lzw_encode,
    "lzma": imagecodecs.lzma_encode,
    "packbits": lambda data: b"\x81\0" * max(1, len(data) // 128) if data else b"\x80",
}
COMPRESSIONS = {"deflate": 8, "zstd": 50000, "lzw": 5, "lzma": 34925, "packbits": 32773}
BOMB = bytes(1 << 26)


def with_segment(compression: int, data: bytes, folder: Path, **options: Any) -> Path:
    """Put an encoded segment in the place of the only one."""
    path = page(folder, **options)
    start = path.stat().st_size
    with path.open("ab") as file:
        file.write(data)
    retag(path, 259, compression)
    retag(path, 273, start, dtype=LONG)
    return retag(path, 279, len(data), dtype=LONG)


def stream(codec: str, content: bytes, folder: Path) -> Path:
    return with_segment(COMPRESSIONS[codec], bytes(STREAMS[codec](content)), folder)


for codec in STREAMS:
    add(f"tif_{codec}_bomb", partial(stream, codec, BOMB), *TOLD, "any")
    add(f"tif_{codec}_of_nothing", partial(stream, codec, b""), *TOLD)
    add(f"tif_{codec}_too_short", partial(stream, codec, bytes(100)), *TOLD)
    add(f"tif_{codec}_is_noise", partial(with_segment, COMPRESSIONS[codec], b"\x7f\x03noise" * 9), *TOLD)

PICTURES: dict[str, tuple[int, Callable[..., Any]]] = {
    "jpeg": (7, imagecodecs.jpeg8_encode),
    "jpeg2000": (34712, imagecodecs.jpeg2k_encode),
    "png": (34933, imagecodecs.png_encode),
    "webp": (50001, imagecodecs.webp_encode),
    "jpegxl": (50002, imagecodecs.jpegxl_encode),
}
LARGE = np.zeros((3000, 3000), np.uint8)


def picture(codec: str, keep: float, side: int, folder: Path) -> Path:
    """A segment that is a picture of other sides, or of which the end is missing."""
    compression, encode = PICTURES[codec]
    pixels = LARGE[:side, :side] if side > 32 else (PAGE % 256).astype(np.uint8)
    samples = np.repeat(pixels[..., None], 3, axis=-1) if codec == "webp" else pixels
    data = bytes(encode(samples))
    path = with_segment(compression, data[: int(len(data) * keep)], folder)
    return retag(path, 258, 8)


for codec in PICTURES:
    add(f"tif_{codec}_larger_than_its_page", partial(picture, codec, 1, 3000), *TOLD)
    add(f"tif_{codec}_cut", partial(picture, codec, 0.5, 32), *TOLD)
    add(f"tif_{codec}_of_nothing", partial(picture, codec, 0, 32), *TOLD, "any")

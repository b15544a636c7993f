"""Where the segments of TIFF pages lie, as chunks of a virtual Zarr.

Codec names and their options are those of numcodecs and imagecodecs; the options of JPEG are what tifffile gives its
decoder.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.ranges import ABSENT, ChunkTable, Encoding, of_planes, refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tifffile import TiffPage

    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.where import Where
    from omio.lazy.leaf import FileStamp

JPEG_CODES = (7, 33007, 34892)
CODECS = {
    5: "lzw",
    8: "zlib",
    32946: "zlib",
    50013: "zlib",
    32773: "packbits",
    34925: "lzma",
    34926: "zstd",
    50000: "zstd",
    **dict.fromkeys(JPEG_CODES, "jpeg"),
    **dict.fromkeys((33003, 33004, 33005, 34712), "jpeg2k"),
    **dict.fromkeys((22610, 34934), "jpegxr"),
    **dict.fromkeys((50002, 52546), "jpegxl"),
    34887: "lerc",
    34933: "png",
    50001: "webp",
}
"""Compression tag -> codec."""
FILTERS = {1: None, 2: "delta", 3: "floatpred"}
"""Predictor tag -> filter."""


@dataclass(frozen=True, eq=False)
class Pages:
    """Some pages of a file as rows of chunks.

    Attributes
    ----------
    layout, encoding
        How all of them are stored.
    starts, counts
        Offset and length of each segment, (pages, segments); 0 long where it is left out.
    """

    layout: Layout
    encoding: Encoding
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]


def pages_of(document: TiffDocument, where: Where, pages: NDArray[np.intp]) -> Pages:
    """Find the segments of pages; raises `UnwritableError` where they are no chunks, or not all of one kind."""
    if where.orientation != 1:
        raise refusal(
            f"its pixels are turned upright when they are read (Orientation {where.orientation})", document.path
        )
    if (pages < 0).any():
        raise refusal("some of its planes lie on no page", document.path)
    table = document.ifds(where.level)
    first = np.unique(table.kinds[pages], return_index=True)[1]
    found = [(document.layout(int(pages[row]), where.level), int(pages[row])) for row in first.tolist()]
    layout = found[0][0]
    encodings = {_encoding(one, document, page, where.level) for one, page in found}
    geometries = {(one.frame, one.rows, one.columns, one.is_planar, one.is_tiled) for one, _ in found}
    if len(encodings) > 1 or len(geometries) > 1 or layout.frame != where.frame:
        raise refusal("not all of its pages are stored as the first is", document.path)
    if (
        layout.codec.page.jpegtables is not None
        and len({document.page(int(p), where.level).jpegtables for p in pages}) > 1
    ):
        raise refusal("its pages have JPEG tables of their own", document.path)
    starts, counts = document.segments(pages, where.level)
    if starts.shape[1] != layout.segments or counts.shape != starts.shape or (counts < 0).any():
        raise refusal("its pages do not say where all of their segments lie", document.path)
    return Pages(layout, encodings.pop(), starts, counts)


def _encoding(layout: Layout, document: TiffDocument, page: int, level: int) -> Encoding:
    tags = layout.codec.page
    names, path = layout.codec.names, document.path
    if layout.is_raw:
        return Encoding(layout.stored)
    codec = CODECS.get(int(tags.compression))
    if codec is None and tags.compression != 1:
        raise refusal(f"Zarr has no codec {names['compression']}", path)
    if tags.predictor not in FILTERS:
        raise refusal(f"Zarr has no filter for the predictor {names['predictor']}", path)
    packed = tags.bitspersample != 8 * layout.dtype.itemsize or tags.is_subsampled
    if (packed and codec != "jpeg") or tags.fillorder != 1 or tags.sampleformat not in (1, 2, 3, 6):
        raise refusal(f"its samples are packed ({tags.bitspersample} bits, FillOrder {int(tags.fillorder)})", path)
    filtered = FILTERS[int(tags.predictor)]
    # the floating-point predictor puts the most significant bytes first, in files of either order
    dtype = layout.dtype.newbyteorder("<") if filtered == "floatpred" else layout.stored
    return Encoding(dtype, codec, _options(tags) if codec == "jpeg" else (), filtered)


def _options(page: TiffPage) -> tuple[tuple[str, Any], ...]:
    """Return what the JPEG decoder must be told besides the segment."""
    from tifffile.tifffile import jpeg_decode_colorspace

    in_file, wanted = jpeg_decode_colorspace(page.photometric, page.planarconfig, page.extrasamples, page.is_jfif)
    said = {
        "bitspersample": int(page.bitspersample),
        "colorspace_jpeg": None if in_file is None else int(in_file),
        "colorspace_data": None if wanted is None else int(wanted),
        "tables": page.jpegtables and base64.b64encode(page.jpegtables).decode(),
        "header": page.jpegheader and base64.b64encode(page.jpegheader).decode(),
    }
    return tuple((name, value) for name, value in said.items() if value is not None)


def table_of_pages(found: Pages, stamp: FileStamp, shape: tuple[int, ...], inside: NDArray[np.bool_]) -> ChunkTable:
    """Arrange the segments of pages as the chunks of an array.

    Parameters
    ----------
    found
        The pages that there are, in the order of `inside`.
    stamp
        Their file.
    shape
        T Z C Y X [S].
    inside
        Which planes (T, Z, C) have a page.
    """
    layout = found.layout
    down, across = layout.grid
    if layout.is_raw and across == 1 and not layout.is_planar and (not layout.is_tiled or down == 1):
        whole = _whole_planes(found, stamp, shape, inside)
        if whole is not None:
            return whole
    if not layout.is_tiled and down > 1 and layout.height % layout.rows:
        last = layout.height % layout.rows
        raise refusal(
            f"its last strip holds {last} rows, the others {layout.rows}: Zarr wants chunks of one size", stamp.path
        )
    if layout.is_raw and (found.counts[found.counts > 0] < layout.segment_bytes).any():
        raise refusal("some of its segments are shorter than their pixels", stamp.path)
    bands = layout.samples if layout.is_planar else 1
    grid = (*shape[:3], down, across, *(() if len(shape) == 5 else (bands,)))
    rows = layout.rows if layout.is_tiled or down > 1 else layout.height
    chunk = (1, 1, 1, rows, layout.columns, *(() if len(shape) == 5 else (layout.bands,)))

    def arranged(segments: NDArray[np.int64]) -> NDArray[np.int64]:
        table = np.zeros((inside.size, bands * down * across), np.int64)
        table[inside.ravel()] = segments
        return np.moveaxis(table.reshape(*shape[:3], bands, down, across), 3, 5).reshape(grid)

    offset, length = arranged(found.starts), arranged(found.counts)
    if layout.is_raw:
        length = np.where(length > 0, layout.segment_bytes, 0)
    file = np.where(length > 0, 0, ABSENT).astype(np.int32)
    return ChunkTable(shape, chunk, found.encoding, (stamp,), file, offset, length, layout.fill)


def _whole_planes(
    found: Pages, stamp: FileStamp, shape: tuple[int, ...], inside: NDArray[np.bool_]
) -> ChunkTable | None:
    """Return uncompressed planes whose strips follow each other; None where some do not."""
    layout, starts, counts = found.layout, found.starts, found.counts
    following = (starts[:, 1:] == starts[:, :-1] + counts[:, :-1]).all()
    if not following or (counts.sum(1) < layout.plane_bytes).any():
        return None
    first = np.zeros(inside.shape, np.int64)
    first[inside] = starts[:, 0]
    table = of_planes(first, stamp, shape, layout.stored, layout.fill)
    file = np.where(inside.reshape(*inside.shape, *(1 for _ in shape[3:])), table.file, np.int32(ABSENT))
    return replace(table, file=file)


def document_ranges(document: TiffDocument, where: Where, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
    """Return the chunks of an image of one file; see `omio.lazy.ranges.ByteRanges`."""
    if where.run is not None:
        raise refusal("its planes lie without tags of their own behind a compressed one", document.path)
    pages = where.planes.pages(document, *(range(size) for size in shape[:3]))
    inside = (pages >= 0) & (pages < len(document.ifds(where.level)))
    if not inside.any():
        raise refusal("none of its planes is there", document.path)
    return table_of_pages(pages_of(document, where, pages[inside]), stamp, shape, inside)

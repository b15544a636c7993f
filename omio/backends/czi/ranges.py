"""Where the sub-blocks of a CZI lie, as chunks of a virtual Zarr.

Source: the CZI file format (ZISRAW); zstd data with a header (code 6): its length, then, where that is 3, the number of
a chunk of two bytes of which the second says by its lowest bit that bytes of equal weight lie together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.czi.decode import JPEG_XR, ZSTD, ZSTD_HEADER, compression_name, is_raw
from omio.lazy.ranges import ABSENT, ChunkTable, Encoding, refusal

if TYPE_CHECKING:
    from omio.backends.czi.layout import Layout
    from omio.backends.czi.subblocks import SubBlocks
    from omio.lazy.leaf import FileStamp

_PLAIN_HEADER, _LONG_HEADER = 1, 3
_TOGETHER = 1


def ranges_of(blocks: SubBlocks, layout: Layout, stamp: FileStamp) -> ChunkTable:
    """Arrange sub-blocks as the chunks of an image; raises `UnwritableError` where they do not make a regular grid.

    The header of each sub-block is read.
    """
    _check_grid(blocks, layout, stamp.path)
    height, width = layout.tile
    found = [_run(blocks, layout, tile, stamp.path) for tile in range(len(layout.row))]
    encodings = {encoding for *_, encoding in found}
    if len(encodings) > 1:
        raise refusal("its tiles are compressed in several ways", stamp.path)
    grid = (*layout.shape[:3], -(-layout.shape[3] // height), -(-layout.shape[4] // width))
    place = (layout.plane * grid[3] + layout.top // height) * grid[4] + layout.left // width
    if len(np.unique(place)) != len(place):
        raise refusal("its tiles overlap", stamp.path)
    file = np.full(grid, ABSENT, np.int32)
    file.flat[place] = 0
    offset, length = (np.zeros(grid, np.int64) for _ in range(2))
    offset.flat[place], length.flat[place] = ([run[side] for run in found] for side in (0, 1))
    return ChunkTable(layout.shape, (1, 1, 1, height, width), encodings.pop(), (stamp,), file, offset, length)


def _check_grid(blocks: SubBlocks, layout: Layout, path: str) -> None:
    height, width = layout.tile
    if layout.samples > 1:
        raise refusal("its pixels are stored as blue, green, red", path)
    if not len(layout.row):
        raise refusal("it holds no tile", path)
    whole = (layout.height == height) & (layout.width == width)
    if not (whole & (layout.top % height == 0) & (layout.left % width == 0)).all():
        raise refusal("its tiles do not lie on a regular grid", path)
    stored = {blocks.stored(int(row)) for row in np.unique(layout.row)}
    if stored != {(height, width)}:
        raise refusal("its tiles are stored in another size than they are shown in", path)


def _run(blocks: SubBlocks, layout: Layout, tile: int, path: str) -> tuple[int, int, Encoding]:
    """Return where the pixels of a tile lie, and how they are encoded."""
    row, sub = int(layout.row[tile]), int(layout.sub[tile])
    code = int(blocks.columns.compression[row])
    offset, length = blocks.locate(row)
    nbytes = layout.tile[0] * layout.tile[1] * layout.dtype.itemsize
    if blocks.mask(row) is not None:
        raise refusal("masks hide some of its pixels", path)
    if is_raw(code) and blocks.is_raw(row) and length >= (sub + 1) * nbytes:
        return blocks.file.base + offset + sub * nbytes, nbytes, Encoding(layout.dtype)
    if sub or not blocks.is_plane(row) or length == nbytes:
        raise refusal("its sub-blocks hold several planes each", path)
    skipped, encoding = _compressed(blocks, code, offset, layout.dtype, path)
    return blocks.file.base + offset + skipped, length - skipped, encoding


def _compressed(blocks: SubBlocks, code: int, offset: int, dtype: np.dtype[Any], path: str) -> tuple[int, Encoding]:
    """Return how long the header of compressed data is, and what lies behind it."""
    if code == ZSTD:
        return 0, Encoding(dtype, "zstd")
    if code == JPEG_XR:
        return 0, Encoding(dtype, "jpegxr")
    if code == ZSTD_HEADER:
        head = blocks.file.read(offset, _LONG_HEADER, "zstd header")
        if head[0] == _PLAIN_HEADER:
            return _PLAIN_HEADER, Encoding(dtype, "zstd")
        if head[0] == _LONG_HEADER and head[1] == 1:
            together = dtype.itemsize > 1 and head[2] & _TOGETHER
            return _LONG_HEADER, Encoding(dtype, "zstd", filter="shuffle" if together else None)
    raise refusal(f"Zarr has no codec {compression_name(code)}", path)

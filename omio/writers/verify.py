"""Digests of pixels, of the source and of what was written, in bounded memory."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import WriteError
from omio.writers.cut import Grid, block_lengths, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFrame, TiffPage

    from omio.lazy.recipe import LazyArray

BAND_BYTES = 1 << 25
"""Pixels that are read at once."""


def source_digest(source: LazyArray) -> str:
    """Return the SHA-256 of all pixels, T Z C Y X [S] in C order, little-endian."""
    digest = hashlib.sha256()
    pixel = source.dtype.itemsize * math.prod(source.shape[5:])
    rows = max(1, min(source.shape[3], BAND_BYTES // (source.shape[4] * pixel)))
    grid = Grid(source.shape[3], source.shape[4], rows, source.shape[4], is_tiled=False)
    for block in blocks(source.shape, block_lengths(source.shape, source.chunk, source.dtype.itemsize, grid)):
        key = (*block, *(range(size) for size in source.shape[5:]))
        pixels = np.empty(tuple(len(run) for run in key), source.dtype)
        source.read(key, pixels)
        digest.update(_little(pixels))
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the full resolution pages of a TIFF, read by tifffile, in file order, little-endian.

    Raises
    ------
    WriteError
        Where tifffile cannot read it.
    """
    import tifffile

    digest = hashlib.sha256()
    try:
        with tifffile.TiffFile(path) as tif:
            tif.pages.useframes = True
            for page in tif.pages:
                for rows in _rows(page):
                    digest.update(_little(rows))
    except (tifffile.TiffFileError, ValueError, RuntimeError) as error:
        raise WriteError(f"cannot be read again: {error}", path=path) from error
    return digest.hexdigest()


def _rows(page: TiffPage | TiffFrame) -> Iterator[NDArray[Any]]:
    """Yield a page from top to bottom, in bands that are a row of tiles high where it is large."""
    if page.nbytes <= BAND_BYTES:
        yield page.asarray()
        return
    page = page.aspage()
    band: NDArray[Any] | None = None
    top, height = 0, page.tilelength if page.is_tiled else page.rowsperstrip
    for segment, place, _ in page.segments():
        y, x = place[2], place[3]
        if band is None or y >= top + height:
            if band is not None:
                yield band
            top = y
            band = np.zeros((min(height, page.imagelength - y), *page.shape[1:]), page.dtype)
        if segment is not None:  # tiles at the edges come whole
            part = segment[0, : len(band), : page.imagewidth - x]
            band[: part.shape[0], x : x + part.shape[1]] = part if band.ndim == 3 else part[..., 0]
    if band is not None:
        yield band


def _little(pixels: NDArray[Any]) -> memoryview:
    stored = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    return stored.reshape(-1).view(np.uint8).data

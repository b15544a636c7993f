"""`Layout`: how the pixels of a page are cut into segments (strips or tiles), checked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import DamagedFileError, UnsupportedFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tifffile import TiffPage

    from omio.backends.tiff.codecs import Codec

LARGE_SEGMENT = 1 << 28
"""Bytes above which a segment may not be larger than twice its image."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Geometry and codec that pages of one kind share.

    Attributes
    ----------
    height, width, samples
        Of the page as stored; samples count also where they lie apart (planar).
    rows, columns
        Pixels of a full segment.
    is_tiled, is_planar
        Tiles rather than strips; each sample in segments of its own.
    dtype
        Native dtype of decoded pixels; 1-bit pages give uint8 of 0 and 1.
    stored
        The dtype with the file's byte order.
    is_raw
        Uncompressed and without predictor, in bytes that need at most a swap.
    codec
        Decodes segments.
    fill
        Value of segments that the file leaves out.
    """

    height: int
    width: int
    samples: int
    rows: int
    columns: int
    is_tiled: bool
    is_planar: bool
    dtype: np.dtype[Any]
    stored: np.dtype[Any]
    is_raw: bool
    codec: Codec
    fill: float = 0

    def merged(self) -> Layout:
        """Return the layout whose one strip is the whole page."""
        return replace(self, rows=self.height)

    @property
    def frame(self) -> tuple[int, int, int]:
        """Height, width and samples."""
        return self.height, self.width, self.samples

    @property
    def bands(self) -> int:
        """Samples that a segment holds for each pixel."""
        return 1 if self.is_planar else self.samples

    @cached_property
    def grid(self) -> tuple[int, int]:
        """Segments down and across."""
        return -(-self.height // self.rows), -(-self.width // self.columns)

    @property
    def segments(self) -> int:
        """Segments of a page."""
        down, across = self.grid
        return down * across * (self.samples if self.is_planar else 1)

    @property
    def segment_bytes(self) -> int:
        """Bytes of a full segment once decoded."""
        return self.rows * self.columns * self.bands * self.dtype.itemsize

    @property
    def plane_bytes(self) -> int:
        """Bytes of a page once decoded."""
        return self.height * self.width * self.samples * self.dtype.itemsize

    @property
    def chunk(self) -> tuple[int, int]:
        """Rows and columns worth reading together: a tile, or strips of together about a mebibyte."""
        if self.is_tiled:
            return min(self.rows, self.height), min(self.columns, self.width)
        row = max(1, self.width * self.bands * self.dtype.itemsize)
        strips = max(1, (1 << 20) // (row * self.rows))
        return min(self.height, self.rows * strips), self.width

    @cached_property
    def row_sizes(self) -> NDArray[np.int64]:
        """Bytes that a segment of each row of segments holds once decoded."""
        heights = np.array([self.height_of(row) for row in range(self.grid[0])], dtype=np.int64)
        return heights * (self.segment_bytes // self.rows)

    def height_of(self, row: int) -> int:
        """Return how many rows the segments of a row of segments hold: the last strip is shorter, tiles never."""
        return self.rows if self.is_tiled else min(self.rows, self.height - row * self.rows)


def layout_of(page: TiffPage, path: str) -> Layout:
    """Derive the layout of a page from its tags.

    Raises
    ------
    DamagedFileError
        For sizes that no image can have.
    UnsupportedFormatError
        For sample formats, codecs and predictors that cannot be read.
    """
    place = f"page {page.index}"
    _check_sizes(page, path, place)
    dtype = _dtype_of(page, path, place)
    is_tiled = bool(page.is_tiled)
    rows, columns = (page.tilelength, page.tilewidth) if is_tiled else (page.rowsperstrip, page.imagewidth)
    from omio.backends.tiff.codecs import codec_of

    layout = Layout(
        height=int(page.imagelength),
        width=int(page.imagewidth),
        samples=int(page.samplesperpixel),
        rows=int(rows) or int(page.imagelength),
        columns=int(columns),
        is_tiled=is_tiled,
        is_planar=page.planarconfig == 2 and page.samplesperpixel > 1,
        dtype=np.dtype(np.uint8) if dtype.kind == "b" else dtype,
        stored=dtype.newbyteorder(page.parent.byteorder),
        is_raw=_is_raw(page, dtype),
        codec=codec_of(page, path, place),
        fill=page.nodata,
    )
    if layout.segment_bytes > max(LARGE_SEGMENT, 2 * layout.plane_bytes):
        raise DamagedFileError(
            f"its segments of {layout.rows} x {layout.columns} pixels are larger than the image", path=path, place=place
        )
    return layout


def _check_sizes(page: TiffPage, path: str, place: str) -> None:
    names = ["imagelength", "imagewidth", "samplesperpixel", "imagedepth"]
    names += ["tilelength", "tilewidth", "tiledepth"] if page.is_tiled else []
    for name in names:
        value = getattr(page, name)
        if not isinstance(value, int | np.integer) or value < 1:
            raise DamagedFileError(f"{name} is {value!r}", path=path, place=place)
    if page.imagedepth > 1:
        raise UnsupportedFormatError("volumetric pages (ImageDepth) are not read", path=path, place=place)


def _dtype_of(page: TiffPage, path: str, place: str) -> np.dtype[Any]:
    dtype = page.dtype
    if dtype is None:
        raise UnsupportedFormatError(
            f"samples of format {page.sampleformat!s} and {page.bitspersample} bits", path=path, place=place
        )
    return np.dtype(dtype).newbyteorder("=")


def _is_raw(page: TiffPage, dtype: np.dtype[Any]) -> bool:
    return (
        page.compression == 1
        and page.predictor == 1
        and page.fillorder == 1
        and page.sampleformat != 5
        and page.bitspersample == 8 * dtype.itemsize
        and dtype.kind != "b"
        and not page.is_subsampled
    )

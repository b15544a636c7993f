"""Decoding of segments by tifffile and imagecodecs, bounded by what the page says a segment holds."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC, PREDICTOR, TIFF, TiffFileError

from omio.backends.tiff.bounds import encoded_size
from omio.errors import DamagedFileError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from numpy.typing import NDArray
    from tifffile import TiffPage

FAULTS = (
    TiffFileError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # imagecodecs' errors derive from it
    TypeError,
    ValueError,
)
"""What tifffile and imagecodecs raise on damaged input."""

BYTE_CODECS = frozenset({5, 8, 32773, 32946, 34925, 34926, 50000})
"""LZW, deflate, PackBits, LZMA and Zstandard: byte streams that can be decoded straight into place."""


@dataclass(frozen=True, eq=False)
class Codec:
    """Decoder of one kind of page.

    Attributes
    ----------
    names
        Of compression, predictor and photometric interpretation, such as ``"adobe_deflate"``.
    page
        The tifffile page whose tags parametrise it.
    direct
        ``direct(data, target)`` fills a C-contiguous (rows, columns, samples) array of a whole segment;
        None where decoded pixels have to be copied.
    """

    names: dict[str, str]
    page: TiffPage
    direct: Callable[[bytes | memoryview, NDArray[Any]], None] | None

    def decode(self, data: bytes | memoryview, index: int) -> NDArray[Any]:
        """Return a segment as (rows, columns, samples); raises one of `FAULTS` or ValueError."""
        page = self.page
        raw = bytes(data)
        size = encoded_size(int(page.compression), raw)
        if size is not None:
            _check_encoded(page, size)
        keywords = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader} if page.compression in (6, 7) else {}
        segment, _, _ = page.decode(raw, index, **keywords)
        if segment is None:
            raise ValueError("it is empty")
        decoded: NDArray[Any] = segment[0]
        return decoded.view(np.uint8) if decoded.dtype == bool else decoded


def _name(kind: type[IntEnum], value: int) -> str:
    try:
        return kind(value).name.lower()
    except ValueError:
        return str(value)


def _check_encoded(page: TiffPage, size: tuple[int, int]) -> None:
    rows, columns = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    # encoders round up to whole blocks, and chroma subsampling doubles them
    if size[0] > rows + 64 or size[1] > columns + 64:
        raise ValueError(f"it holds {size[0]} x {size[1]} pixels, the segment {rows} x {columns}")


def codec_of(page: TiffPage, path: str, place: str) -> Codec:
    """Return the decoder of a page.

    Raises
    ------
    UnsupportedFormatError
        Where tifffile or imagecodecs has none, or a package is missing.
    DamagedFileError
        Where the tags contradict each other.
    """
    names = {
        "compression": _name(COMPRESSION, page.compression),
        "predictor": _name(PREDICTOR, page.predictor),
        "photometric": _name(PHOTOMETRIC, page.photometric),
    }
    try:
        if page.compression != 1:
            TIFF.DECOMPRESSORS[page.compression]
        if page.predictor != 1 and page.compression not in TIFF.IMAGE_COMPRESSIONS:
            TIFF.UNPREDICTORS[page.predictor]
    except KeyError as error:
        raise UnsupportedFormatError(f"{error.args[0]}", path=path, place=place) from error
    try:
        page.init_decode()
    except (*FAULTS, NotImplementedError) as error:
        raise DamagedFileError(str(error), path=path, place=place) from error
    return Codec(names, page, _direct(page))


def _direct(page: TiffPage) -> Callable[[bytes | memoryview, NDArray[Any]], None] | None:
    simple = page.compression in BYTE_CODECS and page.fillorder == 1 and page.sampleformat != 5
    dtype = page.dtype
    if not simple or dtype is None or page.bitspersample != 8 * dtype.itemsize or page.is_subsampled:
        return None
    tag = page.tags.get(339)
    if page.predictor not in (1, 2, 3) or (tag is not None and tag.count != 1 and len(set(tag.value)) > 1):
        return None
    decompress = TIFF.DECOMPRESSORS[page.compression]
    unpredict = None if page.predictor == 1 else TIFF.UNPREDICTORS[page.predictor]
    # the floating-point predictor puts the bytes in order itself
    swapped = page.predictor != 3 and dtype.itemsize > 1 and not dtype.newbyteorder(page.parent.byteorder).isnative

    def decode(data: bytes | memoryview, target: NDArray[Any]) -> None:
        buffer = target.reshape(-1).view(np.uint8)
        got = len(decompress(data, out=buffer))
        if got != buffer.size:
            raise ValueError(f"it ends after {got} of {buffer.size} bytes")
        if swapped:
            target.byteswap(inplace=True)
        if unpredict is not None:
            # the floating-point predictor gathers bytes from all over a row: not in place
            unpredict(target.copy() if page.predictor == 3 else target, axis=-2, out=target)

    return decode

"""The bytes of a sub-block to pixels, by its compression code.

czifile knows which codec belongs to which code (on Windows, the system's own for JPEG XR); what the codecs are given,
and the odd sizes that some writers leave, are handled here.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMPRESSIONS = {
    0: "uncompressed",
    1: "jpeg",
    2: "lzw",
    3: "jpeg-lossless",
    4: "jpeg-xr",
    5: "zstd",
    6: "zstd-header",
    7: "chunked",
}
JPEG, JPEG_XR, ZSTD, ZSTD_HEADER, CHUNKED = 1, 4, 5, 6, 7
SWAPPING = (ZSTD, ZSTD_HEADER, CHUNKED)
FIRST_RAW = 1000
"""Codes from here on are raw data of a camera system, which are read as uncompressed."""

type Octets = NDArray[np.uint8]


def compression_name(code: int) -> str:
    """Return how users name a compression."""
    return COMPRESSIONS.get(code, f"code {code}")


def is_raw(code: int) -> bool:
    """Whether the pixels lie in the file as they are."""
    return code == 0 or code >= FIRST_RAW


def unpack(
    code: int, data: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], scratch: Octets | None
) -> NDArray[Any]:
    """Return the pixels of compressed `data`, samples in the order of RGB.

    Parameters
    ----------
    code
        Compression; one that is not raw.
    data
        What the sub-block stores.
    shape
        Height, width and samples as the directory says; some writers store a row or column less.
    dtype
        Little-endian dtype of the pixels.
    scratch
        Memory to decode into, at least as large as the pixels; None to take new memory.

    Returns
    -------
    NDArray
        Height, width and samples; maybe a row or column less or more than `shape`.

    Raises
    ------
    ValueError, RuntimeError
        The codec does not know the code, refuses the data, or they have another size.
    """
    nbytes = dtype.itemsize * math.prod(shape)
    if len(data) == nbytes:  # some writers leave tiles as they are that would not become smaller
        return swapped(np.frombuffer(data, dtype).reshape(shape))
    if code in (JPEG, JPEG_XR):
        return _unpack_picture(code, data, shape, dtype, scratch)
    target = np.empty(nbytes, np.uint8) if scratch is None else scratch[:nbytes]
    found = _unpack_bytes(code, data, shape, dtype, target)
    pixels = found[: len(found) // dtype.itemsize * dtype.itemsize].view(dtype)
    shaped = _reshaped(pixels, shape)
    return shaped if code in SWAPPING and shape[-1] != 4 else swapped(shaped)


def _unpack_bytes(code: int, data: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], out: Octets) -> Octets:
    decode = _codec(code)
    if code not in SWAPPING:
        return np.frombuffer(decode(data, out=memoryview(out)), np.uint8)
    # the codec swaps blue and red itself where told of samples, but then makes every alpha 255
    samples = shape[-1] if shape[-1] != 4 else 1
    found = decode(data, itemsize=dtype.itemsize, samples=samples, out=memoryview(out))
    return np.frombuffer(found, np.uint8)


@cache
def _codec(code: int) -> Callable[..., Any]:
    from czifile import CziCompressionType

    found = CziCompressionType.decoder(code)
    if found is None:
        raise ValueError(f"compression {compression_name(code)} is not read")
    return found


def _unpack_picture(
    code: int, data: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], scratch: Octets | None
) -> NDArray[Any]:
    """Decode a picture that has a size of its own: the expected one, or one within a pixel of it."""
    decode = _codec(code)
    first: ValueError | None = None
    for candidate in _near(shape):
        nbytes = dtype.itemsize * math.prod(candidate)
        memory = np.empty(nbytes, np.uint8) if scratch is None or nbytes > len(scratch) else scratch[:nbytes]
        target = memory.view(dtype).reshape(candidate)
        try:
            decode(data, out=target if shape[-1] > 1 else target[..., 0])
        except ValueError as error:
            first = first or error
        else:
            return target
    raise first or ValueError("is no picture")


def _near(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    height, width, samples = shape
    for less in ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1)):
        candidate = (height - less[0], width - less[1], samples)
        if min(candidate) > 0:
            yield candidate


def _reshaped(pixels: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Give pixels their shape, also where a last row or column is not stored."""
    height, width, samples = shape
    for rows, columns in ((height, width), (height - 1, width), (height, width - 1), (height - 1, width - 1)):
        if rows * columns * samples == pixels.size and rows > 0 and columns > 0:
            return pixels.reshape(rows, columns, samples)
    raise ValueError(f"{pixels.size} values do not make {height} x {width} x {samples}")


def swapped(pixels: NDArray[Any]) -> NDArray[Any]:
    """View blue, green, red as red, green, blue; an alpha stays last."""
    samples = pixels.shape[-1]
    if samples == 3:
        return pixels[..., ::-1]
    return pixels[..., [2, 1, 0, 3]] if samples == 4 else pixels

"""What a directory must hold to be believed: a damaged entry is an error here, not a wrong plane later."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from omio.backends.czi.directory import PLACE
from omio.errors import UnsupportedFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.czi.directory import Directory, Ints
    from omio.backends.czi.segments import Container, FileHeader

SUBBLOCK_BYTES = 32 + 16 + 240
MAX_RATIO = 40_000
"""No codec of the format packs more pixel bytes into one: zstd's limit is 128 KiB in 4 bytes."""
MAX_EMPTY = 100_000
"""A box that holds this many times more pixels than its sub-blocks is a wrong position, not a sparse mosaic."""
MAX_MISSING = 1000
"""So is one that has this many times more planes than there are."""


class PixelType(NamedTuple):
    """Name, numpy dtype as stored, and samples a pixel (stored blue first where there are several)."""

    name: str
    dtype: np.dtype[np.generic]
    samples: int


PIXEL_TYPES = {
    0: PixelType("Gray8", np.dtype("<u1"), 1),
    1: PixelType("Gray16", np.dtype("<u2"), 1),
    2: PixelType("Gray32Float", np.dtype("<f4"), 1),
    3: PixelType("Bgr24", np.dtype("<u1"), 3),
    4: PixelType("Bgr48", np.dtype("<u2"), 3),
    8: PixelType("Bgr96Float", np.dtype("<f4"), 3),
    9: PixelType("Bgra32", np.dtype("<u1"), 4),
    10: PixelType("Gray64ComplexFloat", np.dtype("<c8"), 1),
    11: PixelType("Bgr192ComplexFloat", np.dtype("<c8"), 3),
    12: PixelType("Gray32", np.dtype("<i4"), 1),
    13: PixelType("Gray64", np.dtype("<f8"), 1),
}


def check_header(file: Container, header: FileHeader) -> None:
    """Raise `UnsupportedFormatError` where the file is a later part of a multi-file image."""
    if header.part:
        raise UnsupportedFormatError(
            f"is part {header.part} of an image of several files",
            path=file.path,
            remedy="Multi-file CZI images are not read; save the image as one file.",
        )


def check_directory(file: Container, columns: Directory) -> None:
    """Raise where an entry cannot be true; which, and why, is in the error.

    Raises
    ------
    DamagedFileError
        A size, position or pixel type is impossible, or two entries share a sub-block.
    UnsupportedFormatError
        Sub-blocks lie in further files.
    """
    if not len(columns):
        raise file.damaged("lists no sub-block", PLACE)
    _check_parts(file, columns)
    _refuse(file, _outside(columns.position, file.size), "its sub-block does not lie in the file", columns.position)
    for letter, sizes in columns.size.items():
        _refuse(file, sizes < 1, f"its size along {letter} is not positive", sizes)
    for letter, stored in columns.stored.items():
        _refuse(file, stored < 1, f"its stored size along {letter} is not positive", stored)
    unknown = ~np.isin(columns.pixel_type, list(PIXEL_TYPES))
    _refuse(file, unknown, "its pixel type is unknown", columns.pixel_type)
    _check_bytes(file, columns)
    _check_shared(file, columns)


def _check_parts(file: Container, columns: Directory) -> None:
    parts = sorted({int(part) for part in columns.part} - {0})
    if not parts:
        return
    if parts[0] < 0 or len(parts) > 1000:
        raise file.damaged(f"an entry lies in part {parts[0]} of the file", PLACE)
    stem, suffix = Path(file.path).stem, Path(file.path).suffix
    names = ", ".join(f"{stem}({part}){suffix}" for part in parts[:5]) + (", …" if len(parts) > 5 else "")
    raise UnsupportedFormatError(
        f"its sub-blocks lie in {len(parts)} further files: {names}",
        path=file.path,
        remedy="Multi-file CZI images are not read; save the image as one file.",
    )


def _outside(position: Ints, size: int) -> NDArray[np.bool_]:
    return (position < 0) | (position > size - SUBBLOCK_BYTES)


def _refuse(file: Container, wrong: NDArray[np.bool_], cause: str, values: Ints) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        more = int(wrong.sum()) - 1
        also = f", and {more} more entries are like it" if more else ""
        raise file.damaged(f"{cause} ({int(values[row])}){also}", f"{PLACE} entry {row}")


def stored_pixels(columns: Directory) -> NDArray[np.float64]:
    """Return how many pixels each sub-block stores; as floats, so that nonsense does not overflow."""
    pixels = np.ones(len(columns))
    for stored in columns.stored.values():
        pixels *= stored
    return pixels


def _check_bytes(file: Container, columns: Directory) -> None:
    itemsize = np.zeros(max(PIXEL_TYPES) + 1)
    for code, kind in PIXEL_TYPES.items():
        itemsize[code] = kind.dtype.itemsize * kind.samples
    nbytes = stored_pixels(columns) * itemsize[columns.pixel_type]
    limit = np.where(columns.compression == 0, file.size, float(file.size) * MAX_RATIO)
    _refuse(file, nbytes > limit, "its pixels cannot come out of a file of this size", nbytes.astype(np.int64))


def _check_shared(file: Container, columns: Directory) -> None:
    ordered = np.argsort(columns.position, kind="stable")
    same = np.flatnonzero(np.diff(columns.position[ordered]) == 0)
    if len(same):
        first, second = sorted(int(row) for row in ordered[same[0] : same[0] + 2])
        raise file.damaged(f"entries {first} and {second} name the same sub-block", PLACE)


def check_box(file: Container, box: tuple[int, ...], planes: int, filled: float, place: str) -> None:
    """Raise `DamagedFileError` where a T Z C Y X box is beyond all sense for the planes and pixels that there are."""
    if math.prod(box[:3]) > MAX_MISSING * planes:
        raise file.damaged(f"{planes} planes claim a box of {box}: a position is wrong", place)
    if math.prod(box) > MAX_EMPTY * filled:
        raise file.damaged(f"sub-blocks of {filled:.0f} pixels claim a box of {box}: a position is wrong", place)

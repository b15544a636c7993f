"""An open LSM file: what its structure says, and where its segments truly lie."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from omio.backends.tiff.codecs import FAULTS
from omio.backends.tiff.document import TiffDocument
from omio.errors import DamagedFileError, DamagedFileWarning, UnsupportedFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.rawfile import RawFile
    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.ifdtable import IfdTable
    from omio.backends.tiff.layout import Layout

LSM_INFO = 34412
NEW_SUBFILE_TYPE = 254
REDUCED = 1
BITS_PER_SAMPLE = 258
TWO_SHORTS = (3, 2)
OUTER = "MPTZ"
"""Dims along which pages follow each other, slowest first: tiles, positions, frames, planes."""
MAX_PLANES = 20_000_000
"""More than the 4 GiB of a classic TIFF have room for: each needs the tags of its page."""
DIMENSIONS = {"M": "DimensionM", "P": "DimensionP", "T": "DimensionTime", "Z": "DimensionZ", "C": "DimensionChannels"}


@dataclass(frozen=True)
class Scan:
    """How the images of an LSM file lie on its pages.

    Attributes
    ----------
    sizes
        Lengths of M, P, T, Z and C.
    rows
        Which dim the rows of a page are: Y, or T or Z for line scans.
    samples
        Channels that a page holds; where it holds one and there are several, they lie on pages that follow each other.
    """

    sizes: dict[str, int]
    rows: str
    samples: int

    @property
    def pages(self) -> tuple[int, ...]:
        """Lengths of the dims that pages follow, M P T Z C."""
        outer = tuple(1 if dim == self.rows else self.sizes[dim] for dim in OUTER)
        return (*outer, 1 if self.samples > 1 else self.sizes["C"])


class LsmDocument(TiffDocument):
    """A TIFF document whose segment offsets and counts are those that LSM files mean.

    Files over 4 GiB store offsets modulo 4 GiB, and compressed ones the counts of decoded bytes; tifffile knows how to
    undo both, for all pages at once. Pages of one kind are described by the first page, which alone tifffile repairs.
    """

    def ifds(self, level: int = 0) -> IfdTable:
        """Return the IFDs of all pages, the bits of two samples where TIFF wants them."""
        with self._lock:
            is_new = level not in self._tables
            table = super().ifds(level)
            if is_new:
                _bring_bits_home(table, self.file)
            return table

    def layout(self, index: int = 0, level: int = 0) -> Layout:
        """Return how the pixels of a page are stored."""
        kinds = self.ifds().kinds
        alike = level == 0 and 0 <= index < len(kinds) and kinds[index] == kinds[0]
        return super().layout(0 if alike else index, level)

    def segments(self, pages: NDArray[np.intp], level: int = 0) -> tuple[Integers, Integers]:
        """Return offsets and byte counts of the segments of pages of one kind, each (pages, segments)."""
        if level or (self.file.size < 1 << 32 and self.first.compression == 1):
            return super().segments(pages, level)
        offsets, counts = self.memo(repaired_segments)
        return offsets[pages], counts[pages]


def _bring_bits_home(table: IfdTable, file: RawFile) -> None:
    """Put the bits of two samples into their entry: LSM files store them apart although the entry has room for them."""
    for group in table.groups:
        if BITS_PER_SAMPLE in group.columns and group.kind_of(BITS_PER_SAMPLE) == TWO_SHORTS:
            bits = b"".join(file.read(4, int(offset)).ljust(4, b"\0") for offset in group.pointers(BITS_PER_SAMPLE))
            group.values[group.columns[BITS_PER_SAMPLE]] = np.frombuffer(bits, np.uint8).reshape(-1, 4)


def repaired_segments(document: TiffDocument) -> tuple[Integers, Integers]:
    """Return true offsets and counts of all pages; pages with fewer segments end in zeros."""
    try:
        with tifffile.TiffFile(document.path) as tiff:
            found = [(page.dataoffsets, page.databytecounts) for page in tiff.pages]
    except FAULTS as error:
        cause = f"the offsets of its pixels cannot be made out: {error}"
        raise DamagedFileError(cause, path=document.path) from error
    shape = (len(found), max(len(offsets) for offsets, _ in found))
    starts, counts = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, (offsets, sizes) in enumerate(found):
        starts[row, : len(offsets)], counts[row, : len(sizes)] = offsets, sizes
    return starts, counts


def lsm_info(document: TiffDocument) -> dict[str, Any]:
    """Return the CZ_LSMINFO structure and its sub-records, as tifffile reads them; warns of sub-records that are lost.

    Raises
    ------
    DamagedFileError
        Where the structure itself cannot be read.
    """
    info = document.first.tags.valueof(LSM_INFO)
    if not isinstance(info, dict) or "ScanType" not in info:
        raise DamagedFileError("the CZ_LSMINFO structure cannot be read", path=document.path, place=f"tag {LSM_INFO}")
    read = tifffile.TIFF.CZ_LSMINFO_READERS
    lost = [name for name in read if read[name] and info.get(f"Offset{name}", 0) >= document.file.size]
    if lost:
        text = f"{document.path}: these records of its metadata lie outside the file: {', '.join(lost)}"
        warnings.warn(text, DamagedFileWarning, stacklevel=2)
    return info


def scan_of(document: TiffDocument) -> Scan:
    """Find which dim lies where.

    Raises
    ------
    DamagedFileError
        For lengths that no image can have.
    UnsupportedFormatError
        For a scan type that is not known.
    """
    info, layout = document.memo(lsm_info), document.layout()
    axes = tifffile.TIFF.CZ_LSMINFO_SCANTYPE.get(info["ScanType"])
    if axes is None:
        raise UnsupportedFormatError(f"an LSM of scan type {info['ScanType']}", path=document.path)
    sizes = {dim: int(info.get(name, 1)) for dim, name in DIMENSIONS.items()}
    # files before the LSM 710 have no positions and tiles, later ones may say 0
    sizes |= {dim: max(1, sizes[dim]) for dim in "MP"}
    wrong = [f"{DIMENSIONS[dim]} is {size}" for dim, size in sizes.items() if size < 1]
    if layout.samples > 1 and sizes["C"] != layout.samples:
        wrong.append(f"DimensionChannels is {sizes['C']}, its pages hold {layout.samples}")
    if wrong:
        raise DamagedFileError("; ".join(wrong), path=document.path, place="CZ_LSMINFO")
    rows = axes.replace("C", "")[-2]
    if rows != "Y" and sizes[rows] != layout.height:
        cause = f"{DIMENSIONS[rows]} is {sizes[rows]}, its pages have {layout.height} rows"
        raise DamagedFileError(cause, path=document.path, place="CZ_LSMINFO")
    scan = Scan(sizes, rows, layout.samples)
    if (planes := math.prod(scan.pages)) > MAX_PLANES:
        raise DamagedFileError(f"its dimensions make {planes:,} planes", path=document.path, place="CZ_LSMINFO")
    return scan


def main_pages(document: TiffDocument) -> NDArray[np.intp]:
    """Return the numbers of the pages that are no thumbnails.

    Raises
    ------
    DamagedFileError
        Where the tag that tells is there, and holds no number.
    """
    table = document.ifds()
    reduced = np.zeros(len(table), dtype=bool)
    for group in table.groups:
        if group.tells_number(NEW_SUBFILE_TYPE):
            reduced[group.pages] = group.numbers(NEW_SUBFILE_TYPE)[:, 0] & REDUCED
        elif NEW_SUBFILE_TYPE in group.columns:
            place = f"page {group.pages[0]}, tag {NEW_SUBFILE_TYPE} (NewSubfileType)"
            raise DamagedFileError("no number where one belongs", path=document.path, place=place)
    return np.flatnonzero(~reduced)


def scene_pages(document: TiffDocument, tile: int, position: int) -> NDArray[np.intp]:
    """Return which page holds which plane of one tile of one position, (T, Z, C); -1 for what the file lacks."""
    shape = document.memo(scan_of).pages
    found = document.memo(main_pages)
    pages = np.full(int(np.prod(shape)), -1, dtype=np.intp)
    count = min(len(pages), len(found))
    pages[:count] = found[:count]
    planes: NDArray[np.intp] = pages.reshape(shape)[tile, position]
    return planes

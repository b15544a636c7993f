"""Reads the pixels of OME-XML files: base64 in ``BinData`` elements, one plane at a time."""

from __future__ import annotations

import binascii
import bz2
import math
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.omexmlscan import LENGTH, OFFSET
from omio.backends.rawfile import open_raw
from omio.errors import DamagedFileError, OmioWarning, UnsupportedFormatError
from omio.indexing import orthogonal, positions, to_numpy
from omio.lazy import filled, pool
from omio.ome import columns
from omio.ome.document import document_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.omexmlscan import BinDataSource
    from omio.indexing import Key
    from omio.ome.document import OmeImage

SLACK = 4096
"""Bytes of line breaks and the like that may stand in a block besides twice its pixels."""

LISTED = 20
"""Damaged blocks that a warning names."""


@dataclass(frozen=True)
class Block:
    """One ``BinData``: where its base64 lies, and how its bytes are stored."""

    offset: int
    length: int
    compression: str
    is_big_endian: bool


@dataclass(frozen=True)
class Planes:
    """How the planes of an image lie in its blocks: small, as every recipe carries it.

    Attributes
    ----------
    image
        Number of the image in the document.
    order, sizes
        Order of planes, and lengths of T, Z and C.
    per_block
        Planes that one block holds.
    plane
        Height and width, then samples where a block holds them.
    is_planar
        Whether such samples lie one picture after another, not pixel by pixel.
    dtype
        Native dtype.
    strict
        Whether what cannot be read is an error, or 0 and a warning.
    """

    image: int
    order: str
    sizes: tuple[int, int, int]
    per_block: int
    plane: tuple[int, ...]
    is_planar: bool
    dtype: str
    strict: bool

    @property
    def plane_bytes(self) -> int:
        """Bytes of a plane."""
        return math.prod(self.plane) * np.dtype(self.dtype).itemsize

    def numbers(self, key: Key) -> NDArray[np.intp]:
        """Return the numbers of planes in the order of blocks, (T, Z, C) of the key."""
        lengths = dict(zip("TZC", self.sizes, strict=True))
        grid = np.arange(math.prod(self.sizes)).reshape([lengths[dim] for dim in self.order])
        grid = grid.transpose([self.order.index(dim) for dim in "TZC"])
        t, z, c = (positions(index) for index in key)
        chosen: NDArray[np.intp] = grid[t][:, z][:, :, c]
        return chosen


class OmeXmlReader:
    """An open OME-XML file."""

    def __init__(self, path: str, source: BinDataSource) -> None:
        self.path = path
        self.file = open_raw(path)
        self._source = source
        self._blocks: dict[int, tuple[Block, ...]] = {}
        self._told: set[tuple[int, str]] = set()

    def close(self) -> None:
        """Release the file; idempotent."""
        self.file.close()

    def read(self, where: Planes, key: Key, out: NDArray[Any]) -> None:
        """Fill `out`, (T, Z, C, Y, X [, S]), with what `key` selects of the image `where` describes."""
        if where.image not in self._blocks:
            self._blocks[where.image] = blocks_of(document_of(self._source).images[where.image])
        blocks, numbers = self._blocks[where.image], where.numbers(key[:3])
        picks = tuple(to_numpy(index) for index in key[3:])
        damaged: dict[int, str] = {}

        def read_plane(place: tuple[int, ...]) -> None:
            out[place] = orthogonal(picks, self._plane(where, blocks, int(numbers[place]), damaged))

        pool.run_all(read_plane, list(np.ndindex(numbers.shape)))
        self._report(damaged)

    def _plane(self, where: Planes, blocks: tuple[Block, ...], number: int, damaged: dict[int, str]) -> NDArray[Any]:
        index, within = divmod(number, where.per_block)
        if index >= len(blocks):  # told when the image was opened
            filled.tell("", "no BinData holds it", absent=True)
            return np.zeros(where.plane, where.dtype)
        try:
            data = self._decoded(blocks[index], where.per_block * where.plane_bytes)
        except (ValueError, OSError, zlib.error, EOFError) as error:
            if where.strict:
                raise DamagedFileError(
                    str(error),
                    path=self.path,
                    place=f"BinData {index}",
                    remedy="strict=False fills with 0 what cannot be read.",
                ) from error
            damaged[index] = str(error)
            filled.tell(f"BinData {index}", str(error))
            return np.zeros(where.plane, where.dtype)
        dtype = np.dtype(where.dtype).newbyteorder(">" if blocks[index].is_big_endian else "<")
        pixels = np.frombuffer(data, dtype, math.prod(where.plane), within * where.plane_bytes)
        if where.is_planar:
            return np.moveaxis(pixels.reshape(where.plane[2:] + where.plane[:2]), 0, -1)
        return pixels.reshape(where.plane)

    def _report(self, damaged: dict[int, str]) -> None:
        new = sorted(set(damaged.items()) - self._told)
        if new:
            self._told.update(new)
            lines = "; ".join(f"BinData {index}: {cause}" for index, cause in new[:LISTED])
            more = f"; and {len(new) - LISTED} more" if len(new) > LISTED else ""
            warnings.warn(f"{self.path}: damaged, filled with 0: {lines}{more}", OmioWarning, stacklevel=2)

    def _decoded(self, block: Block, size: int) -> bytes:
        """Return exactly `size` bytes; no more is ever decompressed."""
        if block.length > 2 * size + SLACK:
            raise ValueError(f"it has {block.length} characters, its pixels need {size} bytes")
        data = binascii.a2b_base64(self.file.read(block.length, block.offset))
        data = decompressed(block.compression, data, size)
        if len(data) < size:
            raise ValueError(f"it has {len(data)} bytes, its pixels need {size}")
        return data


def decompressed(compression: str, data: bytes, size: int) -> bytes:
    """Undo the compression of a block, up to `size` bytes."""
    if compression == "zlib":
        return zlib.decompressobj().decompress(data, size)
    if compression == "bzip2":
        return bz2.BZ2Decompressor().decompress(data, size)
    return data


def blocks_of(image: OmeImage) -> tuple[Block, ...]:
    """Return the blocks of an image, empty ones left out.

    Raises
    ------
    UnsupportedFormatError
        For a compression that is not read.
    """
    count, found = columns.read(image.run, b"BinData")
    absent = (None,) * count
    # before 2009 the byte order is said once, of all Pixels
    orders = found.get("BigEndian", (image.pixels.get("BigEndian", "false").encode(),) * count)
    kinds = found.get("Compression", absent)
    names = {kind: _compression(kind, image) for kind in dict.fromkeys(kinds)}
    offsets, lengths = (
        columns.integers(found.get(name, absent), 0, lambda _: None).tolist() for name in (OFFSET, LENGTH)
    )
    return tuple(
        Block(offset, length, names[kind], (order or b"").lower() in (b"true", b"1"))
        for offset, length, order, kind in zip(offsets, lengths, orders, kinds, strict=True)
        if offset > 0 and length > 0
    )


def _compression(kind: bytes | None, image: OmeImage) -> str:
    name = (kind or b"none").decode("utf-8", "replace").lower()
    if name not in ("none", "zlib", "bzip2"):
        raise UnsupportedFormatError(
            f"BinData compressed by {name!r}", path=image.document.path, place=f"OME-XML {image.place}"
        )
    return name

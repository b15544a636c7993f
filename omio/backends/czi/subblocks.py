"""Sub-blocks: where their data lie, and their pixels, masks and metadata, read by position."""

from __future__ import annotations

import math
import struct
import threading
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.czi.checks import PIXEL_TYPES
from omio.backends.czi.decode import FIRST_RAW, compression_name, is_raw, swapped, unpack
from omio.backends.czi.directory import DIMENSION_BYTES, HEAD_BYTES, MAX_DIMENSIONS
from omio.lazy.decoding import check_decoded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from omio.backends.czi.decode import Octets
    from omio.backends.czi.directory import Directory
    from omio.backends.czi.segments import Container

KIND = b"ZISRAWSUBBLOCK\0\0"
_HEAD = struct.Struct("<16sqqiiq28xi")
"""Segment id and sizes; sizes of metadata, attachment and data; then the entry, up to its dimension count."""
_FIXED = 256
_MASK_GUID = bytes.fromhex("67eae3cbfc5b2b49a16aece378031448")
_MASK_HEAD = struct.Struct("<IIII")
KEPT_BLOCKS = 4
SMALLEST_MASK = 36
MOST_BESIDE = 1 << 16
"""Bytes of header, metadata and mask that are fetched along with the pixels of a sub-block."""


class SubBlocks:
    """Reads the sub-blocks of a directory; thread-safe.

    What a header says is kept, so that a later read of the same sub-block goes straight to its data.
    """

    def __init__(self, file: Container, columns: Directory) -> None:
        self.file = file
        self.columns = columns
        self.decoded = 0
        count = len(columns)
        self._height, self._width = columns.stored_sizes("Y"), columns.stored_sizes("X")
        flat = np.array([order[:2] == ("X", "Y") for order in columns.orders], np.bool_)[columns.order]
        raw = (columns.compression == 0) | (columns.compression >= FIRST_RAW)
        self._is_raw = raw & flat
        self._is_plane = flat & (np.prod(list(columns.stored.values()), axis=0) == self._height * self._width)
        self._offset = np.full(count, -1, np.int64)
        self._nbytes = np.zeros(count, np.int64)
        self._extra = np.zeros((count, 2), np.int32)
        self._local = threading.local()
        self._blocks: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def is_raw(self, row: int) -> bool:
        """Whether the pixels of a sub-block lie in the file as they are, row after row, plane after plane."""
        return bool(self._is_raw[row])

    def is_plane(self, row: int) -> bool:
        """Whether a sub-block holds one plane, row after row."""
        return bool(self._is_plane[row])

    def stored(self, row: int) -> tuple[int, int]:
        """Return height and width as stored."""
        return int(self._height[row]), int(self._width[row])

    def place(self, row: int) -> str:
        """Name a sub-block in errors."""
        return f"sub-block {row} at {int(self.columns.position[row])}"

    def locate(self, row: int) -> tuple[int, int]:
        """Return where the data of a sub-block begin, and how many bytes they are.

        Raises
        ------
        DamagedFileError
            No sub-block lies where the directory says, or its data end behind the file.
        """
        offset = int(self._offset[row])
        if offset < 0:
            offset = self._read_head(row)
        return offset, int(self._nbytes[row])

    def _read_head(self, row: int) -> int:
        position, place = int(self.columns.position[row]), self.place(row)
        head = _HEAD.unpack(self.file.read(position, _HEAD.size, place))
        kind, metadata, attachment, nbytes, count = head[0], *map(int, head[3:])
        if kind != KIND:
            raise self.file.damaged(f"no sub-block is there but {kind.rstrip(b'\0').decode('latin-1')!r}", place)
        if not 0 < count <= MAX_DIMENSIONS:
            raise self.file.damaged(f"it claims {count} dimensions", place)
        fixed = max(_FIXED, 16 + HEAD_BYTES + DIMENSION_BYTES * count)
        offset = position + 32 + fixed + metadata
        if min(metadata, attachment, nbytes) < 0 or offset + nbytes > self.file.size:
            raise self.file.damaged(f"{nbytes} bytes of data at {offset} do not lie in the file", place)
        self._nbytes[row], self._extra[row] = nbytes, (metadata, attachment)
        self._offset[row] = offset
        return offset

    def ahead(self, rows: Sequence[int]) -> None:
        """Say which sub-blocks will be read: each ends where the next begins, or behind what its pixels can take."""
        starts = self.columns.position[rows]
        pixels = np.prod([stored[rows] for stored in self.columns.stored.values()], axis=0)
        sizes = [PIXEL_TYPES[kind].dtype.itemsize * PIXEL_TYPES[kind].samples for kind in self.columns.pixel_type[rows]]
        following = np.searchsorted(self._starts, starts, side="right")
        stops = np.minimum(self._starts[following], starts + pixels * sizes + MOST_BESIDE)
        self.file.raw.ahead((self.file.base + np.stack([starts, stops], axis=1)).tolist())

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Where sub-blocks begin, in order, and where the file ends."""
        return np.sort(np.append(self.columns.position, max(self.file.size, int(self.columns.position.max()) + 1)))

    def metadata(self, row: int, *, most: float = math.inf) -> bytes:
        """Return the XML of a sub-block; empty where it has none, or one of more than `most` bytes."""
        offset, _ = self.locate(row)
        size = int(self._extra[row, 0])
        return b"" if size > most else self.file.read(offset - size, size, self.place(row))

    def mask(self, row: int) -> NDArray[np.bool_] | None:
        """Return which pixels of a sub-block are valid (height, width); None where all are.

        The mask is an attachment of the sub-block: a GUID, maybe its length, then width, height, a type and bytes a
        row, then one bit a pixel.
        """
        offset, nbytes = self.locate(row)
        size = int(self._extra[row, 1])
        if size < SMALLEST_MASK:
            return None
        start = offset + nbytes
        if start + size > self.file.size or self.file.read(start, 16, self.place(row)) != _MASK_GUID:
            return None
        data = self.file.read(start, size, self.place(row))
        for begin in (20, 16):
            width, height, kind, stride = _MASK_HEAD.unpack_from(data, begin)
            bits = data[begin + 16 : begin + 16 + stride * height]
            if kind == 0 and len(bits) == stride * height and 0 < width <= 8 * stride:
                octets = np.frombuffer(bits, np.uint8).reshape(height, stride)
                return np.unpackbits(octets, axis=1, count=width).view(np.bool_)
        return None

    def pixels(self, row: int, sub: int, rows: range, *, scratch: bool) -> NDArray[Any]:
        """Return some rows of one plane of a sub-block (height, width, samples), samples in the order of RGB.

        Parameters
        ----------
        row, sub
            Sub-block, and which of its planes.
        rows
            A run of stored rows. Fewer come back where the sub-block stores fewer than it claims.
        scratch
            The result may lie in memory of this thread that the next call uses again.

        Raises
        ------
        DamagedFileError
            The sub-block is not whole, or its codec refuses it.
        """
        kind = PIXEL_TYPES[int(self.columns.pixel_type[row])]
        height, width = self.stored(row)
        shape = (height, width, kind.samples)
        if self._is_raw[row]:
            return self._raw_rows(row, sub * height + rows.start, (len(rows), width, kind.samples), scratch=scratch)
        if self._is_plane[row]:
            return self._decoded(row, shape, kind.dtype, scratch=scratch)[rows.start : rows.stop]
        return self._block(row, kind.dtype, shape)[sub, rows.start : rows.stop]

    def _raw_rows(self, row: int, first: int, shape: tuple[int, int, int], *, scratch: bool) -> NDArray[Any]:
        dtype = PIXEL_TYPES[int(self.columns.pixel_type[row])].dtype
        nbytes = math.prod(shape) * dtype.itemsize
        memory = self._scratch(nbytes) if scratch else np.empty(nbytes, np.uint8)
        self._fill(row, first * (nbytes // shape[0]), memory)
        return swapped(memory.view(dtype).reshape(shape))

    def read_into(self, row: int, first: int, target: NDArray[Any]) -> bool:
        """Read rows of an uncompressed sub-block from `first` on into contiguous memory.

        Returns
        -------
        bool
            False, and nothing is done, where a mask hides some of the pixels, or the sub-block is not as it should be.
        """
        _, available = self.locate(row)
        begin = first * (target.nbytes // target.shape[0])
        if self._extra[row, 1] >= SMALLEST_MASK or available < begin + target.nbytes:
            return False
        self._fill(row, begin, target)
        return True

    def _fill(self, row: int, begin: int, memory: NDArray[Any]) -> None:
        offset, available = self.locate(row)
        if available < begin + memory.nbytes:
            raise self.file.damaged(f"{available} bytes of data, {begin + memory.nbytes} are needed", self.place(row))
        if self.file.raw.read_into([memory], self.file.base + offset + begin) != memory.nbytes:
            raise self.file.damaged("the data could not be read to their end", self.place(row))

    def _scratch(self, nbytes: int) -> Octets:
        memory: Octets | None = getattr(self._local, "memory", None)
        if memory is None or len(memory) < nbytes:
            memory = self._local.memory = np.empty(nbytes, np.uint8)
        return memory[:nbytes]

    def _decoded(self, row: int, shape: tuple[int, ...], dtype: np.dtype[Any], *, scratch: bool) -> NDArray[Any]:
        offset, nbytes = self.locate(row)
        data = self.file.read(offset, nbytes, self.place(row))
        code = int(self.columns.compression[row])
        size = dtype.itemsize * math.prod(shape)
        check_decoded(size, nbytes, path=self.file.path, place=self.place(row))
        self.decoded += 1
        memory = self._scratch(size) if scratch else None
        try:
            return unpack(code, data, shape, dtype, memory)
        except (ValueError, RuntimeError, MemoryError) as error:
            raise self.file.damaged(
                f"cannot be decoded ({compression_name(code)}): {error}", self.place(row)
            ) from error

    def _block(self, row: int, dtype: np.dtype[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
        """Return all planes of a sub-block that holds several (plane, height, width, samples); a few are kept."""
        with self._lock:
            if row in self._blocks:
                self._blocks.move_to_end(row)
                return self._blocks[row]
        block = self._whole_block(row, dtype, shape)
        with self._lock:
            self._blocks[row] = block
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block

    def _whole_block(self, row: int, dtype: np.dtype[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
        order = self.columns.orders[self.columns.order[row]][::-1]
        lengths = [int(self.columns.stored[letter][row]) for letter in order]
        flat = (math.prod(lengths), 1, shape[2])
        if is_raw(int(self.columns.compression[row])):
            values = self._raw_rows(row, 0, flat, scratch=False)
        else:
            values = self._decoded(row, flat, dtype, scratch=False)
        block = values.reshape(*lengths, shape[2])
        for letter in "YX":
            block = np.moveaxis(block, order.index(letter), -2) if letter in order else np.expand_dims(block, -2)
            order = (*(name for name in order if name != letter), letter)
        return block.reshape(-1, *shape)

"""How planes are cut: into segments of the file, and into blocks that are read and encoded at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import PolicyError, UnwritableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.policies.write import WritePolicy
    from omio.writers.codecs import Codec

TILE = 512
SEGMENT_BYTES = 1 << 19
"""Of a strip, at most where a row allows it."""
PLAIN_STRIP_BYTES = 1 << 26
"""Of an uncompressed strip: planes up to here lie in one piece, which can be mapped into memory."""
JOB_BYTES = 1 << 21
"""Pixels that one job reads and encodes, at least."""
BLOCK_BYTES = 1 << 23
"""Pixels that one job reads at most so as to read each chunk of the source only once."""
CHUNK_BYTES = 1 << 26
"""Chunks of the source up to here are read whole, before they are cut into jobs."""

type Block = tuple[range, range, range, range, range]
"""What is read at once: runs of T, Z, C, Y, X."""


@dataclass(frozen=True)
class Grid:
    """How a plane lies in the file.

    Attributes
    ----------
    height, width
        Of the plane.
    rows, columns
        Of a full segment; the columns of a strip are the width.
    is_tiled
        Segments at the edges are filled up to full ones.
    """

    height: int
    width: int
    rows: int
    columns: int
    is_tiled: bool

    @property
    def segments(self) -> int:
        """Segments of a plane."""
        return -(-self.height // self.rows) * -(-self.width // self.columns)

    @property
    def pixels(self) -> int:
        """Pixels of a plane as stored."""
        return self.segments * self.rows * self.columns if self.is_tiled else self.height * self.width

    def segments_of(self, planes: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Yield the segments of blocks of planes (n, rows, columns [, samples]) in the order of the file."""
        for plane in planes:
            for top in range(0, plane.shape[0], self.rows):
                for left in range(0, plane.shape[1], self.columns):
                    yield self._full(plane[top : top + self.rows, left : left + self.columns])

    def _full(self, segment: NDArray[Any]) -> NDArray[Any]:
        missing = self.rows - segment.shape[0], self.columns - segment.shape[1]
        if not self.is_tiled or missing == (0, 0):
            return segment
        # repeated edges cost a compressor less than zeros would
        return np.pad(segment, ((0, missing[0]), (0, missing[1]), *((0, 0),) * (segment.ndim - 2)), mode="edge")


def grid_of(policy: WritePolicy, codec: Codec, height: int, width: int, pixel: int, *, is_bits: bool) -> Grid:
    """Choose tiles or strips for planes of pixels of `pixel` bytes.

    Raises
    ------
    PolicyError
        For tiles that are no multiples of 16.
    UnwritableError
        For tiles of 1-bit pixels, which Bio-Formats misreads.
    """
    if policy.tile is None or is_bits or (policy.tile == "auto" and (codec.function is None or width <= TILE)):
        if is_bits and isinstance(policy.tile, tuple):
            raise UnwritableError("1-bit pixels lie in strips", remedy='Use tile=None, or cast="uint8".')
        return _strips(height, width, pixel, PLAIN_STRIP_BYTES if codec.function is None else SEGMENT_BYTES)
    if policy.tile == "auto":
        rows, columns = _even(height), _even(width)
    else:
        if any(length < 16 or length % 16 for length in policy.tile):
            raise PolicyError(f"tile={policy.tile}: TIFF takes multiples of 16")
        rows, columns = min(policy.tile[0], _ceil(height, 16)), min(policy.tile[1], _ceil(width, 16))
    return Grid(height, width, rows, columns, is_tiled=True)


def _ceil(length: int, unit: int) -> int:
    return -(-length // unit) * unit


def _even(length: int) -> int:
    """Return the length of as few tiles of at most `TILE` as there can be, with as little as possible left over."""
    return _ceil(-(-length // -(-length // TILE)), 16)


def _strips(height: int, width: int, pixel: int, most: int) -> Grid:
    rows = max(2, most // (width * pixel))  # even, so that a strip halves
    rows = rows // 16 * 16 if rows >= 16 else rows // 2 * 2
    return Grid(height, width, min(rows, height), width, is_tiled=False)


def block_lengths(shape: tuple[int, ...], chunk: tuple[int, ...], itemsize: int, grid: Grid) -> tuple[int, ...]:
    """Return how much of T, Z, C, Y, X to read at once.

    Blocks follow one another in the order of the file: several whole planes, or whole rows of segments of one plane,
    or part of one row of segments. They hold whole chunks of the source as far as memory allows.
    """
    pixel = itemsize * math.prod(shape[5:])
    plane = shape[3] * shape[4] * pixel
    if plane <= JOB_BYTES or max(chunk[:3]) > 1:
        leads = _planes(shape, chunk, plane)
        if plane <= JOB_BYTES or math.prod(leads) > 1:
            return (*leads, shape[3], shape[4])
    most = max(BLOCK_BYTES, min(CHUNK_BYTES, min(chunk[3], shape[3]) * min(chunk[4], shape[4]) * pixel))
    row = shape[4] * pixel
    unit = _joint(grid.rows, chunk[3], shape[3])
    if min(unit, shape[3]) * row <= most:
        return (1, 1, 1, min(shape[3], max(unit, JOB_BYTES // row // unit * unit)), shape[4])
    across = _joint(grid.columns, chunk[4], shape[4]) if not is_strip(grid) else shape[4]
    column = grid.rows * pixel
    if across * column > BLOCK_BYTES:
        across = max(1, BLOCK_BYTES // column // grid.columns) * grid.columns
    return (1, 1, 1, grid.rows, min(shape[4], max(across, JOB_BYTES // column // across * across)))


def is_strip(grid: Grid) -> bool:
    """Whether segments are as wide as the plane."""
    return grid.columns >= grid.width


def _planes(shape: tuple[int, ...], chunk: tuple[int, ...], plane: int) -> tuple[int, int, int]:
    """Return runs of T, Z, C: a dim is only cut where all dims after it are whole."""
    lengths = [1, 1, 1]
    room, most = max(1, JOB_BYTES // plane), max(1, BLOCK_BYTES // plane)
    for dim in (2, 1, 0):
        wanted = max(room, min(chunk[dim], most))
        if wanted > chunk[dim]:
            wanted = wanted // chunk[dim] * chunk[dim]
        lengths[dim] = min(shape[dim], wanted)
        if lengths[dim] < shape[dim]:
            break
        room, most = max(1, room // shape[dim]), max(1, most // shape[dim])
    return lengths[0], lengths[1], lengths[2]


def _joint(segment: int, chunk: int, size: int) -> int:
    """Return a length that whole segments and whole chunks fill."""
    return min(math.lcm(segment, max(1, min(chunk, size))), _ceil(size, segment))


def blocks(shape: tuple[int, ...], lengths: tuple[int, ...]) -> Iterator[Block]:
    """Yield all blocks in the order of the file."""
    runs = [
        [range(a, min(a + step, size)) for a in range(0, size, step)]
        for size, step in zip(shape, lengths, strict=False)
    ]
    for t in runs[0]:
        for z in runs[1]:
            for c in runs[2]:
                for y in runs[3]:
                    for x in runs[4]:
                        yield t, z, c, y, x

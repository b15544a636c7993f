"""Where the chunks of an array lie in files: what a virtual Zarr is made of. No pixel is read to find out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from omio.errors import UnwritableError
from omio.indexing import is_run, positions
from omio.lazy.grid import Grid
from omio.lazy.leaf import FileRecipe, lease
from omio.lazy.mapped import Contiguous
from omio.lazy.tree import Concat, SplitSamples
from omio.lazy.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from omio.indexing import Index, Key
    from omio.lazy.leaf import FileStamp
    from omio.lazy.mapped import Span
    from omio.lazy.recipe import Recipe

RAW_BYTES = 4 << 20
"""Uncompressed planes are cut into chunks of about this size."""
ABSENT = -1
"""File number of a chunk that no file holds: it has the fill value."""
COLUMNS = ("file", "offset", "length")


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a chunk become pixels.

    Attributes
    ----------
    dtype
        As stored, with its byte order.
    codec
        None, or how they are compressed: ``zlib``, ``zstd``, ``lzw``, ``packbits``, ``lzma``, ``jpeg``, ``jpeg2k``, ….
    options
        Of the codec: names and JSON values.
    filter
        What was done before: ``delta`` (differences of neighbours along X), ``floatpred``, ``shuffle`` (bytes of equal
        weight together), or nothing.
    """

    dtype: np.dtype[Any]
    codec: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    filter: str | None = None


@dataclass(frozen=True, eq=False)
class ChunkTable:
    """Chunks of a regular grid, each a run of bytes in a file.

    Attributes
    ----------
    shape
        Of the array, T Z C Y X [S].
    chunk
        Of each chunk; those at the far edges reach beyond the array.
    encoding
        Of all chunks.
    stamps
        The files.
    file, offset, length
        Of each chunk, in the shape of the grid: number of its file (`ABSENT` where none holds it), and its bytes.
    fill
        Value of absent chunks.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    encoding: Encoding
    stamps: tuple[FileStamp, ...]
    file: NDArray[np.int32]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    fill: float = 0

    @property
    def is_sparse(self) -> bool:
        """Whether some chunks are in no file."""
        return bool((self.file == ABSENT).any())

    def taken(self, key: Key) -> ChunkTable:
        """Return the chunks that a selection consists of.

        Raises
        ------
        UnwritableError
            It cuts through chunks.
        """
        places = [self._chunks_of(axis, index) for axis, index in enumerate(key)]

        def pick(table: NDArray[Any]) -> NDArray[Any]:
            return reduce(lambda some, axis: np.take(some, places[axis], axis), range(len(places)), table)

        shape = tuple(len(index) for index in key)
        return replace(self, shape=shape, file=pick(self.file), offset=pick(self.offset), length=pick(self.length))

    def in_order(self, axes: Sequence[int]) -> ChunkTable:
        """Return the table with its dims in another order; chunks keep their bytes."""
        shape, chunk = (tuple(lengths[axis] for axis in axes) for lengths in (self.shape, self.chunk))
        columns = {name: getattr(self, name).transpose(axes) for name in COLUMNS}
        return replace(self, shape=shape, chunk=chunk, **columns)

    def without_last(self) -> ChunkTable:
        """Return the table without its last dim, which is 1 long."""
        columns = {name: getattr(self, name)[..., 0] for name in COLUMNS}
        return replace(self, shape=self.shape[:-1], chunk=self.chunk[:-1], **columns)

    def _chunks_of(self, axis: int, index: Index) -> NDArray[np.intp]:
        unit = self.chunk[axis]
        if unit == 1 or not len(index):
            return positions(index)
        if not is_run(index) or index[0] % unit:
            raise refusal(f"the selection cuts through chunks of {unit} pixels along {'TZCYXS'[axis]}")
        return np.arange(index[0] // unit, index[-1] // unit + 1)


@runtime_checkable
class ByteRanges(Protocol):
    """A reader that may know where the chunks of an array lie."""

    def ranges(self, where: Any, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return the chunks of an array of `shape`; `UnwritableError` where they are not plain runs of bytes."""
        ...


def refusal(cause: str, path: str | None = None) -> UnwritableError:
    """Return the error for pixels that a virtual Zarr cannot refer to."""
    return UnwritableError(f"cannot be referred to: {cause}", path=path, remedy="to_omezarr writes a copy.")


def table_of(recipe: Recipe) -> ChunkTable:
    """Find the chunks of a recipe.

    Raises
    ------
    UnwritableError
        Its pixels are computed, or do not lie in files as whole chunks.
    """
    match recipe:
        case FileRecipe():
            return _of_leaf(recipe)
        case View():
            return table_of(recipe.base).taken(recipe.key)
        case Concat():
            return _joined([table_of(item) for item in recipe.items], _row(len(recipe.items), recipe.axis, recipe.ndim))
        case Grid():
            return _of_grid(recipe)
        case SplitSamples() if (base := table_of(recipe.base)).chunk[5] == 1:
            return base.in_order((0, 1, 5, 3, 4, 2)).without_last()
    raise refusal(f"pixels of a {type(recipe).__name__} are computed when they are read, no file holds them")


def _of_leaf(leaf: FileRecipe) -> ChunkTable:
    with lease(leaf.opener, leaf.stamp, *leaf.arguments) as reader:
        span = reader.span(leaf.where, leaf.shape) if isinstance(reader, Contiguous) else None
        if span is not None and (found := of_span(span, leaf.stamp, leaf.shape)) is not None:
            return found
        if isinstance(reader, ByteRanges):
            return reader.ranges(leaf.where, leaf.shape, leaf.stamp)
    raise refusal("its format says nothing of where chunks lie", leaf.stamp.path)


def of_span(span: Span, stamp: FileStamp, shape: tuple[int, ...]) -> ChunkTable | None:
    """Return planes that lie in a file as they are; None where their rows do not follow each other."""
    inner = np.cumprod([1, *shape[:2:-1]])[:-1][::-1] * span.dtype.itemsize
    if tuple(inner.tolist()) != span.strides[3:]:
        return None
    steps = [np.arange(size, dtype=np.int64) * step for size, step in zip(shape[:3], span.strides, strict=False)]
    starts = span.offset + steps[0][:, None, None] + steps[1][:, None] + steps[2]
    return of_planes(starts, stamp, shape, span.dtype)


def of_planes(
    starts: NDArray[np.int64], stamp: FileStamp, shape: tuple[int, ...], dtype: np.dtype[Any], fill: float = 0
) -> ChunkTable:
    """Cut uncompressed planes, which begin at `starts` (T, Z, C), into chunks of whole rows."""
    row = int(np.prod(shape[4:], dtype=np.int64)) * dtype.itemsize
    rows = rows_of(shape[3], row)
    bands = np.arange(shape[3] // rows, dtype=np.int64) * (rows * row)
    offset = (starts[..., None] + bands).reshape(*shape[:3], len(bands), *(1 for _ in shape[4:]))
    chunk = (1, 1, 1, rows, *shape[4:])
    zeros = np.zeros(offset.shape, np.int32)
    return ChunkTable(shape, chunk, Encoding(dtype), (stamp,), zeros, offset, np.full_like(offset, rows * row), fill)


def rows_of(height: int, row: int) -> int:
    """Return how many rows make a chunk: as many as divide the plane into parts of a few mebibytes, or all."""
    least = max(1, -(-height * row // RAW_BYTES))
    parts = next((count for count in range(least, min(8 * least, height) + 1) if height % count == 0), 1)
    return height // parts


def _row(count: int, axis: int, ndim: int) -> tuple[int, ...]:
    return tuple(count if number == axis else 1 for number in range(ndim))


def _of_grid(grid: Grid) -> ChunkTable:
    parts = [grid.part(number) for number in range(int(np.prod(grid.counts)))]
    known = [None if part is None else table_of(part) for part in parts]
    first = next((table for table in known if table is not None), None)
    if first is None:
        raise refusal("none of its files is there")
    absent = replace(first, stamps=(), file=np.full_like(first.file, ABSENT), fill=grid.fill)
    return _joined([absent if table is None else table for table in known], grid.counts)


def _joined(tables: Sequence[ChunkTable], counts: tuple[int, ...]) -> ChunkTable:
    """Put tables side by side, in C order of a grid of `counts`."""
    first = tables[0]
    _check_alike(tables, [axis for axis, count in enumerate(counts) if count > 1])
    numbers: dict[FileStamp, int] = {}
    files = [_renumbered(table, numbers) for table in tables]

    def join(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
        for axis in reversed(range(len(counts))):
            pieces = [
                np.concatenate(pieces[start : start + counts[axis]], axis)
                for start in range(0, len(pieces), counts[axis])
            ]
        return pieces[0]

    shape = tuple(
        size if count == 1 else sum(table.shape[axis] for table in tables) * count // len(tables)
        for axis, (size, count) in enumerate(zip(first.shape, counts, strict=True))
    )
    offset, length = (join([getattr(table, name) for table in tables]) for name in ("offset", "length"))
    return replace(first, shape=shape, stamps=tuple(numbers), file=join(files), offset=offset, length=length)


def overlaid(tables: Sequence[ChunkTable]) -> ChunkTable:
    """Join tables of one shape, each of which holds other chunks."""
    _check_alike(tables, [])
    numbers: dict[FileStamp, int] = {}
    result, *others = [replace(table, file=_renumbered(table, numbers)) for table in tables]
    for other in others:
        mine = other.file == ABSENT
        columns = {name: np.where(mine, getattr(result, name), getattr(other, name)) for name in COLUMNS}
        result = replace(result, **columns)
    return replace(result, stamps=tuple(numbers))


def _check_alike(tables: Sequence[ChunkTable], along: list[int]) -> None:
    """Raise `UnwritableError` where tables do not make one regular grid with one codec."""
    first = tables[0]
    said: dict[str, Callable[[ChunkTable], Any]] = {
        "chunks": lambda table: table.chunk,
        "codec": lambda table: table.encoding,
        "value of what is missing": lambda table: table.fill if table.is_sparse else None,
    }
    for what, ask in said.items():
        values = {ask(table) for table in tables} - {None}
        if len(values) > 1:
            raise refusal(f"its parts differ in their {what}: {'; '.join(sorted(map(str, values))[:3])}")
    for table in tables[:-1]:
        for axis in along:
            if table.shape[axis] % first.chunk[axis]:
                raise refusal(f"a part of {table.shape[axis]} pixels ends within a chunk of {first.chunk[axis]}")


def _renumbered(table: ChunkTable, numbers: dict[FileStamp, int]) -> NDArray[np.int32]:
    """Return the file numbers of a table in a numbering that all tables share."""
    own = np.array([numbers.setdefault(stamp, len(numbers)) for stamp in table.stamps] or [0], np.int32)
    return np.where(table.file == ABSENT, np.int32(ABSENT), own[table.file])

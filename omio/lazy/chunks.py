"""How an image is cut into blocks: for dask, for zarr, and for streaming."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from omio.dims import DIMS, dims_of
from omio.errors import LayoutError
from omio.lazy.tree import Concat, View
from omio.settings import parse_bytes

if TYPE_CHECKING:
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

BLOCK_BYTES = 16 << 20
"""Size of a block of ``chunks="auto"``."""

type ChunkChoice = str | int | Mapping[str, int | str]
type Chunks = tuple[tuple[int, ...], ...]


def plan_chunks(recipe: Recipe, choice: ChunkChoice = "auto") -> Chunks:
    """Cut a recipe into blocks.

    Parameters
    ----------
    choice
        ``"auto"`` (about 16 MiB, whole reading units), ``"plane"``, ``"tile"`` (the file's reading unit),
        ``"time"`` (a block a time point), ``"file"`` (a block a file), a size such as ``"64MiB"``, or a mapping of
        dims to lengths (-1: the whole dim; dims left out are chosen).

    Returns
    -------
    For each dim the lengths of its blocks, as dask writes them.
    """
    if choice == "file":
        return _by_file(recipe)
    return tuple(_cut(size, length) for size, length in zip(recipe.shape, block_shape(recipe, choice), strict=True))


def block_shape(recipe: Recipe, choice: ChunkChoice = "auto") -> tuple[int, ...]:
    """Return the shape of a full block; see `plan_chunks`."""
    shape = recipe.shape
    if isinstance(choice, Mapping):
        return _by_dim(recipe, choice)
    if choice == "plane":
        return (1, 1, 1, *shape[3:])
    if choice == "tile":
        return tuple(max(1, min(unit, size)) for unit, size in zip(recipe.chunk, shape, strict=True))
    if choice == "time":
        return (1, *shape[1:])
    return grow(recipe, BLOCK_BYTES if choice == "auto" else parse_bytes(choice))


def _by_dim(recipe: Recipe, choice: Mapping[str, int | str]) -> tuple[int, ...]:
    dims = dims_of(recipe.ndim)
    if unknown := set(choice) - set(dims):
        raise LayoutError(f"chunks= names {', '.join(sorted(unknown))}, the image has {' '.join(dims)}")
    found = list(grow(recipe, BLOCK_BYTES))
    for axis, (dim, size) in enumerate(zip(dims, recipe.shape, strict=True)):
        length = choice.get(dim, "auto")
        if length != "auto":
            found[axis] = size if int(length) == -1 else min(size, int(length))
    return tuple(max(1, length) for length in found)


def grow(recipe: Recipe, target: int) -> tuple[int, ...]:
    """Grow the reading unit to about `target` bytes: the plane first, evenly, then C, Z and T."""
    shape = recipe.shape
    block = [max(1, min(unit, size)) for unit, size in zip(recipe.chunk, shape, strict=True)]
    if len(shape) == 6:
        block[5] = shape[5]
    room = target // recipe.dtype.itemsize
    while math.prod(block) * 2 <= room and (axis := _shorter(block, shape)) is not None:
        block[axis] = min(shape[axis], block[axis] * 2)
    for axis in (2, 1, 0):
        if any(block[inner] < shape[inner] for inner in range(axis + 1, len(shape))):
            break
        block[axis] = max(block[axis], min(shape[axis], max(1, room // max(1, math.prod(block[axis + 1 :])))))
    return tuple(block)


def _shorter(block: list[int], shape: tuple[int, ...]) -> int | None:
    open_axes = [axis for axis in (4, 3) if block[axis] < shape[axis]]
    return min(open_axes, key=lambda axis: block[axis], default=None)


def _by_file(recipe: Recipe) -> Chunks:
    base = recipe.base if isinstance(recipe, View) else recipe
    whole = tuple((size,) for size in recipe.shape)
    if not isinstance(base, Concat):
        return whole
    lengths = tuple(item.shape[base.axis] for item in base.items)
    if sum(lengths) != recipe.shape[base.axis]:
        raise LayoutError(
            f'chunks="file" needs the whole {DIMS[base.axis]} axis, and this is a selection of it',
            remedy='Choose "auto" or "plane".',
        )
    return (*whole[: base.axis], lengths, *whole[base.axis + 1 :])


def _cut(size: int, length: int) -> tuple[int, ...]:
    whole, rest = divmod(size, length)
    return (length,) * whole + ((rest,) if rest else ()) or (0,)


def blocks(shape: tuple[int, ...], block: tuple[int, ...]) -> Iterator[Key]:
    """Yield the keys of all blocks in C order."""
    import itertools

    runs = [
        [range(start, min(start + length, size)) for start in range(0, size, length)]
        for size, length in zip(shape, block, strict=True)
    ]
    yield from itertools.product(*runs)


def stream_blocks(recipe: Recipe, target: int = BLOCK_BYTES) -> Iterator[Key]:
    """Yield the keys of blocks of about `target` bytes that together read a recipe once."""
    return blocks(recipe.shape, grow(recipe, target))


def chunk_lengths(chunks: Any) -> tuple[int, ...]:
    """Return the longest block of each dim."""
    return tuple(max(lengths) for lengths in chunks)

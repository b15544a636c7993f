"""How an image is cut into blocks: for dask, for zarr, and for streaming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import dims_of
from omio.errors import LayoutError, OmioError
from omio.indexing import full_key
from omio.lazy.blocks import BLOCK_BYTES, blocks, grow
from omio.lazy.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

_CHOICES = 'Use "auto", "plane", "tile", "time", "file", a size such as "64MiB", or a mapping of dims to lengths.'

_MOST = 1 << 24
"""So many blocks along a dim are no work for anybody; a document that says so is damaged."""

type ChunkChoice = str | int | Mapping[str, int | str]
type Chunks = tuple[tuple[int, ...], ...]


def plan_chunks(recipe: Recipe, choice: ChunkChoice = "auto") -> Chunks:
    """Cut a recipe into blocks.

    Parameters
    ----------
    choice
        ``"auto"`` (about 16 MiB, whole reading units), ``"plane"``, ``"tile"`` (the file's reading unit),
        ``"time"`` (a block a time point), ``"file"`` (each block lies within one file), a size such as ``"64MiB"``,
        or a mapping of dims to lengths (-1: the whole dim; dims left out, or ``"auto"``, are chosen).

    Returns
    -------
    For each dim the lengths of its blocks, as dask writes them.

    Raises
    ------
    LayoutError
        A choice that means nothing.
    """
    if choice == "file":
        return _by_file(recipe)
    return tuple(_cut(size, length) for size, length in zip(recipe.shape, block_shape(recipe, choice), strict=True))


def planned_lengths(recipe: Recipe, choice: ChunkChoice = "auto") -> tuple[int, ...]:
    """Return the longest block of each dim without cutting, however many blocks there would be; see `plan_chunks`."""
    return chunk_lengths(_by_file(recipe)) if choice == "file" else block_shape(recipe, choice)


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
    return grow(recipe, BLOCK_BYTES if choice == "auto" else _target(choice))


def _target(choice: Any) -> int:
    from omio.settings import parse_bytes

    try:
        target = parse_bytes(choice)
    except OmioError as error:
        raise LayoutError(f"chunks={choice!r}: {error.cause}", remedy=_CHOICES) from None
    if target < 1:
        raise LayoutError(f"chunks={choice!r} is no size of a block", remedy=_CHOICES)
    return target


def _by_dim(recipe: Recipe, choice: Mapping[str, int | str]) -> tuple[int, ...]:
    dims = dims_of(recipe.ndim)
    if unknown := [str(dim) for dim in choice if dim not in dims]:
        raise LayoutError(f"chunks= names {', '.join(sorted(unknown))}, the image has {' '.join(dims)}")
    chosen = grow(recipe, BLOCK_BYTES)
    return tuple(
        auto if choice.get(dim, "auto") == "auto" else _length(dim, choice[dim], size)
        for dim, size, auto in zip(dims, recipe.shape, chosen, strict=True)
    )


def _length(dim: str, length: Any, size: int) -> int:
    whole = isinstance(length, int | np.integer) and length == -1
    if not whole and (not isinstance(length, int | np.integer) or length < 1):
        raise LayoutError(
            f"chunks={{{dim!r}: {length!r}}} is no length of a block",
            remedy='Use a number of pixels, -1 for the whole dim, or "auto".',
        )
    return max(1, size if whole else min(size, int(length)))


def _by_file(recipe: Recipe) -> Chunks:
    from omio.lazy.grid import Grid
    from omio.lazy.tree import Concat

    base, key = (recipe.base, recipe.key) if isinstance(recipe, View) else (recipe, full_key(recipe.shape))
    if isinstance(base, Grid):
        return tuple(_runs(base.owners(axis, index)) for axis, index in enumerate(key))
    whole = tuple((size,) for size in recipe.shape)
    if not isinstance(base, Concat):
        return whole
    return (*whole[: base.axis], _runs(base.owners(key[base.axis])), *whole[base.axis + 1 :])


def _runs(owners: NDArray[np.intp]) -> tuple[int, ...]:
    """Return how many neighbours each have the same owner."""
    cuts = np.flatnonzero(np.diff(owners)) + 1
    return tuple(np.diff([0, *cuts, len(owners)]).tolist())


def _cut(size: int, length: int) -> tuple[int, ...]:
    whole, rest = divmod(size, max(1, length))
    if whole > _MOST:
        raise LayoutError(
            f"a dim of {size} would be cut into {whole} blocks", remedy="Select a part, or larger blocks."
        )
    return (length,) * whole + ((rest,) if rest else ()) or (0,)


def stream_blocks(recipe: Recipe, target: int = BLOCK_BYTES) -> Iterator[Key]:
    """Yield the keys of blocks of about `target` bytes that together read a recipe once."""
    return blocks(recipe.shape, grow(recipe, target))


def chunk_lengths(chunks: Any) -> tuple[int, ...]:
    """Return the longest block of each dim."""
    return tuple(max(lengths) for lengths in chunks)

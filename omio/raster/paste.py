"""Results of tiles put together again: of each, the part that its tile owns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.dims import PLANE_DIMS, dims_of, parse_axes
from omio.errors import LayoutError
from omio.lazy.arranged import arranged
from omio.metadata.axes import Regular
from omio.raster.room import zeros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from omio.metadata.facts import Facts
    from omio.raster.grid import Croppable, Span, Tile, TileGrid

_AXES = {2: "YX", 3: "YXS", 5: "TZCYX", 6: "TZCYXS"}


class _Place(NamedTuple):
    """Where the part that a tile owns goes along a dim, and where it lies in the result."""

    whole: slice
    own: slice


@dataclass(frozen=True)
class Factor:
    """How many pixels of a result one pixel of its tile became: a whole number, or one over a whole number."""

    value: Fraction

    @classmethod
    def of(cls, result: tuple[int, ...], tile: tuple[int, int]) -> Factor:
        """Compare Y and X of a result with those of its tile.

        Raises
        ------
        LayoutError
            Where they are no whole multiple, and no whole part.
        """
        ratio = max(result[0], 1) / tile[0]
        factor = cls(Fraction(round(ratio)) if ratio >= 1 else Fraction(1, round(1 / ratio)))
        if not factor.fits(result, tile):
            cause = f"a result of {result[0]} x {result[1]} pixels for a tile of {tile[0]} x {tile[1]}"
            raise LayoutError(cause, remedy="It has the size of the tile, a whole multiple of it, or a whole part.")
        return factor

    def length(self, size: int) -> int:
        """Return how many pixels of a result show `size` of a tile; what makes no whole pixel counts as one."""
        return -(-size * self.value.numerator // self.value.denominator)

    def fits(self, result: tuple[int, ...], tile: tuple[int, int]) -> bool:
        """Whether a result has the size that its tile asks for."""
        return tuple(result[:2]) == (self.length(tile[0]), self.length(tile[1]))

    def place(self, span: Span, size: int) -> _Place:
        """Return where the part that a tile owns goes along a dim of `size`.

        Raises
        ------
        LayoutError
            Where a pixel of the result belongs to two tiles.
        """
        edges = (span.run.start, span.own.start, *((span.own.stop,) if span.own.stop < size else ()))
        if any(edge * self.value % 1 for edge in edges):
            part = self.value.denominator
            remedy = f"Let {part} divide the size of tiles, and {2 * part} their overlap."
            raise LayoutError(f"tiles meet within a pixel of results that are 1/{part} as large", remedy=remedy)
        start, first, last = (self.length(edge) for edge in (span.run.start, span.own.start, span.own.stop))
        return _Place(slice(first, last), slice(first - start, last - start))


def paste[P: Croppable](grid: TileGrid[P], results: Iterable[Any], axes: str | None, out: Any) -> P:
    """Put together what was made of each tile.

    Parameters
    ----------
    grid
        The tiles.
    results
        One array a tile, in the order of the grid; they may be made while they are asked for. Y and X are those of the
        tile, a whole multiple or a whole part of them; the dtype is that of the first.
    axes
        Dims of the results; those of two (Y X), three (Y X S), five and six dims need no name.
    out
        An array T Z C Y X [S] to put them into (memory-mapped, Zarr), where the whole is larger than memory.

    Returns
    -------
    The whole as a dataset: positions and pixel size are those of the grid, other facts where their dim still has its
    length.

    Raises
    ------
    LayoutError
        More or fewer results than tiles; results of unequal dims, dtypes or scales.
    MemoryLimitError
        The whole takes more than `omio.config` allows, and there is no `out`.
    """
    writer: _Whole | None = None
    count = 0
    for count, result in enumerate(results, start=1):
        if count > len(grid):
            break
        tile, pixels = grid._tile(count - 1), _canonical(result, axes)
        writer = writer or _Whole.begin(grid, tile, pixels, out)
        writer.put(tile, pixels)
    if writer is None or count != len(grid):
        raise LayoutError(f"{'more' if count > len(grid) else count} results for {len(grid)} tiles")
    recipe = arranged(writer.out, dims_of(len(writer.shape)))
    facts = _facts(grid.picture.facts, recipe.shape, writer.factor).with_step("paste", tiles=len(grid))
    return grid.picture._replace(_recipe=recipe, _facts=facts, _coarser=())


def _canonical(result: Any, axes: str | None) -> NDArray[Any]:
    pixels = np.asarray(result)
    named = axes or _AXES.get(pixels.ndim)
    if named is None:
        raise LayoutError(f"nothing says what the {pixels.ndim} dims of a result are", remedy='Name them: axes="CYX".')
    return arranged(pixels, parse_axes(named, pixels.ndim)).load()


@dataclass(frozen=True, eq=False)
class _Whole:
    """The array that results go into."""

    out: Any
    shape: tuple[int, ...]
    extent: tuple[int, int]
    factor: Factor

    @classmethod
    def begin(cls, grid: TileGrid[Any], tile: Tile[Any], pixels: NDArray[Any], out: Any) -> _Whole:
        extent = grid.picture.recipe.shape[3], grid.picture.recipe.shape[4]
        factor = Factor.of(pixels.shape[3:5], (tile.height, tile.width))
        shape = (*pixels.shape[:3], *map(factor.length, extent), *pixels.shape[5:])
        if out is None:
            out = zeros(shape, pixels.dtype, "the whole", "Give an array on disk: out=.")
        if tuple(out.shape) != shape or out.dtype != pixels.dtype:
            raise LayoutError(f"out= is {out.dtype} of shape {tuple(out.shape)}, the whole {pixels.dtype} of {shape}")
        return cls(out, shape, extent, factor)

    def put(self, tile: Tile[Any], pixels: NDArray[Any]) -> None:
        """Store the part that a tile owns."""
        others = (*self.shape[:3], *self.shape[5:])
        if (*pixels.shape[:3], *pixels.shape[5:]) != others or pixels.dtype != self.out.dtype:
            cause = f"the result of tile {tile.position} is {pixels.dtype} of shape {pixels.shape}, others are not"
            raise LayoutError(cause, remedy=f"They are {self.out.dtype}.")
        if not self.factor.fits(pixels.shape[3:5], (tile.height, tile.width)):
            cause = f"the result of tile {tile.position} has {pixels.shape[3]} x {pixels.shape[4]} pixels"
            raise LayoutError(
                cause, remedy=f"Its tile has {tile.height} x {tile.width}, at a scale of {self.factor.value}."
            )
        rows, columns = (
            self.factor.place(span, size) for span, size in zip((tile.down, tile.across), self.extent, strict=True)
        )
        before = (slice(None),) * 3
        self.out[(*before, rows.whole, columns.whole)] = pixels[(*before, rows.own, columns.own)]


def _facts(facts: Facts, shape: tuple[int, ...], factor: Factor) -> Facts:
    """Keep what is true of the whole."""
    sizes = dict(zip(dims_of(len(shape)), shape, strict=True))
    same = {dim for dim in PLANE_DIMS if facts.sizes[dim] == sizes[dim]}
    axes = {dim: axis for dim, axis in facts.axes.items() if dim in same}
    for dim in "YX":
        axis = facts.axes.get(dim)
        if isinstance(axis, Regular):
            axes[dim] = axis.coarsen(float(1 / factor.value), sizes[dim])
        elif axis is not None and factor.value == 1:
            axes[dim] = axis
    return replace(
        facts,
        sizes=sizes,
        axes=axes,
        channels=facts.channels if "C" in same else {},
        planes=facts.planes if same == set(PLANE_DIMS) else None,
    )

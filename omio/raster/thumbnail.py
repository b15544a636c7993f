"""Planes as small pictures: to look at, and to judge contrast by."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from omio.errors import RegionError, TileRangeError
from omio.naming import span
from omio.raster.levels import resolutions
from omio.raster.region import region
from omio.raster.room import zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.image import Image
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

OVERVIEW_BYTES = 256 << 20
"""Most bytes of chunks that an overview decodes."""


def thumbnail(
    image: Image, size: int | tuple[int | None, int | None] = 256, *, t: int = 0, z: int = 0, c: int = 0
) -> NDArray[Any]:
    """Read a plane at the size of a box: Y X [S]; see `omio.dataset.looking.Looking.thumbnail`.

    Raises
    ------
    RegionError
        Sizes below 2, or none.
    TileRangeError
        No such plane.
    MemoryLimitError
        More pixels than `omio.config` allows.
    """
    box = size if isinstance(size, tuple) else (size, size)
    given = [length for length in box if length is not None]
    if len(box) != 2 or not given or not all(isinstance(length, Integral) and length >= 2 for length in given):
        raise RegionError(f"a thumbnail of size {size!r}", remedy="Give whole pixels, 2 or more.")
    found = region(image, max_width=box[0], max_height=box[1]).recipe
    key = _plane(found.shape, t, z, c)
    pixels = zeros(tuple(map(len, key)), found.dtype, "the thumbnail", "Ask for a smaller one.")
    if pixels.size:
        found.read(key, pixels)
    picture: NDArray[Any] = pixels[0, 0, 0]
    return picture


def overview(
    image: Image, most: int = 1024, *, t: int = 0, z: int = 0, c: int = 0, max_bytes: int = OVERVIEW_BYTES
) -> NDArray[Any]:
    """Read pixels of a plane, as they are, spread over it: Y X [S], at most `most` rows and columns.

    They come from the coarsest stored level that has `most` rows or columns, by leaving out rows and columns where it
    has more. No more than `max_bytes` of chunks are decoded: of a large plane without levels fewer pixels are taken.

    Raises
    ------
    TileRangeError
        No such plane.
    """
    enough = [level.recipe for level in resolutions(image) if max(level.extent) >= most]
    recipe = enough[-1] if enough else image.recipe
    key = list(_plane(recipe.shape, t, z, c))
    for axis, step in enumerate(_steps(recipe.shape, recipe.chunk, recipe.dtype.itemsize, most, max_bytes), 3):
        size = recipe.shape[axis]
        key[axis] = range(min(step - 1, size - 1) // 2 if size else 0, size, step)
    return _picture(recipe, tuple(key))


def _steps(shape: tuple[int, ...], chunk: tuple[int, ...], itemsize: int, most: int, max_bytes: int) -> tuple[int, int]:
    """Return which rows and columns to take, so that no more pixels and chunks are met than is said."""
    step = max(1, -(-max(shape[3:5]) // max(1, most)))
    pixel = itemsize * (shape[5] if len(shape) > 5 else 1)
    while step < max(shape[3:5]) and _decoded(shape, chunk, step) * pixel > max_bytes:
        step *= 2
    return step, step


def _decoded(shape: tuple[int, ...], chunk: tuple[int, ...], step: int) -> int:
    """Return how many pixels the chunks hold that every `step`-th row and column meet."""
    met = [min(-(-size // step), -(-size // unit)) * unit for size, unit in zip(shape[3:5], chunk[3:5], strict=True)]
    return met[0] * met[1]


def _plane(shape: tuple[int, ...], t: int, z: int, c: int) -> Key:
    for name, at, size in zip("tzc", (t, z, c), shape, strict=False):
        if not 0 <= at < size:
            raise TileRangeError(f"{name}={at} is outside of {span(size)}")
    return (range(t, t + 1), range(z, z + 1), range(c, c + 1), *map(range, shape[3:]))


def _picture(recipe: Recipe, key: Key) -> NDArray[Any]:
    picture: NDArray[Any] = recipe.load(key)[0, 0, 0]
    return picture

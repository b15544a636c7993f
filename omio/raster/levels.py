"""The arithmetic of virtual levels, which halve an image until one tile holds it; level 0 is the full image.

Virtual levels do not depend on what a file stores. A tile of `tile` x `tile` pixels of level k shows a square of
``tile * 2**k`` full pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from omio.errors import RegionError
from omio.metadata.facts import level_factor

if TYPE_CHECKING:
    from omio.image import Image
    from omio.lazy.recipe import Recipe

type Rounding = Literal["nearest", "finer", "none"]
type Extent = tuple[int, int]
"""Rows and columns."""

DEFAULT_TILE = 256
"""Rows and columns of a tile where the file stores none that suit."""

_DECIMALS = 4
"""Level numbers are rounded so: the pixel sizes that files state are decimals."""


def virtual_levels(width: int, height: int, tile: int | Extent = DEFAULT_TILE) -> int:
    """Return how many levels it takes until one tile, an edge or (rows, columns), holds the image; 1 or more.

    >>> virtual_levels(8000, 6000), virtual_levels(2051, 1237), virtual_levels(8, 8, 16)
    (6, 5, 1)
    """
    down, across = _grid(width, height, tile)
    return (max(down, across, 1) - 1).bit_length() + 1


def tile_count(width: int, height: int, level: int, tile: int | Extent = DEFAULT_TILE) -> Extent:
    """Return how many tiles a level has, down and across.

    >>> tile_count(2051, 1237, 1)
    (3, 5)
    """
    rows, columns = both(tile)
    return _grid(width, height, (rows << level, columns << level))


def _grid(width: int, height: int, tile: int | Extent) -> Extent:
    rows, columns = both(tile)
    return -(-height // rows), -(-width // columns)


def both(tile: int | Extent) -> Extent:
    """Return rows and columns of a tile that may be given by its edge.

    Raises
    ------
    RegionError
        An edge below 1.
    """
    found = pair(tile)
    if found is None or min(found) < 1:
        raise RegionError(
            f"a tile of size {tile!r}", remedy="Give whole pixels, 1 or more: an edge, or (rows, columns)."
        )
    return found


def pair(value: Any) -> Extent | None:
    """Return rows and columns that may be given by one whole number for both; None where `value` is neither."""
    found = (value, value) if isinstance(value, Integral) else value
    if not isinstance(found, tuple | list) or len(found) != 2 or not all(isinstance(n, Integral) for n in found):
        return None
    rows, columns = map(int, found)
    return rows, columns


def tile_extent(image: Image) -> Extent:
    """Return rows and columns of the tiles that an image is stored in, `DEFAULT_TILE` where those would be no tiles.

    Tiles are multiples of 16 pixels (TIFF 6.0, section 15), between 64 and 1024 here: strips, whole planes and thin
    chunks make no pyramid. Where an image is smaller than its tile along one dim, the tile is taken for a square.
    """
    (rows, columns), (height, width) = image.recipe.chunk[3:5], image.recipe.shape[3:5]
    if rows == height < columns:
        rows = columns
    elif columns == width < rows:
        columns = rows
    suits = all(64 <= length <= 1024 and length % 16 == 0 for length in (rows, columns))
    return (rows, columns) if suits else (DEFAULT_TILE, DEFAULT_TILE)


@dataclass(frozen=True, eq=False)
class Resolution:
    """A level that is stored.

    Attributes
    ----------
    recipe
        Its pixels.
    factors
        How many full pixels one of its pixels joins, along Y and X.
    """

    recipe: Recipe
    factors: tuple[float, float]

    def __repr__(self) -> str:
        down, across = self.factors
        return f"<level of {self.height} x {self.width} pixels, each {down:g} x {across:g} full ones (Y x X)>"

    @property
    def extent(self) -> Extent:
        """Rows and columns."""
        return self.recipe.shape[3], self.recipe.shape[4]

    @property
    def width(self) -> int:
        """Columns."""
        return self.extent[1]

    @property
    def height(self) -> int:
        """Rows."""
        return self.extent[0]

    @property
    def halvings(self) -> int | None:
        """Number of the virtual level that this one is; None where its factor is no power of two."""
        exponent = math.log2(self.factors[0]) if self.factors[0] == self.factors[1] > 0 else 0.5
        return int(exponent) if exponent >= 0 and exponent.is_integer() else None


def resolutions(image: Image) -> tuple[Resolution, ...]:
    """Return the stored levels of an image, full first."""
    if not all(image.recipe.shape[3:5]):
        return (Resolution(image.recipe, (1.0, 1.0)),)
    return tuple(Resolution(recipe, _factors(image.recipe, recipe)) for recipe in (i.recipe for i in image.levels))


def _factors(full: Recipe, reduced: Recipe) -> tuple[float, float]:
    return level_factor(full.shape[3], reduced.shape[3]), level_factor(full.shape[4], reduced.shape[4])


def nearest_level(
    ratios: list[float], count: int, *, exact: bool = False, rounding: Rounding = "nearest"
) -> float | None:
    """Return the virtual level whose pixels are `ratios` times the full ones, several of which are averaged as powers.

    Parameters
    ----------
    ratios
        Size of the wanted pixels in full pixels.
    count
        How many levels there are; beyond the coarsest is the coarsest.
    exact
        Whether only a level with precisely this size will do.
    rounding
        To the nearest level; to one that is fine enough; or not at all.

    Returns
    -------
    None where no level is exact, or none is fine enough.
    """
    exponents = [round(math.log2(ratio), _DECIMALS) for ratio in ratios]
    level = round(sum(exponents) / len(exponents), _DECIMALS)
    if exact and (len(set(exponents)) > 1 or not level.is_integer() or not 0 <= level < count):
        return None
    if rounding == "none":
        return level
    found = math.floor(level) if rounding == "finer" else round(level)
    if rounding == "finer" and found < 0:
        return None
    return max(0, min(found, count - 1))

"""How the coarser levels of a pyramid follow a selection: exactly, or they are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, SupportsIndex, overload

from omio.errors import TileRangeError
from omio.indexing import is_full
from omio.lazy.view import view
from omio.metadata.axes import Regular
from omio.metadata.facts import level_factor
from omio.naming import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.indexing import Index, Key
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


class Levels[I](tuple[I, ...]):
    """An image and its coarser versions, finest first; a number that there is not is a `TileRangeError`."""

    __slots__ = ()

    @overload
    def __getitem__(self, number: SupportsIndex) -> I: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[I, ...]: ...
    def __getitem__(self, number: SupportsIndex | slice) -> I | tuple[I, ...]:
        try:
            return super().__getitem__(number)
        except IndexError:
            raise TileRangeError(f"no level {number!r}", remedy=counted(len(self), "level")) from None


@dataclass(frozen=True, eq=False)
class Level:
    """A coarser version: its pixels, and how many full pixels each of its pixels joins, dim by dim."""

    recipe: Recipe
    factors: tuple[float, ...]

    @classmethod
    def of(cls, recipe: Recipe, full: tuple[int, ...]) -> Level:
        """Describe a level of an image of shape `full`."""
        return cls(recipe, tuple(level_factor(a, b) for a, b in zip(full, recipe.shape, strict=True)))

    def take(self, key: Key, full: tuple[int, ...]) -> Level | None:
        """Follow a selection of the full image; None where no selection of this level shows the same."""
        own = [
            _follow(index, size, reduced, factor)
            for index, size, reduced, factor in zip(key, full, self.recipe.shape, self.factors, strict=True)
        ]
        found = tuple(index for index in own if index is not None)
        return replace(self, recipe=view(self.recipe, found)) if len(found) == len(own) else None

    def facts(self, full: Facts) -> Facts:
        """Describe this level of an image described by `full`: same field of view, larger pixels."""
        sizes = dict(zip(full.sizes, self.recipe.shape, strict=True))
        factors = dict(zip(full.sizes, self.factors, strict=True))
        axes = dict(full.axes)
        for dim, axis in full.axes.items():
            if isinstance(axis, Regular):
                axes[dim] = axis.coarsen(factors[dim], sizes[dim])
        return replace(full, sizes=sizes, axes=axes)


def _follow(index: Index, size: int, reduced: int, factor: float) -> Index | None:
    if factor == 1:
        return index
    if is_full(index, size):
        return range(reduced)
    whole = int(factor)
    if whole != factor or not isinstance(index, range) or index.step != 1 or not len(index) or index.start % whole:
        return None
    if index.stop % whole and index.stop != size:
        return None
    own = range(index.start // whole, min(reduced, -(-index.stop // whole)))
    return own if len(own) else None


def follow(levels: Sequence[Level], key: Key, full: tuple[int, ...]) -> tuple[Level, ...]:
    """Return the levels that follow a selection exactly, up to the first that does not."""
    kept: list[Level] = []
    for level in levels:
        own = level.take(key, full)
        if own is None:
            break
        kept.append(own)
    return tuple(kept)


def join(parts: Sequence[Sequence[Level]], axis: int) -> tuple[Level, ...]:
    """Return the levels of parts put one after another: those that all parts have in the same proportion."""
    from omio.lazy.tree import concat

    joined: list[Level] = []
    for group in zip(*parts, strict=False):
        if len({level.factors for level in group}) > 1 or group[0].factors[axis] != 1:
            break
        joined.append(replace(group[0], recipe=concat(tuple(level.recipe for level in group), axis)))
    return tuple(joined)

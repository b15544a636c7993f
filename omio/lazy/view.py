"""Selections of recipes: pure values, no pixel is read to build them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.indexing import Key, compose_keys, index_token, is_full, key_shape, to_numpy
from omio.lazy.blocks import walk
from omio.lazy.recipe import Derived, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def view(base: Recipe, key: Key) -> Recipe:
    """Select from a recipe; views of views flatten, and a view of everything is the recipe itself."""
    if all(is_full(index, size) for index, size in zip(key, base.shape, strict=True)):
        return base
    if isinstance(base, View):
        return view(base.base, compose_keys(base.key, key))
    return View(base, key)


@dataclass(frozen=True, eq=False)
class View(Derived):
    """A selection, dim by dim."""

    key: Key

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the selection."""
        return key_shape(self.key)

    @property
    def chunk(self) -> tuple[int, ...]:
        """The base's unit, in steps of the view."""
        return tuple(
            max(1, min(size, unit // abs(index.step) if isinstance(index, range) else unit))
            for size, unit, index in zip(self.shape, self.base.chunk, self.key, strict=True)
        )

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read from the base."""
        self.base.read(compose_keys(self.key, key), out)

    def token(self) -> tuple[Any, ...]:
        """Join base and key."""
        return ("view", self.base.token(), tuple(index_token(index) for index in self.key))


def pieces(base: Recipe, key: Key) -> Iterator[tuple[tuple[Any, ...], NDArray[Any]]]:
    """Read a selection in blocks of about 16 MiB; yield the place of each in the result, and its pixels.

    For whoever converts pixels on the way: the whole would stand in memory twice.
    """
    selected = view(base, key)
    for block in walk(selected.shape, selected.chunk, selected.dtype.itemsize):
        yield tuple(to_numpy(run) for run in block), selected.load(block)

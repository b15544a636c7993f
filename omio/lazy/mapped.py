"""Memory maps of pixels that lie in a file as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from omio.errors import LayoutError
from omio.indexing import to_numpy
from omio.lazy.leaf import FileRecipe, lease
from omio.lazy.view import View
from omio.remote.urls import Url

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.lazy.recipe import Recipe


@dataclass(frozen=True)
class Span:
    """Where an array lies in a file: byte offset, dtype with the file's byte order, and strides in bytes by dim."""

    path: str
    offset: int
    dtype: np.dtype[Any]
    strides: tuple[int, ...]


@runtime_checkable
class Contiguous(Protocol):
    """A reader that may know where an array lies as it is."""

    def span(self, where: Any, shape: tuple[int, ...]) -> Span | None:
        """Return the place of an uncompressed array of `shape`; None where it does not lie evenly."""
        ...


def map_pixels(recipe: Recipe) -> NDArray[Any]:
    """Map a recipe's pixels read-only; see `MicroscopyDataset.memmap`."""
    base, key = (recipe.base, recipe.key) if isinstance(recipe, View) else (recipe, None)
    if not isinstance(base, FileRecipe):
        raise LayoutError("the pixels do not lie in one file", remedy="Use load() or data.")
    if isinstance(base.stamp.path, Url):
        raise LayoutError("the file is not on this machine", path=base.stamp.path, remedy="Use load() or data.")
    with lease(base.opener, base.stamp, *base.arguments) as reader:
        span = reader.span(base.where, base.shape) if isinstance(reader, Contiguous) else None
    if span is None:
        raise LayoutError(
            "the pixels are compressed or scattered in the file", path=base.stamp.path, remedy="Use load() or data."
        )
    mapped = _map(base, span)
    if key is None:
        return mapped
    if not all(isinstance(index, range) for index in key):
        raise LayoutError("a selection by list cannot be mapped", path=base.stamp.path, remedy="Use load() or data.")
    return mapped[tuple(to_numpy(index) for index in key)]


def _map(base: FileRecipe, span: Span) -> NDArray[Any]:
    reach = [(size - 1) * stride for size, stride in zip(base.shape, span.strides, strict=True)]
    before = -sum(step for step in reach if step < 0)  # planes may lie in reverse order
    after = sum(step for step in reach if step > 0) + span.dtype.itemsize
    raw = np.memmap(span.path, np.uint8, "r", span.offset - before, (before + after,))
    return np.ndarray(base.shape, span.dtype, raw, before, span.strides)

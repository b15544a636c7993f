"""Pixels as viewers hold them: without dims of length 1 that nobody would look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.lifetime import Guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.lazy.recipe import Recipe
    from omio.policies.view import Pixels


class SqueezedArray:
    """A recipe without the dims of length 1 that a viewer would not show; read when indexed."""

    def __init__(self, recipe: Recipe, kept: tuple[int, ...]) -> None:
        self.recipe = recipe
        self.kept = kept
        self.shape = tuple(recipe.shape[axis] for axis in kept)
        self.dtype = recipe.dtype
        self.ndim = len(kept)
        self.size = recipe.size

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read as numpy would index."""
        given = key if isinstance(key, tuple) else (key,)
        if Ellipsis in given:
            place = given.index(Ellipsis)
            given = (*given[:place], *(slice(None),) * (self.ndim - len(given) + 1), *given[place + 1 :])
        full: list[Any] = [0] * self.recipe.ndim
        for axis, entry in zip(self.kept, (*given, *(slice(None),) * (self.ndim - len(given))), strict=True):
            full[axis] = entry
        return self.recipe[tuple(full)]

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        del copy
        return np.asarray(self[()], dtype)

    def __len__(self) -> int:
        return self.shape[0]


def _kept(image: MicroscopyDataset, axes: str) -> tuple[int, ...]:
    return tuple(place for place, dim in enumerate(image.dims) if dim in f"{axes}S")


def _squeezed(image: MicroscopyDataset, axes: str) -> SqueezedArray:
    return SqueezedArray(Guarded(image.recipe, image._lifetime), _kept(image, axes))


def _loaded(image: MicroscopyDataset, axes: str) -> NDArray[Any]:
    return image.load().reshape([image.shape[place] for place in _kept(image, axes)])


def _dask(image: MicroscopyDataset, axes: str) -> Any:
    return image.data.data.reshape([image.shape[place] for place in _kept(image, axes)])


PIXELS: dict[Pixels, Callable[[MicroscopyDataset, str], Any]] = {
    "lazy": _squeezed,
    "dask": _dask,
    "memory": _loaded,
}
"""How an image becomes an array of some axes, and S where it has them."""

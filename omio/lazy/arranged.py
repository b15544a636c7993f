"""Arrays whose axes lie in another order, seen as T Z C Y X [S]: dims are moved and added while reading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import DIMS, SAMPLES, canonical_shape, parse_axes
from omio.errors import AxesError
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.lazy.recipe import Derived, Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key


def arranged(array: Any, axes: tuple[str, ...]) -> Recipe:
    """Return an array as a recipe of T Z C Y X [S].

    Parameters
    ----------
    array
        A numpy array, which is shared, or any other with ``shape``, ``dtype`` and indexing by ascending slices
        (dask, zarr, h5py, …), of which nothing is read; or a `DuckRecipe` over one.
    axes
        Its dims in order, checked by `omio.dims.parse_axes`; absent ones get length 1.
    """
    order = _canonical(axes)
    if isinstance(array, np.ndarray):
        shape = canonical_shape(axes, array.shape)
        return ArrayRecipe(array.transpose([axes.index(dim) for dim in order]).reshape(shape))
    base = array if isinstance(array, DuckRecipe) else DuckRecipe(array)
    return base if axes == order and len(axes) >= len(DIMS) else Arranged(base, axes)


def axes_of(array: Any, axes: str | None) -> tuple[str, ...]:
    """Return the dims of an array as a user names them; only two (Y X), five and six need no name.

    Raises
    ------
    AxesError
        Where nothing names them.
    """
    count = len(array.shape)
    named = axes or {2: "YX", 5: "TZCYX", 6: "TZCYXS"}.get(count)
    if named is None:
        raise AxesError(f"nothing says what the {count} axes of the array are", remedy='Name them: axes="TYX".')
    return parse_axes(named, count)


def _canonical(axes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dim for dim in (*DIMS, SAMPLES) if dim in axes)


@dataclass(frozen=True, eq=False)
class Arranged(Derived):
    """A foreign array of other axes, seen as T Z C Y X [S]."""

    base: DuckRecipe
    axes: tuple[str, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Canonical shape; absent dims have length 1."""
        return canonical_shape(self.axes, self.base.shape)

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunks of the array where it has any, else one plane."""
        declared = self.base.declared
        return canonical_shape(self.axes, declared) if declared else (1, 1, 1, *self.shape[3:])

    @property
    def _dims(self) -> tuple[str, ...]:
        return (*DIMS, SAMPLES)[: len(self.shape)]

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read in the order of the array, straight into `out`."""
        by_dim = dict(zip(self._dims, key, strict=True))
        order = _canonical(self.axes)
        first = out[tuple(slice(None) if dim in self.axes else 0 for dim in self._dims)]
        self.base.read(
            tuple(by_dim[dim] for dim in self.axes), first.transpose([order.index(dim) for dim in self.axes])
        )
        if any(len(by_dim[dim]) > 1 for dim in self._dims if dim not in self.axes):
            out[...] = out[tuple(slice(None) if dim in self.axes else slice(1) for dim in self._dims)]

    def token(self) -> tuple[Any, ...]:
        """Join array and axes."""
        return ("arranged", self.base.token(), self.axes)

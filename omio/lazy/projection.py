"""Mean, standard deviation, extremes and sum along a dim, streamed: memory holds the result and one slab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.indexing import compose
from omio.lazy.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index, Key

type Projector = Literal["max", "min", "sum", "mean", "std"]
SLAB_BYTES = 32 << 20


@dataclass(frozen=True, eq=False)
class Projection(Recipe):
    """One dim reduced to length 1.

    ``max`` and ``min`` keep the dtype, ``sum`` widens integers to 64 bits, ``mean`` and ``std`` (population) are
    float32 for float32 and float64 otherwise, as numpy does.
    """

    base: Recipe
    axis: int
    how: Projector

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the reduced dim at length 1."""
        return (*self.base.shape[: self.axis], 1, *self.base.shape[self.axis + 1 :])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Dtype of the result."""
        return getattr(np.ones(1, self.base.dtype), self.how)().dtype  # type: ignore[no-any-return]

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunk of the base, with the reduced dim at length 1."""
        return (*self.base.chunk[: self.axis], 1, *self.base.chunk[self.axis + 1 :])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Stream slabs along the dim."""
        reducer = _Moments(out.shape) if self.how in ("mean", "std") else _Fold(self.how, self.dtype)
        for slab in self._slabs(key):
            reducer.add(self.base.load(slab), self.axis)
        out[...] = reducer.result(self.how)

    def _slabs(self, key: Key) -> list[Key]:
        other = np.prod([len(index) for dim, index in enumerate(key) if dim != self.axis], dtype=np.int64)
        count = max(1, SLAB_BYTES // max(1, int(other) * self.base.dtype.itemsize))
        runs = range(0, self.base.shape[self.axis], count)
        full: Index = range(self.base.shape[self.axis])
        pieces = [compose(full, range(start, min(start + count, len(full)))) for start in runs]
        return [(*key[: self.axis], piece, *key[self.axis + 1 :]) for piece in pieces]

    def token(self) -> tuple[Any, ...]:
        """Join base, dim and kind."""
        return ("projection", self.base.token(), self.axis, self.how)

    def parts(self) -> tuple[Recipe, ...]:
        """Return the base."""
        return (self.base,)


class _Fold:
    """Extremes and sums: fold slab by slab."""

    def __init__(self, how: str, dtype: np.dtype[Any]) -> None:
        self._ufunc = {"max": np.maximum, "min": np.minimum, "sum": np.add}[how]
        self._dtype = dtype
        self._so_far: NDArray[Any] | None = None

    def add(self, slab: NDArray[Any], axis: int) -> None:
        reduced = self._ufunc.reduce(slab, axis=axis, keepdims=True, dtype=self._dtype)
        self._so_far = reduced if self._so_far is None else self._ufunc(self._so_far, reduced)

    def result(self, how: str) -> NDArray[Any]:
        assert self._so_far is not None  # noqa: S101 - an image has at least one slab
        return self._so_far


class _Moments:
    """Mean and spread by Chan, Golub and LeVeque's update: exact to rounding, one pass."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._count = 0
        self._mean = np.zeros(shape, np.float64)
        self._spread = np.zeros(shape, np.float64)

    def add(self, slab: NDArray[Any], axis: int) -> None:
        count = slab.shape[axis]
        mean = slab.mean(axis=axis, keepdims=True, dtype=np.float64)
        spread = slab.var(axis=axis, keepdims=True, dtype=np.float64) * count
        total = self._count + count
        shift = mean - self._mean
        self._mean += shift * (count / total)
        self._spread += spread + shift**2 * (self._count * count / total)
        self._count = total

    def result(self, how: str) -> NDArray[Any]:
        return self._mean if how == "mean" else np.sqrt(self._spread / self._count)

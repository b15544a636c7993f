"""Mean, standard deviation, extremes and sum along a dim, streamed: memory holds the result and one slab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from omio.dims import dims_of
from omio.errors import PolicyError
from omio.indexing import to_numpy
from omio.lazy.blocks import blocks, grow_unit
from omio.lazy.recipe import Derived
from omio.lazy.view import view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Index, Key

type Projector = Literal["max", "min", "sum", "mean", "std"]
SLAB_BYTES = 32 << 20


@dataclass(frozen=True, eq=False)
class Projection(Derived):
    """One dim reduced to length 1.

    ``max`` and ``min`` keep the dtype, ``sum`` widens integers to 64 bits, ``mean`` and ``std`` (population) keep a
    floating dtype and are float64 otherwise, as numpy does. They are computed in double precision whatever the dtype.

    Raises
    ------
    PolicyError
        No such projection, or a dim of length 0.
    """

    axis: int
    how: Projector

    def __post_init__(self) -> None:
        known = get_args(Projector.__value__)
        if self.how not in known:
            raise PolicyError(f"no projection {self.how!r}", remedy=f"There are {', '.join(known)}.")
        if not self.base.shape[self.axis]:
            raise PolicyError(f"cannot project: {dims_of(self.base.ndim)[self.axis]} has no positions")

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
        """Take the result block by block, and of each block slab by slab along the dim; each unit is read once."""
        whole: Index = range(self.base.shape[self.axis])
        seen = view(self.base, self._with(key, whole))
        block = grow_unit(seen.shape, seen.chunk, SLAB_BYTES // self._bytes_a_pixel)
        depth = block[self.axis]
        for part in blocks(self._with(seen.shape, 1), self._with(block, 1)):
            reducer = self._reducer()
            for start in range(0, len(whole), depth):
                slab = self._with(part, range(start, min(start + depth, len(whole))))
                reducer.add(seen.load(slab), self.axis)
            place = tuple(to_numpy(run) for run in part)
            out[self._with(place, slice(None))] = reducer.result()

    def _with[E](self, entries: tuple[E, ...], entry: E) -> tuple[E, ...]:
        return (*entries[: self.axis], entry, *entries[self.axis + 1 :])

    @property
    def _bytes_a_pixel(self) -> int:
        """What a pixel takes while it is worked on: moments are kept in double precision."""
        return max(self.base.dtype.itemsize, {"mean": 8, "std": 16}.get(self.how, 1))

    def _reducer(self) -> _Fold | _Mean:
        if self.how == "std":
            return _Spread()
        return _Mean() if self.how == "mean" else _Fold(self.how, self.dtype)

    def token(self) -> tuple[Any, ...]:
        """Join base, dim and kind."""
        return ("projection", self.base.token(), self.axis, self.how)


class _Fold:
    """Extremes and sums: fold slab by slab."""

    def __init__(self, how: str, dtype: np.dtype[Any]) -> None:
        self._ufunc = {"max": np.maximum, "min": np.minimum, "sum": np.add}[how]
        self._dtype = dtype
        self._so_far: Any = None

    def add(self, slab: NDArray[Any], axis: int) -> None:
        reduced = self._ufunc.reduce(slab, axis=axis, keepdims=True, dtype=self._dtype)
        if self._so_far is None:
            self._so_far = reduced
        else:
            self._ufunc(self._so_far, reduced, out=self._so_far)

    def result(self) -> Any:
        return self._so_far


class _Mean:
    """Mean by Chan, Golub and LeVeque's update: exact to rounding, one pass."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: Any = None

    def add(self, slab: NDArray[Any], axis: int) -> None:
        self._join(slab, axis)

    def _join(self, slab: NDArray[Any], axis: int) -> NDArray[Any]:
        """Join a slab; return how far its mean lies from that of all before it."""
        shift: NDArray[Any] = slab.mean(axis=axis, keepdims=True, dtype=_double(slab))
        if self._mean is None:
            self._mean = np.zeros_like(shift)
        self._count += slab.shape[axis]
        shift -= self._mean
        self._mean += shift * (slab.shape[axis] / self._count)
        return shift

    def result(self) -> Any:
        return self._mean


class _Spread(_Mean):
    """Standard deviation, by the same update of the sum of squares."""

    def __init__(self) -> None:
        super().__init__()
        self._squares: Any = 0.0

    def add(self, slab: NDArray[Any], axis: int) -> None:
        before, count = self._count, slab.shape[axis]
        shift = np.abs(self._join(slab, axis))
        shift *= shift
        shift *= before * count / self._count
        shift += slab.var(axis=axis, keepdims=True, dtype=_double(slab)).real * count
        self._squares = shift if before == 0 else np.add(self._squares, shift, out=self._squares)

    def result(self) -> Any:
        return np.sqrt(self._squares / self._count)


def _double(pixels: NDArray[Any]) -> type[np.generic]:
    return np.complex128 if pixels.dtype.kind == "c" else np.float64

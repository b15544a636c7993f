"""Pixels that are not there: one value, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.lazy.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(frozen=True, eq=False)
class Blank(Recipe):
    """An array of zeros in the place of a missing file; costs nothing."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def chunk(self) -> tuple[int, ...]:
        """One plane."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill with zeros."""
        del key
        out[...] = 0

    def token(self) -> tuple[Any, ...]:
        """Name shape and dtype."""
        return ("blank", self.shape, self.dtype.str)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()

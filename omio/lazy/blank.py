"""Pixels that are not there: one value, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.lazy import filled
from omio.lazy.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(frozen=True, eq=False)
class Blank(Recipe):
    """An array of one value in the place of a missing file; costs nothing."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: float = 0

    @property
    def chunk(self) -> tuple[int, ...]:
        """One plane."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill with the value."""
        del key
        out[...] = self.fill
        filled.tell("", "its file is missing", absent=True)

    def token(self) -> tuple[Any, ...]:
        """Name shape, dtype and value."""
        return ("blank", self.shape, self.dtype.str, self.fill)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()

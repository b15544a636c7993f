"""How a tile joins what already lies on a canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from omio.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    type Pixels = NDArray[Any]
    type Counts = NDArray[np.uint32]

type Blend = Literal["replace", "keep", "max", "min", "mean"]
"""The tile lies on top, below, the larger or smaller value counts, or the mean of all tiles does."""

BLENDS: tuple[str, ...] = get_args(Blend.__value__)


def check_blend(blend: str) -> None:
    """Raise `OptionError` for an unknown word."""
    if blend not in BLENDS:
        raise OptionError(f"blend={blend!r}", remedy=f"There are {', '.join(BLENDS)}.")


def total_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that sums of pixels are kept in."""
    return np.result_type(dtype, np.float64)


def blended(old: Pixels, new: Pixels, counts: Counts, blend: Blend) -> tuple[Pixels, Counts]:
    """Blend where no mean is asked for: pixels, and how many tiles each is the mean of.

    Parameters
    ----------
    old, new
        Y X [S]; `old` counts where `counts` is not 0.
    counts
        Of how many tiles `old` is the mean, Y X.
    """
    seen = counts.astype(bool)
    wide = seen.reshape(seen.shape + (1,) * (new.ndim - 2))
    if blend == "replace":
        return new, np.ones_like(counts)
    if blend == "keep":
        return np.where(wide, old, new), np.where(seen, counts, np.uint32(1))
    return np.where(wide, _CHOOSE[blend](old, new), new), np.ones_like(counts)


_CHOOSE: dict[str, Callable[[Pixels, Pixels], Pixels]] = {"max": np.fmax, "min": np.fmin}
"""NaN is no value: the other one counts."""


def averaged(old: Pixels, new: Pixels, counts: Counts, totals: Pixels) -> tuple[Pixels, Counts, Pixels]:
    """Return the mean of all tiles, their number and their sum.

    `totals` is the sum where more than one tile was averaged; integers are rounded, halves to the even one.
    """
    wide = counts.reshape(counts.shape + (1,) * (new.ndim - 2))
    sums = np.where(wide > 1, totals, np.where(wide == 1, old, 0).astype(totals.dtype)) + new
    mean = sums / (wide + 1)
    return (mean if new.dtype.kind in "fc" else np.rint(mean)).astype(new.dtype), counts + np.uint32(1), sums

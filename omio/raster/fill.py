"""What stands where no image is: a value, values a sample, or a colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import RegionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

type Fill = float | Sequence[float] | str
"""A pixel value, one a sample, or a colour such as ``"#f00"`` or ``"white"``, as bright as the dtype can be."""


def fill_values(fill: Fill, dtype: np.dtype[Any], samples: tuple[int, ...]) -> NDArray[Any]:
    """Return the pixel that fills: an array of shape `samples`, () or (S,).

    Raises
    ------
    RegionError
        No colour, another number of values than samples, or values that the dtype does not hold.
    """
    values = _of_color(fill, dtype, samples) if isinstance(fill, str) else np.asarray(fill)
    if values.shape not in ((), samples):
        raise RegionError(f"fill={fill!r} has {values.size} values", remedy=f"Give one, or one for each of {samples}.")
    with np.errstate(invalid="ignore", over="ignore"):
        found = values.astype(dtype)
    if values.dtype.kind not in "iuf" or (dtype.kind in "iu" and not (found == values).all()):
        raise RegionError(f"fill={fill!r} is no value of {dtype}")
    return np.broadcast_to(found, samples)


def _of_color(fill: str, dtype: np.dtype[Any], samples: tuple[int, ...]) -> NDArray[Any]:
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(fill)
    except ValueError:
        raise RegionError(f"{fill!r} is no colour", remedy='Write for instance "#ff0000" or "white".') from None
    most = np.iinfo(dtype).max if dtype.kind in "iu" else 1
    shares = np.array([red, green, blue, *(alpha or [255])]) / 255
    if samples in ((3,), (4,)):
        shares = shares[: samples[0]]
    elif red == green == blue:
        shares = shares[0]
    else:
        raise RegionError(f"{fill!r} is a colour, the pixels are not", remedy="Give a grey, or a value.")
    return np.rint(shares * most) if dtype.kind in "iu" else shares

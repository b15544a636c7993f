"""Which pixel values are shown darkest and brightest.

Limits of an image are found on a reduced plane in the middle of T and Z, and where all its pixels are equal on the
first one: see `omio.raster.thumbnail.overview` for how many bytes are read for it at most. They depend on the pixels
alone, so every tile of an image gets the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import PolicyError
from omio.policies.style import percentiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

    from omio.image import Image

type Limits = tuple[float, float]
type Function = Callable[[NDArray[Any]], NDArray[Any]]
"""Makes other pixels of Y X [S] pixels, each of the one at its place."""

DEFAULT = "p0.5-99.8"
MOST = 1024
"""Longest side, in pixels, of the plane that limits are found on."""


def check_real(dtype: np.dtype[Any]) -> None:
    """Raise `PolicyError` for pixels that are not numbers on one axis."""
    if dtype.kind not in "biuf":
        raise PolicyError(
            f"{dtype} pixels have no order of brightness",
            remedy="Show a part of them: ds.map(abs), ds.map(lambda data: data.real).",
        )


def dtype_limits(dtype: DTypeLike) -> Limits:
    """Return what a dtype can say; 0 to 1 for floats and bool."""
    kind = np.dtype(dtype)
    check_real(kind)
    if kind.kind in "fb":
        return 0.0, 1.0
    info = np.iinfo(kind)
    return float(info.min), float(info.max)


def limits(pixels: NDArray[Any], how: str = DEFAULT, *, nodata: float | None = None) -> Limits:
    """Return the limits that `how` finds: ``"minmax"``, ``"auto"``, ``"dtype"`` or percentiles; see `policies.style`.

    NaN, infinity and `nodata` do not count. Where percentiles fall together (a few bright spots on nothing), all values
    count. The two limits are equal where all pixels are; without any pixel, and for bool, they are those of the dtype.

    Raises
    ------
    PolicyError
        Complex pixels.
    """
    whole = dtype_limits(pixels.dtype)
    values = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    if nodata is not None:
        values = values[~equals(values, nodata)]
    if how == "dtype" or pixels.dtype == bool or not values.size:
        return whole
    low, high = float(values.min()), float(values.max())
    if (pair := percentiles(how)) is not None:
        inner = np.percentile(values.astype(np.float64, copy=False), pair)  # float16 has no room for differences
        return (float(inner[0]), float(inner[1])) if inner[0] < inner[1] else (low, high)
    eight_bits = how == "auto" and 0 <= low <= 254 and 2 <= high <= 255
    return (0.0, 255.0) if eight_bits else (low, high)


def equals(values: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    """Return which values are `nodata`, which floats hold as exactly as their dtype can."""
    with np.errstate(over="ignore"):
        wanted = values.dtype.type(nodata) if values.dtype.kind == "f" else nodata
    same: NDArray[np.bool_] = values == wanted
    return same


def image_limits(
    image: Image, c: int, how: str = DEFAULT, *, nodata: float | None = None, function: Function | None = None
) -> Limits:
    """Return the limits of a channel, found on one reduced plane; see the module for which.

    Of RGB all samples but alpha count. Reads no pixel for ``"dtype"``, but where a `function` changes them.
    """
    if how == "dtype" and function is None:
        return dtype_limits(image.dtype)
    sizes = image.sizes
    if not all(sizes.values()):
        return dtype_limits(image.dtype)
    from omio.raster.thumbnail import overview

    found = dtype_limits(image.dtype)
    for t, z in ((sizes["T"] // 2, sizes["Z"] // 2), (0, 0)):
        pixels = overview(image, MOST, t=t, z=z, c=c)
        found = limits(colored(pixels if function is None else function(pixels)), how, nodata=nodata)
        if found[0] < found[1]:
            break
    return found


def colored(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return Y X [S] pixels without alpha."""
    return pixels[..., :3] if pixels.ndim == 3 else pixels

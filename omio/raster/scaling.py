"""Pictures at another size: rows and columns are resampled one after the other, and the dtype is kept.

8-bit pixels are resampled by Pillow as they are; 16-bit and floating ones of up to 32 bits as 32-bit floats by Pillow
too; wider ones, and areas, by weights of our own in a precision that holds them. Only the end is rounded and cut off
at the limits of the dtype. Samples (S) never mix.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from omio.errors import RegionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

type Resampling = Literal["auto", "lanczos", "bicubic", "area", "nearest"]
"""``auto`` is lanczos where pixels become fewer and bicubic where they become more."""

type Floats = NDArray[np.float64]

_SUPPORT = {"lanczos": 3.0, "bicubic": 2.0, "area": 0.5}
"""How far pixels count, in pixels of the smaller picture (areas: half of one) or, enlarging, of the larger."""

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
"""Pillow's modes of 8-bit samples that do not touch each other: RGBA would weigh colours by alpha."""


def check_resampling(how: str) -> None:
    """Raise `RegionError` for a word that is no `Resampling`."""
    known = get_args(Resampling.__value__)
    if how not in known:
        raise RegionError(f"resample={how!r}", remedy=f"Use {', '.join(known)}.")


def resize(pixels: NDArray[Any], extent: tuple[int, int], how: Resampling = "auto") -> NDArray[Any]:
    """Resample Y X [S] pixels to `extent` rows and columns; the dtype is kept.

    Raises
    ------
    RegionError
        For an unknown `how`.
    """
    check_resampling(how)
    if pixels.shape[:2] == extent:
        return pixels
    if how == "nearest":
        rows, columns = (nearest(size, new) for size, new in zip(pixels.shape, extent, strict=False))
        return pixels[rows][:, columns]
    work = to_work(pixels, how)
    for axis in (1, 0):
        work = along(work, axis, extent[axis], how)
    return from_work(work, pixels.dtype)


def nearest(size: int, new: int) -> NDArray[np.intp]:
    """Return which of `size` pixels lie below the centres of `new` ones, added up one by one as Pillow does."""
    steps = np.full(new, size / new)
    steps[:1] /= 2
    return np.add.accumulate(steps).astype(np.intp).clip(0, size - 1)


def to_work(pixels: NDArray[Any], how: Resampling) -> NDArray[Any]:
    """Return pixels in the dtype that they are resampled in: 8 bits, or floats that hold every value."""
    if pixels.dtype == np.uint8 and how != "area":
        return pixels
    return pixels.astype(np.result_type(pixels.dtype, np.float32), copy=False)


def from_work(work: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return resampled pixels in their own dtype: rounded, and no brighter or darker than it can say."""
    if dtype.kind == "b":
        return work >= 0.5
    if dtype.kind in "iu" and work.dtype.kind == "f":
        limits = np.iinfo(dtype)
        # the largest 64-bit integers are no floats: the nearest float would wrap around
        top = np.nextafter(work.dtype.type(limits.max), 0) if float(limits.max) > limits.max else limits.max
        return np.clip(np.rint(work), limits.min, top).astype(dtype)
    return work.astype(dtype, copy=False)


def along(
    work: NDArray[Any], axis: int, new: int, how: Resampling, start: float = 0.0, stop: float | None = None
) -> NDArray[Any]:
    """Resample rows (axis 0) or columns (1) from `start` to `stop`, which may lie within pixels, to `new` ones.

    Pixels outside of `start` to `stop` count where the kernel reaches them.
    """
    size = work.shape[axis]
    end = float(size) if stop is None else stop
    if (start, end, new) == (0.0, float(size), size):
        return work
    kind = kernel_of(how, (end - start) / new)
    if kind != "area" and work.dtype in (np.uint8, np.float32):
        return _by_pillow(work, axis, new, kind, start, end)
    return _by_weights(work, axis, new, kind, start, end)


def kernel_of(how: Resampling, scale: float) -> Literal["lanczos", "bicubic", "area"]:
    """Return the kernel for pixels that become fewer (`scale` above 1) or more."""
    if how == "auto":
        return "lanczos" if scale > 1 else "bicubic"
    return "area" if how == "area" else "bicubic" if how == "bicubic" else "lanczos"


def reach(how: Resampling, scale: float) -> int:
    """Return how many pixels before and after its own a new pixel depends on."""
    return math.ceil(_SUPPORT[kernel_of(how, scale)] * max(1.0, scale)) + 1


def _by_pillow(work: NDArray[Any], axis: int, new: int, kind: str, start: float, stop: float) -> NDArray[Any]:
    from PIL import Image

    kernel = Image.Resampling.LANCZOS if kind == "lanczos" else Image.Resampling.BICUBIC
    height, width = work.shape[:2]
    size, box = ((new, height), (start, 0, stop, height)) if axis else ((width, new), (0, start, width, stop))

    def resized(band: NDArray[Any]) -> NDArray[Any]:
        mode = "F" if band.dtype == np.float32 else _MODES[1 if band.ndim == 2 else band.shape[2]]
        data = np.ascontiguousarray(band)
        picture = Image.frombuffer(mode, (width, height), data, "raw", mode, 0, 1)
        return np.asarray(picture.resize(size, kernel, box=box))

    if work.ndim == 2 or (work.dtype == np.uint8 and work.shape[2] in (3, 4)):
        return resized(work)
    return np.stack([resized(work[..., band]) for band in range(work.shape[2])], axis=-1)


def _by_weights(work: NDArray[Any], axis: int, new: int, kind: str, start: float, stop: float) -> NDArray[Any]:
    places, weights = _taps(work.shape[axis], new, kind, start, stop)
    shape = (*work.shape[:axis], new, *work.shape[axis + 1 :])
    found: NDArray[Any] = np.zeros(shape, work.dtype)
    column = (new,) + (1,) * (work.ndim - axis - 1)
    for tap in range(places.shape[1]):
        weight = weights[:, tap].astype(work.real.dtype).reshape(column)
        # a pixel that does not count may be NaN
        found += np.where(weight != 0, work.take(places[:, tap], axis), 0) * weight
    return found


def _taps(size: int, new: int, kind: str, start: float, stop: float) -> tuple[NDArray[np.intp], Floats]:
    """Return for each new pixel which pixels count, and how much."""
    scale = (stop - start) / new
    stretch = max(1.0, scale)
    half = scale / 2 if kind == "area" else _SUPPORT[kind] * stretch
    centres = start + (np.arange(new) + 0.5) * scale
    first = np.floor(centres - half).astype(np.intp)
    places = first[:, None] + np.arange(math.ceil(2 * half) + 1)
    distance = places + 0.5 - centres[:, None]
    weights = _overlap(distance, half) if kind == "area" else _KERNELS[kind](distance / stretch)
    weights[(places < 0) | (places >= size)] = 0
    return places.clip(0, size - 1), weights / weights.sum(axis=1, keepdims=True)


def _overlap(distance: Floats, half: float) -> Floats:
    """Return how much of a pixel lies within `half` of a centre."""
    shared: Floats = np.minimum(distance + 0.5, half) - np.maximum(distance - 0.5, -half)
    return shared.clip(0, 1)


def _lanczos(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


def _bicubic(x: Floats) -> Floats:
    """Return Keys' cubic convolution with a = -0.5."""
    x = np.abs(x)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


_KERNELS: dict[str, Callable[[Floats], Floats]] = {"lanczos": _lanczos, "bicubic": _bicubic}

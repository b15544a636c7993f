"""Reduced resolutions: each is made of the one before by halving Y and X, in blocks, while that one is written.

The blocks of a level come by in the order of the file, and the next level can only be written when the whole level
before it is; so its pixels wait, uncompressed, in an unnamed temporary file beside the destination: a quarter of the
level before. The alternative, to read the source once more for each level, would decode it all again each time.
"""

from __future__ import annotations

import math
import tempfile
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.store.platform import read_at, write_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.indexing import Index, Key
    from omio.policies.write import Downsampling
    from omio.writers.cut import Block


def level_shapes(shape: tuple[int, ...], count: int) -> list[tuple[int, ...]]:
    """Return the shapes of up to `count` levels, full resolution first; halves are rounded up: no pixel is left out."""
    shapes = [shape]
    while len(shapes) < count and max(shapes[-1][3:5]) > 1:
        last = shapes[-1]
        shapes.append((*last[:3], -(-last[3] // 2), -(-last[4] // 2), *last[5:]))
    return shapes


def auto_count(height: int, width: int, tile: int) -> int:
    """Return how many levels it takes until one fits into a tile."""
    return 1 + max(0, math.ceil(math.log2(max(height, width) / tile)))


def halve(pixels: NDArray[Any], how: Downsampling) -> NDArray[Any]:
    """Halve rows and columns of planes (n, Y, X [, S]); the last of an odd number counts twice."""
    if how == "nearest":
        return pixels[:, ::2, ::2]
    odd = pixels.shape[1] % 2, pixels.shape[2] % 2
    if any(odd):
        pixels = np.pad(pixels, ((0, 0), (0, odd[0]), (0, odd[1]), *((0, 0),) * (pixels.ndim - 3)), mode="edge")
    four = pixels[:, ::2, ::2], pixels[:, ::2, 1::2], pixels[:, 1::2, ::2], pixels[:, 1::2, 1::2]
    return _OF_FOUR[how](*four)


def halved_planes(pixels: NDArray[Any], how: Downsampling) -> NDArray[Any]:
    """Halve a block (T, Z, C, Y, X [, S]); return its planes one after the other."""
    planes: NDArray[Any] = np.ascontiguousarray(halve(pixels.reshape(-1, *pixels.shape[3:]), how))
    return planes


def _mean(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], d: NDArray[Any]) -> NDArray[Any]:
    kind, size = a.dtype.kind, a.dtype.itemsize
    if kind in "fc":
        return (a * 0.25 + b * 0.25 + c * 0.25 + d * 0.25).astype(a.dtype, copy=False)  # quarters cannot overflow
    if size == 8:  # no wider type holds the sum
        whole: NDArray[Any] = (
            (a >> 2) + (b >> 2) + (c >> 2) + (d >> 2) + (((a & 3) + (b & 3) + (c & 3) + (d & 3) + 2) >> 2)
        )
        return whole
    wide = np.dtype(f"{'i' if kind == 'i' else 'u'}{2 * size}")
    total = a.astype(wide)
    for part in (b, c, d):
        total += part
    if kind == "b":
        return total >= 2
    total += 2
    return (total >> 2).astype(a.dtype)


def _mode(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], d: NDArray[Any]) -> NDArray[Any]:
    """Return the most frequent of four, the first of equals."""
    pair = np.where((b == c) | (b == d), b, np.where(c == d, c, a))
    return np.where((a == b) | (a == c) | (a == d), a, pair)


def _median(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any], d: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of the two in the middle."""
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    found: NDArray[Any]
    if a.dtype.kind in "fc":
        found = (low * 0.5 + high * 0.5).astype(a.dtype, copy=False)
    elif a.dtype.kind == "b":
        found = low | high
    else:
        found = (low | high) - ((low ^ high) >> 1)  # no wider type is needed
    return found


def _folded(two: np.ufunc, *four: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = reduce(two, four)
    return found


_OF_FOUR: dict[str, Callable[..., NDArray[Any]]] = {
    "mean": _mean,
    "mode": _mode,
    "median": _median,
    "max": partial(_folded, np.maximum),
    "min": partial(_folded, np.minimum),
}


def _bytes(pixels: NDArray[Any]) -> memoryview:
    return pixels.reshape(-1).view(np.uint8).data


class Spool:
    """The pixels of a level that waits: filled block by block, then read like a recipe.

    Attributes
    ----------
    shape, dtype, chunk
        Of the level, T Z C Y X [S]; any part can be read at no extra cost.
    how
        How it is made of the level before.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], how: Downsampling, folder: Path) -> None:
        self.shape = shape
        self.dtype = dtype
        self.chunk = (1,) * len(shape)
        self.how = how
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - lives as long as the level
        self._file.truncate(math.prod(shape) * dtype.itemsize)
        self._pixel = dtype.itemsize * math.prod(shape[5:])

    def add(self, block: Block, pixels: NDArray[Any]) -> None:
        """Reduce a block of the level before and keep it; several threads may do so at once."""
        self.keep(block, halved_planes(pixels, self.how))

    def keep(self, block: Block, reduced: NDArray[Any]) -> None:
        """Keep what `halved_planes` made of a block of the level before."""
        t, z, c, y, x = block
        if not reduced.any():  # the file has zeros where nothing was written
            return
        top, left = y.start // 2, x.start // 2
        numbers = [self._number(i, j, k) for i in t for j in z for k in c]
        for number, plane in zip(numbers, reduced, strict=True):
            self._write(number, top, left, plane)

    def _number(self, t: int, z: int, c: int) -> int:
        return (t * self.shape[1] + z) * self.shape[2] + c

    def _offset(self, number: int, top: int, left: int) -> int:
        return ((number * self.shape[3] + top) * self.shape[4] + left) * self._pixel

    def _write(self, number: int, top: int, left: int, plane: NDArray[Any]) -> None:
        descriptor = self._file.fileno()
        if plane.shape[1] == self.shape[4]:
            write_at(descriptor, _bytes(plane), self._offset(number, top, 0))
            return
        for row, values in enumerate(plane, top):
            write_at(descriptor, _bytes(values), self._offset(number, row, left))

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill `out`; rows and columns are runs."""
        t, z, c, y, x = key[:5]
        flat = out.reshape(-1, *out.shape[3:])
        numbers = [self._number(int(i), int(j), int(k)) for i in t for j in z for k in c]
        for number, plane in zip(numbers, flat, strict=True):
            self._read(number, y, x, plane)

    def _read(self, number: int, y: Index, x: Index, plane: NDArray[Any]) -> None:
        descriptor, top, left = self._file.fileno(), int(y[0]), int(x[0])
        if plane.shape[1] == self.shape[4]:
            data = read_at(descriptor, plane.nbytes, self._offset(number, top, 0))
            plane[...] = np.frombuffer(data, self.dtype).reshape(plane.shape)
            return
        count = plane[0].nbytes
        for row, values in enumerate(plane, top):
            data = read_at(descriptor, count, self._offset(number, row, left))
            values[...] = np.frombuffer(data, self.dtype).reshape(values.shape)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()

"""Casts, concatenations and paddings of recipes: pure values, no pixel is read to build them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.indexing import (
    Index,
    Key,
    compose,
    distinct,
    key_shape,
    positions,
    simplify,
    to_numpy,
)
from omio.lazy.recipe import Derived, Joined, Recipe
from omio.lazy.view import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

type PadMode = Literal["constant", "edge", "reflect"]


@dataclass(frozen=True, eq=False)
class Cast(Derived):
    """Another dtype, converted after reading."""

    target: np.dtype[Any]

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """The other dtype."""
        return self.target

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read and convert."""
        for place, pixels in pieces(self.base, key):
            out[place] = pixels

    def token(self) -> tuple[Any, ...]:
        """Join base and dtype."""
        return ("cast", self.base.token(), self.dtype.str)


@dataclass(frozen=True, eq=False)
class Concat(Joined):
    """Parts one after another along one dim; all have the same dtype and the same other sizes."""

    items: tuple[Recipe, ...]
    axis: int

    @cached_property
    def edges(self) -> NDArray[np.intp]:
        """Where each part begins, and where the last ends."""
        return np.cumsum([0, *(item.shape[self.axis] for item in self.items)], dtype=np.intp)

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the whole."""
        first = self.items[0].shape
        return (*first[: self.axis], int(self.edges[-1]), *first[self.axis + 1 :])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read from the parts that the key meets, and from no other."""
        before = (slice(None),) * self.axis
        for item, part_key, where in self._met(key):
            if isinstance(where, range):
                item.read(part_key, out[(*before, to_numpy(where))])
                continue
            for place, pixels in pieces(item, part_key):
                out[(*place[: self.axis], where[place[self.axis]], *place[self.axis + 1 :])] = pixels

    def owners(self, index: Index) -> NDArray[np.intp]:
        """Return for each position along the dim the number of the part that holds it."""
        return np.searchsorted(self.edges, positions(index), side="right") - 1

    def _met(self, key: Key) -> Iterator[tuple[Recipe, Key, Index]]:
        wanted, owners = positions(key[self.axis]), self.owners(key[self.axis])
        for owner in distinct(owners):
            places = np.flatnonzero(owners == owner)
            local = simplify(wanted[places] - self.edges[owner])
            part_key = (*key[: self.axis], local, *key[self.axis + 1 :])
            yield self.items[owner], part_key, simplify(places)

    def token(self) -> tuple[Any, ...]:
        """Parts and axis."""
        return ("concat", self.axis, *(item.token() for item in self.items))


@dataclass(frozen=True, eq=False)
class Pad(Derived):
    """Pixels added before and after, dim by dim.

    ``constant`` fills with `fill`; ``edge`` repeats the last pixel; ``reflect`` mirrors without repeating the edge.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mode: PadMode = "constant"
    fill: float = 0

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the padding."""
        return tuple(b + n + a for b, n, a in zip(self.before, self.base.shape, self.after, strict=True))

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read what lies in the base and fill the rest."""
        if self.mode == "constant":
            self._read_constant(key, out)
        else:
            mapped = tuple(
                simplify(_fold(positions(index) - lead, size, self.mode))
                for index, lead, size in zip(key, self.before, self.base.shape, strict=True)
            )
            self.base.read(mapped, out)

    def _read_constant(self, key: Key, out: NDArray[Any]) -> None:
        inside, where = zip(*self._split(key), strict=True)
        wanted = key_shape(inside)
        if wanted != out.shape:
            out[...] = self.fill
        if not all(wanted):
            return
        target = tuple(to_numpy(place) for place in where)
        if all(isinstance(place, slice) for place in target):
            self.base.read(inside, out[target])
        else:
            for place, pixels in pieces(self.base, inside):
                out[np.ix_(*(positions(index)[part] for index, part in zip(where, place, strict=True)))] = pixels

    def _split(self, key: Key) -> Iterator[tuple[Index, Index]]:
        for index, lead, size in zip(key, self.before, self.base.shape, strict=True):
            local = positions(index) - lead
            places = np.flatnonzero((local >= 0) & (local < size))
            yield simplify(local[places]), simplify(places)

    def token(self) -> tuple[Any, ...]:
        """Join base, widths and mode."""
        return ("pad", self.base.token(), self.before, self.after, self.mode, self.fill)


def _fold(local: NDArray[np.intp], size: int, mode: PadMode) -> NDArray[np.intp]:
    if mode == "edge" or size == 1:
        return np.clip(local, 0, size - 1)
    period = 2 * (size - 1)
    folded = np.mod(local, period)
    return np.where(folded < size, folded, period - folded)


@dataclass(frozen=True, eq=False)
class SplitSamples(Derived):
    """Samples as channels: T Z 1 Y X S seen as T Z C Y X."""

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the samples in the place of C."""
        t, z, _, y, x, s = self.base.shape
        return (t, z, s, y, x)

    @property
    def chunk(self) -> tuple[int, ...]:
        """All samples lie together."""
        t, z, _, y, x, s = self.base.chunk
        return (t, z, s, y, x)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read with samples last, store with them third."""
        t, z, c, y, x = key
        for (*tz, _, y_part, x_part, s_part), pixels in pieces(self.base, (t, z, range(1), y, x, c)):
            out[(*tz, s_part, y_part, x_part)] = np.moveaxis(pixels[:, :, 0], -1, 2)

    def token(self) -> tuple[Any, ...]:
        """Return the base's token, marked."""
        return ("split", self.base.token())


@dataclass(frozen=True, eq=False)
class JoinSamples(Derived):
    """Neighbouring channels as samples: T Z C Y X seen as T Z C/S Y X S.

    Attributes
    ----------
    samples
        How many channels become one; None: all.
    """

    samples: int | None = None

    @property
    def _count(self) -> int:
        return self.samples or self.base.shape[2]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with S last."""
        t, z, c, y, x = self.base.shape
        return (t, z, c // self._count, y, x, self._count)

    @property
    def chunk(self) -> tuple[int, ...]:
        """Whole channels of whole samples."""
        t, z, c, y, x = self.base.chunk
        return (t, z, max(1, c // self._count), y, x, min(c, self._count))

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read each channel's samples as channels, store them last."""
        t, z, channels, y, x, s = key
        for number, channel in enumerate(channels):
            wanted = compose(range(channel * self._count, (channel + 1) * self._count), s)
            for (*tz, s_part, y_part, x_part), pixels in pieces(self.base, (t, z, wanted, y, x)):
                out[(*tz, number, y_part, x_part, s_part)] = np.moveaxis(pixels, 2, -1)

    def token(self) -> tuple[Any, ...]:
        """Join base and number of samples."""
        return ("join", self.base.token(), self._count)


def concat(items: tuple[Recipe, ...], axis: int) -> Recipe:
    """Put recipes of one dtype one after another; concatenations along the same dim flatten."""
    flat: list[Recipe] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Concat) and item.axis == axis else (item,))
    shapes = Counter((*item.shape[:axis], *item.shape[axis + 1 :]) for item in flat)
    dtypes = {item.dtype for item in flat}
    if len(shapes) != 1 or len(dtypes) != 1:
        raise ValueError(f"parts of shapes {list(shapes)} and dtypes {dtypes} cannot stand one after another")
    return flat[0] if len(flat) == 1 else Concat(tuple(flat), axis)


def pad(base: Recipe, widths: dict[int, tuple[int, int]], mode: PadMode = "constant", fill: float = 0) -> Recipe:
    """Pad the given axes by (before, after) pixels."""
    if not any(before or after for before, after in widths.values()):
        return base
    before, after = zip(*(widths.get(axis, (0, 0)) for axis in range(base.ndim)), strict=True)
    return Pad(base, before, after, mode, fill)


def cast(base: Recipe, dtype: np.dtype[Any]) -> Recipe:
    """Convert to a dtype."""
    return base if base.dtype == dtype else Cast(base, dtype)

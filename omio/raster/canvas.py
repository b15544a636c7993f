"""Sheets: images of any extent that tiles are put on, kept in chunks on disk; several threads and processes may do so.

A sheet is a folder of files, one a chunk of a plane, named by T, Z, C and the row and column of the chunk, which may be
negative. A file holds the pixels, and of how many tiles each of them is the mean; another one beside it the sums that
means are made of. Whoever changes or reads a chunk holds its lock; nothing is kept in memory.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import threading
import time
import weakref
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import RegionError, UnwritableError
from omio.indexing import Key, hull, meet, orthogonal, to_numpy
from omio.lazy.placed import indexer
from omio.lazy.pool import run_all
from omio.lazy.recipe import Recipe
from omio.raster.blending import averaged, blended, total_dtype
from omio.store.atomic import as_write_errors
from omio.store.folders import scratch_folder
from omio.store.platform import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.indexing import Index
    from omio.raster.blending import Blend
    from omio.store.folders import PendingFolder

CHUNK = 512
"""Rows and columns of a chunk."""
_WAIT = 0.001
"""Seconds between two looks at a lock that another process holds."""

_ZERO = (0, 0, 0, 0, 0)

type Corner = tuple[int, int, int, int, int]
"""T, Z, C, Y, X."""


class Scratch:
    """A temporary folder, removed with this object by the process that made it, or by the next one if that was killed.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, parent: str | None = None) -> None:
        place = tempfile.gettempdir() if parent is None else parent
        with as_write_errors(place):
            pending = scratch_folder(Path(place, "canvas"))
            sheets = pending.temp / "sheets"
            sheets.mkdir()
        self.path = str(sheets)
        self._end = weakref.finalize(self, _remove, pending, os.getpid())

    def close(self) -> None:
        """Remove the folder now; harmless when repeated, and for another process."""
        self._end()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Arrive in another process, which removes nothing."""
        self.path = state["path"]
        self._end = weakref.finalize(self, _remove, None, 0)

    def __getstate__(self) -> dict[str, Any]:
        """Travel by name."""
        return {"path": self.path}


def _remove(pending: PendingFolder | None, owner: int) -> None:
    if pending is not None and os.getpid() == owner:
        pending.discard()


@dataclass(frozen=True)
class Extent:
    """What a sheet holds: the dtype and samples of its pixels, and where they lie.

    Attributes
    ----------
    dtype
        Of numpy, as text.
    samples
        Per pixel; None: no dim S.
    low, high
        T, Z, C, Y, X of the first pixel, and of those behind the last.
    """

    dtype: str
    samples: int | None
    low: Corner
    high: Corner

    @property
    def tail(self) -> tuple[int, ...]:
        """Shape behind Y and X."""
        return () if self.samples is None else (self.samples,)

    @property
    def shape(self) -> tuple[int, ...]:
        """T Z C Y X [S]."""
        return (*(b - a for a, b in zip(self.low, self.high, strict=True)), *self.tail)

    def united(self, low: Corner, high: Corner) -> Extent:
        """Grow to hold more."""
        return Extent(self.dtype, self.samples, _each(min, self.low, low), _each(max, self.high, high))

    def with_channels(self, count: int) -> Extent:
        """Grow to hold at least so many channels."""
        t, z, c, y, x = self.high
        return Extent(self.dtype, self.samples, self.low, (t, z, max(c, self.low[2] + count), y, x))

    def cropped(self, y: tuple[int, int] | None, x: tuple[int, int] | None) -> Extent:
        """Return what lies between (begin, end) of `y` and `x`.

        Raises
        ------
        RegionError
            Where that is nothing.
        """
        (top, bottom), (left, right) = (
            run if wanted is None else (max(run[0], wanted[0]), min(run[1], wanted[1]))
            for run, wanted in zip(zip(self.low[3:], self.high[3:], strict=True), (y, x), strict=True)
        )
        if top >= bottom or left >= right:
            raise RegionError(
                f"no pixel lies between y={y}, x={x}", remedy=f"The canvas has {self.low} to {self.high}."
            )
        return Extent(self.dtype, self.samples, (*self.low[:3], top, left), (*self.high[:3], bottom, right))

    def holds(self, low: Corner, high: Corner) -> bool:
        """Whether all of that lies within."""
        return self.united(low, high) == self


def _each(choose: Any, one: Corner, other: Corner) -> Corner:
    t, z, c, y, x = (choose(a, b) for a, b in zip(one, other, strict=True))
    return t, z, c, y, x


@dataclass(eq=False)
class Sheet:
    """One image on disk. Picklable: what arrives puts tiles on the same image.

    Attributes
    ----------
    scratch
        The folder that all sheets of a canvas lie in.
    name
        Of its own folder.
    chunk
        Rows and columns of a chunk.
    is_fixed
        Whether its extent was declared; otherwise it grows.
    """

    scratch: Scratch
    name: str
    chunk: tuple[int, int]
    is_fixed: bool = False
    _known: Extent | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """Where its chunks lie."""
        return Path(self.scratch.path, self.name)

    @property
    def extent(self) -> Extent | None:
        """What it holds by now, whoever put it there; None: nothing."""
        try:
            self._known = _parsed((self.folder / "extent.json").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        return self._known

    def declare(self, extent: Extent) -> None:
        """Say what it holds, before any tile is put on it."""
        self._store(extent)

    def _store(self, extent: Extent) -> None:
        self.folder.mkdir(exist_ok=True)
        made = self.folder / f"extent.{os.getpid()}.{threading.get_ident()}"
        made.write_text(json.dumps(asdict(extent)), encoding="ascii")
        made.replace(self.folder / "extent.json")
        self._known = extent

    def admit(self, pixels: NDArray[Any], low: Corner) -> None:
        """Grow to hold an array T Z C Y X [S] whose first pixel lies at `low`.

        Raises
        ------
        UnwritableError
            Its dtype or samples are not those of the sheet.
        RegionError
            It lies outside of the declared extent.
        """
        high = _each(lambda a, b: a + b, low, pixels.shape[:5])
        samples = pixels.shape[5] if pixels.ndim == 6 else None
        if min(low[:3]) < 0:
            raise RegionError(f"a tile at T Z C {list(low[:3])}", remedy="T, Z and C begin at 0.")
        new = Extent(pixels.dtype.str, samples, _each(min, _ZERO, low), high)
        if self._known is not None and self._known.holds(low, high):
            _check(self._known, new)
            return
        self.folder.mkdir(exist_ok=True)
        with _locked(self.folder / "lock"):
            known = self.extent
            if known is not None:
                _check(known, new)
            if known is not None and self.is_fixed and not known.holds(low, high):
                raise RegionError(
                    f"a tile at T Z C Y X {list(low)} to {list(high)} of a canvas of {list(known.shape[:5])}",
                    remedy="Cut it, or leave out shape=: then the canvas grows.",
                )
            self._store(new if known is None else known.united(low, high))

    def put(self, plane: NDArray[Any], at: tuple[int, int, int], y: int, x: int, mask: Any, blend: Blend) -> None:
        """Put a plane Y X [S] at T, Z, C and row `y`, column `x`, where `mask` is true."""
        for row, rows, rows_in in self._cut(range(y, y + plane.shape[0]), 0):
            for column, columns, columns_in in self._cut(range(x, x + plane.shape[1]), 1):
                part = plane[rows_in, columns_in]
                allowed = None if mask is None else mask[rows_in, columns_in]
                if allowed is None or allowed.any():
                    self._put(self._path(at, row, column), (rows, columns), part, allowed, blend)

    def _cut(self, run: range, axis: int) -> Iterator[tuple[int, slice, slice]]:
        """Yield the number of each chunk that is met, the part of it, and the part of the run."""
        length = self.chunk[axis]
        for number in range(run.start // length, -(-run.stop // length)):
            first, last = max(run.start, number * length), min(run.stop, (number + 1) * length)
            within = slice(first - number * length, last - number * length)
            yield number, within, slice(first - run.start, last - run.start)

    def _path(self, at: tuple[int, int, int], row: int, column: int) -> Path:
        return self.folder / ".".join(map(str, (*at, row, column)))

    def _put(self, path: Path, place: tuple[slice, slice], new: NDArray[Any], mask: Any, blend: Blend) -> None:
        with _locked(path) as file:
            counts, pixels = self._maps(path, file, new.dtype, new.shape[2:])
            seen, old = counts[place], pixels[place]
            if blend == "mean":
                totals = self._totals(path, new.dtype, new.shape[2:])
                found, number, sums = averaged(old, new, seen, totals[place])
                _assign(totals, place, sums, mask)
            else:
                found, number = blended(old, new, seen, blend)
            _assign(pixels, place, found, mask)
            _assign(counts, place, number, mask)

    def _maps(self, path: Path, file: int, dtype: np.dtype[Any], tail: tuple[int, ...]) -> tuple[Any, Any]:
        """Map the counts and the pixels of a chunk, which is made where there is none."""
        counted = math.prod(self.chunk) * 4
        size = counted + math.prod((*self.chunk, *tail)) * dtype.itemsize
        if os.fstat(file).st_size < size:
            os.truncate(file, size)
        counts = np.memmap(path, np.uint32, "r+", 0, self.chunk)
        return counts, np.memmap(path, dtype, "r+", counted, (*self.chunk, *tail))

    def _totals(self, path: Path, dtype: np.dtype[Any], tail: tuple[int, ...]) -> Any:
        sums = path.with_name(f"{path.name}.sum")
        shape = (*self.chunk, *tail)
        return np.memmap(sums, total_dtype(dtype), "r+" if sums.exists() else "w+", 0, shape)

    def read(self, at: tuple[int, int, int], row: int, column: int, extent: Extent) -> Any:
        """Return the counts and the pixels of a chunk, whole and in memory; None where no tile lies on it."""
        path = self._path(at, row, column)
        if not path.exists():
            return None
        with _locked(path) as file:
            counts, pixels = self._maps(path, file, np.dtype(extent.dtype), extent.tail)
            return np.array(counts), np.array(pixels)


def _assign(target: Any, place: tuple[slice, slice], found: Any, mask: Any) -> None:
    if mask is None:
        target[place] = found
    else:
        target[place][mask] = found[mask]


def _parsed(text: str) -> Extent:
    said = json.loads(text)
    return Extent(said["dtype"], said["samples"], tuple(said["low"]), tuple(said["high"]))


def _check(known: Extent, new: Extent) -> None:
    if known.dtype != new.dtype:
        dtype = np.dtype(known.dtype)
        cause = f"a tile of {np.dtype(new.dtype)} on a canvas of {dtype}"
        raise UnwritableError(cause, remedy=f'Cast it, if its values fit: tile.astype("{dtype}").')
    if known.samples != new.samples:
        raise UnwritableError(f"a tile of {new.samples or 'no'} samples (S) on a canvas of {known.samples or 'none'}")


_stripes = [threading.Lock() for _ in range(64)]


def _renew() -> None:
    _stripes[:] = [threading.Lock() for _ in _stripes]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold a file, made where there is none, against other threads and processes; give its descriptor."""
    with _stripes[hash(path) % len(_stripes)]:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            while try_lock(file) is False:
                time.sleep(_WAIT)
            yield file
        finally:
            os.close(file)


@dataclass(frozen=True, eq=False)
class OnSheet(Recipe):
    """A part of a sheet as it is when it is read.

    Attributes
    ----------
    sheet
        The sheet.
    extent
        Which part, and what its pixels are.
    fill
        Value of pixels that no tile covers.
    identity
        A name that no other recipe has.
    """

    sheet: Sheet
    extent: Extent
    fill: float
    identity: str = field(default_factory=lambda: os.urandom(16).hex())

    @cached_property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """T Z C Y X [S]."""
        return self.extent.shape

    @cached_property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """That of the tiles."""
        return np.dtype(self.extent.dtype)

    @property
    def chunk(self) -> tuple[int, ...]:
        """A chunk of the sheet."""
        return (1, 1, 1, *self.sheet.chunk, *self.extent.tail)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read the chunks that are met, in threads."""
        rows, columns = (list(self._met(key[3 + axis], axis)) for axis in (0, 1))

        def copy(task: tuple[Any, ...]) -> None:
            place, (row, rows_out, rows_in), (column, columns_out, columns_in) = task
            t, z, c = (int(index[at]) + low for index, at, low in zip(key, place, self.extent.low, strict=False))
            found = self.sheet.read((t, z, c), row, column, self.extent)
            target, where = out[place], indexer((rows_out, columns_out))
            if found is None:
                target[where] = self.fill
                return
            counts, pixels = (orthogonal(map(to_numpy, (rows_in, columns_in)), array) for array in found)
            pixels[counts == 0] = self.fill
            target[where] = pixels[..., to_numpy(key[5])] if len(key) == 6 else pixels

        run_all(copy, [(at, y, x) for at in np.ndindex(out.shape[:3]) for y in rows for x in columns])

    def _met(self, index: Index, axis: int) -> Iterator[tuple[int, Index, Index]]:
        """Yield the number of each chunk that is met along Y or X, places in the result, and pixels of the chunk."""
        if not len(index):
            return
        length, low, run = self.sheet.chunk[axis], self.extent.low[3 + axis], hull(index)
        for number in range((run.start + low) // length, -(-(run.stop + low) // length)):
            places, inside = meet(index, number * length - low, (number + 1) * length - low)
            if len(places):
                yield number, places, inside

    def token(self) -> tuple[Any, ...]:
        """Name the sheet; its pixels may change, so every recipe is another."""
        return ("sheet", self.identity)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()

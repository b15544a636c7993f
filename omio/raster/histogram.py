"""How often which values occur, channel by channel, read block by block in bounded memory.

Integers of up to 16 bits are counted value by value in one pass. Other pixels take two where no range is given: one
for extremes, mean and standard deviation, one for the bins. Bins are those of `numpy.histogram`: half open but for the
last, which holds its upper edge. NaN and infinity do not count. What ``range="round"`` means is large_image's (1.35).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from omio.errors import OptionError
from omio.lazy.chunks import stream_blocks
from omio.metadata._coords import to_coordinates
from omio.raster.contrast import check_real
from omio.raster.render import all_values, bits_of, is_tabled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray
    from numpy.typing import NDArray

    from omio.image import Image
    from omio.lazy.recipe import Recipe

type Edges = NDArray[Any]
type Counts = NDArray[np.int64]
type Range = tuple[Any, Any]
type Wanted = Range | Literal["round"] | None


@dataclass(frozen=True)
class Statistics:
    """Of the finite values of a channel, or of one of its samples; NaN where there is none.

    Attributes
    ----------
    min, max
        In the dtype of the pixels.
    mean, std
        The standard deviation is that of the population.
    samples
        How many values there are.
    """

    min: Any
    max: Any
    mean: float
    std: float
    samples: int


NOTHING = Statistics(np.nan, np.nan, np.nan, np.nan, 0)


class Counter(Protocol):
    """Takes values, block after block."""

    def add(self, values: NDArray[Any]) -> None:
        """Count values of any shape."""


class Exact:
    """Counts each value of a dtype of up to 16 bits."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        values = all_values(dtype.str)
        self._values = bits_of(values) if dtype.kind == "b" else values
        self._counts = np.zeros(len(values), np.int64)

    def add(self, values: NDArray[Any]) -> None:
        """Count values of any shape."""
        self._counts += np.bincount(bits_of(values).ravel(), minlength=len(self._counts))

    def statistics(self) -> Statistics:
        """Return what the values so far are like."""
        seen, counts = self._seen()
        if not len(seen):
            return NOTHING
        mean = np.average(seen, weights=counts)
        std = np.sqrt(np.average((seen - mean) ** 2, weights=counts))
        return Statistics(seen[0], seen[-1], float(mean), float(std), int(counts.sum()))

    def bins(self, bins: int, limits: Range | None) -> tuple[Counts, Edges]:
        """Return how many values lie in each bin, and the edges of the bins."""
        seen, counts = self._seen()
        return np.histogram(seen, bins, limits, weights=counts)

    def _seen(self) -> tuple[NDArray[Any], Counts]:
        order = np.argsort(self._values)
        present = order[self._counts[order] > 0]
        return self._values[present], self._counts[present]


class Moments:
    """Extremes, mean and spread, joined block by block (Chan, Golub and LeVeque)."""

    def __init__(self) -> None:
        self._samples, self._mean, self._squares = 0, 0.0, 0.0
        self._low: Any = None
        self._high: Any = None

    def add(self, values: NDArray[Any]) -> None:
        """Count values of any shape."""
        new = finite(values)
        if not new.size:
            return
        low, high = new.min(), new.max()
        self._low = low if self._low is None else min(self._low, low)
        self._high = high if self._high is None else max(self._high, high)
        count = self._samples + new.size
        shift = float(new.mean(dtype=np.float64)) - self._mean
        self._squares += float(new.var(dtype=np.float64)) * new.size + shift**2 * self._samples * new.size / count
        self._mean += shift * new.size / count
        self._samples = count

    def statistics(self) -> Statistics:
        """Return what the values so far are like."""
        if not self._samples:
            return NOTHING
        std = float(np.sqrt(self._squares / self._samples))
        return Statistics(self._low, self._high, self._mean, std, self._samples)


class Bins:
    """Counts values in bins whose limits are known."""

    def __init__(self, dtype: np.dtype[Any], bins: int, limits: Range) -> None:
        self._bins, self._limits = bins, limits
        self.counts, self.edges = np.histogram(np.zeros(0, dtype), bins, limits)

    def add(self, values: NDArray[Any]) -> None:
        """Count values of any shape."""
        self.counts += np.histogram(finite(values), self._bins, self._limits)[0]


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values that are numbers, flat where some are not."""
    return values[np.isfinite(values)] if values.dtype.kind == "f" else values


def counter(dtype: np.dtype[Any]) -> Exact | Moments:
    """Return what counts values of a dtype and tells their statistics."""
    return Exact(dtype) if is_tabled(dtype) else Moments()


def histogram(
    image: Image,
    bins: int = 256,
    *,
    range: Wanted = None,  # noqa: A002 - numpy's word
    density: bool = False,
) -> xarray.Dataset:
    """Count the values of each channel; see `omio.dataset.pictures.Pictures.histogram`."""
    import xarray as xr

    check_real(image.dtype)
    wanted = _checked(bins, range)
    recipe, shape = image.recipe, (image.sizes["C"], image.sizes.get("S", 1))
    found, counted = _counted(recipe, shape, int(bins), wanted)
    hist, edges = (np.stack(part).reshape(*shape, -1) for part in zip(*counted, strict=True))
    if density:
        hist = _density(hist, edges)
    dims = ("C", "S")
    variables: dict[str, Any] = {"hist": ((*dims, "bin"), hist), "bin_edges": ((*dims, "edge"), edges)}
    for name in ("min", "max", "mean", "std", "samples"):
        variables[name] = (dims, np.array([getattr(one, name) for one in found]).reshape(shape))
    coords = {name: one for name, one in to_coordinates(image.facts).items() if one[0] == ("C",)}
    whole = xr.Dataset(variables, coords=coords)
    return whole if "S" in image.sizes else whole.isel(S=0)


def _checked(bins: int, limits: Wanted) -> Wanted:
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise OptionError(f"bins={bins!r}", remedy="Give the number of bins, 1 or more.")
    if limits is None or (isinstance(limits, str) and limits == "round"):
        return limits
    if isinstance(limits, str) or not (len(limits) == 2 and np.isfinite(limits).all() and limits[0] < limits[1]):
        raise OptionError(f"range={limits!r}", remedy='Give (low, high), finite, the lower one first, or "round".')
    return limits[0], limits[1]


def _counted(
    recipe: Recipe, shape: tuple[int, int], bins: int, wanted: Wanted
) -> tuple[list[Statistics], list[tuple[Counts, Edges]]]:
    """Return statistics and bins of the samples of each channel, those of the first channel first."""
    count, dtype = shape[0] * shape[1], recipe.dtype
    if is_tabled(dtype):
        exact = [Exact(dtype) for _ in range(count)]
        tally(recipe, exact)
        found = [one.statistics() for one in exact]
        limits = _limits(found, dtype, bins, wanted)
        return found, [one.bins(*own) for one, own in zip(exact, limits, strict=True)]
    moments = [Moments() for _ in range(count)]
    if isinstance(wanted, tuple):
        binned = [Bins(dtype, bins, wanted) for _ in moments]
        tally(recipe, moments, binned)
    else:
        tally(recipe, moments)
        limits = _limits([one.statistics() for one in moments], dtype, bins, wanted)
        binned = [Bins(dtype, *own) for own in limits]
        tally(recipe, binned)
    return [one.statistics() for one in moments], [(one.counts, one.edges) for one in binned]


def _limits(found: Sequence[Statistics], dtype: np.dtype[Any], bins: int, wanted: Wanted) -> list[tuple[int, Range]]:
    """Return for each channel how many bins it has, as many as the others, and their outer edges."""
    if isinstance(wanted, tuple):
        return [(bins, wanted) for _ in found]
    ends = [(one.min, one.max) if one.samples else (0, 1) for one in found]
    if wanted is None or dtype.kind not in "iu":
        return [(bins, pair) for pair in ends]
    spans = [int(high) + 1 - int(low) for low, high in ends]
    # bins that join ten values or more stay as they are: rounding up their width would leave too many empty
    widths = [Fraction(-(-span // bins)) if span < 10 * bins else Fraction(span, bins) for span in spans]
    most = max(math.ceil(span / width) for span, width in zip(spans, widths, strict=True))
    return [(most, (int(low), int(low) + int(width * most))) for (low, _), width in zip(ends, widths, strict=True)]


def tally(recipe: Recipe, *groups: Sequence[Counter]) -> None:
    """Let counters, one a sample of a channel in each group, count all pixels; each block is read once."""
    samples = recipe.shape[5] if recipe.ndim > 5 else 1
    for key in stream_blocks(recipe):
        block = recipe.load(key)
        for place, c in enumerate(key[2]):
            for s in range(samples):
                values = block[:, :, place, ..., s] if recipe.ndim > 5 else block[:, :, place]
                for counters in groups:
                    counters[c * samples + s].add(values)


def _density(hist: Counts, edges: Edges) -> NDArray[np.float64]:
    total = hist.sum(axis=-1, keepdims=True)
    shares: NDArray[np.float64] = hist / np.diff(edges, axis=-1)
    return np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)

"""One indexer a dim: a ``range``, or an array of non-negative positions.

Ranges compose with ranges exactly (also with negative steps), cost nothing whatever their length, and never hold
the ``None`` that makes slices awkward. Arrays are for what no range can say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

type Index = range | NDArray[np.intp]
type Key = tuple[Index, ...]


def full_key(shape: tuple[int, ...]) -> Key:
    """Return the key that selects everything."""
    return tuple(range(size) for size in shape)


def to_index(indexer: Any, size: int) -> Index:
    """Turn an integer, slice, list, boolean mask or array into an index on a dim of `size`.

    An integer gives a range of length 1. Raises IndexError where a position lies outside.
    """
    if isinstance(indexer, range):
        return _check_range(indexer, size)
    if isinstance(indexer, slice):
        return range(size)[indexer]
    if isinstance(indexer, int | np.integer) and not isinstance(indexer, bool):
        return _single(int(indexer), size)
    array = np.asarray(indexer)
    if array.dtype == bool:
        return _from_mask(array, size)
    if array.ndim == 0 and array.dtype.kind in "iu":
        return _single(int(array), size)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        if array.size == 0:
            return range(0)
        raise TypeError(f"an indexer is an integer, slice, list of integers or mask, not {indexer!r}")
    return _from_positions(array.astype(np.intp), size)


def _check_range(indexer: range, size: int) -> range:
    if len(indexer) and not (0 <= indexer[0] < size and 0 <= indexer[-1] < size):
        raise IndexError(f"{indexer} is outside of {size}")
    return indexer


def _single(position: int, size: int) -> range:
    if not -size <= position < size:
        raise IndexError(f"{position} is outside of {size}")
    position %= size
    return range(position, position + 1)


def _from_mask(mask: NDArray[np.bool_], size: int) -> Index:
    if mask.shape != (size,):
        raise IndexError(f"a mask of shape {mask.shape} does not fit a dim of {size}")
    return simplify(np.flatnonzero(mask))


def _from_positions(positions: NDArray[np.intp], size: int) -> Index:
    if positions.size and (positions.min() < -size or positions.max() >= size):
        raise IndexError(f"{int(positions.min())} to {int(positions.max())} is outside of {size}")
    return simplify(np.where(positions < 0, positions + size, positions))


def simplify(positions: NDArray[np.intp]) -> Index:
    """Return the range that equals `positions` where there is one."""
    count = len(positions)
    if count == 0:
        return range(0)
    first = int(positions[0])
    if count == 1:
        return range(first, first + 1)
    step = int(positions[1]) - first
    if step and bool((np.diff(positions) == step).all()):
        return range(first, first + count * step, step)
    return positions


def positions(index: Index) -> NDArray[np.intp]:
    """Return the positions as an array."""
    if isinstance(index, range):
        return np.arange(index.start, index.stop, index.step, dtype=np.intp)
    return index


def compose(first: Index, then: Index) -> Index:
    """Return the index that equals applying `first`, and then `then` to its result."""
    if not isinstance(first, range):
        return simplify(first[positions(then)])
    if isinstance(then, range):
        if not len(then):
            return range(0)
        start = first.start + then.start * first.step
        return range(start, start + len(then) * then.step * first.step, then.step * first.step)
    return first.start + then * first.step


def compose_keys(first: Key, then: Key) -> Key:
    """Compose dim by dim."""
    return tuple(compose(a, b) for a, b in zip(first, then, strict=True))


def key_shape(key: Key) -> tuple[int, ...]:
    """Return the shape that a key selects."""
    return tuple(len(index) for index in key)


def is_full(index: Index, size: int) -> bool:
    """Whether the index selects a dim of `size` as it is."""
    return isinstance(index, range) and index == range(size)


def is_run(index: Index) -> bool:
    """Whether the index is a run of neighbours in ascending order."""
    return isinstance(index, range) and (index.step == 1 or len(index) == 1)


def hull(index: Index) -> range:
    """Return the smallest run that holds all positions of a non-empty index."""
    if isinstance(index, range):
        low, high = sorted((index[0], index[-1]))
    else:
        low, high = int(index.min()), int(index.max())
    return range(low, high + 1)


def meet(index: Index, start: int, stop: int) -> tuple[Index, Index]:
    """Return where an index lies in start <= position < stop: places in the index, and positions counted from start.

    Of a range both are ranges, found without looking at each position; places ascend.

    >>> meet(range(0, 20, 3), 5, 12)
    (range(2, 4), range(1, 7, 3))
    """
    if not isinstance(index, range):
        places = np.flatnonzero((index >= start) & (index < stop))
        return places, index[places] - start
    low, high = (start, stop) if index.step > 0 else (stop - 1, start - 1)
    first = min(max(0, -((index.start - low) // index.step)), len(index))
    last = max(first, min(len(index), -((index.start - high) // index.step)))
    found = index[first:last]
    return range(first, last), range(found.start - start, found.stop - start, found.step)


def within(index: Index, run: range) -> slice | NDArray[np.intp]:
    """Return the numpy indexer that picks `index` out of an array that holds `run`."""
    if not isinstance(index, range):
        return index - run.start
    start, stop = index.start - run.start, index.stop - run.start
    return slice(start, None if stop < 0 else stop, index.step)


def to_numpy(index: Index) -> slice | NDArray[np.intp]:
    """Return the indexer as numpy takes it."""
    return within(index, range(0)) if isinstance(index, range) else index


def index_token(index: Index) -> tuple[Any, ...]:
    """Return a value that equal indexes share."""
    if isinstance(index, range):
        return (index.start, index.stop, index.step) if len(index) else (0, 0, 1)
    import hashlib

    return ("positions", hashlib.blake2b(np.ascontiguousarray(index).tobytes(), digest_size=16).hexdigest())


def orthogonal(key: Iterable[slice | NDArray[np.intp]], array: NDArray[Any]) -> NDArray[Any]:
    """Select dim by dim (numpy would broadcast several arrays against each other)."""
    for dim, indexer in enumerate(key):
        array = array[(slice(None),) * dim + (indexer,)]
    return array


def distinct(values: ArrayLike) -> NDArray[Any]:
    """Return the different values in ascending order: `np.unique` without its import of `numpy.ma`."""
    ordered = np.sort(values, axis=None)
    if len(ordered) < 2:
        return ordered
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def grouped(values: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Return the places of each different value, values in ascending order.

    >>> [places.tolist() for places in grouped(np.array([5, 2, 5]))]
    [[1], [0, 2]]
    """
    order = np.argsort(values, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(values[order])) + 1) if len(order) else []

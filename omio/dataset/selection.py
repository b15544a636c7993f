"""What ``sel`` and ``isel`` mean: by integer, channel name and physical position, by omio's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset.positions import Method, check_method, find, stepped
from omio.errors import SelectionError
from omio.indexing import simplify, to_index
from omio.naming import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.indexing import Index, Key
    from omio.metadata.facts import Facts


def index_key(facts: Facts, indexers: Mapping[str, Any]) -> Key:
    """Turn integers, slices, lists and masks by dim into a key; an integer keeps its dim at length 1."""
    _check_dims(facts, indexers)
    return tuple(
        _by_index(dim, indexers[dim], size) if dim in indexers else range(size) for dim, size in facts.sizes.items()
    )


def label_key(facts: Facts, labels: Mapping[str, Any], method: Method | None) -> Key:
    """Turn channel names and physical positions by dim into a key."""
    _check_dims(facts, labels)
    check_method(method)
    return tuple(
        _by_label(facts, dim, labels[dim], method) if dim in labels else range(size)
        for dim, size in facts.sizes.items()
    )


def _check_dims(facts: Facts, names: Mapping[str, Any]) -> None:
    if unknown := set(names) - set(facts.sizes):
        strange = sorted(unknown)
        raise SelectionError(f"no dim {', '.join(strange)}", remedy=listed(facts.sizes, strange[0]))


def _by_index(dim: str, indexer: Any, size: int) -> Index:
    try:
        return to_index(indexer, size)
    except (IndexError, TypeError, ValueError) as error:
        raise SelectionError(str(error), place=dim) from None


def _by_label(facts: Facts, dim: str, label: Any, method: Method | None) -> Index:
    if isinstance(label, list | np.ndarray) and np.asarray(label).dtype == bool:
        return _by_index(dim, label, facts.sizes[dim])
    if dim == "C":
        return _by_name(facts, label)
    axis = facts.axes.get(dim)
    if axis is None:
        raise SelectionError(
            "has no positions: the file does not say its spacing",
            place=dim,
            remedy=f"Select by index with isel({dim}=...), or give the spacing with with_metadata.",
        )
    return find(dim, axis, label, method)


def _by_name(facts: Facts, label: Any) -> Index:
    names = facts.channels.get("name")
    if names is None:
        raise SelectionError("the channels have no names", place="C", remedy="Select by index with isel(C=...).")
    if isinstance(label, slice):
        first = 0 if label.start is None else _places(names, label.start)[0]
        last = len(names) - 1 if label.stop is None else _places(names, label.stop)[-1]
        if first > last:
            raise SelectionError(f"{label.start!r} comes after {label.stop!r}", place="C")
        return stepped("C", range(first, last + 1), label.step)
    wanted = [label] if isinstance(label, str) else np.asarray(label).ravel().tolist()
    return simplify(np.array([at for name in wanted for at in _places(names, name)], dtype=np.intp))


def _places(names: tuple[Any, ...], label: Any) -> list[int]:
    found = [at for at, name in enumerate(names) if name is not None and name == str(label)]
    if not found:
        known = [name for name in names if name is not None]
        raise SelectionError(f"no channel {str(label)!r}", place="C", remedy=listed(known, label))
    return found

"""Values that stand for others in tokens: equal for equal values, also in other processes, and short for arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

_PLAIN = frozenset((int, str, float, bool, bytes, type(None)))


def stable(value: Any) -> Any:
    """Return plain values, whose ``repr`` tells apart what differs.

    Dataclasses count by their fields, functions and classes by their names, arrays by a digest of their content. All
    else must have a ``repr`` that says everything.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.str, value.shape, _content(value))
    if isinstance(value, tuple | list):
        return (type(value).__name__, *map(stable, value))
    if isinstance(value, Mapping):
        return ("mapping", *((stable(key), stable(item)) for key, item in value.items()))
    if isinstance(value, partial):
        return ("partial", stable(value.func), stable(value.args), stable(value.keywords))
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return (name_of(type(value)), *(stable(getattr(value, field)) for field in value.__dataclass_fields__))
    return name_of(value) if hasattr(value, "__qualname__") else repr(value)


def name_of(thing: Any) -> str:
    """Return the full name of a function or class."""
    return f"{thing.__module__}.{thing.__qualname__}"


def _content(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.hasobject:
        return stable(array.tolist())
    import hashlib  # slow to import, and most leaves hold no array

    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).hexdigest()

"""Time stamps of planes: Windows' FILETIME, counts of 100 ns since the year 1601, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from omio.ome.markup import local, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

TICKS = 10_000_000
"""Of one second."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LATEST = 0x7FFF_FFFF_FFFF_FFFF


def stamps_in(image: Element) -> tuple[int, ...]:
    """Return all time stamps in order: hexadecimal numbers in the list, or an element each in older files."""
    found = next((element for element in image.iter() if local(element.tag) == "TimeStampList"), None)
    if found is None:
        return ()
    texts = (found.text or "").split()
    stamps = [_hex(text) for text in texts] if texts else [_halves(item) for item in found]
    return tuple(stamp for stamp in stamps if stamp is not None) if None not in stamps else ()


def _hex(text: str) -> int | None:
    try:
        value = int(text, 16)
    except ValueError:
        return None
    return value if 0 < value <= _LATEST else None


def _halves(item: Element) -> int | None:
    high, low = whole(item.get("HighInteger")), whole(item.get("LowInteger"))
    return None if high is None or low is None else high * 2**32 + low


def moment(stamp: int) -> str | None:
    """Return a time stamp as ISO 8601; None where it is none of this calendar."""
    try:
        return (_EPOCH + timedelta(microseconds=stamp // 10)).isoformat()
    except OverflowError:
        return None


def order_of(sizes: Mapping[str, int], strides: Mapping[str, int], count: int) -> tuple[str, ...] | None:
    """Return the dims that `count` time stamps run through, slowest first; None where that is not certain.

    Stamps follow the planes as they lie in Leica's memory, as Bio-Formats reads them; channels that are taken together
    may share one.
    """
    long = [dim for dim in "TZC" if sizes[dim] > 1]
    for dims in (long, [dim for dim in long if dim != "C"]):
        if count == np.prod([sizes[dim] for dim in dims], dtype=int) and (len(dims) < 2 or _differ(dims, strides)):
            return tuple(sorted(dims, key=lambda dim: -strides.get(dim, 0)))
    return None


def _differ(dims: list[str], strides: Mapping[str, int]) -> bool:
    return len({strides.get(dim) for dim in dims} - {None}) == len(dims)


def seconds(stamps: tuple[int, ...], order: tuple[str, ...], sizes: Mapping[str, int]) -> NDArray[np.float64]:
    """Return the seconds of each plane after the first stamp, of shape (T, Z, C)."""
    elapsed = (np.array(stamps, dtype=np.int64) - stamps[0]) / TICKS
    grid = elapsed.reshape([sizes[dim] for dim in order])
    planes = grid.transpose([order.index(dim) for dim in "TZC" if dim in order])
    shape = [sizes[dim] for dim in "TZC"]
    return np.broadcast_to(planes.reshape([sizes[dim] if dim in order else 1 for dim in "TZC"]), shape)

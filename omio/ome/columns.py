"""Runs of equal elements, read into one column an attribute.

Machines write the elements of planes all alike, so the first one gives a pattern that reads the others in one pass
(20,000 in about 30 ms). Where they are not alike each is read by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

type Columns = dict[str, tuple[bytes | None, ...]]
"""Attribute name -> its value in each element, None where it is absent; a child's attributes count as the element's,
its text is the column of the child's name."""

_PREFIX = rb"(?:[\w.-]+:)?"
_ATTRIBUTES = rb"""(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+"""
_VALUE = re.compile(rb"""(?P<name>[\w.:-]+)\s*=\s*(?:"(?P<double>[^"<]*)"|'(?P<single>[^'<]*)')|>(?P<text>[^<>]+)<""")
_CHILD_NAME = re.compile(rb"<" + _PREFIX + rb"([\w-]+)[^<>]*>$")


def read(run: bytes, element: bytes, where: Mapping[str, bytes] | None = None) -> tuple[int, Columns]:
    """Return how many `element` (a local name) the run holds, and their columns.

    The run is one that `omio.ome.cut` made: elements and white space, nothing else. With `where`, only the elements
    in which these attributes have these values; where the elements are not written alike that may be fewer than
    there are.
    """
    starts = re.compile(rb"<" + _PREFIX + element + rb"(?=[\s/>])")
    first = starts.search(run)
    if first is None:
        return 0, {}
    whole = element_at(run, first.start(), element)
    names = [name for name, _ in _values(whole)]
    alike = _alike(run, whole, names, where or {})
    if alike is not None and (where or len(alike) == _count(run, first[0], element)):
        return len(alike), dict(zip(names, zip(*alike, strict=True), strict=True)) if alike else {}
    return _one_by_one([element_at(run, start.start(), element) for start in starts.finditer(run)])


def _count(run: bytes, opening: bytes, element: bytes) -> int:
    """Return how many elements there are; -1 where they do not all have the same prefix."""
    other = b"<" + element if b":" in opening else b":" + element
    return -1 if other in run else run.count(opening)


def element_at(run: bytes, start: int, element: bytes) -> bytes:
    """Return the text of the element that starts there, children included."""
    pattern = _WHOLE.setdefault(element, _whole_pattern(element))
    found = pattern.match(run, start)
    return found[0] if found else b""


def _whole_pattern(element: bytes) -> re.Pattern[bytes]:
    opening = rb"<(?P<tag>" + _PREFIX + element + rb")(?=[\s/>])" + _ATTRIBUTES
    return re.compile(opening + rb"(?:(?<=/)>|>.*?</(?P=tag)\s*>)", re.DOTALL)


_WHOLE: dict[bytes, re.Pattern[bytes]] = {}


def _meaningful(text: bytes) -> list[re.Match[bytes]]:
    return [value for value in _VALUE.finditer(text) if value["text"] is None or value["text"].strip()]


def _values(text: bytes) -> list[tuple[str, bytes]]:
    """Return names and values of an element: its attributes, its children's attributes and their text."""
    found = []
    for value in _meaningful(text):
        group = value.lastgroup or "text"
        if group == "text":
            child = _CHILD_NAME.search(text[: value.start() + 1])
            found.append(((child[1] if child else b"text").decode(), value["text"]))
        else:
            found.append((value["name"].rpartition(b":")[2].decode(), value[group]))
    return found


def _alike(run: bytes, whole: bytes, names: list[str], where: Mapping[str, bytes]) -> list[tuple[bytes, ...]] | None:
    """Return the values of all elements that are written like `whole`; None where it has no or repeated names."""
    if len(set(names)) != len(names) or not names or not where.keys() <= set(names):
        return None
    pieces, position = [], 0
    for name, value in zip(names, _meaningful(whole), strict=True):
        group = value.lastgroup or "text"
        start, stop = value.span(group)
        wanted = re.escape(where[name]) if name in where else _ANY[group]
        pieces += [re.escape(whole[position:start]), b"(", wanted, b")"]
        position = stop
    rows = re.findall(b"".join((*pieces, re.escape(whole[position:]))), run)
    return [(row,) for row in rows] if len(names) == 1 else rows


_ANY = {"double": rb'[^"<]*', "single": rb"[^'<]*", "text": rb"[^<]*"}


def _one_by_one(elements: Sequence[bytes]) -> tuple[int, Columns]:
    rows = [dict(_values(element)) for element in elements]
    names = dict.fromkeys(name for row in rows for name in row)
    return len(rows), {name: tuple(row.get(name) for row in rows) for name in names}


def floats(column: Sequence[bytes | None], troubled: Callable[[str], None]) -> NDArray[np.float64]:
    """Return a column of numbers; NaN where one is absent, not finite, or no number (then `troubled` is told)."""
    return _numbers(column, troubled)


def integers(column: Sequence[bytes | None], absent: int, troubled: Callable[[str], None]) -> NDArray[np.int64]:
    """Return a column of whole numbers; `absent` where there is none, and where it is no number (`troubled` is told).

    Numbers beyond 2**53 come out as 2**53: nothing that is counted here is as large.
    """
    try:
        return np.array(list(map(int, column)), dtype=np.int64)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        numbers = _numbers(column, troubled)
    return np.where(np.isnan(numbers), absent, np.clip(numbers, -(2.0**53), 2.0**53)).astype(np.int64)


def _numbers(column: Sequence[bytes | None], troubled: Callable[[str], None]) -> NDArray[np.float64]:
    try:
        numbers = np.array(list(map(float, column)), dtype=np.float64)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        numbers = np.array([_number(value, troubled) for value in column], dtype=np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _number(value: bytes | None, troubled: Callable[[str], None]) -> float:
    if value is None:
        return float("nan")
    try:
        return float(value)
    except ValueError:
        troubled(value.decode("utf-8", "replace"))
        return float("nan")

"""Cut the elements of planes out of an OME-XML text before it is parsed.

``Plane``, ``TiffData`` and ``BinData`` come by the ten thousand and say the same few attributes again and again. They
are cut out as runs of text, which `omio.ome.columns` reads into arrays when asked; a marker element stays in place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARKER = "omio-cut"
"""Name of the element that stands for a run; its attribute ``n`` is the number of the run."""

_NAMES = rb"(?:Plane|TiffData|BinData)"
_PREFIX = rb"(?:[\w.-]+:)?"
_FIRST = re.compile(rb"<" + _PREFIX + _NAMES + rb"(?=[\s/>])")
_EDGE = re.compile(rb"</?" + _PREFIX + _NAMES + rb"(?=[\s/>])")
_ATTRIBUTES = rb"""(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+"""
_REST_OF_TAG = re.compile(_ATTRIBUTES + rb">")
_CLOSING = re.compile(rb"</" + _PREFIX + rb"Pixels\s*>")
_WHOLE = re.compile(
    rb"<(?P<name>" + _PREFIX + _NAMES + rb")(?=[\s/>])" + _ATTRIBUTES + rb"(?:(?<=/)>|>.*?</(?P=name)\s*>)", re.DOTALL
)
_WINDOW = 1 << 16


@dataclass(frozen=True)
class Cut:
    """A document in two: the markup to parse, and the runs of plane elements that were cut out of it."""

    head: bytes
    runs: tuple[bytes, ...]


def cut(data: bytes) -> Cut:
    """Cut the runs of plane elements out of every ``Pixels`` of a cleaned document.

    At most one run a ``Pixels``; where further elements stand between its planes, they stay in the head.
    """
    pieces: list[bytes] = []
    runs: list[bytes] = []
    position = 0
    while True:
        begin, end = _next_pixels(data, position)
        first = _FIRST.search(data, begin, end) if begin >= 0 else None
        if begin < 0:
            break
        if first is None:
            pieces.append(data[position:end])
        else:
            rest, run, stop = _split(data, first.start(), end)
            pieces += (data[position : first.start()], b'<%s n="%d"/>' % (MARKER.encode(), len(runs)), rest)
            pieces.append(data[stop:end])
            runs.append(run)
        position = end
    return Cut(b"".join((*pieces, data[position:])), tuple(runs))


def _next_pixels(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the next ``Pixels`` begins and ends; -1 where there is none."""
    begin = data.find(b"Pixels", position)
    while begin >= 0 and data[begin - 1 : begin] not in (b"<", b":"):
        begin = data.find(b"Pixels", begin + 1)
    if begin < 0:
        return -1, -1
    end = data.find(b"Pixels>", begin + 6)
    if end >= 0:
        return begin, data.rfind(b"<", begin, end)
    closing = _CLOSING.search(data, begin)
    return begin, closing.start() if closing else len(data)


def _split(data: bytes, start: int, end: int) -> tuple[bytes, bytes, int]:
    """Return what is no plane element, the run of plane elements, and where the run ends."""
    stop = _end_of_run(data, start, end)
    if stop is not None and data.find(b"Channel", start, stop) < 0:
        return b"", data[start:stop], stop
    between = data[start:end]
    return _WHOLE.sub(b"", between), b"".join(element[0] for element in _WHOLE.finditer(between)), end


def _end_of_run(data: bytes, start: int, end: int) -> int | None:
    """Return the end of the last plane element's tag before `end`, looking backwards in growing windows."""
    window = _WINDOW
    while True:
        low = max(start, end - window)
        edges = list(_EDGE.finditer(data, low, end))
        if edges or low == start:
            break
        window *= 8
    closing = _REST_OF_TAG.match(data, edges[-1].end(), end) if edges else None
    return closing.end() if closing else None

"""Which pages of a TIFF belong together: stacks of equal pages, pyramid levels, tifffile's ``shaped`` descriptions."""

from __future__ import annotations

import json
import math
import re
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import UNKNOWN, Outer
from omio.errors import DamagedFileError, DamagedFileWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.ifdtable import IfdTable

MAX_KINDS = 4096
REDUCED, MASK = 1, 4

type Numbers = range | tuple[int, ...]


@dataclass(frozen=True)
class Frame:
    """What pages of one stack share."""

    height: int
    width: int
    samples: int
    bits: tuple[int, ...]
    format: tuple[int, ...]
    subfile: int

    def reduces(self, full: Frame) -> bool:
        """Whether this may be a coarser level of `full`: the same pixels, both sides smaller by one factor."""
        if (self.samples, self.bits, self.format) != (full.samples, full.bits, full.format):
            return False
        if self.height >= full.height and self.width >= full.width:
            return False
        factor = max(round(full.width / self.width), round(full.height / self.height))
        return factor >= 2 and all(
            full_side // factor - 1 <= side <= -(-full_side // factor) + 1
            for side, full_side in ((self.height, full.height), (self.width, full.width))
        )


@dataclass(frozen=True)
class Series:
    """Pages that make one scene.

    Attributes
    ----------
    pages
        Numbers of the pages at full resolution, in file order.
    outer
        Dims along which they follow each other.
    frame
        What the pages share.
    name
        As the file names it, or empty.
    run
        See `Where`: planes behind one IFD; `pages` then counts along the run.
    coarser
        Pages of coarser levels in the main chain.
    sublevels
        How many levels lie in SubIFDs.
    """

    pages: Numbers
    outer: Outer
    frame: Frame
    name: str = ""
    run: int | None = None
    coarser: tuple[Numbers, ...] = ()
    sublevels: int = 0

    @property
    def first(self) -> int:
        """The page whose tags speak for all."""
        return self.pages[0] if self.run is None else self.run

    @property
    def level_count(self) -> int:
        """Levels, the full one included."""
        return 1 + max(self.sublevels, len(self.coarser))


def series_of(document: TiffDocument) -> tuple[Series, ...]:
    """Group the pages of a file; use with `TiffDocument.memo`.

    Raises
    ------
    DamagedFileError
        Where no page holds an image, or sizes are none that an image can have.
    """
    frames = _frames(document)
    if not frames:
        raise DamagedFileError("no page holds an image", path=document.path)
    shaped = _shaped(document, frames) if document.dialect == "shaped" else None
    if shaped is None:
        shaped = _pyramids([_stack(pages, frame) for frame, pages in _stacks(frames)])
    return tuple(_with_sublevels(document, series) for series in shaped)


def _frames(document: TiffDocument) -> dict[int, Frame]:
    table = document.ifds()
    kinds, first = np.unique(table.kinds, return_index=True)
    if len(kinds) > MAX_KINDS:
        raise DamagedFileError(f"its pages are of {len(kinds)} different kinds", path=document.path)
    known = {int(kind): _frame(document, int(page)) for kind, page in zip(kinds, first, strict=True) if kind >= 0}
    frames = {page: frame for page, kind in enumerate(table.kinds) if (frame := known.get(int(kind))) is not None}
    if len(frames) < len(table):
        text = f"{document.path}: {len(table) - len(frames)} pages without an image are passed over"
        warnings.warn(text, DamagedFileWarning, stacklevel=2)
    return frames


def _frame(document: TiffDocument, page: int) -> Frame | None:
    table = document.ifds()
    if not table.has(page, 256) and not table.has(page, 257):
        return None
    width, height = (_number(table, page, code, 0) for code in (256, 257))
    if width < 1 or height < 1:
        cause = f"an image of {height} x {width} pixels"
        raise DamagedFileError(cause, path=document.path, place=f"page {page}")
    samples = _number(table, page, 277, 1)
    bits, kinds = table.integers(page, 258), table.integers(page, 339)
    return Frame(
        height,
        width,
        samples,
        (1,) if bits is None else tuple(bits[:samples].tolist()),
        (1,) if kinds is None else tuple(kinds[:1].tolist()),
        _number(table, page, 254, 0) & (REDUCED | MASK),
    )


def _number(table: IfdTable, page: int, code: int, default: int) -> int:
    found = table.integers(page, code)
    return default if found is None or not len(found) else int(found[0])


def _stacks(frames: dict[int, Frame]) -> Iterator[tuple[Frame, Numbers]]:
    stacks: dict[Frame, list[int]] = {}
    for page, frame in frames.items():
        stacks.setdefault(frame, []).append(page)
    for frame, pages in stacks.items():
        yield frame, as_range(pages)


def as_range(pages: list[int]) -> Numbers:
    """Return evenly spaced numbers as a range."""
    step = pages[1] - pages[0] if len(pages) > 1 else 1
    run = range(pages[0], pages[0] + step * len(pages), step)
    return run if step > 0 and list(run) == pages else tuple(pages)


def _stack(pages: Numbers, frame: Frame) -> Series:
    return Series(pages, ((UNKNOWN, len(pages)),), frame)


def _pyramids(stacks: list[Series]) -> list[Series]:
    """Hang stacks that are coarser versions of the one before on it, as tifffile does."""
    found: list[Series] = []
    last: Frame | None = None
    for stack in stacks:
        fits = last is not None and len(stack.pages) == len(found[-1].pages) and stack.frame.reduces(last)
        if fits and not stack.frame.subfile & MASK:
            found[-1] = replace(found[-1], coarser=(*found[-1].coarser, stack.pages))
        else:
            found.append(stack)
        last = stack.frame
    return found


def _with_sublevels(document: TiffDocument, series: Series) -> Series:
    if series.run is not None or series.coarser:
        return series
    offsets = document.ifds().integers(series.first, 330)
    count, above = 0, series.frame
    for level in range(1, 1 + (0 if offsets is None else len(offsets))):
        table = document.ifds(level)
        width, height = (_number(table, series.first, code, 0) for code in (256, 257))
        if width < 1 or height < 1 or width * height >= above.width * above.height:
            break
        above = replace(above, height=height, width=width)
        count += 1
    return replace(series, sublevels=count)


def _shaped(document: TiffDocument, frames: dict[int, Frame]) -> list[Series] | None:
    """Group pages as tifffile's descriptions say; None where these do not fit the pages."""
    found: list[Series] = []
    pages, position = list(frames), 0
    while position < len(pages):
        page = pages[position]
        described = _description(document, page)
        series = None if described is None else _described(document, page, frames[page], described)
        if series is None or (series.run is None and position + len(series.pages) > len(pages)):
            text = f"{document.path}: page {page}: the shape in its description does not fit the pages; it is ignored"
            warnings.warn(text, DamagedFileWarning, stacklevel=2)
            return None
        if series.run is None:
            series = replace(series, pages=as_range(pages[position : position + len(series.pages)]))
        found.append(series)
        position += 1 if series.run is not None else len(series.pages)
    return found


def _description(document: TiffDocument, page: int) -> dict[str, Any] | None:
    if not document.ifds().has(page, 270):
        return None
    text = document.page(page).shaped_description or ""
    if text.startswith("shape="):
        return {"shape": [int(number) for number in re.findall(r"-?\d+", text)]}
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("shape"), list) else None


def _described(document: TiffDocument, page: int, frame: Frame, described: dict[str, Any]) -> Series | None:
    shape = described["shape"]
    if not all(isinstance(size, int) and size > 0 for size in shape):
        return None
    pixels = frame.height * frame.width * frame.samples
    count, rest = divmod(math.prod(shape), pixels)
    outer = _outer(shape, count, str(described.get("axes") or ""), frame)
    if rest or not count or outer is None:
        return None
    name = str(described.get("name") or "")
    # tifffile writes "truncated" where the data of all planes follow one IFD
    if count > 1 and described.get("truncated"):
        layout = document.layout(page)
        start = int(document.segments(np.array([page]))[0][0, 0])
        fits = layout.is_raw and start + count * layout.plane_bytes <= document.file.size
        return Series(range(count), outer, frame, name, run=page) if fits else None
    return Series(range(count), outer, frame, name)


def _outer(shape: list[int], count: int, axes: str, frame: Frame) -> Outer | None:
    preferred = len(shape) - (3 if frame.samples > 1 else 2)
    splits = [preferred, *range(len(shape) + 1)]
    split = next((k for k in splits if k >= 0 and math.prod(shape[:k]) == count), None)
    if split is None:
        return None
    letters = axes.upper() if len(axes) == len(shape) else UNKNOWN * len(shape)
    return tuple(zip(letters, shape, strict=True))[:split]

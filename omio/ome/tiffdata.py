"""Which IFD of which file holds which plane (``TiffData``).

Rules of the schema (2016-06, element TiffData): IFD counts from 0 and is 0 by default; PlaneCount is 1 by default, but
all IFDs of the file where IFD is not given either; the planes of one element follow each other in DimensionOrder from
FirstZ, FirstC, FirstT, which are 0 by default; without a UUID the planes lie in this file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from omio.errors import DamagedFileError
from omio.indexing import distinct
from omio.ome import columns
from omio.ome.entities import unescape
from omio.ome.markup import whole
from omio.ome.planes import plane_index
from omio.ome.text import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from omio.ome.document import OmeImage

type Integers = NDArray[np.int64]

_ABSENT = -(1 << 40)
_PLANES_UNSEEN = 1 << 20
"""Planes that an image may claim without giving pages for at least an eighth of them."""


class FileReference(NamedTuple):
    """How a document names a file: None for what it does not say."""

    uuid: str | None
    name: str | None


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """Where planes lie.

    Attributes
    ----------
    files
        The files that the document names.
    file, page
        Number in `files`, and IFD in that file, of each plane, (T, Z, C); page -1 where the document gives none.
    problems
        What was wrong with the elements, for a warning.
    """

    files: tuple[FileReference, ...]
    file: NDArray[np.int32]
    page: Integers
    problems: tuple[str, ...] = field(default=())


def plane_map(
    image: OmeImage,
    order: str,
    sizes: Mapping[str, int],
    pages: Callable[[int], int],
    samples: int = 1,
) -> PlaneMap:
    """Read the map of an image.

    Parameters
    ----------
    order
        Order of planes, such as ``"TZC"`` where C varies fastest.
    sizes
        T, Z, C of planes (C without samples).
    pages
        Gives the IFDs of a file by its number in `references`; asked only where an element has several planes.
    samples
        Samples of a channel; some writers count them in FirstC.

    Raises
    ------
    DamagedFileError
        For a negative IFD, and elements that claim many more or many fewer planes than the image has.
    """
    count, found = columns.read(image.run, b"TiffData")
    files, file_of = _files(found, max(count, 1))
    lengths = (sizes[order[0]], sizes[order[1]], sizes[order[2]])
    total = math.prod(lengths)
    first, page, extent = _blocks(image, found, max(count, 1), (order, lengths, samples))
    problems: list[str] = []
    if (first < 0).any():
        problems.append("has a TiffData for planes that the image does not have")
    extent = _clipped(page, extent, file_of, pages, problems)
    flat, page, owner = _expanded(image, first, page, extent, total, problems)
    table = np.full(lengths, -1, dtype=np.int64)
    files_table = np.zeros(lengths, dtype=np.int32)
    table.ravel()[flat], files_table.ravel()[flat] = page, file_of[owner]
    if ((table.ravel()[flat] != page) | (files_table.ravel()[flat] != file_of[owner])).any():
        problems.append("gives some planes several times; the last TiffData counts")
    axes = tuple(order.index(dim) for dim in "TZC")
    return PlaneMap(files, files_table.transpose(axes), table.transpose(axes), tuple(problems))


def references(image: OmeImage) -> tuple[FileReference, ...]:
    """Return the files that the map of an image names, each once."""
    count, found = columns.read(image.run, b"TiffData")
    return _files(found, max(count, 1))[0]


@dataclass(frozen=True)
class FirstElement:
    """The first ``TiffData`` of an image, and what it tells of the others.

    Attributes
    ----------
    count
        0, 1, or 2 where there are more.
    reference, ifd, planes
        Its file, IFD and PlaneCount; None where it does not say.
    is_alone
        Whether all others surely name the same file.
    """

    count: int
    reference: FileReference
    ifd: int | None
    planes: int | None
    is_alone: bool


def first_element(image: OmeImage) -> FirstElement:
    """Look at the first ``TiffData``; the others are counted, not read."""
    run = image.run
    start = _START.search(run)
    if start is None:
        return FirstElement(0, FileReference(None, None), None, None, is_alone=True)
    text = columns.element_at(run, start.start(), b"TiffData")
    several = run.find(b"TiffData", start.start() + len(text)) >= 0
    _, found = columns.read(text, b"TiffData")
    ifd, planes = (whole(_text(found[name][0])) if name in found else None for name in ("IFD", "PlaneCount"))
    named = _UUID.search(text)
    counted = (start[0], named[1], named[0]) if named else ()
    alone = not several or (len({run.count(text) for text in counted}) == 1 if named else b"UUID" not in run)
    return FirstElement(1 + several, _files(found, 1)[0][0], ifd, planes, alone)


_START = re.compile(rb"<(?:[\w.-]+:)?TiffData(?=[\s/>])")
_UUID = re.compile(rb"(<(?:[\w.-]+:)?UUID)(?=[\s/>])[^<>]*(?:(?<=/)>|>[^<>]*</)")


def _blocks(
    image: OmeImage, found: columns.Columns, count: int, layout: tuple[str, tuple[int, int, int], int]
) -> tuple[Integers, Integers, Integers]:
    """Return the first plane, the first IFD and the number of planes of each element; -1 planes: all of the file."""
    order, lengths, samples = layout
    troubled: list[str] = []
    ifd = _column(found, "IFD", count, _ABSENT, troubled)
    extent = _column(found, "PlaneCount", count, -1, troubled)
    named = ifd != _ABSENT
    if troubled or (ifd[named] < 0).any():
        bad = troubled[0] if troubled else str(int(ifd[named].min()))
        raise _damaged(image, f"a TiffData has {bad[:40]!r} where a count from 0 belongs")
    extent = np.where((extent < 0) & named, 1, extent)
    names = (f"First{order[0]}", f"First{order[1]}", f"First{order[2]}")
    first = plane_index(found, names, lengths, samples) if found else np.zeros(count, dtype=np.int64)
    return first, np.where(named, ifd, 0), extent


def _clipped(
    page: Integers, extent: Integers, file_of: NDArray[np.int32], pages: Callable[[int], int], problems: list[str]
) -> Integers:
    """Return the planes of each element, no more than its file has from `page` on; -1 was: all of them."""
    clipped = extent.copy()
    many = extent != 1
    for number in distinct(file_of[many]).tolist():
        mine = many & (file_of == number)
        rest = np.clip(pages(number) - page[mine], 0, None)
        clipped[mine] = np.where(extent[mine] < 0, rest, np.minimum(extent[mine], rest))
    if (clipped < extent).any():
        problems.append("has a TiffData with more planes than its file")
    return clipped


def _column(found: columns.Columns, name: str, count: int, absent: int, troubled: list[str]) -> Integers:
    if name not in found:
        return np.full(count, absent, dtype=np.int64)
    return columns.integers(found[name], absent, troubled.append)


def _expanded(
    image: OmeImage, first: Integers, page: Integers, extent: Integers, total: int, problems: list[str]
) -> tuple[Integers, Integers, Integers]:
    """Return plane, IFD and element number of every plane that an element claims, within the image."""
    room = np.where(first < 0, 0, total - first)
    if (extent > room)[first >= 0].any():
        problems.append("has a TiffData with more planes than the image")
    extent = np.minimum(extent, room)
    claimed = int(extent.sum())
    if claimed > 4 * total + len(first) or total > max(_PLANES_UNSEEN, 8 * claimed):
        raise _damaged(image, f"the image has {total} planes, its TiffData give {claimed}")
    owner = np.repeat(np.arange(len(first)), extent)
    within = np.arange(claimed) - np.repeat(np.cumsum(extent) - extent, extent)
    return first[owner] + within, page[owner] + within, owner


def _files(found: columns.Columns, count: int) -> tuple[tuple[FileReference, ...], NDArray[np.int32]]:
    uuids, names = found.get("UUID", ()), found.get("FileName", ())
    if not uuids and not names:
        return (FileReference(None, None),), np.zeros(count, dtype=np.int32)
    if len(set(uuids)) < 2 and len(set(names)) < 2:
        only = FileReference(_text(next(iter(uuids), None)), _text(next(iter(names), None)))
        return (only,), np.zeros(count, dtype=np.int32)
    pairs = list(zip(uuids or (None,) * count, names or (None,) * count, strict=True))
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    files = tuple(FileReference(_text(uuid), _text(name)) for uuid, name in numbers)
    return files, np.fromiter(map(numbers.__getitem__, pairs), dtype=np.int32, count=count)


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    return unescape(decoded(value)).strip() or None


def _damaged(image: OmeImage, cause: str) -> DamagedFileError:
    return DamagedFileError(cause, path=image.document.path, place=f"OME-XML {image.place}")


def missing(page: NDArray[np.integer], limit: int = 10) -> Sequence[str]:
    """Return names of the planes that no element gives, `limit` at the most."""
    return [f"T{t} Z{z} C{c}" for t, z, c in np.argwhere(page < 0)[:limit]]

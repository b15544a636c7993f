"""An open NDTiff dataset: the index, and the TIFF files that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.faults import Faults
from omio.backends.tiff.mmfacts import fold, plane_columns
from omio.backends.tiff.mmindex import read_index, scenes_of
from omio.backends.tiff.mmpages import settings_of
from omio.backends.tiff.omeset import Folder, Member, check_members
from omio.backends.tiff.ranges import pages_of, table_of_pages
from omio.backends.tiff.reader import read_planes
from omio.errors import OmioError
from omio.lazy import pool
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import lease
from omio.lazy.ranges import overlaid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.where import Where
    from omio.indexing import Key
    from omio.lazy.leaf import FileStamp
    from omio.lazy.ranges import ChunkTable
    from omio.metadata.facts import Columns

STRIP_OFFSETS = 273
DISPLAY_NAME = "display_settings.txt"


class NdTiffSet:
    """Reads the planes of an NDTiff dataset; opened by the path of its index.

    Attributes
    ----------
    images
        As the index names them.
    scenes
        Key -> scene.
    members
        File name -> the file, or what is the matter with it.
    """

    def __init__(self, path: str, allowed: tuple[str, ...] = (), *, strict: bool = True) -> None:
        self.path = path
        self.images = read_index(path, strict=strict)
        self.scenes = scenes_of(self.images)
        folder = Folder.of(path, allowed)
        names = dict.fromkeys(image.file for image in self.images)
        self.members = {name: Member(name, None, *folder.look(name)) for name in names}

    @classmethod
    def lenient(cls, path: str, allowed: tuple[str, ...] = ()) -> NdTiffSet:
        """Open what can be read of a damaged index."""
        return cls(path, allowed, strict=False)

    def check_members(self) -> None:
        """Raise where files are not to be had, listing them."""
        check_members(list(self.members.values()), self.path)

    def close(self) -> None:
        """Close the files."""
        for member in self.members.values():
            if member.stamp is not None:
                HANDLES.retire((TiffDocument, member.stamp))

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects of a scene, file by file."""
        # planes of a set are found in the set, not in one document
        numbers = where.planes.pages(self, *key[:3]).ravel()  # type: ignore[arg-type]
        targets = [out[index] for index in np.ndindex(out.shape[:3])]
        rows_of: dict[str, list[int]] = {}
        for row, number in enumerate(numbers):
            if number >= 0:
                rows_of.setdefault(self.images[number].file, []).append(row)
            else:
                targets[row][...] = 0

        def read_file(name: str) -> None:
            rows = rows_of[name]
            places = np.array([self.images[numbers[row]].place for row in rows], dtype=np.int64)
            self._read_member(self.members[name], where, places, key[3:], [targets[row] for row in rows])

        pool.run_all(read_file, list(rows_of))

    def _read_member(
        self, member: Member, where: Where, places: Integers, key: Key, targets: list[NDArray[Any]]
    ) -> None:
        if member.stamp is None:
            for target in targets:
                target[...] = 0
            return
        with lease(TiffDocument, member.stamp) as document:
            pages = pages_at(document, places)
            faults = Faults(document, strict=where.strict)
            for place in places[pages < 0]:
                faults.add(f"offset {place}", "the index names an image there, and no page has one")
            faults.report()
            read_planes(document, where, pages, key, targets)

    def ranges(self, where: Where, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return where the segments lie in the files, as the chunks of a virtual Zarr."""
        del stamp
        planes = where.planes.pages(self, *(range(size) for size in shape[:3]))  # type: ignore[arg-type]
        files = np.array([self.images[number].file if number >= 0 else "" for number in planes.flat]).reshape(
            planes.shape
        )
        tables = []
        for name, member in self.members.items():
            inside = files == name
            if member.stamp is not None and inside.any():
                places = np.array([self.images[number].place for number in planes[inside]], dtype=np.int64)
                with lease(TiffDocument, member.stamp) as document:
                    found = pages_of(document, where, pages_at(document, places))
                tables.append(table_of_pages(found, member.stamp, shape, inside))
        return overlaid(tables)

    def notes(self, numbers: NDArray[np.intp]) -> list[dict[str, Any]]:
        """Return the metadata of images; empty where there is none, or none that can be read."""
        return [self._note(int(number)) if number >= 0 else {} for number in numbers]

    def _note(self, number: int) -> dict[str, Any]:
        image = self.images[number]
        member = self.members[image.file]
        offset, length = image.note
        if member.stamp is None or length <= 0:
            return {}
        try:
            with lease(TiffDocument, member.stamp) as document:
                found = json.loads(document.file.read(length, offset).rstrip(b"\0"))
        except (OmioError, OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def files(self) -> tuple[str, ...]:
        """Return the index, its files, and what lies beside them for display."""
        found = [member.stamp.path for member in self.members.values() if member.stamp is not None]
        beside = Path(self.path).with_name(DISPLAY_NAME)
        return (self.path, *found, *([str(beside)] if beside.is_file() else []))


def pages_at(document: TiffDocument, places: Integers) -> NDArray[np.intp]:
    """Return which pages have their pixels at these offsets; -1 for none."""
    offsets, pages = document.memo(_pages_by_offset)
    found = np.searchsorted(offsets, places).clip(max=len(offsets) - 1)
    result: NDArray[np.intp] = np.where(offsets[found] == places, pages[found], -1)
    return result


def _pages_by_offset(document: TiffDocument) -> tuple[Integers, NDArray[np.intp]]:
    table = document.ifds()
    offsets = np.full(len(table), -1, dtype=np.int64)
    for group in table.groups:
        if group.tells_number(STRIP_OFFSETS):
            offsets[group.pages] = group.numbers(STRIP_OFFSETS)[:, 0]
    for page in np.flatnonzero(offsets < 0):
        values = table.integers(int(page), STRIP_OFFSETS)
        offsets[page] = -1 if values is None or not len(values) else values[0]
    order = np.argsort(offsets, kind="stable")
    return offsets[order], order.astype(np.intp)


def display_settings(index: str) -> dict[str, Any]:
    """Return what ``display_settings.txt`` beside an index says of channels; empty where there is nothing to read."""
    try:
        found = json.loads(Path(index).with_name(DISPLAY_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def load_set_columns(
    opener: Callable[..., NdTiffSet], stamp: FileStamp, allowed: tuple[str, ...], scene: str
) -> Columns:
    """Read the facts of all planes of a scene."""
    with lease(opener, stamp, allowed) as dataset:
        planes = dataset.scenes[scene].planes
        return plane_columns(dataset.notes(planes.ravel()), planes.shape)


def load_set_original(
    first: FileStamp, opener: Callable[..., NdTiffSet], stamp: FileStamp, allowed: tuple[str, ...], scene: str
) -> dict[str, Any]:
    """Read the summary, the display settings, and the metadata of all images of a scene."""
    with lease(opener, stamp, allowed) as dataset:
        found = dataset.scenes[scene]
        images = fold(dataset.notes(found.planes.ravel()))
    display = display_settings(stamp.path)
    return {**settings_of(first), "Axes": found.axes, "Images": images, **({"Display": display} if display else {})}

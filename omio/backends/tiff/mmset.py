"""An open NDTiff dataset: the index, and the TIFF files that it names."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.members import FileSet, Folder, Member, check_members
from omio.backends.tiff.mmfacts import fold, plane_columns
from omio.backends.tiff.mmindex import read_index, scenes_of
from omio.backends.tiff.mmpages import settings_of
from omio.errors import OmioError
from omio.lazy.leaf import lease

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from omio.backends.tiff.faults import Faults
    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.members import Located
    from omio.backends.tiff.mmindex import Image
    from omio.backends.tiff.where import Where
    from omio.indexing import Index
    from omio.lazy.leaf import FileStamp
    from omio.metadata.facts import Columns

STRIP_OFFSETS = 273
DISPLAY_NAME = "display_settings.txt"


class NdTiffSet(FileSet):
    """Reads the planes of an NDTiff dataset; opened by the path of its index.

    Attributes
    ----------
    images
        As the index names them.
    scenes
        Key -> scene.
    """

    def __init__(self, path: str, allowed: tuple[str, ...] = (), *, strict: bool = True) -> None:
        self.images = read_index(path, strict=strict)
        self.scenes = scenes_of(self.images)
        folder = Folder.of(path, allowed)
        names = list(dict.fromkeys(image.file for image in self.images))
        super().__init__(path, [Member(name, None, *folder.look(name)) for name in names])
        self._numbers = {name: number for number, name in enumerate(names)}

    def member_of(self, image: Image) -> Member:
        """Return the file of an image."""
        return self.members[self._numbers[image.file]]

    @classmethod
    def lenient(cls, path: str, allowed: tuple[str, ...] = ()) -> NdTiffSet:
        """Open what can be read of a damaged index."""
        return cls(path, allowed, strict=False)

    def check_members(self) -> None:
        """Raise where files are not to be had, listing them."""
        check_members(self.members, self.path)

    def located(self, where: Where, t: Index, z: Index, c: Index) -> Located:
        """Return the file of each plane, and where its pixels lie there, as the index says."""
        numbers = where.planes.pages(self, t, z, c)  # type: ignore[arg-type]  # found in the set, not in one document
        files, places = np.where(numbers >= 0, self._located[:, numbers], -1)
        return files, places

    @cached_property
    def _located(self) -> NDArray[np.int64]:
        """File and offset of each image."""
        return np.array([(self._numbers[image.file], image.place) for image in self.images], np.int64).T

    def pages(self, document: TiffDocument, member: Member, places: Integers, faults: Faults) -> NDArray[np.intp]:
        """Return the pages whose pixels lie at these offsets."""
        del member
        pages = pages_at(document, places)
        for place in places[pages < 0]:
            faults.add(f"offset {place}", "the index names an image there, and no page has one")
        return pages

    def notes(self, numbers: NDArray[np.intp]) -> list[dict[str, Any]]:
        """Return the metadata of images; empty where there is none, or none that can be read."""
        return [self._note(int(number)) if number >= 0 else {} for number in numbers]

    def _note(self, number: int) -> dict[str, Any]:
        image = self.images[number]
        member = self.member_of(image)
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
        found = [stamp.path for stamp in self.stamps()]
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

"""A TIFF file of Micro-Manager by itself: its own header, and the metadata that each page carries."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from omio.backends.rawfile import Stream
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.faults import Faults
from omio.backends.tiff.mmfacts import fold, plane_columns
from omio.backends.tiff.mmindex import Image, Scene, scenes_of
from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.backends.tiff.document import TiffDocument
    from omio.lazy.leaf import FileStamp
    from omio.metadata.facts import Columns

NOTE = 51123
"""Tag that holds the metadata of an image."""
INDEX = 54773648
"""What byte 8 of a file says where bytes 12 to 15 say where its index map lies (Micro-Manager file formats)."""


def images_in(document: TiffDocument) -> tuple[Image, ...]:
    """Return the images of a file: by its index map, else by the metadata of each page."""
    table, name = document.ifds(), Path(document.path).name
    index = settings_in(document).get("IndexMap")
    if isinstance(index, np.ndarray):
        page_of = {int(offset): page for page, offset in enumerate(table.offsets)}
        found = [(row, page_of[int(row[4])]) for row in index if int(row[4]) in page_of]
        axes = ("channel", "z", "time", "position")
        return tuple(
            Image({axis: int(value) for axis, value in zip(axes, row, strict=False)}, name, page) for row, page in found
        )
    notes = notes_in(document, np.arange(len(table)), direct=True)
    return tuple(Image(_axes_of(note, page), name, page) for page, note in enumerate(notes))


def check_index(document: TiffDocument, *, strict: bool) -> None:
    """Raise `DamagedFileError` where the index map that a file promises cannot be read; warn when not strict."""
    (header,) = struct.unpack(f"{document.header.order}I", document.file.read(4, 8))
    if header == INDEX and "IndexMap" not in document.memo(settings_in):
        faults = Faults(document, strict=strict)
        faults.add("index map", "cannot be read", remedy="strict=False takes what each page says of itself.")
        faults.report("pages are put in order by what each says of itself")


def _axes_of(note: Mapping[str, Any], page: int) -> dict[str, Any]:
    axes = note.get("Axes")
    if isinstance(axes, dict) and all(isinstance(value, int | str) for value in axes.values()):
        return axes
    keys = {"time": "FrameIndex", "z": "SliceIndex", "channel": "ChannelIndex", "position": "PositionIndex"}
    found = {axis: note[key] for axis, key in keys.items() if isinstance(note.get(key), int)}
    return found or {"page": page}


def scenes_in(document: TiffDocument) -> dict[str, Scene]:
    """Return the scenes of a file."""
    images = document.memo(images_in)
    if not images:
        raise DamagedFileError("its index map names no page that is there", path=document.path)
    return scenes_of(images)


def scene_pages(document: TiffDocument, scene: str) -> NDArray[np.intp]:
    """Return which page holds which plane of a scene, (T, Z, C); -1 for none."""
    planes = document.memo(scenes_in)[scene].planes
    pages = np.array([image.place for image in document.memo(images_in)], dtype=np.intp)
    found: NDArray[np.intp] = np.where(planes < 0, -1, pages[planes])
    return found


def notes_in(document: TiffDocument, numbers: NDArray[np.intp], *, direct: bool = False) -> list[dict[str, Any]]:
    """Return the metadata of images (or, where `direct`, of pages); empty where there is none."""
    pages = numbers if direct else [document.memo(images_in)[number].place if number >= 0 else -1 for number in numbers]
    notes = [document.page(int(page)).tags.valueof(NOTE) if page >= 0 else None for page in pages]
    return [note if isinstance(note, dict) else {} for note in notes]


def settings_in(document: TiffDocument) -> dict[str, Any]:
    """Return Micro-Manager's own header of a file: Summary, IndexMap, Comments …; "Summary" is always there."""
    from tifffile.tifffile import read_micromanager_metadata

    try:
        with Stream(document.file) as file:
            found = read_micromanager_metadata(cast("IO[bytes]", file))
    except (ValueError, LookupError, OSError):
        found = {}
    summary = found.get("Summary")
    return {**found, "Summary": summary if isinstance(summary, dict) else {}}


def settings_of(stamp: FileStamp) -> dict[str, Any]:
    """Return Micro-Manager's own header of a file."""
    with open_document(stamp) as document:
        return document.memo(settings_in)


def load_columns(stamp: FileStamp, scene: str) -> Columns:
    """Read the facts of all planes of a scene."""
    with open_document(stamp) as document:
        planes = document.memo(scenes_in)[scene].planes
        return plane_columns(notes_in(document, planes.ravel()), planes.shape)


def load_original(stamp: FileStamp, scene: str) -> dict[str, Any]:
    """Read the header, and the metadata of all images of a scene."""
    with open_document(stamp) as document:
        found = document.memo(scenes_in)[scene]
        settings = {key: value for key, value in document.memo(settings_in).items() if key != "IndexMap"}
        return {**settings, "Axes": found.axes, "Images": fold(notes_in(document, found.planes.ravel()))}

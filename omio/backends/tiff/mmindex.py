"""Which image of a Micro-Manager dataset is which plane.

Formats: NDTiff 2 and 3 ("NDTiff specification", micro-manager/NDTiffStorage): the file ``NDTiff.index`` gives the axes
of every image and where it lies; Micro-Manager's multi-page TIFF: an index map of channel, slice, frame and position.
Axes named time, z and channel are T, Z and C; any other (position, row, column, or what the acquisition called it)
tells scenes apart.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.errors import DamagedFileError
from omio.indexing import positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from omio.indexing import Index

INDEX_NAME = "NDTiff.index"
DIMS = {"time": "T", "z": "Z", "channel": "C"}
FIRST_OF_KEY = ("position", "row", "column")
WORD = struct.Struct("<I")
PLACE = struct.Struct("<IiiiiIii")
SIMPLE_KEY = re.compile(r"[\w.\- ]+")
PIXEL_TYPES = 7
LISTED = 5

type Value = int | str


class Image(NamedTuple):
    """One image of a dataset.

    Attributes
    ----------
    axes
        Where it lies along each axis.
    file
        Name of its file.
    place
        Offset of its pixels in an NDTiff file; number of its page elsewhere.
    form
        Height, width and pixel type.
    note
        Offset and length of its metadata in an NDTiff file.
    """

    axes: dict[str, Value]
    file: str
    place: int
    form: tuple[int, int, int] = (0, 0, 0)
    note: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Scene:
    """The images that share all axes but T, Z and C.

    Attributes
    ----------
    axes
        Those shared.
    values
        Values along T, Z and C, as the dataset counts them.
    planes
        Number of the image of each plane, (T, Z, C); -1 where there is none.
    """

    axes: dict[str, Value]
    values: tuple[tuple[Value, ...], tuple[Value, ...], tuple[Value, ...]]
    planes: NDArray[np.intp]

    @property
    def first(self) -> int:
        """The first image that is there."""
        return int(self.planes[self.planes >= 0][0])

    def leading(self) -> NDArray[np.intp]:
        """Return the first image of each channel; -1 where a channel has none."""
        rows = self.planes.reshape(-1, self.planes.shape[2])
        places = (rows >= 0).argmax(axis=0)
        found: NDArray[np.intp] = rows[places, np.arange(rows.shape[1])]
        return found

    def missing(self) -> str | None:
        """Say which planes are not there; None where all are."""
        lacking = np.argwhere(self.planes < 0)
        if not len(lacking):
            return None
        named = [f"T {t} Z {z} C {c}" for t, z, c in lacking[:LISTED]]
        more = f", and {len(lacking) - LISTED} more" if len(lacking) > LISTED else ""
        return f"the index lacks {len(lacking)} of {self.planes.size} planes: {', '.join(named)}{more}"


@dataclass(frozen=True)
class InScene:
    """Says which image of an open dataset is which plane of a scene."""

    scene: str

    def pages(self, document: Any, t: Index, z: Index, c: Index) -> NDArray[np.intp]:
        """Return numbers of images, (T, Z, C); -1 where there is none."""
        planes: NDArray[np.intp] = document.scenes[self.scene].planes
        return planes[positions(t)][:, positions(z)][:, :, positions(c)]


def read_index(path: str, *, strict: bool) -> tuple[Image, ...]:
    """Read an ``NDTiff.index``.

    Raises
    ------
    DamagedFileError
        Where it is empty, or an entry is damaged; ``strict=False`` takes the entries before.
    """
    data = Path(path).read_bytes()
    images: list[Image] = []
    offset = 0
    while offset < len(data):
        try:
            image, offset = _entry(data, offset)
        except (struct.error, ValueError) as error:
            if strict or not images:
                place = f"entry {len(images)}, byte {offset}"
                remedy = "strict=False takes the entries before it."
                raise DamagedFileError(str(error), path=path, place=place, remedy=remedy) from error
            break
        images.append(image)
    if not images:
        raise DamagedFileError("it names no image", path=path)
    return tuple(images)


def _entry(data: bytes, offset: int) -> tuple[Image, int]:
    spelled, offset = _text(data, offset)
    axes = json.loads(spelled)
    if not isinstance(axes, dict) or not all(isinstance(value, int | str) for value in axes.values()):
        raise ValueError(f"axes {spelled[:80]!r} are no mapping to numbers or words")
    name, offset = _text(data, offset)
    pixels, width, height, kind, packing, note, length, _ = PLACE.unpack_from(data, offset)
    if width < 1 or height < 1 or not 0 <= kind < PIXEL_TYPES or packing != 0:
        raise ValueError(f"an image of {height} x {width} pixels, type {kind}, compression {packing}")
    return Image(axes, name, pixels, (height, width, kind), (note, length)), offset + PLACE.size


def _text(data: bytes, offset: int) -> tuple[str, int]:
    (length,) = WORD.unpack_from(data, offset)
    start = offset + WORD.size
    if start + length > len(data):
        raise ValueError("it is cut off")
    return data[start : start + length].decode("utf-8"), start + length


def scenes_of(images: Sequence[Image]) -> dict[str, Scene]:
    """Group images by what is neither T, Z nor C; the keys name what tells the groups apart, such as "row1_column2"."""
    names = list(dict.fromkeys(name for image in images for name in image.axes))
    others = [name for name in names if name.lower() not in DIMS]
    others.sort(key=lambda name: FIRST_OF_KEY.index(name.lower()) if name.lower() in FIRST_OF_KEY else 9)
    groups: dict[tuple[Value | None, ...], list[int]] = {}
    for number, image in enumerate(images):
        groups.setdefault(tuple(image.axes.get(name) for name in others), []).append(number)
    varying = [place for place in range(len(others)) if len({group[place] for group in groups}) > 1]
    keys = [_key(others, group, varying) for group in groups]
    if len(set(keys)) < len(keys):
        keys = [f"{key} ({number})" for number, key in enumerate(keys)]
    return {
        key: _scene(
            images, numbers, {name: value for name, value in zip(others, group, strict=True) if value is not None}
        )
        for key, (group, numbers) in zip(keys, groups.items(), strict=True)
    }


def _key(names: list[str], group: tuple[Value | None, ...], varying: list[int]) -> str:
    parts = []
    for place in varying:
        value = group[place]
        is_word = isinstance(value, str) and SIMPLE_KEY.fullmatch(value) is not None
        parts.append(str(value) if is_word else f"{names[place]}{'' if value is None else value}")
    return "_".join(parts) or "0"


def _scene(images: Sequence[Image], numbers: list[int], shared: dict[str, Value]) -> Scene:
    found = [_along(dim, images, numbers) for dim in "TZC"]
    t, z, c = (_ordered(values) for values in found)
    ranks = [{value: rank for rank, value in enumerate(values)} for values in (t, z, c)]
    planes = np.full([len(rank) for rank in ranks], -1, dtype=np.intp)
    places = [[rank[value] for value in values] for rank, values in zip(ranks, found, strict=True)]
    planes[tuple(places)] = numbers  # an image written twice: the later one counts
    return Scene(shared, (t, z, c), planes)


def _along(dim: str, images: Sequence[Image], numbers: list[int]) -> list[Value]:
    names = dict.fromkeys(name for number in numbers for name in images[number].axes)
    name = next((name for name in names if DIMS.get(name.lower()) == dim), None)
    return [0] * len(numbers) if name is None else [images[number].axes.get(name, 0) for number in numbers]


def _ordered(values: Iterable[Value]) -> tuple[Value, ...]:
    unique = list(dict.fromkeys(values))
    return tuple(sorted(unique)) if all(isinstance(value, int) for value in unique) else tuple(unique)

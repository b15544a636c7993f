"""Which images a file holds: scenes, and what five dims cannot hold, each with the sub-blocks it is made of.

Keys of scenes, in the order of their index:

- the well or array that the XML names (``ArrayName``), else the scene's name, else its index: ``"D6"``, ``"0"``;
- where several scenes have the same well, well and name: ``"B4-P1"``; where that is not unique either, the index
  follows after ``#``;
- a dimension beyond T Z C Y X (H phase, V view, B block, I illumination, R rotation) that is longer than 1 adds
  ``/H0``, ``/H1``, …; channels of different pixel types add ``/Gray16``, ``/Bgr24``, …
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from omio.backends.czi.checks import PIXEL_TYPES
from omio.backends.czi.directory import PLACE
from omio.indexing import distinct, grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from omio.backends.czi.directory import Directory, Ints
    from omio.backends.czi.segments import Container

OWN_DIMS = frozenset("XYZCTMS")
MAX_PLANES = 20_000_000


class Part(NamedTuple):
    """One image of a file, small and picklable.

    Attributes
    ----------
    scene
        Index S; -1 where sub-blocks have none.
    further
        Dims beyond T Z C Y X that are longer than 1, and the index of this image.
    pixel_type
        Code of the pixels.
    """

    scene: int
    further: tuple[tuple[str, int], ...]
    pixel_type: int


@dataclass
class Planes:
    """Sub-blocks plane by plane: one row for each plane that a sub-block holds.

    Attributes
    ----------
    row
        Row of the directory.
    sub
        Which plane of the sub-block, in the order of the bytes.
    index
        Dimension letter -> index, for all but X and Y.
    """

    row: Ints
    sub: Ints
    index: dict[str, Ints]

    def take(self, chosen: Ints) -> Planes:
        """Select planes."""
        index = {letter: values[chosen] for letter, values in self.index.items()}
        return Planes(self.row[chosen], self.sub[chosen], index)


@dataclass
class Content:
    """The planes of one image: at full size, and reduced to pyramid levels."""

    full: Planes
    reduced: Planes


def plane_dims(order: Iterable[str]) -> tuple[str, ...]:
    """Dims of a sub-block besides X and Y, slowest first: the order in which its planes lie."""
    return tuple(letter for letter in reversed(tuple(order)) if letter not in "XY")


def list_planes(file: Container, columns: Directory) -> Planes:
    """Return one row a plane; nearly always that is one row a sub-block.

    Raises
    ------
    DamagedFileError
        More planes than any file has, or than this one has bytes.
    """
    letters = [letter for letter in columns.start if letter not in "XY"]
    index = {letter: columns.start[letter] for letter in letters}
    rows = np.arange(len(columns))
    count = np.ones(len(columns))
    for letter in letters:
        if letter not in "MS":
            count *= columns.size[letter]
    if (count == 1).all():
        return Planes(rows, np.zeros(len(columns), np.int64), index)
    if count.sum() > min(MAX_PLANES, file.size):
        raise file.damaged(f"{count.sum():.0f} planes are claimed", PLACE)
    repeats = count.astype(np.int64)
    row = np.repeat(rows, repeats)
    sub = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    planes = Planes(row, sub, {letter: start[row] for letter, start in index.items()})
    for row_number in np.flatnonzero(repeats > 1):
        _spread(columns, planes, int(row_number))
    return planes


def _spread(columns: Directory, planes: Planes, row: int) -> None:
    """Give each plane of a sub-block its own index."""
    dims = [dim for dim in plane_dims(columns.orders[columns.order[row]]) if dim not in "MS"]
    place = np.searchsorted(planes.row, [row, row + 1])
    offsets = np.indices([int(columns.size[dim][row]) for dim in dims]).reshape(len(dims), -1)
    for dim, offset in zip(dims, offsets, strict=True):
        planes.index[dim][place[0] : place[1]] += offset


def catalog(file: Container, columns: Directory) -> dict[Part, Content]:
    """Sort the sub-blocks of a file into images, in the order of scene, further dims and pixel type."""
    planes = list_planes(file, columns)
    further = tuple(
        letter
        for letter, values in sorted(planes.index.items())
        if letter not in OWN_DIMS and len(values) and values.min() != values.max()
    )
    reduced = _is_reduced(columns, planes)
    if reduced.all():
        raise file.damaged("there are only pyramid levels, no sub-block of full size", PLACE)
    scene = planes.index.get("S", np.full(len(planes.row), -1, np.int64))
    keys = [scene, *(planes.index[letter] for letter in further), columns.pixel_type[planes.row]]
    found: dict[Part, Content] = {}
    for chosen in _group(keys):
        is_reduced = reduced[chosen]
        if is_reduced.all():
            continue
        first = [int(key[chosen[0]]) for key in keys]
        part = Part(first[0], tuple(zip(further, first[1:-1], strict=True)), first[-1])
        found[part] = Content(planes.take(chosen[~is_reduced]), planes.take(chosen[is_reduced]))
    return found


def _group(keys: list[Ints]) -> list[Ints]:
    """Return the rows of each different combination of keys, combinations in ascending order."""
    count = len(keys[0])
    group = np.zeros(count, np.int64)
    for key in keys:
        if key.min() != key.max():
            values, inverse = np.unique(key, return_inverse=True)
            _, group = np.unique(group * len(values) + inverse, return_inverse=True)
    if not group.any():
        return [np.arange(count)]
    return grouped(group)


def _is_reduced(columns: Directory, planes: Planes) -> NDArray[np.bool_]:
    """Whether a plane belongs to a pyramid level.

    Some writers mark levels only by a stored size that differs from the logical one. Airyscan and PALM images also have
    that, for planes that are stored in no other size: those are full planes to be resampled.
    """
    resized = np.zeros(len(columns), np.bool_)
    for letter in "XY":
        resized |= columns.stored_sizes(letter) != columns.sizes(letter)
    marked: NDArray[np.bool_] = (columns.pyramid != 0)[planes.row]
    doubtful = resized[planes.row] & ~marked
    if not doubtful.any():
        return marked
    index = np.stack([values for letter, values in planes.index.items() if letter != "M"], axis=1, dtype=np.int64)
    _, identity = np.unique(index, axis=0, return_inverse=True)
    whole = distinct(identity.reshape(-1)[~marked & ~doubtful])
    again: NDArray[np.bool_] = np.isin(identity.reshape(-1), whole)
    return marked | (doubtful & again)


def scene_keys(parts: Iterable[Part], names: Mapping[int, tuple[str | None, str | None]]) -> dict[str, Part]:
    """Name the images; `names` gives well and name of scenes by index.

    Keys are all different whatever the file says.
    """
    parts = list(parts)
    scenes = sorted({part.scene for part in parts})
    base = _scene_names(scenes, names)
    types = Counter((part.scene, part.further) for part in parts)
    keys: dict[str, Part] = {}
    for part in parts:
        key = "/".join([base[part.scene], *(f"{dim}{index}" for dim, index in part.further)])
        if types[part.scene, part.further] > 1:
            key += f"/{PIXEL_TYPES[part.pixel_type].name}"
        while key in keys:
            key += "'"
        keys[key] = part
    return keys


def _scene_names(scenes: list[int], names: Mapping[int, tuple[str | None, str | None]]) -> dict[int, str]:
    short, full = {}, {}
    for scene in scenes:
        well, name = names.get(scene, (None, None))
        fallback = str(max(scene, 0)) if len(scenes) == 1 or scene >= 0 else "no scene"
        short[scene] = well or name or fallback
        full[scene] = f"{well}-{name}" if well and name and well != name else short[scene]
    again, twice = Counter(short.values()), Counter(full.values())
    chosen = {scene: short[scene] if again[short[scene]] == 1 else full[scene] for scene in scenes}
    return {scene: key if twice[full[scene]] == 1 else f"{key}#{scene}" for scene, key in chosen.items()}

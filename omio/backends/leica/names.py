"""Names of exported files: ``<Project>_<Series>_s0_t000_z000_RAW_ch00.tif``; all numbers count from 0.

Stage positions (``s``), wavelengths of a lambda scan (``l``), and ``RAW`` beside processed images, are scenes.
"""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from omio.errors import FileAccessError, FileMissingError, SceneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_INDEX = r"_(?:RAW|(?:t|z|s|l|ch)\d{1,9})"
_MEMBER = re.compile(rf"(?P<series>.+?)(?P<indices>(?:{_INDEX})+)\.tiff?", re.IGNORECASE)
_TOKEN = re.compile(r"_([a-z]+)(\d*)", re.IGNORECASE)
_DIMS = {"t": "T", "z": "Z", "ch": "C"}
PROPERTIES = "_properties"
METADATA = "metadata"

type Place = tuple[int, int, int]
"""T, Z and C from 0."""


@dataclass(frozen=True)
class Member:
    """What the name of a file says.

    Attributes
    ----------
    name
        Of the file.
    series
        What stands before the indices.
    scene
        The indices that are none of T, Z, C, such as ``"s01"``; ``"0"`` where there are none.
    place
        T, Z and C; 0 where the name has none.
    has_channel
        False for the overlay of all channels, and for images without channels.
    """

    name: str
    series: str
    scene: str
    place: Place
    has_channel: bool

    @classmethod
    def of(cls, name: str) -> Member | None:
        """Read a name; None for one of another form."""
        match = _MEMBER.fullmatch(name)
        if match is None:
            return None
        tokens = [(word.lower(), digits) for word, digits in _TOKEN.findall(match["indices"])]
        at = {_DIMS[word]: int(digits) for word, digits in tokens if word in _DIMS}
        scene = "_".join(f"{word}{digits}" for word, digits in tokens if word not in _DIMS)
        place = (at.get("T", 0), at.get("Z", 0), at.get("C", 0))
        return cls(name, match["series"], scene or "0", place, "C" in at)


@dataclass(frozen=True)
class Planes:
    """The files of one scene by their place; `sizes` are T, Z and C."""

    files: Mapping[Place, str]
    sizes: Place

    @property
    def count(self) -> int:
        """Number of places."""
        return math.prod(self.sizes)

    def missing(self) -> Iterator[Place]:
        """Yield the places that have no file."""
        t, z, c = map(range, self.sizes)
        return ((i, j, k) for i in t for j in z for k in c if (i, j, k) not in self.files)

    def at_least(self, sizes: Place) -> Planes:
        """Return the planes on a grid that is not smaller than `sizes`."""
        t, z, c = map(max, self.sizes, sizes)
        return replace(self, sizes=(t, z, c))


def scenes_of(names: Iterable[str], series: str, path: str) -> dict[str, Planes]:
    """Return the planes of each scene of a series.

    Parameters
    ----------
    names
        All files of the folder.
    series
        As the XML is called: the name of the files before their indices, or its end (LAS AF puts the project first).
    path
        Of the XML, for errors.

    Raises
    ------
    SceneError
        The files of several series end in that name, or two files have the same place.
    """
    found: dict[str, list[Member]] = defaultdict(list)
    for name in sorted(names):
        member = Member.of(name)
        if member and is_called(member.series, series):
            found[member.series].append(member)
    if len(found) > 1 and series not in found:
        listed = ", ".join(repr(name) for name in found)
        remedy = "Give the XML the name of the files before their indices."
        raise SceneError(f"files of several series lie here: {listed}", path=path, remedy=remedy)
    members = found.get(series) or next(iter(found.values()), [])
    keys = dict.fromkeys(member.scene for member in members)
    return {key: _planes([member for member in members if member.scene == key], path) for key in sorted(keys)}


def is_called(series: str, name: str) -> bool:
    """Whether the XML of a series can have that name."""
    return series == name or series.endswith(f"_{name}")


def _planes(members: list[Member], path: str) -> Planes:
    channels = [member for member in members if member.has_channel]
    files: dict[Place, str] = {}
    for member in channels or members:  # an overlay of channels is no plane
        if (other := files.setdefault(member.place, member.name)) != member.name:
            raise SceneError(f"{other} and {member.name} have the same place", path=path)
    t, z, c = (max(place[axis] for place in files) + 1 for axis in range(3))
    return Planes(files, (t, z, c))


def describing(documents: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the XML files that, by their names, are about series among files."""
    series = {member.series for member in map(Member.of, names) if member}
    return [name for name in documents if _is_about(PurePath(name), series)]


def _is_about(document: PurePath, series: Iterable[str]) -> bool:
    name = series_name(document)
    return document.suffix.lower() == ".xml" and any(is_called(one, name) for one in series)


def is_for_people(name: str) -> bool:
    """Whether an XML is, by its name, the one that repeats another in rounded values."""
    return name.lower().endswith(f"{PROPERTIES}.xml")


def series_name(path: PurePath) -> str:
    """Return the series that an XML is about, by its name."""
    stem = path.stem
    return stem[: -len(PROPERTIES)] if stem.lower().endswith(PROPERTIES) else stem


def folder_of(path: Path) -> Path:
    """Return the folder in which the files lie that an XML is about."""
    return path.parent.parent if path.parent.name.lower() == METADATA else path.parent


def names_in(folder: Path) -> list[str]:
    """List a folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names of ten thousand files, no Path of any
    except PermissionError as error:
        raise FileAccessError(f"cannot be listed: {error.strerror}", path=folder) from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileMissingError("no such folder", path=folder) from None

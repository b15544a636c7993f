"""Files of a TIFF series: ``ChanA_0001_0001_0002_0001.tif`` is channel, well, tile, Z and T."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MEMBER = re.compile(
    r"(?P<channel>.+)_(?P<well>\d{3,9})_(?P<tile>\d{3,9})_(?P<z>\d{3,9})_(?P<t>\d{3,9})\.tiff?", re.IGNORECASE
)

type Place = tuple[int, int, int]
"""T, Z and C from 0."""


@dataclass(frozen=True)
class Grid:
    """The files of one tile.

    Attributes
    ----------
    sizes
        T, Z and C.
    channels
        Names as the files have them, in order.
    files
        Place -> name of the file.
    """

    sizes: Place
    channels: tuple[str, ...]
    files: dict[Place, str]

    def missing(self) -> list[Place]:
        """Return the places that have no file."""
        t, z, c = map(range, self.sizes)
        return [place for place in product(t, z, c) if place not in self.files]

    def name_at(self, place: Place) -> str:
        """Return how the file of a place is called, after one that is there."""
        t, z, c = place
        match = _MEMBER.fullmatch(next(iter(self.files.values())))
        if match is None:
            raise ValueError("no member")
        digits = len(match["t"])
        name = f"{self.channels[c]}_{match['well']}_{match['tile']}_{z + 1:0{digits}}_{t + 1:0{digits}}"
        return name + match.string[match.end("t") :]

    def resized(self, points: int, planes: int) -> Grid:
        """Return the grid of so many time points and planes; files beyond them are left out."""
        t, z = points, planes
        return Grid(
            (t, z, self.sizes[2]), self.channels, {p: f for p, f in self.files.items() if p[0] < t and p[1] < z}
        )


def is_member(name: str, listed: Sequence[str | None] = ()) -> bool:
    """Whether a file is one of a series: ``Chan…``, or a channel that the XML lists."""
    match = _MEMBER.fullmatch(name)
    return match is not None and (match["channel"].lower().startswith("chan") or match["channel"] in listed)


def grids(names: Iterable[str], listed: Sequence[str | None]) -> dict[str, Grid]:
    """Return the files of each tile; its key is the two numbers, such as "0001_0001".

    Parameters
    ----------
    names
        All files of the folder.
    listed
        Channels of the XML, which say the order; others follow in natural order.
    """
    found: dict[str, dict[tuple[int, int, str], str]] = defaultdict(dict)
    for name in names:
        match = _MEMBER.fullmatch(name)
        if match and is_member(name, listed):
            place = (int(match["t"]) - 1, int(match["z"]) - 1, match["channel"])
            if min(place[:2]) >= 0:
                found[f"{match['well']}_{match['tile']}"][place] = name
    return {key: _grid(files, listed) for key, files in sorted(found.items())}


def _grid(files: dict[tuple[int, int, str], str], listed: Sequence[str | None]) -> Grid:
    there = {channel for *_, channel in files}
    wanted = dict.fromkeys(name for name in listed if name)
    channels = (
        (*wanted, *sorted(there - set(wanted), key=natural)) if there & set(wanted) else sorted(there, key=natural)
    )
    order = {name: number for number, name in enumerate(channels)}
    placed = {(t, z, order[channel]): name for (t, z, channel), name in files.items()}
    sizes = (max(t for t, *_ in placed) + 1, max(z for _, z, _ in placed) + 1, len(channels))
    return Grid(sizes, tuple(channels), placed)

"""Files of a TIFF series: ``ChanA_0001_0001_0002_0001.tif`` is channel, well, tile, Z and T."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MEMBER = re.compile(
    r"(?P<channel>.+)_(?P<well>\d{3,9})_(?P<tile>\d{3,9})_(?P<z>\d{3,9})_(?P<t>\d{3,9})\.tiff?", re.IGNORECASE
)

type Place = tuple[int, int, int]
"""T, Z and C from 0."""
type Channels = tuple[str | None, ...]


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

    @property
    def missing_count(self) -> int:
        """Number of places that have no file."""
        return math.prod(self.sizes) - len(self.files)

    def missing(self) -> Iterator[Place]:
        """Yield the places that have no file; there may be billions, so none are listed before they are asked for."""
        t, z, c = map(range, self.sizes)
        return (place for i in t for j in z for k in c if (place := (i, j, k)) not in self.files)

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


def is_like_member(name: str) -> bool:
    """Whether a file is named like one of a series, whatever its channel."""
    return _MEMBER.fullmatch(name) is not None


def grids(names: Iterable[str], listed: Sequence[Channels]) -> dict[str, Grid]:
    """Return the files of each tile; its key is the two numbers, such as "0001_0001".

    Parameters
    ----------
    names
        All files of the folder.
    listed
        Channels that the XML may mean, which say the order. Files of other channels count where these are ``Chan…``.
    """
    known = {channel for channels in listed for channel in channels}
    found: dict[str, dict[tuple[int, int, str], str]] = defaultdict(dict)
    for name in names:
        match = _MEMBER.fullmatch(name)
        if match and (match["channel"] in known or match["channel"].lower().startswith("chan")):
            place = (int(match["t"]) - 1, int(match["z"]) - 1, match["channel"])
            if min(place[:2]) >= 0:
                found[f"{match['well']}_{match['tile']}"][place] = name
    return {key: _grid(files, listed) for key, files in sorted(found.items())}


def _grid(files: dict[tuple[int, int, str], str], listed: Sequence[Channels]) -> Grid:
    there = {channel for *_, channel in files}
    fitting = (tuple(name for name in channels if name) for channels in listed if there <= set(channels))
    channels = min(fitting, key=len, default=tuple(sorted(there, key=natural)))
    order = {name: number for number, name in enumerate(channels)}
    placed = {(t, z, order[channel]): name for (t, z, channel), name in files.items()}
    sizes = (max(t for t, *_ in placed) + 1, max(z for _, z, _ in placed) + 1, len(channels))
    return Grid(sizes, channels, placed)

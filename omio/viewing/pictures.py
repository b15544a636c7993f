"""Planes as pictures: each channel in its colour, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.metadata.facts import channel_rows
from omio.policies.style import Style
from omio.raster.colors import channel_color
from omio.raster.contrast import DEFAULT, limits
from omio.raster.render import render
from omio.raster.scaling import resize
from omio.viewing.projections import opened_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.metadata.facts import Facts
    from omio.raster.colors import Rgb
    from omio.raster.contrast import Limits

type Planes = Mapping[int, NDArray[Any]]
"""Channel number -> Y X [S]."""


@dataclass(frozen=True, eq=False)
class Panel:
    """A channel as a picture.

    Attributes
    ----------
    label
        Name of the channel, else its number.
    color
        It is shown in.
    limits
        Pixel values that are darkest and brightest.
    pixels
        Y X 3.
    """

    label: str
    color: Rgb
    limits: Limits
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Painting:
    """The channels of an image as pictures, and all in one (Y X 3)."""

    panels: tuple[Panel, ...]
    whole: NDArray[np.uint8]


def read_planes(image: MicroscopyDataset) -> dict[int, NDArray[Any]]:
    """Read the plane of each channel; of several times or depths the first."""
    first = image.isel(T=0, Z=0)
    return {number: first.isel(C=number).recipe.load()[0, 0, 0] for number in range(image.sizes["C"])}


def limits_of(planes: Planes, clim: str = DEFAULT) -> dict[int, Limits]:
    """Return what is darkest and brightest of each channel; the colours of RGB are kept as far as 8 bits can."""
    return {number: apart(limits(plane, clim if plane.ndim < 3 else "auto")) for number, plane in planes.items()}


def apart(pair: Limits) -> Limits:
    """Return limits that differ: an image of one value is black where that is 0, and bright where it is more.

    >>> apart((0, 0)), apart((255, 255)), apart((3, 9))
    ((0, 1), (0, 255), (3, 9))
    """
    low, high = pair
    return pair if low < high else (min(low, 0), max(high, 0) or int(low == 0))


def paint(planes: Planes, facts: Facts, shown: Mapping[int, Limits] | None = None) -> Painting:
    """Paint planes in the colours of their channels, each between its limits, and add them up."""
    rows = channel_rows(facts)
    found = limits_of(planes) if shown is None else shown

    def painted(*numbers: int) -> NDArray[np.uint8]:
        return render(planes, rows, Style(channels=numbers, blend="add"), limits=found)[..., :3]

    panels = tuple(
        Panel(
            label_of(rows[number], number, len(rows)),
            channel_color(rows[number], number, len(rows)),
            found[number],
            painted(number),
        )
        for number in planes
    )
    return Painting(panels, panels[0].pixels if len(panels) == 1 else painted(*planes))


def heading(image: MicroscopyDataset) -> str:
    """Return the name of an image, else that of the file that was opened, in one line."""
    return one_line(image.name or opened_as(image) or "image")


def label_of(row: Mapping[str, Any], number: int, count: int) -> str:
    """Name a channel; one without a name by its number, where there are several."""
    return one_line(row.get("name") or "") or (f"C{number}" if count > 1 else "")


def one_line(text: str) -> str:
    r"""Return the text of a file without what would steer a terminal.

    >>> one_line("GFP\x1b[2J 1\r\n")
    'GFP [2J 1'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def fit(pixels: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Shrink pixels, Y X [S], to fit a box; smaller ones are returned as they are."""
    factor = min(1.0, height / pixels.shape[0], width / pixels.shape[1])
    rows, columns = (max(1, round(size * factor)) for size in pixels.shape[:2])
    return resize(pixels, (rows, columns), "area")

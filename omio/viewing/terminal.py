"""Images in a terminal: two pixels a character, drawn as the upper half block in the colours of both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.dataset.text import rows
from omio.viewing.pictures import fit, heading, paint, read_planes
from omio.viewing.projections import flat, samples_apart, spacing
from omio.viewing.scalebar import scale_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.raster.colors import Rgb
    from omio.viewing.pictures import Painting

type Depth = Literal["truecolor", "256", "none"]
"""How many colours a terminal shows; with none, characters of several densities are the shades."""

_SHADES = " ░▒▓█"
_PLAIN = "\x1b[0m"
_TEXT_LINES = 7
"""Lines of text around the picture, and the prompt that follows."""
_MOST_COLUMNS = 96
_TOLD = ("pixels", "spacing")


@dataclass(frozen=True)
class Screen:
    """A terminal.

    Attributes
    ----------
    columns, lines
        In characters.
    depth
        How many colours it shows.
    """

    columns: int
    lines: int
    depth: Depth

    @property
    def box(self) -> tuple[int, int]:
        """Columns and rows of pixels of the largest picture."""
        return min(self.columns, _MOST_COLUMNS), 2 * max(4, self.lines - _TEXT_LINES)

    def paint(self, text: str, color: Rgb) -> str:
        """Colour text."""
        return text if self.depth == "none" else f"\x1b[{self._code(38, color)}m{text}{_PLAIN}"

    def blocks(self, picture: NDArray[np.uint8]) -> Iterator[str]:
        """Draw a picture, Y X 3, two rows a line."""
        height, width = picture.shape[:2]
        even = picture if height % 2 == 0 else np.concatenate([picture, np.zeros((1, width, 3), np.uint8)])
        for upper, lower in zip(even[::2], even[1::2], strict=True):
            yield _shades(upper, lower) if self.depth == "none" else self._line(upper.tolist(), lower.tolist())

    def _line(self, upper: list[Rgb], lower: list[Rgb]) -> str:
        told, text = ("", ""), []
        for above, below in zip(upper, lower, strict=True):
            codes = (self._code(38, above), self._code(48, below))
            text.append("▀" if codes == told else f"\x1b[{codes[0]};{codes[1]}m▀")
            told = codes
        return "".join(text) + _PLAIN

    def _code(self, layer: int, color: Rgb) -> str:
        """Return the parameters of ISO 8613-6 for a foreground (38) or background (48)."""
        if self.depth == "truecolor":
            return f"{layer};2;{color[0]};{color[1]};{color[2]}"
        red, green, blue = (round(value / 51) for value in color)
        return f"{layer};5;{16 + 36 * red + 6 * green + blue}"


def color_depth() -> Depth:
    """Return how many colours a terminal that shows colours has; those of 24 bits say so in ``COLORTERM``."""
    return "truecolor" if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") else "256"


def glance(image: MicroscopyDataset, screen: Screen, **selected: Any) -> Iterator[str]:
    """Yield the lines of a picture of all channels with a scale bar, and what is known of the image.

    Parameters
    ----------
    selected
        t, z and how of `omio.viewing.projections.flat`; by default the middle plane is read alone.
    """
    image = samples_apart(image)
    shown = flat(image, most=max(screen.box), **{"how": "slice", **selected})
    planes = {number: fit(plane, *screen.box) for number, plane in read_planes(shown.image).items()}
    painting = paint(planes, image.facts)
    picture = _enlarged(painting.whole, screen.box)
    yield f"{heading(image)}  {shown.title}".rstrip()
    yield from screen.blocks(picture)
    yield f"{_bar(shown.image, picture.shape[1])}  {_legend(painting, screen)}".rstrip()
    yield from (f"{label:<9} {text}" for label, text in rows(image) if label in _TOLD)


def _enlarged(picture: NDArray[np.uint8], box: tuple[int, int]) -> NDArray[np.uint8]:
    """Repeat the pixels of a small picture a whole number of times."""
    times = max(1, min(box[0] // picture.shape[1], box[1] // picture.shape[0]))
    return picture.repeat(times, 0).repeat(times, 1)


def _bar(image: MicroscopyDataset, width: int) -> str:
    step = spacing(image, "X")
    bar = scale_bar(None if step is None else step * image.sizes["X"] / width, width)
    return "pixel size unknown" if bar is None else f"{'━' * max(1, round(bar.pixels))} {bar.label}"


def _legend(painting: Painting, screen: Screen) -> str:
    return "  ".join(f"{screen.paint('■', panel.color)} {panel.label}" for panel in painting.panels if panel.label)


def _shades(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> str:
    bright = np.maximum(upper, lower).max(axis=1).astype(int)
    return "".join(_SHADES[level] for level in bright * (len(_SHADES) - 1) // 255)

"""Axes of matplotlib for pictures: where they lie, how they are shown, names, scale bars and titles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError
from omio.viewing.pictures import heading
from omio.viewing.projections import spacing
from omio.viewing.scalebar import scale_bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.raster.colors import Rgb
    from omio.viewing.figure import QuickLook

_WIDTH, _TALLEST = 10.0, 14.0
"""Of a figure, in inches."""
_TEXT = 0.35
"""Height of the text below a panel, in inches."""
_READABLE = 0.5
"""Most luminance of a colour on white paper."""


def steps_of(image: MicroscopyDataset) -> dict[str, float]:
    """Return µm between neighbours along Z, Y, X, or 1 along all where one is not known."""
    found = {dim: spacing(image, dim) for dim in "ZYX"}
    known = {dim: step for dim, step in found.items() if step is not None}
    return known if len(known) == len(found) else dict.fromkeys(found, 1.0)


def unknown_size(image: MicroscopyDataset) -> str:
    """Say so where the pixel size is not known."""
    return "" if spacing(image, "X") is not None else "pixel size unknown"


def aspect_of(image: MicroscopyDataset) -> float:
    """Return how much longer a pixel is along Y than along X."""
    down, across = spacing(image, "Y"), spacing(image, "X")
    return 1.0 if down is None or across is None else down / across


def height_of(image: MicroscopyDataset) -> float:
    """Return the height of a picture whose width is 1."""
    return image.sizes["Y"] * aspect_of(image) / image.sizes["X"]


def columns_of(count: int) -> int:
    """Return how many panels stand beside each other."""
    return count if count <= 3 else math.ceil(math.sqrt(count))


def grid(count: int, height: float, ax: Axes | None) -> list[Axes]:
    """Return axes for pictures of a height in units of their width, in a new figure or as given."""
    if ax is not None:
        return [ax]
    columns = columns_of(count)
    rows = -(-count // columns)
    width = _WIDTH if count > 1 else _WIDTH / 2
    tall = min(_TALLEST, rows * (width / columns * height + _TEXT) + _TEXT)
    figure = new_figure(width, tall)
    return [figure.add_subplot(rows, columns, number + 1) for number in range(count)]


def corner(image: MicroscopyDataset) -> list[Axes]:
    """Return axes for XY, below it XZ, and beside it YZ, of sizes in true proportion."""
    steps = steps_of(image)
    depth, down, across = (image.sizes[dim] * steps[dim] for dim in "ZYX")
    figure = new_figure(_WIDTH * 0.8, min(_TALLEST, _WIDTH * 0.8 * (down + depth) / (across + depth) + _TEXT))
    ratios = {"width_ratios": (across, depth), "height_ratios": (down, depth)}
    places = figure.add_gridspec(2, 2, **ratios)
    return [figure.add_subplot(places[row, column]) for row, column in ((0, 0), (1, 0), (0, 1))]


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of so many inches.

    Raises
    ------
    MissingDependencyError
        The extra ``plot`` is not installed.
    """
    return _quick_look()(figsize=(width, height), layout="constrained")


def _quick_look() -> type[QuickLook]:
    try:
        from omio.viewing.figure import QuickLook
    except ImportError:
        raise MissingDependencyError("matplotlib is not installed", remedy='pip install "omio[plot]"') from None
    return QuickLook


def show(axes: Axes, pixels: NDArray[np.uint8], aspect: float) -> None:
    """Show a picture, Y X 3, and nothing around it."""
    axes.imshow(pixels, aspect=aspect)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def name(axes: Axes, names: Iterable[tuple[str, Rgb]]) -> None:
    """Write names into the corner of a picture, below each other, each in its colour."""
    for line, (text, color) in enumerate(named for named in names if named[0]):
        _write(axes, (0, 1), (6, -6 - 11 * line), text, tuple(value / 255 for value in color), ha="left", va="top")


def _write(
    axes: Axes, corner: tuple[float, float], offset: tuple[float, float], text: str, color: Any, **how: Any
) -> None:
    from matplotlib.patheffects import withStroke

    axes.annotate(
        text,
        corner,
        offset,
        xycoords="axes fraction",
        textcoords="offset points",
        color=color,
        fontsize=8,
        fontweight="bold",
        **how,
    ).set(path_effects=[withStroke(linewidth=2, foreground="black")], parse_math=False)


def bar(axes: Axes, image: MicroscopyDataset) -> None:
    """Draw a scale bar into the lower right corner, where the pixel size is known."""
    from matplotlib.patheffects import withStroke

    width = image.sizes["X"]
    found = scale_bar(spacing(image, "X"), width)
    if found is None:
        return
    right, share = 0.97, found.pixels / width
    axes.plot(
        (right - share, right),
        (0.05, 0.05),
        transform=axes.transAxes,
        color="white",
        linewidth=2.5,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=3.5, foreground="black")],
    )
    _write(axes, (right - share / 2, 0.05), (0, 4), found.label, "white", ha="center", va="bottom")


def titled(drawn: Sequence[Axes], image: MicroscopyDataset, *what: str) -> Figure:
    """Say above a figure of omio's own which image it shows, and what of it; axes that were given get their title."""
    text = "   ".join(word for word in (heading(image), *what) if word)
    figure = drawn[0].figure.get_figure(root=True)
    if isinstance(figure, _quick_look()):
        figure.suptitle(text, fontsize=9, parse_math=False)
    else:
        drawn[0].set_title(text, fontsize=9, parse_math=False)
    return figure


def readable(color: Rgb) -> tuple[float, float, float]:
    """Darken a colour that could not be read on white paper."""
    red, green, blue = (value / 255 for value in color)
    factor = min(1.0, _READABLE / max(1e-6, 0.2126 * red + 0.7152 * green + 0.0722 * blue))
    return red * factor, green * factor, blue * factor

"""``ds.plot()``: channels in their colours, orthogonal views, montages and histograms, as figures of matplotlib."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import LayoutError, MissingDependencyError, OptionError
from omio.raster.contrast import DEFAULT
from omio.viewing.pictures import heading, limits_of, paint, read_planes
from omio.viewing.projections import flat, place, position_text, reduced, spacing
from omio.viewing.scalebar import scale_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.raster.colors import Rgb
    from omio.viewing.pictures import Panel
    from omio.viewing.projections import Flattening

type Kind = Literal["channels", "composite", "orthogonal", "montage", "histogram"]

MOST = 1024
"""Pixels of the longer side of a panel; at most twice as many."""
PANELS = 24
"""Most panels of a montage."""
BINS = 256
"""Of a histogram."""
_WIDTH, _TALLEST = 10.0, 14.0
"""Of a figure, in inches."""
_TEXT = 0.35
"""Height of the text below a panel, in inches."""
_READABLE = 0.5
"""Most luminance of a colour on white paper."""
_CUTS = (("Y", "X"), ("Z", "X"), ("Y", "Z"))
"""Dims down and across of orthogonal views; each leaves out the one that it cuts."""
_UNKNOWN = "pixel size unknown"


def plot(image: MicroscopyDataset, kind: Kind = "channels", *, ax: Axes | None = None, **options: Any) -> Figure:
    """Plot an image; see `MicroscopyDataset.plot`."""
    draw = _KINDS.get(kind)
    if draw is None:
        raise OptionError(f"kind={kind!r}", remedy=f"Use {', '.join(map(repr, _KINDS))}.")
    known = [name for name in inspect.signature(draw).parameters if name not in ("image", "ax")]
    if unknown := sorted(set(options) - set(known)):
        raise OptionError(f"{', '.join(unknown)} of kind={kind!r}", remedy=f"There are {', '.join(known)}.")
    if not all(image.shape):
        raise LayoutError(f"nothing to plot: the shape is {image.shape}")
    return draw(image, ax=ax, **options)


def _channels(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    contrast: str = DEFAULT,
) -> Figure:
    """Draw each channel and, where there are several, all in one; in axes that are given the latter alone."""
    shown = flat(image, t=t, z=z, how=project, most=MOST)
    planes = read_planes(shown.image)
    painting = paint(planes, image.facts, limits_of(planes, contrast))
    pictures: list[tuple[NDArray[np.uint8], Panel | None]] = []
    if ax is None:
        pictures += [(panel.pixels, panel) for panel in painting.panels]
    if ax is not None or len(pictures) > 1:
        pictures.append((painting.whole, None))
    grid = _grid(len(pictures), _height(shown.image), ax)
    for axes, (pixels, panel) in zip(grid, pictures, strict=True):
        _show(axes, pixels, _aspect(shown.image))
        if panel is not None:
            _name(axes, [(panel.label, panel.color)])
            axes.set_xlabel(_range(panel), fontsize=7, color="0.45")
    if len(pictures) > 1 or ax is not None:
        _name(grid[-1], [(panel.label, panel.color) for panel in painting.panels])
    _bar(grid[-1], shown.image)
    return _titled(grid, image, shown.title, shown.image)


def _composite(image: MicroscopyDataset, *, ax: Axes | None, **options: Any) -> Figure:
    return _channels(image, ax=_grid(1, _height(image), ax)[0], **options)


def _orthogonal(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    y: int | None = None,
    x: int | None = None,
    contrast: str = DEFAULT,
) -> Figure:
    """Draw the planes XY, XZ and ZY that meet in a pixel, the middle one by default, in true proportions."""
    if ax is not None:
        raise OptionError('kind="orthogonal" draws three axes', remedy="Leave out ax=.")
    if image.sizes["Z"] < 2:
        raise LayoutError("orthogonal views need several depths, Z is 1")
    at = {dim: place(image, dim, number) for dim, number in (("T", t), ("Z", z), ("Y", y), ("X", x))}
    seen = reduced(image, MOST)
    for dim in "YX":
        at[dim] = at[dim] * seen.sizes[dim] // image.sizes[dim]
    stacks = [seen.isel(T=at["T"], **{dim: at[dim]}) for dim in "ZYX"]
    cuts = [_cut(stack, dims) for stack, dims in zip(stacks, _CUTS, strict=True)]
    shown = limits_of(cuts[0], contrast)
    grid = _corner(seen)
    steps = _steps(seen)
    for axes, planes, (down, across) in zip(grid, cuts, _CUTS, strict=True):
        _show(axes, paint(planes, image.facts, shown).whole, steps[down] / steps[across])
        for dim, line in ((down, axes.axhline), (across, axes.axvline)):
            line(at[dim], color="white", linewidth=0.6, alpha=0.6, linestyle=(0, (4, 4)))
        _name(axes, [(f"{across}{down}", (255, 255, 255))])
    _bar(grid[0], seen)
    words = [position_text(seen, dim, at[dim]) for dim in "TZYX"]
    return _titled(grid, image, ", ".join(word for word in words if word), seen)


def _montage(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    along: str | None = None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    contrast: str = DEFAULT,
) -> Figure:
    """Draw times or depths one after another, evenly chosen where there are too many, in the same colours."""
    if ax is not None:
        raise OptionError('kind="montage" draws many axes', remedy="Leave out ax=.")
    dim = along or ("T" if image.sizes["T"] > 1 else "Z")
    if dim not in ("T", "Z"):
        raise OptionError(f"along={along!r}", remedy='Use "T" or "Z".')
    size = image.sizes[dim]
    numbers = sorted({round(number) for number in np.linspace(0, size - 1, min(size, PANELS))})
    columns = _columns(len(numbers))
    chosen = [
        flat(image.isel(**{dim: number}), t=None if dim == "T" else t, z=z, how=project, most=MOST // columns)
        for number in numbers
    ]
    read = [read_planes(one.image) for one in chosen]
    shown = limits_of({number: np.stack([planes[number] for planes in read]) for number in read[0]}, contrast)
    grid = _grid(len(chosen), _height(image), None)
    for axes, number, planes in zip(grid, numbers, read, strict=True):
        painting = paint(planes, image.facts, shown)
        _show(axes, painting.whole, _aspect(chosen[0].image))
        axes.set_xlabel(position_text(image, dim, number), fontsize=7, color="0.35")
    _bar(grid[-1], chosen[0].image)
    count = f"{len(numbers)} of {size} along {dim}" if len(numbers) < size else f"{size} along {dim}"
    return _titled(grid, image, "   ".join(filter(None, (count, chosen[0].title))), chosen[0].image)


def _histogram(image: MicroscopyDataset, *, ax: Axes | None, t: int | None = None, z: int | None = None) -> Figure:
    """Draw how many pixels have which value, a line a channel."""
    raise NotImplementedError


def _cut(stack: MicroscopyDataset, dims: tuple[str, str]) -> dict[int, NDArray[Any]]:
    """Read a plane along two dims of each channel; S stays."""
    kept = [axis for axis, dim in enumerate(stack.dims) if dim in dims or dim == "S"]
    planes = {}
    for number in range(stack.sizes["C"]):
        pixels = stack.isel(C=number).recipe.load()
        plane = pixels.reshape([pixels.shape[axis] for axis in kept])
        planes[number] = np.ascontiguousarray(plane.swapaxes(0, 1)) if dims == ("Y", "Z") else plane
    return planes


def _steps(image: MicroscopyDataset) -> dict[str, float]:
    """Return µm between neighbours along Z, Y, X, or 1 along all where one is not known."""
    found = {dim: spacing(image, dim) for dim in "ZYX"}
    known = {dim: step for dim, step in found.items() if step is not None}
    return known if len(known) == len(found) else dict.fromkeys(found, 1.0)


def _aspect(image: MicroscopyDataset) -> float:
    """Return how much longer a pixel is along Y than along X."""
    down, across = spacing(image, "Y"), spacing(image, "X")
    return 1.0 if down is None or across is None else down / across


def _height(image: MicroscopyDataset) -> float:
    """Return the height of a picture whose width is 1."""
    return image.sizes["Y"] * _aspect(image) / image.sizes["X"]


def _columns(count: int) -> int:
    return count if count <= 3 else math.ceil(math.sqrt(count))


def _grid(count: int, height: float, ax: Axes | None) -> list[Axes]:
    """Return axes for pictures of a height in units of their width, in a new figure or as given."""
    if ax is not None:
        return [ax]
    columns = _columns(count)
    rows = -(-count // columns)
    width = _WIDTH if count > 1 else _WIDTH / 2
    tall = min(_TALLEST, rows * (width / columns * height + _TEXT) + _TEXT)
    figure = _figure(width, tall)
    return [figure.add_subplot(rows, columns, number + 1) for number in range(count)]


def _corner(image: MicroscopyDataset) -> list[Axes]:
    """Return axes for XY, below it XZ, and beside it YZ, of sizes in true proportion."""
    steps = _steps(image)
    depth, down, across = (image.sizes[dim] * steps[dim] for dim in "ZYX")
    figure = _figure(_WIDTH * 0.8, min(_TALLEST, _WIDTH * 0.8 * (down + depth) / (across + depth) + _TEXT))
    ratios = {"width_ratios": (across, depth), "height_ratios": (down, depth)}
    places = figure.add_gridspec(2, 2, **ratios)
    return [figure.add_subplot(places[row, column]) for row, column in ((0, 0), (1, 0), (0, 1))]


def _figure(width: float, height: float) -> Figure:
    try:
        from omio.viewing.figure import QuickLook
    except ImportError:
        raise MissingDependencyError("matplotlib is not installed", remedy='pip install "omio[plot]"') from None
    return QuickLook(figsize=(width, height), layout="constrained")


def _show(axes: Axes, pixels: NDArray[np.uint8], aspect: float) -> None:
    axes.imshow(pixels, aspect=aspect)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name(axes: Axes, names: Iterable[tuple[str, Rgb]]) -> None:
    """Write names into the corner of a picture, below each other, each in its colour."""
    for line, (text, color) in enumerate(named for named in names if named[0]):
        _write(axes, (0, 1), (6, -6 - 11 * line), text, tuple(value / 255 for value in color), ha="left", va="top")


def _write(
    axes: Axes, corner: tuple[float, float], offset: tuple[float, float], text: str, color: Any, **how: Any
) -> None:
    from matplotlib.patheffects import withStroke

    axes.annotate(
        text, corner, offset, xycoords="axes fraction", textcoords="offset points", color=color, fontsize=8, **how
    ).set(path_effects=[withStroke(linewidth=1.5, foreground="black")], parse_math=False)


def _range(panel: Panel) -> str:
    return "" if panel.limits is None else " – ".join(f"{value:.5g}" for value in panel.limits)


def _bar(axes: Axes, image: MicroscopyDataset) -> None:
    """Draw a scale bar into the lower right corner, where the pixel size is known."""
    from matplotlib.patheffects import withStroke

    width = image.sizes["X"]
    bar = scale_bar(spacing(image, "X"), width)
    if bar is None:
        return
    right, share = 0.97, bar.pixels / width
    axes.plot(
        (right - share, right),
        (0.05, 0.05),
        transform=axes.transAxes,
        color="white",
        linewidth=2.5,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=3.5, foreground="black")],
    )
    _write(axes, (right - share / 2, 0.05), (0, 4), bar.label, "white", ha="center", va="bottom")


def _titled(grid: Sequence[Axes], image: MicroscopyDataset, what: str, seen: MicroscopyDataset) -> Figure:
    """Say above the pictures which image they show, and what of it."""
    figure = grid[0].figure.get_figure(root=True)
    words = [heading(image), what, "" if spacing(seen, "X") is not None else _UNKNOWN]
    text = "   ".join(word for word in words if word)
    if len(figure.axes) == len(grid) and not figure.get_suptitle():
        figure.suptitle(text, fontsize=9, parse_math=False)
    return figure


_KINDS: dict[str, Callable[..., Figure]] = {
    "channels": _channels,
    "composite": _composite,
    "orthogonal": _orthogonal,
    "montage": _montage,
    "histogram": _histogram,
}

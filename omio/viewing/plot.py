"""``ds.plot()``: channels in their colours, orthogonal views, montages and histograms, as figures of matplotlib."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import LayoutError, MissingDependencyError, OptionError
from omio.metadata.facts import channel_rows
from omio.raster.colors import channel_color
from omio.raster.contrast import DEFAULT
from omio.raster.histogram import histogram
from omio.viewing.pictures import heading, label_of, limits_of, paint, read_planes
from omio.viewing.projections import flat, place, position_text, reduced, spacing, thinned
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
_WIDTH, _TALLEST = 10.0, 14.0
"""Of a figure, in inches."""
_TEXT = 0.35
"""Height of the text below a panel, in inches."""
_READABLE = 0.5
"""Most luminance of a colour on white paper."""
_CUTS = (("Y", "X"), ("Z", "X"), ("Y", "Z"))
"""Dims down and across of orthogonal views; each leaves out the one that it cuts."""


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
        if panel is not None and "S" not in image.sizes:  # colours are shown as they are
            axes.set_xlabel(" – ".join(f"{value:.5g}" for value in panel.limits), fontsize=7, color="0.45")
    if len(pictures) > 1 or ax is not None:
        _name(grid[-1], [(panel.label, panel.color) for panel in painting.panels])
    _bar(grid[-1], shown.image)
    return _titled(grid, image, shown.title, _unknown(image))


def _composite(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    contrast: str = DEFAULT,
) -> Figure:
    """Draw all channels in one."""
    axes = _grid(1, _height(image), ax)[0]
    return _channels(image, ax=axes, t=t, z=z, project=project, contrast=contrast)


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
    return _titled(grid, image, ", ".join(word for word in words if word), _unknown(image))


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
    return _titled(grid, image, count, chosen[0].title, _unknown(image))


def _histogram(
    image: MicroscopyDataset, *, ax: Axes | None, t: int | None = None, z: int | None = None, bins: int = 256
) -> Figure:
    """Draw how many pixels have which value, a line a channel; of planes that are large, pixels at even distances."""
    frame = place(image, "T", t)
    seen = image.isel(T=frame) if z is None else image.isel(T=frame, Z=place(image, "Z", z))
    counted = thinned(seen.split_samples() if "S" in seen.sizes and seen.sizes["C"] == 1 else seen, MOST)
    columns = _counts(counted, bins)
    grid = [ax] if ax is not None else [_figure(_WIDTH * 0.7, _WIDTH * 0.4).add_subplot()]
    rows = channel_rows(counted.facts)
    for number, row in enumerate(rows):
        counts, edges = columns[number]
        color = _readable(channel_color(row, number, len(rows)))
        grid[0].stairs(counts, edges, color=color, alpha=0.2, fill=True)
        grid[0].stairs(counts, edges, color=color, linewidth=1, label=label_of(row, number, len(rows)))
    grid[0].set(yscale="log", xlabel="pixel value", ylabel="pixels")
    grid[0].spines[["top", "right"]].set_visible(False)
    if any(label_of(row, number, len(rows)) for number, row in enumerate(rows)):
        grid[0].legend(frameon=False, fontsize=8)
    words = [position_text(image, "T", frame), "" if z is None else position_text(image, "Z", place(image, "Z", z))]
    thin = image.sizes["X"] // counted.sizes["X"]
    words.append(f"1 of {thin} x {thin} pixels" if thin > 1 else "")
    return _titled(grid, image, ", ".join(word for word in words if word))


def _counts(image: MicroscopyDataset, bins: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return counts and edges of each channel; bins of integers are whole numbers wide, else some would hold more."""
    kind = image.dtype
    if kind.kind not in "iu" or kind.itemsize > 2:
        found = histogram(image, bins)
        return list(zip(found["hist"].values, found["bin_edges"].values, strict=True))
    first, last = np.iinfo(kind).min, np.iinfo(kind).max
    found = histogram(image, last - first + 1, range=(first - 0.5, last + 0.5))
    low, high = int(found["min"].min()), int(found["max"].max())
    width = -(-(high - low + 1) // bins)
    starts = np.arange(low, high + 1, width)
    edges = np.append(starts, starts[-1] + width) - 0.5
    seen = found["hist"].values[:, low - first : high - first + 1]
    return [(np.add.reduceat(counts, starts - low), edges) for counts in seen]


def _readable(color: Rgb) -> tuple[float, float, float]:
    """Darken a colour that could not be read on white paper."""
    red, green, blue = (value / 255 for value in color)
    factor = min(1.0, _READABLE / max(1e-6, 0.2126 * red + 0.7152 * green + 0.0722 * blue))
    return red * factor, green * factor, blue * factor


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


def _unknown(image: MicroscopyDataset) -> str:
    return "" if spacing(image, "X") is not None else "pixel size unknown"


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
        text, corner, offset, xycoords="axes fraction", textcoords="offset points", color=color, fontsize=8, fontweight="bold", **how
    ).set(path_effects=[withStroke(linewidth=2, foreground="black")], parse_math=False)


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


def _titled(grid: Sequence[Axes], image: MicroscopyDataset, *what: str) -> Figure:
    """Say above a figure of omio's own which image it shows, and what of it; axes that were given get their title."""
    text = "   ".join(word for word in (heading(image), *what) if word)
    figure = grid[0].figure.get_figure(root=True)
    if type(figure).__name__ == "QuickLook":
        figure.suptitle(text, fontsize=9, parse_math=False)
    else:
        grid[0].set_title(text, fontsize=9, parse_math=False)
    return figure


_KINDS: dict[str, Callable[..., Figure]] = {
    "channels": _channels,
    "composite": _composite,
    "orthogonal": _orthogonal,
    "montage": _montage,
    "histogram": _histogram,
}

"""``ds.plot()``: channels in their colours, orthogonal views, montages and histograms, as figures of matplotlib."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import LayoutError, OptionError
from omio.metadata.facts import channel_rows
from omio.raster.colors import channel_color
from omio.raster.contrast import DEFAULT
from omio.raster.histogram import histogram
from omio.viewing.drawing import (
    aspect_of,
    bar,
    columns_of,
    corner,
    grid,
    height_of,
    name,
    new_figure,
    readable,
    show,
    steps_of,
    titled,
    unknown_size,
)
from omio.viewing.pictures import label_of, limits_of, paint, read_planes
from omio.viewing.projections import flat, place, position_text, reduced, samples_apart, thinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.viewing.pictures import Panel
    from omio.viewing.projections import Flattening

type Kind = Literal["channels", "composite", "orthogonal", "montage", "histogram"]

MOST = 1024
"""Pixels of the longer side of a panel; at most twice as many."""
PANELS = 24
"""Most panels of a montage."""
_CUTS = (("Y", "X"), ("Z", "X"), ("Y", "Z"))
"""Dims down and across of orthogonal views; each leaves out the one that it cuts."""


def plot(image: MicroscopyDataset, kind: Kind = "channels", *, ax: Axes | None = None, **options: Any) -> Figure:
    """Plot an image; see `MicroscopyDataset.plot`."""
    draw = _KINDS.get(kind)
    if draw is None:
        raise OptionError(f"kind={kind!r}", remedy=f"Use {', '.join(map(repr, _KINDS))}.")
    known = [option for option in inspect.signature(draw).parameters if option not in ("image", "ax")]
    if unknown := sorted(set(options) - set(known)):
        raise OptionError(f"{', '.join(unknown)} of kind={kind!r}", remedy=f"There are {', '.join(known)}.")
    if not all(image.shape):
        raise LayoutError(f"nothing to plot: the shape is {image.shape}")
    return draw(samples_apart(image), ax=ax, **options)


def _channels(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    clim: str = DEFAULT,
) -> Figure:
    """Draw each channel and, where there are several, all in one; in axes that are given the latter alone."""
    shown = flat(image, t=t, z=z, how=project, most=MOST)
    planes = read_planes(shown.image)
    painting = paint(planes, image.facts, limits_of(planes, clim))
    pictures: list[tuple[NDArray[np.uint8], Panel | None]] = []
    if ax is None:
        pictures += [(panel.pixels, panel) for panel in painting.panels]
    if ax is not None or len(pictures) > 1:
        pictures.append((painting.whole, None))
    drawn = grid(len(pictures), height_of(shown.image), ax)
    for axes, (pixels, panel) in zip(drawn, pictures, strict=True):
        show(axes, pixels, aspect_of(shown.image))
        if panel is not None:
            name(axes, [(panel.label, panel.color)])
        if panel is not None and "S" not in image.sizes:  # colours are shown as they are
            axes.set_xlabel(" – ".join(f"{value:.5g}" for value in panel.limits), fontsize=7, color="0.45")
    if len(pictures) > 1 or ax is not None:
        name(drawn[-1], [(panel.label, panel.color) for panel in painting.panels])
    bar(drawn[-1], shown.image)
    return titled(drawn, image, shown.title, unknown_size(image))


def _composite(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    clim: str = DEFAULT,
) -> Figure:
    """Draw all channels in one."""
    axes = grid(1, height_of(image), ax)[0]
    return _channels(image, ax=axes, t=t, z=z, project=project, clim=clim)


def _orthogonal(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    t: int | None = None,
    z: int | None = None,
    y: int | None = None,
    x: int | None = None,
    clim: str = DEFAULT,
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
    shown = limits_of(cuts[0], clim)
    drawn = corner(seen)
    steps = steps_of(seen)
    for axes, planes, (down, across) in zip(drawn, cuts, _CUTS, strict=True):
        show(axes, paint(planes, image.facts, shown).whole, steps[down] / steps[across])
        for dim, line in ((down, axes.axhline), (across, axes.axvline)):
            line(at[dim], color="white", linewidth=0.6, alpha=0.6, linestyle=(0, (4, 4)))
        name(axes, [(f"{across}{down}", (255, 255, 255))])
    bar(drawn[0], seen)
    words = [position_text(seen, dim, at[dim]) for dim in "TZYX"]
    return titled(drawn, image, ", ".join(word for word in words if word), unknown_size(image))


def _montage(
    image: MicroscopyDataset,
    *,
    ax: Axes | None,
    along: str | None = None,
    t: int | None = None,
    z: int | None = None,
    project: Flattening = "max",
    clim: str = DEFAULT,
) -> Figure:
    """Draw times or depths one after another, evenly chosen where there are too many, in the same colours."""
    if ax is not None:
        raise OptionError('kind="montage" draws many axes', remedy="Leave out ax=.")
    dim = along or ("T" if image.sizes["T"] > 1 else "Z")
    if dim not in ("T", "Z"):
        raise OptionError(f"along={along!r}", remedy='Use "T" or "Z".')
    if (t if dim == "T" else z) is not None:
        raise OptionError(f"{dim.lower()}= chooses one of those that are shown", remedy="Select some by ds.isel.")
    size = image.sizes[dim]
    numbers = sorted({round(number) for number in np.linspace(0, size - 1, min(size, PANELS))})
    columns = columns_of(len(numbers))
    chosen = [flat(image.isel(**{dim: number}), t=t, z=z, how=project, most=MOST // columns) for number in numbers]
    read = [read_planes(one.image) for one in chosen]
    shown = limits_of({number: np.stack([planes[number] for planes in read]) for number in read[0]}, clim)
    drawn = grid(len(chosen), height_of(image), None)
    for axes, number, planes in zip(drawn, numbers, read, strict=True):
        painting = paint(planes, image.facts, shown)
        show(axes, painting.whole, aspect_of(chosen[0].image))
        axes.set_xlabel(position_text(image, dim, number), fontsize=7, color="0.35")
    bar(drawn[-1], chosen[0].image)
    count = f"{len(numbers)} of {size} along {dim}" if len(numbers) < size else f"{size} along {dim}"
    return titled(drawn, image, count if size > 1 else "", chosen[0].title, unknown_size(image))


def _histogram(
    image: MicroscopyDataset, *, ax: Axes | None, t: int | None = None, z: int | None = None, bins: int = 256
) -> Figure:
    """Draw how many pixels have which value, a line a channel; of planes that are large, pixels at even distances."""
    frame = place(image, "T", t)
    seen = image.isel(T=frame) if z is None else image.isel(T=frame, Z=place(image, "Z", z))
    if "S" in seen.sizes and seen.sizes["C"] > 1:
        raise LayoutError("several channels with samples are too much for one histogram", remedy="Take ds.isel(C=0).")
    counted = thinned(seen.split_samples() if "S" in seen.sizes else seen, MOST)
    columns = _counts(counted, bins)
    drawn = [ax] if ax is not None else [new_figure(7, 4).add_subplot()]
    rows = channel_rows(counted.facts)
    for number, row in enumerate(rows):
        counts, edges = columns[number]
        color = readable(channel_color(row, number, len(rows)))
        drawn[0].stairs(counts, edges, color=color, alpha=0.2, fill=True)
        drawn[0].stairs(counts, edges, color=color, linewidth=1, label=label_of(row, number, len(rows)))
    drawn[0].set(yscale="log", ylim=(0.5, None), xlabel="pixel value", ylabel="pixels")
    drawn[0].spines[["top", "right"]].set_visible(False)
    if any(label_of(row, number, len(rows)) for number, row in enumerate(rows)):
        drawn[0].legend(frameon=False, fontsize=8)
    words = [position_text(image, "T", frame), "" if z is None else position_text(image, "Z", place(image, "Z", z))]
    thin = image.sizes["X"] // counted.sizes["X"]
    words.append(f"1 of {thin} x {thin} pixels" if thin > 1 else "")
    return titled(drawn, image, ", ".join(word for word in words if word))


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


def _cut(stack: MicroscopyDataset, dims: tuple[str, str]) -> dict[int, NDArray[Any]]:
    """Read a plane along two dims of each channel; S stays."""
    kept = [axis for axis, dim in enumerate(stack.dims) if dim in dims or dim == "S"]
    planes = {}
    for number in range(stack.sizes["C"]):
        pixels = stack.isel(C=number).recipe.load()
        plane = pixels.reshape([pixels.shape[axis] for axis in kept])
        planes[number] = np.ascontiguousarray(plane.swapaxes(0, 1)) if dims == ("Y", "Z") else plane
    return planes


_KINDS: dict[str, Callable[..., Figure]] = {
    "channels": _channels,
    "composite": _composite,
    "orthogonal": _orthogonal,
    "montage": _montage,
    "histogram": _histogram,
}

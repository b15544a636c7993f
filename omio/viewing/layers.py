"""`LayerSpec`: what a viewer will show of an image, told without a window."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from omio.backends.discovery import stem
from omio.dataset import MicroscopyDataset
from omio.errors import OmioWarning, OptionError
from omio.metadata.facts import channel_rows
from omio.raster.colors import channel_ramp
from omio.raster.contrast import DEFAULT, MOST, dtype_limits, limits
from omio.raster.thumbnail import overview
from omio.viewing.arrays import PIXELS
from omio.viewing.pictures import apart
from omio.viewing.projections import opened_as, samples_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.image import Image
    from omio.policies.view import Blending, Pixels, ViewPolicy
    from omio.raster.contrast import Limits

UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
UNKNOWN = "pixel"
"""Unit of an axis whose spacing is not known; its scale is 1."""
BETWEEN = " :: "
"""Between the name of a file and that of a channel in the name of a layer."""

LARGE = 4096
"""A plane without stored levels that is longer is shown by strides: no screen shows more, and few cards hold it."""
SMALL = 1024
"""Levels go on until a plane is no longer than this; napari shows the coarsest one in 3-D."""
MOST_IMAGES = 16
"""Of a collection that become layers: each channel takes napari a tenth of a second, and a line in its list."""

type Color = tuple[float, float, float]
type LayerData = tuple[Any, dict[str, Any], str]
"""Array, options and kind of a layer, as napari's plug-ins give them."""
type Shown = Image | Mapping[str, MicroscopyDataset] | Iterable[Shown]
"""A dataset, a collection, or several of these."""


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One layer of a viewer.

    Attributes
    ----------
    data
        An array with the dims of `axes`, read when indexed, but for RGB followed by its samples.
    name
        Of the layer.
    axes
        Its dims.
    scale, units
        Of each axis; 1 and ``"pixel"`` where the spacing is not known.
    translate
        Where the centre of the first pixel lies, in units of each axis.
    coarser
        The same image with fewer pixels, finest first.
    kind
        Whether its pixels are intensities, or number objects.
    colors
        Colour table, RGB from 0 to 1; None for samples and labels.
    limits
        Display range in pixel values; None where not known.
    reach
        How far the display range can be moved; None where not known.
    rgb
        Whether the last dim of the data are samples.
    blending
        How it covers others.
    unknown
        Axes whose spacing is not known.
    visible
        Whether it is seen at first.
    image
        What it shows.
    """

    data: Any
    name: str
    axes: str
    scale: tuple[float, ...]
    units: tuple[str, ...]
    translate: tuple[float, ...]
    coarser: tuple[Any, ...] = ()
    kind: Literal["image", "labels"] = "image"
    colors: tuple[Color, ...] | None = None
    limits: tuple[float, float] | None = None
    reach: tuple[float, float] | None = None
    rgb: bool = False
    blending: Blending = "additive"
    unknown: tuple[str, ...] = ()
    visible: bool = True
    image: MicroscopyDataset | None = None

    @property
    def pixels(self) -> Any:
        """The array, or all levels as a list."""
        return [self.data, *self.coarser] if self.coarser else self.data

    def options(self) -> dict[str, Any]:
        """Return arguments of napari's ``add_image`` or ``add_labels``; what is not known is left to napari."""
        found: dict[str, Any] = {
            "name": self.name,
            "scale": self.scale,
            "units": self.units,
            "translate": self.translate,
            "axis_labels": tuple(self.axes),
            "multiscale": bool(self.coarser),
            "visible": self.visible,
            "metadata": {} if self.image is None else {"omio": self.image},
        }
        if self.kind == "labels":
            return found
        found |= {"rgb": self.rgb, "blending": self.blending}
        if self.colors is not None:
            found["colormap"] = {"colors": [[*color, 1.0] for color in self.colors], "name": self._colormap}
        return found if self.limits is None else found | {"contrast_limits": self.limits}

    def layer_data(self) -> LayerData:
        """Return the layer as napari's plug-ins give them."""
        return self.pixels, self.options(), self.kind

    @property
    def _colormap(self) -> str:
        """Name of the colours in napari's list: layers of one colour share it."""
        if self.colors is None or len(self.colors) > 2:
            return self.name
        return "#" + "".join(f"{round(255 * part):02X}" for part in self.colors[-1])


def layers_of(images: Shown, policy: ViewPolicy, beside: str = "") -> list[LayerSpec]:
    """Return the layers of datasets and collections, as a policy says; looks at the pixels for display ranges.

    Parameters
    ----------
    beside
        Axes of the layers that these stand beside, see `shown_axes`.
    """
    found = [(title, policy.source(image), visible) for title, image, visible in _entries(images)]
    beside += "".join(shown_axes(image) for _, image, _ in found)
    return [
        replace(spec, visible=visible)
        for title, image, visible in found
        for spec in _image_layers(image, title, policy, beside)
    ]


def _entries(images: Shown) -> Iterator[tuple[str, MicroscopyDataset, bool]]:
    """Yield title, dataset, and whether it is seen at first: of a collection the first one.

    Raises
    ------
    OptionError
        What is given is no image.
    """
    if isinstance(images, MicroscopyDataset):
        yield title_of(images), images, True
    elif isinstance(images, Mapping):
        _tell_others(list(images)[MOST_IMAGES:])
        for number, (key, image) in enumerate(islice(images.items(), MOST_IMAGES)):
            title = title_of(image)
            yield title if len(images) == 1 else f"{title} [{key}]", image, number == 0
    elif isinstance(images, Iterable) and not isinstance(images, str):
        for item in images:
            yield from _entries(item)
    else:
        raise OptionError(f"{images!r:.80} is no image", remedy="Give datasets or collections: omio.open(path).")


def _tell_others(keys: Sequence[str]) -> None:
    if keys:
        count = f"{MOST_IMAGES} of {MOST_IMAGES + len(keys)} images are shown, from {keys[0]!r} on none"
        warnings.warn(f"{count}: give those that you want, collection[key]", OmioWarning, stacklevel=2)


def _image_layers(image: MicroscopyDataset, title: str, policy: ViewPolicy, beside: str) -> list[LayerSpec]:
    specs = layer_specs(image, pixels=policy.pixels, title=title, blending=policy.blending, beside=beside)
    labels = label_specs(image, pixels=policy.pixels, title=title, beside=beside) if policy.labels else []
    return [*measured(specs, image, policy.clim), *labels]


def layer_specs(
    image: MicroscopyDataset,
    *,
    pixels: Pixels = "lazy",
    title: str | None = None,
    names: str | Sequence[str] | None = None,
    blending: Blending | None = None,
    beside: str = "",
) -> list[LayerSpec]:
    """Return a layer a channel; no pixel is read, but for ``pixels="memory"`` all.

    Parameters
    ----------
    pixels
        What the layers hold.
    title
        Goes before the names of channels; by default the name of the file.
    names
        Of the layers, instead.
    blending
        None: channels are added, colour images cover.
    beside
        Axes of the layers that these stand beside, see `shown_axes`.

    Raises
    ------
    OptionError
        Not one name a layer.
    """
    given = None if names is None else _given(names, image.sizes["C"])
    colored = _colored(image)
    rows = channel_rows(colored.facts)
    if given is None or len(given) < len(rows):
        given = channel_names(rows, given[0] if given else title or title_of(image))
    upright = _rising(colored)
    axes = shown_axes(colored, beside)
    specs = [_spec(upright.isel(C=number), pixels, axes, name) for number, name in enumerate(given)]
    if "S" in colored.sizes:
        cover = blending or ("translucent" if len(specs) == 1 else "additive")
        return [replace(spec, rgb=True, blending=cover) for spec in specs]
    return [
        replace(spec, colors=_ramp(row, number, len(rows)), limits=row.get("window"), blending=blending or "additive")
        for number, (spec, row) in enumerate(zip(specs, rows, strict=True))
    ]


def label_specs(
    image: MicroscopyDataset, *, pixels: Pixels = "lazy", title: str | None = None, beside: str = ""
) -> list[LayerSpec]:
    """Return a layer a label image; one without a T or Z of its own is shown at each of the image."""
    axes = shown_axes(image, beside)
    before = title or title_of(image)
    return [
        replace(_spec(_rising(_along(label, image)), pixels, axes, f"{before}{BETWEEN}{name}"), kind="labels")
        for name, label in image.labels.items()
    ]


def _along(label: MicroscopyDataset, image: MicroscopyDataset) -> MicroscopyDataset:
    """Repeat a label image along T and Z where it has one of many; what it does not say of them is as in its image."""
    single = [dim for dim in "TZ" if label.sizes[dim] == 1]
    repeated = label.isel(C=0, **{dim: [0] * image.sizes[dim] for dim in single})
    facts = repeated.facts
    own = {dim: axis for dim, axis in facts.axes.items() if dim not in single}
    shared = {dim: axis for dim, axis in image.facts.axes.items() if dim in single or dim not in own}
    return repeated._replace(_facts=replace(facts, axes=shared | own))


def measured(specs: Sequence[LayerSpec], image: MicroscopyDataset, clim: str | None = None) -> list[LayerSpec]:
    """Look at the pixels of an image for the display ranges of its layers, and how far these can go.

    Parameters
    ----------
    clim
        How ranges are found; None leaves those that the file says, and takes `omio.raster.contrast.DEFAULT` for others.
        The samples of a colour image that are layers of their own share one, which keeps the colours.
    """
    colored = _colored(image)
    found = [spec if spec.rgb else _measured(spec, colored, number, clim) for number, spec in enumerate(specs)]
    return found if colored is image else _alike(found)


def _measured(spec: LayerSpec, image: MicroscopyDataset, number: int, clim: str | None) -> LayerSpec:
    pixels = overview(image, MOST, t=image.sizes["T"] // 2, z=image.sizes["Z"] // 2, c=number)
    said = None if clim is not None or _is_whole(spec.limits, image) else spec.limits
    low, high = apart(said or limits(pixels, clim or DEFAULT))
    darkest, brightest = limits(pixels, "minmax")
    return replace(spec, limits=(low, high), reach=(min(low, darkest), max(high, brightest)))


def _is_whole(window: Limits | None, image: MicroscopyDataset) -> bool:
    """Whether a display range is all that integers of 16 bits or more hold: nobody chose it, and it shows black."""
    return image.dtype.kind in "iu" and image.dtype.itemsize > 1 and window == dtype_limits(image.dtype)


def _alike(specs: Sequence[LayerSpec]) -> list[LayerSpec]:
    known = [(spec.limits, spec.reach) for spec in specs if spec.limits is not None and spec.reach is not None]
    shared, reach = (
        (min(low for low, _ in pairs), max(high for _, high in pairs)) for pairs in zip(*known, strict=True)
    )
    return [replace(spec, limits=shared, reach=reach) for spec in specs]


def unknown_spacing(specs: Iterable[LayerSpec]) -> str | None:
    """Say which spacing is not known, if any."""
    unknown = {dim for spec in specs for dim in spec.unknown}
    return f"the spacing of {', '.join(sorted(unknown))} is not known: shown as 1 pixel" if unknown else None


def title_of(image: MicroscopyDataset) -> str:
    """Return what an image is called beside others: after the file that was opened, else its name."""
    file = opened_as(image)
    return (stem(file) if file else image.name) or "image"


def shown_axes(image: MicroscopyDataset, beside: str = "") -> str:
    """Return the dims of a layer: those of length 1 are left out where that moves no other.

    napari lays the last dims of all layers over each other. So a layer of T Y X beside one of T Z Y X keeps its Z.

    >>> from omio import MicroscopyDataset
    >>> import numpy as np
    >>> film = MicroscopyDataset.from_array(np.zeros((3, 4, 5)), "TYX")
    >>> shown_axes(film), shown_axes(film, "TZYX"), shown_axes(film.isel(T=0), "TZYX")
    ('TYX', 'TZYX', 'YX')
    """
    own = "".join(dim for dim in "TZYX" if image.sizes[dim] > 1 or dim in "YX")
    kept = "".join(dim for dim in "TZYX" if dim in own or dim in beside)
    return kept[kept.index(own[0]) :]


def channel_names(rows: Sequence[Mapping[str, Any]], title: str) -> list[str]:
    """Name a layer a channel."""
    channels = [row.get("name") or (f"C{number}" if len(rows) > 1 else None) for number, row in enumerate(rows)]
    return [title if channel is None else f"{title}{BETWEEN}{channel}" for channel in channels]


def _given(names: str | Sequence[str], count: int) -> list[str]:
    given = [names] if isinstance(names, str) else list(names)
    if len(given) != count:
        raise OptionError(f"{len(given)} layer names are given, there are {count} channels")
    return given


def _rising(image: MicroscopyDataset) -> MicroscopyDataset:
    """Turn axes round whose positions fall: napari's sliders want them to rise."""
    falling = [axis.name for axis in image.metadata.axes if (axis.spacing or 0) < 0]
    return image.isel(**{dim: slice(None, None, -1) for dim in falling}) if falling else image


def _colored(image: MicroscopyDataset) -> MicroscopyDataset:
    """Turn samples into channels unless napari shows them as they are: it makes 8 bits of all others by their dtype."""
    is_shown = image.dtype == "uint8" or "S" not in image.sizes or image.sizes["C"] > 1
    return samples_apart(image) if is_shown else image.split_samples()


def _spec(image: MicroscopyDataset, pixels: Pixels, axes: str, name: str) -> LayerSpec:
    known = {axis.name: axis for axis in image.metadata.axes if axis.spacing is not None}
    full, *coarser = (PIXELS[pixels](level, axes) for level in _shown_levels(image))
    return LayerSpec(
        data=full,
        name=name,
        axes=axes,
        scale=tuple(known[dim].spacing or 1.0 if dim in known else 1.0 for dim in axes),
        units=tuple(UNITS[dim] if dim in known else UNKNOWN for dim in axes),
        translate=tuple(known[dim].origin or 0.0 if dim in known else 0.0 for dim in axes),
        coarser=tuple(coarser),
        unknown=tuple(dim for dim in axes if dim not in known),
        image=image,
    )


def _ramp(row: Mapping[str, Any], number: int, count: int) -> tuple[Color, ...]:
    return tuple((red / 255, green / 255, blue / 255) for red, green, blue in channel_ramp(row, number, count))


def _shown_levels(image: MicroscopyDataset) -> Iterator[MicroscopyDataset]:
    """Yield the image and its coarser levels, as far as a viewer gains by them."""
    found = image.levels if len(image.levels) > 1 else _strides(image)
    for level in found:
        yield level
        if _longest(level) <= SMALL:
            return


def _strides(image: MicroscopyDataset) -> Iterator[MicroscopyDataset]:
    """Yield an image without levels, and of a large one every second, fourth, … row and column."""
    yield image
    step = 2
    while _longest(image) > LARGE and _longest(image) > SMALL * step // 2:
        middle = slice(step // 2, None, step)
        yield image.isel(Y=middle, X=middle)
        step *= 2


def _longest(image: MicroscopyDataset) -> int:
    return max(image.sizes["Y"], image.sizes["X"])

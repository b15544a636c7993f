"""`LayerSpec`: what a viewer will show of an image, told without a window and without reading a pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import OptionError
from omio.metadata.facts import channel_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.lazy.recipe import Recipe

type ZarrMode = Literal["numpy", "zarr_nodask", "zarr_dask"]

_UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
UNKNOWN = "pixel"
"""Unit of an axis whose spacing is not known; its scale is 1."""


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
        Its dims, those of length 1 left out but for Y X.
    scale, units
        Of each axis; 1 and ``"pixel"`` where the spacing is not known.
    translate
        Where the first pixel lies, in units of each axis.
    colors
        Colour table from black to the channel's colour, RGB from 0 to 1; None where no colour is known.
    limits
        Display range in pixel values; None where not known.
    rgb
        Whether the last dim of the data are samples.
    """

    data: Any
    name: str
    axes: str
    scale: tuple[float, ...]
    units: tuple[str, ...]
    translate: tuple[float, ...]
    colors: tuple[tuple[float, float, float], ...] | None = None
    limits: tuple[float, float] | None = None
    rgb: bool = False
    unknown: tuple[str, ...] = field(default=())

    def options(self, blending: str) -> dict[str, Any]:
        """Return arguments of napari's ``add_image``; what is not known is left to napari."""
        found: dict[str, Any] = {
            "name": self.name,
            "scale": self.scale,
            "units": self.units,
            "translate": self.translate,
            "axis_labels": tuple(self.axes),
            "blending": blending,
            "rgb": self.rgb,
        }
        if self.colors is not None:
            found["colormap"] = {"colors": [[*color, 1.0] for color in self.colors], "name": self.name}
        return found if self.limits is None else found | {"contrast_limits": self.limits}


def layer_specs(
    image: MicroscopyDataset,
    *,
    mode: ZarrMode = "zarr_dask",
    title: str | None = None,
    names: str | Sequence[str] | None = None,
) -> list[LayerSpec]:
    """Return a layer a channel.

    Parameters
    ----------
    mode
        ``"numpy"`` reads all pixels now; ``"zarr_nodask"`` gives arrays that read what is looked at, ``"zarr_dask"``
        dask arrays that do.
    title
        Goes before the names of channels.
    names
        Of the layers, instead.

    Raises
    ------
    OptionError
        An unknown mode, or not one name a layer.
    """
    if mode not in _PIXELS:
        raise OptionError(f"zarr_mode={mode!r}", remedy=f"Use {', '.join(map(repr, _PIXELS))}.")
    rows = channel_rows(image.facts)
    shown = _names(rows, title or image.name or "image") if names is None else _given(names, len(rows))
    return [_spec(image.isel(C=number), mode, shown[number], row) for number, row in enumerate(rows)]


def _names(rows: Sequence[Mapping[str, Any]], title: str) -> list[str]:
    channels = [row.get("name") or (f"C{number}" if len(rows) > 1 else None) for number, row in enumerate(rows)]
    return [title if channel is None else f"{title} {channel}" for channel in channels]


def _given(names: str | Sequence[str], count: int) -> list[str]:
    given = [names] if isinstance(names, str) else list(names)
    if len(given) != count:
        raise OptionError(f"{len(given)} layer names are given, there are {count} channels")
    return given


def _spec(image: MicroscopyDataset, mode: ZarrMode, name: str, row: Mapping[str, Any]) -> LayerSpec:
    sizes = image.sizes
    axes = "".join(dim for dim in "TZYX" if sizes[dim] > 1 or dim in "YX")
    known = {axis.name: axis for axis in image.metadata.axes if axis.spacing is not None}
    return LayerSpec(
        data=_PIXELS[mode](image, axes),
        name=name,
        axes=axes,
        scale=tuple(known[dim].spacing or 1.0 if dim in known else 1.0 for dim in axes),
        units=tuple(_UNITS[dim] if dim in known else UNKNOWN for dim in axes),
        translate=tuple(known[dim].origin or 0.0 if dim in known else 0.0 for dim in axes),
        colors=None if "S" in sizes else _colors(row),
        limits=row.get("window"),
        rgb="S" in sizes,
        unknown=tuple(dim for dim in axes if dim not in known),
    )


def _colors(row: Mapping[str, Any]) -> tuple[tuple[float, float, float], ...] | None:
    if row.get("lut"):
        return tuple(_rgb(row["lut"][start : start + 6]) for start in range(0, len(row["lut"]), 6))
    return None if row.get("color") is None else ((0.0, 0.0, 0.0), _rgb(row["color"][1:]))


def _rgb(text: str) -> tuple[float, float, float]:
    red, green, blue = (value / 255 for value in bytes.fromhex(text))
    return red, green, blue


class SqueezedArray:
    """A recipe without the dims of length 1 that a viewer would not show; read when indexed."""

    def __init__(self, recipe: Recipe, kept: tuple[int, ...]) -> None:
        self._recipe = recipe
        self._kept = kept
        self.shape = tuple(recipe.shape[axis] for axis in kept)
        self.dtype = recipe.dtype
        self.ndim = len(kept)
        self.size = recipe.size

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read as numpy would index."""
        given = key if isinstance(key, tuple) else (key,)
        if Ellipsis in given:
            place = given.index(Ellipsis)
            given = (*given[:place], *(slice(None),) * (self.ndim - len(given) + 1), *given[place + 1 :])
        full: list[Any] = [0] * self._recipe.ndim
        for axis, entry in zip(self._kept, (*given, *(slice(None),) * (self.ndim - len(given))), strict=True):
            full[axis] = entry
        return self._recipe[tuple(full)]

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        del copy
        return np.asarray(self[()], dtype)

    def __len__(self) -> int:
        return self.shape[0]


def _squeezed(image: MicroscopyDataset, axes: str) -> SqueezedArray:
    return SqueezedArray(image.recipe, tuple(k for k, dim in enumerate(image.dims) if dim in f"{axes}S"))


def _loaded(image: MicroscopyDataset, axes: str) -> NDArray[Any]:
    return image.load().reshape([image.sizes[dim] for dim in image.dims if dim in f"{axes}S"])


def _dask(image: MicroscopyDataset, axes: str) -> Any:
    return image.data.data.reshape([image.sizes[dim] for dim in image.dims if dim in f"{axes}S"])


_PIXELS: dict[str, Callable[[MicroscopyDataset, str], Any]] = {
    "numpy": _loaded,
    "zarr_nodask": _squeezed,
    "zarr_dask": _dask,
}

"""What an OME-Zarr image says of itself: axes, levels, positions, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from omio.backends.zarr.upgrade import (
    axes_of,
    channels_of,
    is_applied,
    listed,
    transformations_of,
    unapplied,
    upgraded,
)
from omio.errors import AxesError, DamagedFileError
from omio.metadata.problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from yaozarrs import v05

DIM_OF = {"t": "T", "z": "Z", "c": "C", "y": "Y", "x": "X", "s": "S"}
"""Name of an axis -> dim; the specification knows no samples, but tifffile writes them."""


@dataclass(frozen=True)
class Axis:
    """A dim of the arrays.

    Attributes
    ----------
    dim
        T, Z, C, Y, X or S.
    unit
        As the document spells it; None where it says none.
    scale
        Distance between pixels in `unit`, one number a level, finest first.
    translation
        Position of the first pixel in `unit`, at level 0.
    """

    dim: str
    unit: str | None
    scale: tuple[float, ...]
    translation: float


@dataclass(frozen=True)
class Multiscales:
    """One image: its arrays, finest first, and what their axes mean.

    Attributes
    ----------
    scaled
        Whether the document gives scales: without, lengths are unknown.
    unapplied
        Transformations that omio does not apply, by name.
    """

    name: str | None
    axes: tuple[Axis, ...]
    paths: tuple[str, ...]
    channels: tuple[dict[str, Any], ...]
    scaled: bool
    unapplied: tuple[str, ...]

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims of the arrays, in their order."""
        return tuple(axis.dim for axis in self.axes)

    def contradictions(self, shapes: Sequence[Sequence[int]]) -> tuple[str, ...]:
        """Say where the scales of levels do not fit the lengths of their arrays, to within a pixel of the level."""
        if not self.scaled:
            return ()
        coarser = [(level, shape) for level, shape in enumerate(shapes) if level and len(shape) == len(self.axes)]
        return tuple(text for level, shape in coarser for text in self._misfits(level, shapes[0], shape))

    def _misfits(self, level: int, full: Sequence[int], reduced: Sequence[int]) -> Iterator[str]:
        for axis, whole, size in zip(self.axes, full, reduced, strict=True):
            factor = axis.scale[level] / axis.scale[0] if axis.scale[0] > 0 else 0.0
            if factor > 0 and abs(factor * size - whole) > max(1.0, factor):
                yield (
                    f"level {level} has {size} of {whole} pixels along {axis.dim}, and its scale says that one joins "
                    f"{factor:g}; the number of pixels is believed"
                )


def images_of(ome: dict[str, Any], ndim: int, path: str, place: str) -> tuple[Multiscales, ...]:
    """Read the images of a node's document, of any version.

    Raises
    ------
    DamagedFileError
        A document that the specification does not allow; all its problems are listed.
    AxesError
        Axes that are not among t, c, z, y, x.
    """
    from yaozarrs import v05

    try:
        image = v05.Image.model_validate(upgraded(ome, ndim))
    except ValidationError as error:
        raise DamagedFileError(f"is no OME-Zarr image: {problems(error)}", path=path, place=place) from None
    channels = tuple(channels_of(ome))
    originals = listed(ome.get("multiscales"))
    return tuple(
        _image(one, original, ndim, channels, path, place)
        for one, original in zip(image.multiscales, originals, strict=True)
    )


def _image(
    image: v05.Multiscale,
    original: dict[str, Any],
    ndim: int,
    channels: tuple[dict[str, Any], ...],
    path: str,
    place: str,
) -> Multiscales:
    names = [str(axis.name) for axis in image.axes]
    dims = [DIM_OF.get(name.lower()) for name in names]
    if None in dims or len(set(dims)) != len(dims) or len(dims) != ndim:
        remedy = "omio knows t, c, z, y and x; open the array itself with axes= naming its dims."
        raise AxesError(f"has {ndim} dims, and the axes {', '.join(names)}", path=path, place=place, remedy=remedy)
    levels = [_composed(item, image, len(names)) for item in image.datasets]
    axes = {
        name: Axis(str(dim), axis.unit, tuple(float(scale[at]) for scale, _ in levels), float(levels[0][1][at]))
        for at, (name, dim, axis) in enumerate(zip(names, dims, image.axes, strict=True))
    }
    steps = transformations_of(original)
    return Multiscales(
        image.name or None,
        tuple(axes[str(axis.get("name"))] for axis in axes_of(original, ndim)),
        tuple(item.path for item in image.datasets),
        channels,
        any(is_applied(step) and step["type"] == "scale" for step in steps),
        tuple(dict.fromkeys(name for step in steps if (name := unapplied(step)) is not None)),
    )


def _composed(item: v05.Dataset, image: v05.Multiscale, ndim: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Apply transformations one after another: those of the array, then those of all levels."""
    scale, translation = np.ones(ndim), np.zeros(ndim)
    for step in (*item.coordinateTransformations, *(image.coordinateTransformations or ())):
        if step.type == "scale":
            scale, translation = scale * step.scale, translation * step.scale
        else:
            translation = translation + step.translation
    return scale, translation

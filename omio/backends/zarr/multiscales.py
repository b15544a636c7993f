"""What an OME-Zarr image says of itself: axes, levels, positions, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from omio.backends.zarr.upgrade import axes_of, channels_of, listed, upgraded
from omio.errors import AxesError, DamagedFileError
from omio.metadata.problems import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yaozarrs import v05

DIM_OF = {"t": "T", "z": "Z", "c": "C", "y": "Y", "x": "X"}


@dataclass(frozen=True)
class Axis:
    """A dim of the arrays.

    Attributes
    ----------
    dim
        T, Z, C, Y or X.
    unit
        As the document spells it; None where it says none.
    scale, translation
        Distance between pixels and position of the first, in `unit`, at level 0.
    """

    dim: str
    unit: str | None
    scale: float
    translation: float


@dataclass(frozen=True)
class Multiscales:
    """One image: its arrays, finest first, and what their axes mean."""

    name: str | None
    axes: tuple[Axis, ...]
    paths: tuple[str, ...]
    channels: tuple[dict[str, Any], ...]

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims of the arrays, in their order."""
        return tuple(axis.dim for axis in self.axes)


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
    orders = [[str(axis.get("name")) for axis in axes_of(one, ndim)] for one in listed(ome.get("multiscales"))]
    return tuple(
        _image(one, order, channels, path, place) for one, order in zip(image.multiscales, orders, strict=True)
    )


def _image(
    image: v05.Multiscale, order: list[str], channels: tuple[dict[str, Any], ...], path: str, place: str
) -> Multiscales:
    names = [str(axis.name) for axis in image.axes]
    dims = [DIM_OF.get(name.lower()) for name in names]
    if None in dims or len(set(dims)) != len(dims):
        remedy = "omio knows t, c, z, y and x; open the array itself with axes= naming its dims."
        raise AxesError(f"has axes {', '.join(names)}", path=path, place=place, remedy=remedy)
    first = image.datasets[0].coordinateTransformations
    scale, translation = _composed([*first, *(image.coordinateTransformations or ())], len(names))
    axes = {
        name: Axis(str(dim), axis.unit, float(step), float(at))
        for name, dim, axis, step, at in zip(names, dims, image.axes, scale, translation, strict=True)
    }
    return Multiscales(
        image.name or None, tuple(axes[name] for name in order), tuple(item.path for item in image.datasets), channels
    )


def _composed(steps: Sequence[Any], ndim: int) -> tuple[Any, Any]:
    """Apply transformations one after another: those of the array, then those of all its levels."""
    scale, translation = np.ones(ndim), np.zeros(ndim)
    for step in steps:
        if step.type == "scale":
            scale, translation = scale * step.scale, translation * step.scale
        else:
            translation = translation + step.translation
    return scale, translation

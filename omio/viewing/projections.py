"""What of an image a picture shows: a level, a time, one or all depths; datasets, lazy until they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from omio.dims import UNITS
from omio.errors import SelectionError
from omio.indexing import compose_keys, distinct, full_key, positions
from omio.lazy.arrays import DuckRecipe
from omio.lazy.leaf import FileRecipe
from omio.lazy.projection import Projection
from omio.lazy.view import View
from omio.remote.urls import Url, base_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.dataset import MicroscopyDataset
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

type Flattening = Literal["max", "min", "mean", "sum", "std", "slice"]
"""How depths become one plane: a projection, or the one plane that is chosen."""


@dataclass(frozen=True, eq=False)
class Flat:
    """An image of one time and one depth, and how it came to be that.

    Attributes
    ----------
    image
        T and Z of length 1, no longer than asked for along Y and X; lazy.
    title
        Which time and depth it shows, in words; empty where there is but one of each.
    """

    image: MicroscopyDataset
    title: str


def flat(
    image: MicroscopyDataset, *, t: int | None = None, z: int | None = None, how: Flattening = "max", most: int
) -> Flat:
    """Return one plane a channel of about `most` pixels along the longer side, of a time and of one or all depths.

    Parameters
    ----------
    t
        Which time; the middle one by default.
    z
        Which depth; given, it is shown alone. With ``how="slice"`` the middle one by default.
    how
        How all depths become one plane, streamed in bounded memory.
    most
        Of the stored levels the coarsest that has so many pixels is read, and of a larger one pixels at even distances.
    """
    seen = reduced(image, most)
    frame = place(seen, "T", t)
    single = z is not None or how == "slice"
    depth = place(seen, "Z", z) if single else 0
    words = [position_text(seen, "T", frame)]
    seen = seen.isel(T=frame)
    if single or seen.sizes["Z"] == 1:
        words.append(position_text(seen, "Z", depth))
        seen = seen.isel(Z=depth)
    else:
        words.append(f"{how} of {seen.sizes['Z']} planes")
        seen = seen.project("Z", how)  # type: ignore[arg-type]  # a slice is no projection, and is gone by here
    return Flat(seen, ", ".join(word for word in words if word))


def samples_apart(image: MicroscopyDataset) -> MicroscopyDataset:
    """Turn samples that are no red, green, blue (and alpha) into channels."""
    return image.split_samples() if image.sizes["C"] == 1 and image.sizes.get("S", 3) not in (3, 4) else image


def opened_as(image: MicroscopyDataset) -> str | None:
    """Return the name of the file or folder that was opened; None for an image of none."""
    steps = image.facts.static.provenance
    opened = next((step["source"] for step in steps if step["action"] == "open" and "source" in step), None)
    source = image._source
    return opened or (None if source is None else base_name(source.path))


def reduced(image: MicroscopyDataset, most: int) -> MicroscopyDataset:
    """Return the coarsest level that suffices, thinned to less than twice `most` pixels along its longer side."""
    return thinned(sufficient(image, most), most)


def sufficient(image: MicroscopyDataset, most: int) -> MicroscopyDataset:
    """Return the coarsest level with `most` pixels or more along its longer side, else the full image."""
    levels = [level for level in image.levels if max(level.sizes["Y"], level.sizes["X"]) >= most]
    return levels[-1] if levels else image


def thinned(image: MicroscopyDataset, most: int) -> MicroscopyDataset:
    """Take every second, third, … pixel of an image whose longer side has twice, three times, … `most` pixels."""
    step = max(1, max(image.sizes["Y"], image.sizes["X"]) // most)
    return image.isel(Y=slice(None, None, step), X=slice(None, None, step)) if step > 1 else image


def place(image: MicroscopyDataset, dim: str, number: int | None) -> int:
    """Return the number of a plane, the middle one by default; raises `SelectionError` where there is no such plane."""
    size = image.sizes[dim]
    if number is None:
        return size // 2
    if not -size <= number < size:
        raise SelectionError(f"{dim}={number}: there are {size}", remedy="Counting begins with 0.")
    return number % size


def position_text(image: MicroscopyDataset, dim: str, number: int) -> str:
    """Say which one of several it is: by its position, else by its number; nothing where there is but one."""
    if image.sizes[dim] == 1:
        return ""
    axis = image.facts.axes.get(dim)
    if axis is None:
        return f"{dim} {number} of 0 to {image.sizes[dim] - 1}"
    return f"{dim} {axis.values()[number]:.4g} {UNITS[dim]}"


def spacing(image: MicroscopyDataset, dim: str) -> float | None:
    """Return µm between neighbours; None where that is not known or uneven."""
    axis = image.facts.axes.get(dim)
    return None if axis is None or axis.spacing is None else abs(axis.spacing)


def decoded_bytes(recipe: Recipe, key: Key | None = None) -> float:
    """Return at most how many bytes are decoded to read a selection; infinite for what a function computes."""
    key = full_key(recipe.shape) if key is None else key
    if isinstance(recipe, View):
        return decoded_bytes(recipe.base, compose_keys(recipe.key, key))
    if isinstance(recipe, Projection):
        whole = range(recipe.base.shape[recipe.axis])
        return decoded_bytes(recipe.base, (*key[: recipe.axis], whole, *key[recipe.axis + 1 :]))
    if any(is_computed(node) for node in nodes(recipe)):
        return math.inf
    met = [len(distinct(positions(index) // unit)) * unit for index, unit in zip(key, recipe.chunk, strict=True)]
    return float(math.prod(met) * recipe.dtype.itemsize)


def nodes(recipe: Recipe) -> Iterator[Recipe]:
    """Yield a recipe and all that it is made of."""
    yield recipe
    for part in recipe.parts():
        yield from nodes(part)


def is_computed(recipe: Recipe) -> bool:
    """Whether somebody's function makes the pixels: what that takes cannot be told."""
    return isinstance(recipe, DuckRecipe) and hasattr(recipe.array, "__dask_graph__")


def is_remote(recipe: Recipe) -> bool:
    """Whether reading goes to another machine."""
    return any(isinstance(leaf, FileRecipe) and isinstance(leaf.stamp.path, Url) for leaf in recipe.leaves())

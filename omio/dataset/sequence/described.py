"""Series of files that an instrument describes in a file of its own beside them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from omio.dataset.merging import warn
from omio.dataset.opening import build, make_backend
from omio.dataset.sequence.names import entries
from omio.dims import PLANE_DIMS
from omio.errors import OmioError, UnsupportedFormatError
from omio.lazy.leaf import FileRecipe
from omio.naming import natural

if TYPE_CHECKING:
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.sequence.grid import FileGrid
    from omio.dataset.sequence.models import Opener

_BESIDE = ("", "MetaData")
"""Folders, seen from the files, in which instruments describe them: ThorImage the one, Leica both."""


def described(grid: FileGrid, opener: Opener) -> MicroscopyDataset | None:
    """Return what an XML file beside says of these very files, in these places; None where there is none.

    It may describe more files: planes are selected from what it describes.
    """
    documents = _documents(grid.listing.folder)
    if not documents or not set(grid.dims) <= set(PLANE_DIMS):
        return None
    wanted = [os.path.abspath(grid.listing.path(name)) for name in grid.files.values()]
    for path in documents:
        try:
            image = _image(path, wanted, grid, opener)
        except UnsupportedFormatError:
            continue  # the XML of something else
        except OmioError as error:
            warn(f"{path} describes files beside it, and is not used: ", [str(error)])
            continue
        if image is not None:
            return image
    return None


def _documents(folder: str) -> list[str]:
    """List XML files in natural order; a look at each name is all that ten thousand other files cost."""
    found: list[str] = []
    for place in (os.path.join(folder, name) for name in _BESIDE):  # noqa: PTH118 - as elsewhere here
        names = entries(place)
        found += [os.path.join(place, name) for name in names if name.lower().endswith(".xml")]  # noqa: PTH118 - as above
    return sorted(found, key=natural)


def _image(path: str, wanted: list[str], grid: FileGrid, opener: Opener) -> MicroscopyDataset | None:
    reader = make_backend(path, None, opener.options)
    for scene in reader.scenes():
        leaves = list(reader.array(scene).leaves())
        places = {leaf.stamp.path: at for at, leaf in enumerate(leaves) if isinstance(leaf, FileRecipe)}
        if len(places) == len(leaves) and places.keys() >= set(wanted):
            image = build(reader, scene, 0, opener.chunks, opener.max_bytes)
            return _selected(image, [places[file] for file in wanted], grid)
    return None


def _selected(image: MicroscopyDataset, places: list[int], grid: FileGrid) -> MicroscopyDataset | None:
    """Take the planes of these files; None where they stand otherwise than the names say."""
    shape = image.shape[:3]
    if np.prod(shape) != len(list(image.recipe.leaves())):
        return None
    counts = tuple(grid.counts.get(dim, 1) for dim in PLANE_DIMS)
    found = np.stack(np.unravel_index(np.reshape(places, counts), shape))
    lines = [found[axis][tuple(slice(None) if axis == other else slice(1) for other in range(3))] for axis in range(3)]
    if any((found[axis] != line).any() for axis, line in enumerate(lines)):
        return None
    return image.isel(**{dim: line.ravel() for dim, line in zip(PLANE_DIMS, lines, strict=True)})

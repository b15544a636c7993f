"""From names to one image: which files are opened, which are only compared, and which belong to another."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from omio.dataset.merging import check_fill, warn
from omio.dataset.sequence.described import described
from omio.dataset.sequence.grid import by_name, in_a_row
from omio.dataset.sequence.joining import filled, merged, stacked, tell
from omio.errors import AxesError, FileMissingError, MergeError
from omio.lazy.leaf import FileRecipe
from omio.naming import natural

if TYPE_CHECKING:
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.sequence.grid import FileGrid
    from omio.dataset.sequence.models import Model, Opener
    from omio.dataset.sequence.names import Labelled, Listing
    from omio.dataset.sequence.options import SequenceOptions
    from omio.lazy.recipe import Recipe

MOST_COMPARED = 1000
"""Files that are all looked at when a sequence is opened, unless told otherwise."""


def only_image(listing: Listing, opener: Opener) -> MicroscopyDataset:
    """Open files that are one image without further words, as the members of an OME set are.

    Raises
    ------
    AxesError
        They are several images.
    """
    first, *others = (listing.path(name) for name in listing.names)
    if not others:
        return opener.open(first).image
    if not _absent(listing):
        model = opener.open(first)
        if set(map(os.path.realpath, others)) <= set(map(os.path.realpath, model.files)):
            return model.image
    remedy = 'Say along="T", or read their names with pattern="_t(?P<T>[0-9]+)"; a pattern such as "img_t{T}.tif" does.'
    cause = f"{len(listing.names)} files are given, and nothing says along which axis they lie"
    raise AxesError(cause, path=listing.title, remedy=remedy)


def assemble(found: Labelled, wanted: SequenceOptions, opener: Opener) -> MicroscopyDataset:
    """Put the files in their places and join them."""
    grid = _placed(found, wanted, opener)
    image = described(grid, opener) if _may_be_described(grid, wanted, opener) else None
    if image is not None:
        return _told(image, grid)
    model = opener.open(grid.listing.path(next(iter(grid.files.values()))))
    check_fill(wanted.fill_value, model.image.dtype)
    image = _stack(model, grid, wanted)
    if image is not None:
        return _told(image, grid)
    images = _open_each(model, grid, opener)
    if len(images) < len(grid.files):
        grid = _placed(found.without(set(grid.files.values()) - set(images)), wanted, opener)
    if grid.size == 1:
        return images[grid.files[0]]
    places = {number: images[name] for number, name in grid.files.items()}
    return _told(merged(filled(places, grid, wanted.fill_value), grid, wanted.policy), grid)


def _told(image: MicroscopyDataset, grid: FileGrid) -> MicroscopyDataset:
    listing = grid.listing
    source = PurePath(listing.names[0] if listing.given else listing.title).name
    gaps = [grid.place(number) for number in grid.missing()]
    return tell(image, source=source, files=list(grid.files.values()), filled=gaps or None)


def _may_be_described(grid: FileGrid, wanted: SequenceOptions, opener: Opener) -> bool:
    """Whether no file is missing, and the user leaves it to the files what they say and how they fit."""
    said = (wanted.reader, wanted.policy, opener.backend, opener.scene, opener.options.axes, opener.options.pages)
    return grid.size == len(grid.files) and all(word is None for word in said) and not opener.options.extra


def _placed(found: Labelled, wanted: SequenceOptions, opener: Opener) -> FileGrid:
    """Put files in their places.

    Raises
    ------
    FileMissingError, MergeError
        Files are missing that are not to be filled; else a warning lists them.
    """
    filling = wanted.on_missing == "fill" or not opener.options.strict
    listing = found.listing
    grid = in_a_row(listing, wanted.along) if wanted.along else by_name(found, wanted.categories)
    if listing.given:
        grid = _without_absent(grid, filling=filling)
    gaps = grid.gaps()
    if gaps is not None and not filling:
        remedy = 'Add them, narrow the pattern, or fill them with on_missing="fill".'
        raise MergeError(gaps, path=listing.title, remedy=remedy)
    if gaps is not None:
        value = "zeros" if wanted.fill_value == 0 else f"{wanted.fill_value:g}"
        warn(f"{listing.title}: ", [f"{gaps}; they are filled with {value}"])
    return grid


def _absent(listing: Listing) -> set[str]:
    """Return the names that no file has."""
    return {name for name in listing.names if not os.path.exists(listing.path(name))}  # noqa: PTH110 - cheap for many


def _without_absent(grid: FileGrid, *, filling: bool) -> FileGrid:
    listing = grid.listing
    absent = _absent(listing)
    left = {number: name for number, name in grid.files.items() if name not in absent}
    if absent and (not filling or not left):
        shown = ", ".join(sorted(absent, key=natural)[:10]) + (" …" if len(absent) > 10 else "")
        cause = f"{len(absent)} of {len(listing.names)} files are not there: {shown}"
        raise FileMissingError(cause, path=listing.folder)
    return replace(grid, files=left)


def _stack(model: Model, grid: FileGrid, wanted: SequenceOptions) -> MicroscopyDataset | None:
    """Join files that are alike, or are to be taken for that, without opening them.

    None where that cannot be known, or a policy is to decide.
    """
    names = list(grid.files.values())
    if wanted.policy is not None:
        return None
    if wanted.validate_shapes is False and (taken := model.template) is not None:
        return stacked(model, taken, grid, wanted.fill_value, None)
    if model.image.facts.planes is not None and len(names) < grid.size:
        return None
    like = model.sibling(model.path)
    if not isinstance(like, FileRecipe) or like.shape != model.image.shape:
        return None
    if wanted.reader is not None or not _compares_all(len(names), wanted):
        last = model.sibling(grid.listing.path(names[-1]))
        return None if last is None or not _alike(last, like) else stacked(model, like, grid, wanted.fill_value, None)
    stamps = np.zeros((grid.size, 2), dtype=np.int64)
    for number, name in grid.files.items():
        other = model.sibling(grid.listing.path(name))
        if other is None or not _alike(other, like):
            return None
        stamps[number] = other.stamp.size, other.stamp.mtime_ns
    return stacked(model, like, grid, wanted.fill_value, stamps)


def _compares_all(count: int, wanted: SequenceOptions) -> bool:
    """Whether the headers of all files are looked at now; that they are not is told where the user did not say so."""
    if wanted.validate_shapes is not None:
        return wanted.validate_shapes
    if count > MOST_COMPARED:
        text = "%d files: the first and the last are compared now, the others when they are first read"
        logging.getLogger(__name__).info(text, count)
    return count <= MOST_COMPARED


def _alike(other: Recipe, like: FileRecipe) -> TypeGuard[FileRecipe]:
    """Whether a recipe says of its file what another says of its own."""
    return isinstance(other, FileRecipe) and all(getattr(other, name) is getattr(like, name) for name in _SAID)


_SAID = ("opener", "arguments", "where", "shape", "dtype", "unit")


def _open_each(model: Model, grid: FileGrid, opener: Opener) -> dict[str, MicroscopyDataset]:
    """Open the files that are not alike, and none that belongs to another, as the members of an OME set do."""
    claimed = _claims(model)
    images: dict[str, MicroscopyDataset] = {}
    for name in grid.files.values():
        path = grid.listing.path(name)
        if path == model.path:
            images[name] = model.image
        elif not claimed or os.path.realpath(path) not in claimed:
            images[name] = _opened(model, path, opener, claimed)
    return images


def _opened(model: Model, path: str, opener: Opener, claimed: set[str]) -> MicroscopyDataset:
    alike = model.sibling(path)
    if alike is not None:
        return model.image._replace(_recipe=alike, _coarser=())
    other = opener.open(path)
    claimed |= _claims(other)
    return other.image


def _claims(model: Model) -> set[str]:
    files = model.files
    return set(map(os.path.realpath, files)) if len(files) > 1 else set()

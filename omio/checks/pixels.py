"""Whether every scene opens, is what its levels say, and, where asked, whether all pixels can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from omio.checks.planes import chunks_of
from omio.checks.report import Findings
from omio.collection.scenes import Opening, Scenes
from omio.errors import AxesError
from omio.lazy.blocks import walk
from omio.policies.axes import LikeImageJ

if TYPE_CHECKING:
    from omio.backends.base import OpenOptions
    from omio.dataset.dataset import MicroscopyDataset
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

MOST_DAMAGED = 20
"""So many places of an image are tried that cannot be read; damaged disks make millions."""


def check_images(path: str, options: OpenOptions, findings: Findings, *, pixels: bool) -> None:
    """Open every scene strictly, as a user would."""
    scenes: Scenes | None = None
    keys: tuple[str, ...] = ()
    with findings.watched():
        scenes = Scenes(path, Opening(options, None, "auto", None))
        keys = scenes.keys()
    if scenes is None:
        return
    for key in keys:
        place = f"scene {key!r}" if len(keys) > 1 else ""
        with findings.watched(place):
            image = _opened(scenes, key, place, options, findings)
            if image is not None:
                _check_image(image, place, findings, pixels=pixels)


def _opened(scenes: Scenes, key: str, place: str, options: OpenOptions, findings: Findings) -> MicroscopyDataset | None:
    """Open a scene; one whose axes its file does not name is no wrong file, and its pages are looked at as a stack."""
    try:
        return scenes.open(key)
    except AxesError as error:
        findings.warning(place, f"{error.cause}; axes= names them")
    stack = Scenes(scenes.path, Opening(replace(options, axes=LikeImageJ()), None, "auto", None))
    try:
        return stack.open(key)
    except AxesError:
        return None


def _check_image(image: MicroscopyDataset, place: str, findings: Findings, *, pixels: bool) -> None:
    """Look at an image, its levels, and the label images and pictures that belong to it."""
    with image:
        _ = image.metadata
        others = {f"label {name!r}": label for name, label in image.labels.items()}
        others |= {f"picture {name!r}": picture for name, picture in image.associated.items()}
        for name, one in {"": image, **others}.items():
            inner = ": ".join(filter(None, (place, name)))
            _check_levels(one, inner, findings)
            for number, level in enumerate(one.levels if pixels else ()):
                at = f"level {number}" if number else ""
                _read(level.recipe, ": ".join(filter(None, (inner, at))), findings)


def _check_levels(image: MicroscopyDataset, place: str, findings: Findings) -> None:
    levels = image.levels
    for number, (finer, coarser) in enumerate(pairwise(levels), 1):
        at = ": ".join(filter(None, (place, f"level {number}")))
        grown = [dim for dim in "ZYX" if coarser.sizes[dim] > finer.sizes[dim]]
        if grown:
            findings.error(at, f"is longer along {', '.join(grown)} than the level before it")
        if coarser.dtype != finer.dtype:
            findings.error(at, f"has pixels of {coarser.dtype}, the level before it of {finer.dtype}")


def _read(recipe: Recipe, place: str, findings: Findings) -> None:
    """Read all pixels; of a block that cannot be read, each chunk alone, so that all damage is named."""
    damaged = 0
    for key in walk(recipe.shape, recipe.chunk, recipe.dtype.itemsize):
        if _reads(recipe, key):
            continue
        for chunk in chunks_of(recipe, key):
            before = len(findings.found)
            with findings.watched(place):
                recipe.load(chunk)
            damaged += len(findings.found) > before
            if damaged >= MOST_DAMAGED:
                findings.error(place, f"no further pixels were read after {damaged} damaged places")
                return


def _reads(recipe: Recipe, key: Key) -> bool:
    trial = Findings("")
    with trial.watched():
        recipe.load(key)
    return not trial.found

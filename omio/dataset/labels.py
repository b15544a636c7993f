"""The label images that a file holds beside an image: segmentations, whose pixels number the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.dataset.dataset import MicroscopyDataset
from omio.dataset.opening import AssociatedImages, build, make_backend
from omio.errors import SelectionError
from omio.lazy.copied import Copied
from omio.lazy.leaf import FileRecipe
from omio.lazy.tree import Cast, JoinSamples
from omio.lazy.view import View, view

if TYPE_CHECKING:
    from omio.backends.base import Backend
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

_CHANNEL = 2
"""Place of C, which labels of an image do not share."""


def labels_of(recipe: Recipe, associated: Mapping[str, MicroscopyDataset]) -> Mapping[str, MicroscopyDataset]:
    """Return the labels of an image that is still a scene of its file, or a selection of one; else none.

    Merging, padding and projecting make other pixels, to which the labels of the file no longer belong.
    """
    recipe = _uncopied(recipe)
    base, key = (recipe.base, recipe.key) if isinstance(recipe, View) else (recipe, None)
    leaf = base.base if isinstance(base, JoinSamples) else base
    if not isinstance(leaf, FileRecipe) or not isinstance(associated, AssociatedImages):
        return {}
    return LabelImages(associated, base.shape[:5], key and key[:5])


def _uncopied(recipe: Recipe) -> Recipe:
    """Return the recipe without casts and copies, which say nothing of what is shown."""
    if isinstance(recipe, View):
        return view(_uncopied(recipe.base), recipe.key)
    return _uncopied(recipe.base) if isinstance(recipe, Cast | Copied) else recipe


@dataclass(eq=False)
class LabelImages(Mapping[str, MicroscopyDataset]):
    """Name -> label image, each opened when asked for.

    A label image has levels of its own; given is the one that is as large as the image, cut as the image is cut. One
    that is as large as none of them is given whole.
    """

    source: AssociatedImages
    shape: tuple[int, ...]
    key: Key | None

    @cached_property
    def _reader(self) -> Backend:
        return make_backend(self.source.path, self.source.backend, self.source.options)

    @cached_property
    def _scenes(self) -> Mapping[str, str]:
        return self._reader.labels(self.source.scene)

    def __getitem__(self, name: str) -> MicroscopyDataset:
        if name not in self._scenes:
            known = ", ".join(map(repr, self._scenes)) or "none"
            raise SelectionError(f"no label image {name!r}", path=self.source.path, remedy=f"There are {known}.")
        whole = build(self._reader, self._scenes[name], 0, "auto", None)
        level = next((level for level in whole.levels if self._fits(level.shape)), None)
        if level is None:
            return whole
        return level if self.key is None else level._take(self._own_key(self.key, level.shape))

    def _fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a level has the size of the image: T and Z may be missing."""
        return shape[3:5] == self.shape[3:] and all(
            size in (1, full) for size, full in zip(shape[:2], self.shape, strict=False)
        )

    def _own_key(self, key: Key, shape: tuple[int, ...]) -> Key:
        return tuple(
            index if size == full and axis != _CHANNEL else range(size)
            for axis, (index, size, full) in enumerate(zip(key, shape, self.shape, strict=True))
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._scenes)

    def __len__(self) -> int:
        return len(self._scenes)

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "shape": self.shape, "key": self.key}

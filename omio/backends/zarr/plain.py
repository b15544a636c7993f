"""Zarr arrays without OME metadata: alone, or in groups, as xarray and others write them."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from omio.backends.axes import resolve_axes
from omio.backends.base import Confidence
from omio.backends.zarr.axes import ATTRIBUTE, file_dims, may_be_image, named_dims, own_names
from omio.backends.zarr.coordinates import Variable, located
from omio.backends.zarr.hierarchy import ZarrBackend
from omio.backends.zarr.reader import ArrayPlace, ZarrReader
from omio.backends.zarr.store import is_hierarchy
from omio.errors import SceneError, UnsupportedFormatError
from omio.lazy.leaf import lease
from omio.metadata.facts import Facts
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.dims import FileDims
    from omio.lazy.recipe import Recipe

METADATA = "omio"
"""Attribute in which omio keeps the metadata of an image as JSON."""


class ZarrArrayBackend(ZarrBackend):
    """Reads plain Zarr 2 and 3 in folders and zip files.

    A lone array is the scene "0". In a group each array of two or more dims is a scene, named by its path; those of one
    dim are coordinates, from which positions are taken where their ``units`` say what they mean.
    """

    name = "zarr"
    extensions = (".zarr", ".zarr.zip")

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Look for a hierarchy of any content."""
        return Confidence.GENERIC if is_hierarchy(path, head) else Confidence.NO

    @cached_property
    def _arrays(self) -> dict[str, str]:
        """Name -> path of all arrays."""
        if self.documents[""].array is not None:
            return {"0": ""}
        with lease(ZarrReader, self.stamp, *self.stamp.outside) as reader:
            return {path: path for path in reader.arrays()}

    @cached_property
    def _scenes(self) -> dict[str, str]:
        """Name -> path of the images: arrays named by other dims than Y and X are facts beside them."""
        self.documents.nodes(self._arrays.values())
        found = {name: place for name, place in self._arrays.items() if len(self._shape(place)) > 1}
        images = {name: place for name, place in found.items() if may_be_image(self._names(place))}
        return images or found

    def scenes(self) -> tuple[str, ...]:
        """Return one key an array."""
        if not self._scenes:
            raise UnsupportedFormatError("holds no array of two or more dims", path=self.path)
        return tuple(self._scenes)

    def _place(self, scene: str) -> str:
        if scene not in self._scenes:
            raise SceneError(f"no scene {scene!r}", path=self.path)
        return self._scenes[scene]

    def _names(self, place: str) -> tuple[str | None, ...]:
        return own_names(len(self._shape(place)), self._document(place), self.documents[place].attributes)

    def _dims(self, place: str) -> tuple[str, ...]:
        return named_dims(self._names(place), self._shape(place), self.options.axes, self.path, place or "/")

    def file_dims(self, scene: str) -> FileDims | None:
        """Return the dims that the array names; None where the user names all of them, in whatever order."""
        place = self._place(scene)
        if isinstance(resolve_axes(self.options.axes), str):
            return None
        return file_dims(self._names(place), self._shape(place), self.path, place or "/")

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of an array; `level` is 0.

        Raises
        ------
        AxesError
            For dims that nothing names.
        """
        del level
        place = self._place(scene)
        return self._leaf(place, self._dims(place))

    def metadata(self, scene: str) -> Facts:
        """Return what attributes and coordinates say."""
        place = self._place(scene)
        group = place.rpartition("/")[0]
        attributes = self.documents[place].attributes
        told = {**self.documents[group].attributes, **attributes} if place else attributes
        shape = self.array(scene).shape
        facts = _described(told.get(METADATA), shape)
        if facts is None:
            rest = {name: value for name, value in told.items() if name != ATTRIBUTE}
            facts = Facts.of(shape, name=place.rpartition("/")[2] or None, original=Original(partial(dict, rest)))
        return located(facts, self._variables(place, group), self.stamp)

    def _variables(self, place: str, group: str) -> dict[str, Variable]:
        """Return the arrays of the same group that lie along dims of an image; those of its dims by its letters."""
        names = self._names(place)
        letters = dict(zip(names, self._dims(place), strict=True))
        sizes = dict(zip(names, self._shape(place), strict=True))
        found = {}
        for name, path in self._arrays.items():
            own = () if path == place or path.rpartition("/")[0] != group else self._names(path)
            if own and self._shape(path) == tuple(sizes.get(dim) for dim in own):
                last = name.rpartition("/")[2]
                where = ArrayPlace.of(path, tuple(letters[dim] for dim in own), self._document(path))
                found[letters.get(last, last)] = Variable(where, self.documents[path].attributes)
        return found

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the array is stored."""
        return self._stored(self._place(scene))


def _described(text: Any, shape: tuple[int, ...]) -> Facts | None:
    """Return the metadata that omio wrote of an image of that shape."""
    if not isinstance(text, str):
        return None
    from pydantic import ValidationError

    from omio.metadata._coords import from_metadata
    from omio.metadata.models import ImageMetadata

    try:
        facts = from_metadata(ImageMetadata.model_validate_json(text))
    except ValidationError:
        return None
    return facts if facts.shape == shape else None

"""OME-Zarr images, bioformats2raw sets and plates."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.base import Backend, Confidence, OpenOptions
from omio.backends.zarr.facts import facts_of
from omio.backends.zarr.multiscales import Multiscales, images_of
from omio.backends.zarr.own import StoreXml, own_part
from omio.backends.zarr.reader import ArrayPlace, ZarrReader
from omio.backends.zarr.store import StoreStamp, is_hierarchy, root_attributes
from omio.backends.zarr.tree import KINDS, image_places, joined
from omio.backends.zarr.upgrade import listed, ome_of, version_of
from omio.errors import DamagedFileError, OmioError, OmioWarning, SceneError
from omio.lazy.leaf import FileRecipe, lease
from omio.lazy.tree import JoinSamples
from omio.ome.document import document_of
from omio.ome.facts import facts_of as ome_facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


class OmeZarrBackend(Backend):
    """Reads OME-Zarr 0.1 to 0.5 in folders and zip files.

    A lone image is the scene "0"; the images of a bioformats2raw set are named by their paths, the fields of a plate
    by row, column and field ("A/1/0").
    """

    name = "omezarr"
    extensions = (".ome.zarr", ".zarr", ".ozx", ".zarr.zip")

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        self.stamp: StoreStamp = StoreStamp.of_store(path)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Look for a hierarchy whose root says what OME images it holds."""
        if not is_hierarchy(path, head):
            return Confidence.NO
        try:
            ome = ome_of(root_attributes(path))
        except OmioError:
            return Confidence.NO
        return Confidence.CONTENT if any(kind in ome for kind in KINDS) else Confidence.NO

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        """Scene -> path of its group, and its number there."""
        with lease(ZarrReader, self.stamp) as reader:
            return {scene: (place, number) for scene, place, number in image_places(reader)}

    def _attributes(self, place: str) -> dict[str, Any]:
        with lease(ZarrReader, self.stamp) as reader:
            return reader.attributes(place)

    def scenes(self) -> tuple[str, ...]:
        """Return one key an image."""
        if not self._places:
            raise DamagedFileError("names no image", path=self.path, place="OME metadata")
        return tuple(self._places)

    def _image(self, scene: str) -> tuple[str, Multiscales]:
        """Return where an image lies, and what it says."""
        if scene not in self._places:
            raise SceneError(f"no scene {scene!r}", path=self.path)
        place, number = self._places[scene]
        ome = ome_of(self._attributes(place))
        first = next((item.get("path") for item in _datasets(ome)), None)
        if not isinstance(first, str):
            raise DamagedFileError("is named as an image, and names no array", path=self.path, place=place or "/")
        with lease(ZarrReader, self.stamp) as reader:
            ndim = len(reader.array(joined(place, first)).shape)
        return place, images_of(ome, ndim, self.path, place or "/")[number]

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a level; its chunks are those of the array."""
        place, image = self._image(scene)
        where = ArrayPlace(joined(place, image.paths[level]), image.dims)
        with lease(ZarrReader, self.stamp) as reader:
            base = reader.recipe(where)
        leaf = FileRecipe(ZarrReader, self.stamp, (), where, base.shape, base.dtype, base.chunk)
        samples = own_part(self._attributes(place)).samples
        return leaf if samples is None else JoinSamples(leaf, samples)

    def metadata(self, scene: str) -> Facts:
        """Return what the document says of an image; what omio wrote says more in its OME-XML."""
        place, image = self._image(scene)
        shape, attributes = self.array(scene).shape, self._attributes(place)
        own = own_part(attributes)
        if own.metadata is None:
            return facts_of(image, shape, attributes)
        source = StoreXml(self.stamp, joined(place, own.metadata))
        described = document_of(source).images[0]
        facts, problems = ome_facts_of(described, source, shape)
        if problems:
            warnings.warn(f"{self.path}: {source.key} {'; '.join(problems)}", OmioWarning, stacklevel=2)
        return facts

    def level_count(self, scene: str) -> int:
        """Return how many arrays the image has."""
        return len(self._image(scene)[1].paths)

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return the versions, and how the finest level is stored; chunks that are missing are counted."""
        place, image = self._image(scene)
        with lease(ZarrReader, self.stamp) as reader:
            array = reader.array(joined(place, image.paths[0]))
            return {
                "version": version_of(ome_of(self._attributes(place))),
                "zarr_format": array.metadata.zarr_format,
                "compression": ", ".join(type(codec).__name__ for codec in array.compressors) or "none",
                "missing_chunks": array.nchunks - array.nchunks_initialized,
            }


def _datasets(ome: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for image in listed(ome.get("multiscales")) for item in listed(image.get("datasets"))]

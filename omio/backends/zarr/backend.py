"""OME-Zarr images, bioformats2raw sets and plates."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.base import Confidence
from omio.backends.zarr.documents import joined
from omio.backends.zarr.facts import facts_of
from omio.backends.zarr.hierarchy import ZarrBackend
from omio.backends.zarr.multiscales import Multiscales, images_of
from omio.backends.zarr.own import OwnPart, own_part
from omio.backends.zarr.sidecar import StoreXml, enriched
from omio.backends.zarr.store import is_hierarchy, root_attributes
from omio.backends.zarr.tree import KINDS, LABELS, Tree
from omio.backends.zarr.upgrade import listed, ome_of, version_of
from omio.errors import DamagedFileError, OmioError, OmioWarning
from omio.lazy.tree import JoinSamples
from omio.ome.document import document_of
from omio.ome.facts import facts_of as ome_facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.backends.plate import PlateLayout
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


class OmeZarrBackend(ZarrBackend):
    """Reads OME-Zarr 0.1 to 0.5 in folders and zip files.

    A lone image is the scene "0"; the images of a bioformats2raw set are named by their paths, the fields of a plate
    by row, column and field ("A/1/0"). Label images are no scenes, but open by their paths like these.
    """

    name = "omezarr"
    extensions = (".ome.zarr", ".zarr", ".ozx", ".zarr.zip")

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
    def _tree(self) -> Tree:
        return Tree(self.documents, self.path)

    @cached_property
    def _latest(self) -> tuple[str | None, Any]:
        return None, None

    def scenes(self) -> tuple[str, ...]:
        """Return one key an image."""
        if not self._tree.scenes:
            raise DamagedFileError("names no image", path=self.path, place="OME metadata")
        return self._tree.scenes

    def has_scene(self, key: str) -> bool:
        """Look for an image, or for a label image; of a plate only into its well."""
        return self._tree.has(key)

    def plate(self) -> PlateLayout | None:
        """Return rows, columns and wells of a plate."""
        return self._tree.plate

    def fields(self, well: str) -> Mapping[str, int | None]:
        """Return the scenes of a well, and the acquisition that each is of."""
        return self._tree.fields(well)

    def labels(self, scene: str) -> Mapping[str, str]:
        """Return name -> scene of the label images of an image."""
        place = joined(self._tree.find(scene)[0], LABELS)
        told = ome_of(self.documents[place].attributes).get(LABELS)
        names = told if isinstance(told, list) else []
        return {name: joined(place, name) for name in names if isinstance(name, str)}

    def image(self, scene: str) -> tuple[str, Multiscales]:
        """Return where an image lies, and what it says; the latest is kept, as it is asked for several times."""
        found: tuple[str, Multiscales]
        key, found = self._latest
        if key != scene:
            found = self._found(scene)
            self._latest = scene, found
        return found

    def _found(self, scene: str) -> tuple[str, Multiscales]:
        place, number = self._tree.find(scene)
        ome = ome_of(self.documents[place].attributes)
        first = next((item.get("path") for item in _datasets(ome)), None)
        if not isinstance(first, str):
            raise DamagedFileError("is named as an image, and names no array", path=self.path, place=place or "/")
        ndim = len(self._shape(joined(place, first)))
        return place, images_of(ome, ndim, self.path, place or "/")[number]

    def _own(self, place: str) -> OwnPart:
        return own_part(self.documents[place].attributes)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a level; its chunks are those of the array."""
        place, image = self.image(scene)
        leaf = self._leaf(joined(place, image.paths[level]), image.dims)
        samples = self._own(place).samples
        return leaf if samples is None else JoinSamples(leaf, samples)

    def metadata(self, scene: str) -> Facts:
        """Return what the document says of an image; OME-XML beside it says more."""
        place, image = self.image(scene)
        facts, problems = self._facts(scene, place, image)
        if problems:
            where = f"{self.path}: {place}" if place else self.path
            warnings.warn(f"{where}: {'; '.join(problems)}", OmioWarning, stacklevel=2)
        return facts

    def _facts(self, scene: str, place: str, image: Multiscales) -> tuple[Facts, tuple[str, ...]]:
        pixels, own = self.array(scene), self._own(place)
        if own.metadata is not None:
            source = StoreXml(self.stamp, joined(place, own.metadata))
            return ome_facts_of(document_of(source).images[0], source, pixels.shape)
        facts, problems = facts_of(image, pixels.shape, {} if own.is_there else self.documents[place].attributes)
        facts = own.without_chosen(facts)
        problems += self._contradictions(place, image)
        number = self._tree.series_number(scene)
        if number is None:
            return facts, problems
        facts, more = enriched(facts, self.stamp, number, pixels.dtype)
        return facts, problems + more

    def _contradictions(self, place: str, image: Multiscales) -> tuple[str, ...]:
        """Compare the scales of levels with the lengths of their arrays, whose documents are read together."""
        places = [joined(place, path) for path in image.paths]
        self.documents.nodes(places)
        return image.contradictions([self._shape(at) for at in places])

    def level_count(self, scene: str) -> int:
        """Return how many arrays the image has."""
        return len(self.image(scene)[1].paths)

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return the version, and how the finest level is stored."""
        place, image = self.image(scene)
        version = version_of(ome_of(self.documents[place].attributes))
        return {"version": version, **self._stored(joined(place, image.paths[0]))}


def _datasets(ome: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for image in listed(ome.get("multiscales")) for item in listed(image.get("datasets"))]

"""OME-TIFF: one file, or a set of files of which any member opens the whole.

Format: the OME-TIFF specification (OME data model documentation, 6.x): the OME-XML lies in the ImageDescription of the
first IFD; ``TiffData`` say which IFD of which file holds which planes; a set repeats the XML in each file, or keeps it
in one metadata file to which the others refer (``BinaryOnly``); resolutions lie in SubIFDs.

Each ``Image`` is a scene. Its key is the image's Name, else its ID; a key that occurs again gets ``#2``, ``#3`` … in
file order. Where XML and TIFF disagree on size or type of the pixels, the TIFF is right, and a warning says so.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.axes import user_names
from omio.backends.base import Confidence
from omio.backends.omexmlscan import looks_like_ome_xml, xml_kind
from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.members import Folder
from omio.backends.tiff.omescene import OmeScene, check_map, describe_scene, warn
from omio.backends.tiff.omeset import OmeSet, same_uuid
from omio.backends.tiff.omesource import XmlSource
from omio.backends.tiff.tags import palette
from omio.backends.tiff.where import Affine, Where
from omio.errors import AxesError, DamagedFileError, FileMissingError, OmioError, SceneError
from omio.lazy.leaf import FileRecipe, lease
from omio.ome.document import document_of
from omio.ome.facts import facts_of
from omio.ome.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.ome.document import OmeDocument, OmeImage

_ALONE = 'Read the pages alone with backend="tiff".'


class OmeTiffBackend(TiffBackend):
    """Reads OME-TIFF files and sets."""

    name = "ometiff"
    extensions = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf2", ".ome.tf8", ".companion.ome")
    dialects = ("ome",)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Ask the content: a TIFF with OME-XML, or OME-XML that refers to TIFF files."""
        if looks_like_ome_xml(head):
            return Confidence.CONTENT if xml_kind(os.fspath(path)) == "tiffdata" else Confidence.NO
        return super().can_read(path, head)

    @cached_property
    def source(self) -> XmlSource:
        """The document that describes the pixels: this file's, or the metadata file that it refers to."""
        own = XmlSource(self.stamp)
        reference = document_of(own).binary_only
        if reference is None:
            return own
        name, uuid = reference
        stamp, trouble = Folder.of(self.path, self.options.allow_outside).look(name)
        if stamp is None:
            raise FileMissingError(
                f"its metadata file {name} {trouble}", path=self.path, place="OME-XML BinaryOnly", remedy=_ALONE
            )
        found = document_of(XmlSource(stamp))
        if found.binary_only is not None or (found.uuid and uuid and not same_uuid(found.uuid, uuid)):
            raise DamagedFileError(
                f"{name} is not the metadata file it refers to", path=self.path, place="OME-XML BinaryOnly"
            )
        return XmlSource(stamp)

    @cached_property
    def _document(self) -> OmeDocument:
        document = document_of(self.source)
        if not document.images:
            raise DamagedFileError("the OME-XML describes no image", path=self.source.path, remedy=_ALONE)
        return document

    @cached_property
    def _described(self) -> dict[str, OmeScene]:
        return {}

    def _scene(self, key: str) -> OmeScene:
        if key not in self._described:
            if key not in self.scenes():
                raise SceneError(f"no scene {key!r}", path=self.path)
            image = self._document.images[self.scenes().index(key)]
            self._check_options(image)
            scene = describe_scene(self.source, image, self.options)
            problems = check_map(scene, strict=self.options.strict)
            warn(self.source.path, [*scene.disagreements(), *problems])
            self._described[key] = scene
        return self._described[key]

    def _check_options(self, image: OmeImage) -> None:
        names = user_names(self.options.axes)
        if self.options.pages is None and names is None:
            return
        pixels = Pixels.of(image)
        own = "".join(dim for dim in (*pixels.order, "Y", "X") if pixels.sizes[dim] > 1 or dim in "YX")
        if self.options.pages is not None or (names or "").upper().removesuffix("S") != own:
            raise AxesError(
                f"the OME-XML names the axes {own} and which pages they are",
                path=self.path,
                remedy=f"Leave axes= and pages= out. {_ALONE}",
            )

    def scenes(self) -> tuple[str, ...]:
        """Return one key an image."""
        return self._document.keys

    def level_count(self, scene: str) -> int:
        """Return how many levels the first plane has: its SubIFDs, as long as each is smaller than the one before."""
        found = self._scene(scene)
        with lease(TiffDocument, found.stamp) as document:
            subifds = document.page(found.page).subifds or ()
            size, count = (found.layout.height, found.layout.width), 1
            for level in range(1, len(subifds) + 1):
                try:
                    layout = document.layout(found.page, level)
                except OmioError:
                    break
                smaller = (layout.height, layout.width)
                grows = smaller == size or smaller[0] > size[0] or smaller[1] > size[1]
                if grows or layout.dtype != found.layout.dtype:
                    break
                size, count = smaller, count + 1
        return count

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of an image; no plane is looked up before it is read."""
        found = self._scene(scene)
        if found.stamp == self.stamp and not found.is_set:
            return self.recipe(found.sizes, found.planes, page=found.page, level=level, upright=False)
        with lease(TiffDocument, found.stamp) as document:
            layout = document.layout(found.page, level)
        samples = (layout.samples,) if layout.samples > 1 else ()
        shape = (*found.plan.sizes, layout.height, layout.width, *samples)
        where = Where(Affine(), layout.frame, level, strict=self.options.strict)
        unit = (1, 1, 1, *layout.chunk, *samples)
        return FileRecipe(OmeSet, found.plan.source.stamp, (found.plan,), where, shape, layout.dtype, unit, self.name)

    def metadata(self, scene: str) -> Facts:
        """Return what the OME-XML says of an image."""
        found = self._scene(scene)
        facts, problems = facts_of(found.image, self.source, found.shape)
        warn(self.source.path, problems)
        said = found.pixels.said_samples
        if found.layout.samples not in (1, said):
            told = {"sizes.S": f"file: TIFF SamplesPerPixel (the OME-XML says {said})"}
            facts = facts.with_sources(told)
        return self._with_luts(facts, found)

    def _with_luts(self, facts: Facts, found: OmeScene) -> Facts:
        """Add the ColorMap of each channel's first page, where the pages have one."""
        if found.is_set or found.layout.codec.page.photometric != 3 or "lut" in facts.channels:
            return facts
        with lease(TiffDocument, found.stamp) as document:
            pages = found.planes.pages(document, range(1), range(1), range(facts.sizes["C"]))[0, 0]
            luts = tuple(palette(document.page(int(page))) if page >= 0 else None for page in pages)
        told = {f"channels[{c}].lut": "file: TIFF ColorMap" for c, lut in enumerate(luts) if lut}
        return replace(facts, channels={**facts.channels, "lut": luts}).with_sources(told) if told else facts

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the first plane is stored, the schema, and how many files hold the image."""
        found = self._scene(scene)
        stored: dict[str, Any] = {}
        if found.stamp == self.stamp:
            stored = self.page_details(found.page)
        return {**stored, "schema": self._document.schema, "files": len(self.files())}

    def files(self) -> tuple[str, ...]:
        """Return all files of the set, the document's first."""
        found = {self.stamp.path: None, self.source.path: None}
        for key in self.scenes():
            found |= {member.stamp.path: None for member in self._scene(key).plan.members if member.stamp}
        return tuple(found)

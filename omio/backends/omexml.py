"""OME-XML files that hold their pixels themselves, as base64 in ``BinData`` elements (any schema)."""

from __future__ import annotations

import math
import os
import warnings
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.base import Backend, Confidence
from omio.backends.omexmlreader import OmeXmlReader, Planes, blocks_of
from omio.backends.omexmlscan import BinDataSource, looks_like_ome_xml, xml_kind
from omio.errors import DamagedFileError, OmioWarning, SceneError, UnsupportedFormatError
from omio.lazy.leaf import FileRecipe
from omio.lazy.tree import JoinSamples
from omio.ome.document import document_of
from omio.ome.facts import facts_of
from omio.ome.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.ome.document import OmeDocument, OmeImage


class OmeXmlBackend(Backend):
    """Reads ``.ome`` and ``.ome.xml`` files with ``BinData``.

    Each ``Image`` is a scene, named as in OME-TIFF files. Pixels are decoded plane by plane when they are read.
    """

    name = "omexml"
    extensions = (".ome", ".ome.xml")
    reads_urls = True

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Ask the content: OME-XML that does not refer to TIFF files."""
        if not looks_like_ome_xml(head):
            return Confidence.NO
        return Confidence.NO if xml_kind(os.fspath(path)) == "tiffdata" else Confidence.CONTENT

    @cached_property
    def _source(self) -> BinDataSource:
        return BinDataSource(self.stamp)

    @cached_property
    def _document(self) -> OmeDocument:
        document = document_of(self._source)
        if not any(b"BinData" in image.run for image in document.images):
            raise UnsupportedFormatError("the OME-XML holds metadata only: no BinData and no TiffData", path=self.path)
        return document

    def scenes(self) -> tuple[str, ...]:
        """Return one key an image."""
        return self._document.keys

    def _image(self, scene: str) -> OmeImage:
        if scene not in self.scenes():
            raise SceneError(f"no scene {scene!r}", path=self.path)
        return self._document.images[self.scenes().index(scene)]

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of an image; `level` is 0."""
        del level
        image = self._image(scene)
        planes = self._planes(image)
        shape, unit = (*planes.sizes, *planes.plane), (1, 1, 1, *planes.plane)
        leaf = FileRecipe(OmeXmlReader, self.stamp, (self._source,), planes, shape, _dtype(image), unit, self.name)
        return leaf if len(shape) == len(self._shape(image)) else JoinSamples(leaf)

    def metadata(self, scene: str) -> Facts:
        """Return what the document says of an image."""
        image = self._image(scene)
        facts, problems = facts_of(image, self._source, self._shape(image))
        if problems:
            text = f"{self.path}: the OME-XML {'; '.join(dict.fromkeys(problems))}"
            warnings.warn(text, OmioWarning, stacklevel=2)
        return facts

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return the schema, and how the blocks are stored."""
        blocks = blocks_of(self._image(scene))
        return {
            "schema": self._document.schema,
            "compression": ", ".join(sorted({block.compression for block in blocks})),
            "byte_order": ", ".join(sorted({"big" if block.is_big_endian else "little" for block in blocks})),
        }

    def _shape(self, image: OmeImage) -> tuple[int, ...]:
        """Return T Z C Y X [S]; samples that lie apart are joined where they are one channel's."""
        pixels = Pixels.of(image)
        shape = pixels.shape()
        apart = len(blocks_of(image)) == math.prod(pixels.sizes[dim] for dim in "TZC")
        return pixels.shape(1) if len(shape) == 6 and apart and shape[2] > 1 else shape

    def _planes(self, image: OmeImage) -> Planes:
        pixels, found, shape = Pixels.of(image), blocks_of(image), self._shape(image)
        apart = (pixels.sizes["T"], pixels.sizes["Z"], pixels.sizes["C"])
        together = len(shape) == 6 and len(found) != math.prod(apart)
        sizes, plane = ((shape[0], shape[1], shape[2]), shape[3:]) if together else (apart, shape[3:5])
        count = math.prod(sizes)
        planar = together and image.pixels.get("Interleaved", "").lower() not in ("true", "1")
        planes = Planes(image.number, pixels.order, sizes, 1, plane, planar, _dtype(image).str, self.options.strict)
        if len(found) == 1 and found[0].length * 3 // 4 >= planes.plane_bytes * count:
            return replace(planes, per_block=count)
        if len(found) != count:
            self._miscounted(image, len(found), count)
        return planes

    def _miscounted(self, image: OmeImage, count: int, planes: int) -> None:
        cause = f"{count} BinData hold {planes} planes"
        if self.options.strict:
            raise DamagedFileError(
                cause, path=self.path, place=f"OME-XML {image.place}", remedy="strict=False fills the rest with 0."
            )
        warnings.warn(f"{self.path}: {image.place}: {cause}; the rest is filled with 0", OmioWarning, stacklevel=2)


def _dtype(image: OmeImage) -> Any:
    kind = image.pixels.get("Type") or image.pixels.get("PixelType") or ""
    dtype = Pixels.of(image).dtype
    if dtype is None or kind.lower() == "bit":
        raise UnsupportedFormatError(
            f"pixels of type {kind!r} in BinData", path=image.document.path, place=f"OME-XML {image.place}"
        )
    return dtype

"""`TiffBackend`: what all backends of the TIFF family share. See the package's docstring for how one is added."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from omio.backends.base import Backend, Confidence
from omio.backends.tiff.dialects import MAGIC, open_document, sniff
from omio.backends.tiff.extent import check_extent
from omio.backends.tiff.likeness import Likeness
from omio.backends.tiff.orientation import upright_shape
from omio.backends.tiff.tags import describe_tags
from omio.backends.tiff.where import PlaneMap, Where
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from omio.backends.tiff.document import TiffDocument
    from omio.lazy.recipe import Recipe


class TiffBackend(Backend):
    """Base of the backends of the TIFF family.

    A subclass names its `dialects` and gives ``scenes``, ``array`` and ``metadata``; `document` leases the open file
    and `recipe` makes the leaf.
    """

    dialects: ClassVar[tuple[str, ...]]
    """Answers of `TiffDocument.dialect` that this backend reads."""
    confidence: ClassVar[Confidence] = Confidence.CONTENT
    magic = MAGIC
    reads_urls = True

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Ask the content; a file name says nothing."""
        return cls.confidence if sniff(path, head) in cls.dialects else Confidence.NO

    @contextmanager
    def document(self, stamp: FileStamp | None = None) -> Iterator[TiffDocument]:
        """Hold the file (or another of the set) open; it must be as it was when stamped."""
        with open_document(stamp or self.stamp) as document:
            yield document

    def recipe(
        self,
        sizes: Mapping[str, int],
        planes: PlaneMap,
        *,
        page: int = 0,
        level: int = 0,
        run: int | None = None,
        upright: bool = True,
    ) -> FileRecipe:
        """Make the leaf of an image of this file.

        Parameters
        ----------
        sizes
            Lengths of T, Z and C; absent ones are 1. Y, X and S are those of the page.
        planes
            Which page holds which plane.
        page, level
            A page that all the others are like; its layout is checked here, before anything is allocated.
        run
            See `Where`.
        upright
            False: ignore the Orientation tag.
        """
        with self.document() as document:
            layout = document.layout(page, level)
            check_extent(document, layout, page, level, strict=self.options.strict)
            orientation = orientation_of(document, page, level) if upright else 1
        where = Where(planes, layout.frame, level, run, orientation, strict=self.options.strict)
        outer = (sizes.get("T", 1), sizes.get("Z", 1), sizes.get("C", 1))
        samples = (layout.samples,) if layout.samples > 1 else ()
        shape = (*outer, *upright_shape(layout.height, layout.width, orientation), *samples)
        unit = (*upright_shape(*layout.chunk, orientation), *samples)
        return FileRecipe(type(document), self.stamp, (), where, shape, layout.dtype, (1, 1, 1, *unit), self.name)

    def sibling(self, scene: str, stamp: FileStamp) -> Recipe | None:
        """Return the recipe in another file of one page whose tags are the same, pixels' places apart."""
        if self._likeness is None or not self._likeness.holds_for(stamp.path):
            return None
        if scene not in self._recipes:
            self._recipes[scene] = self.array(scene)
        recipe = self._recipes[scene]
        return replace(recipe, stamp=stamp) if isinstance(recipe, FileRecipe) else None

    @cached_property
    def _likeness(self) -> Likeness | None:
        return Likeness.of(self.path)

    @cached_property
    def _recipes(self) -> dict[str, Recipe]:
        """Recipes of this file that those of its siblings are made from."""
        return {}

    def original(self, page: int = 0, level: int = 0) -> Original:
        """Return all tags of a page, read when asked."""
        return Original(partial(load_tags, self.stamp, page, level))

    def page_details(self, page: int = 0, level: int = 0) -> dict[str, Any]:
        """Return how a page is stored, for ``details``."""
        with self.document() as document:
            layout = document.layout(page, level)
            return {
                "dialect": document.dialect,
                "byte_order": document.byteorder,
                "bigtiff": document.is_bigtiff,
                "pages": document.page_count,
                **layout.codec.names,
                "segments": "tiles" if layout.is_tiled else "strips",
                "segment_shape": (layout.rows, layout.columns),
                "planar": layout.is_planar,
                "bits_per_sample": layout.codec.page.bitspersample,
            }

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the first page is stored."""
        del scene
        return self.page_details()


def orientation_of(document: TiffDocument, page: int, level: int = 0) -> int:
    """Return the Orientation tag of a page, 1 where it says nothing that TIFF knows."""
    value = document.page(page, level).tags.valueof(274, default=1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def load_tags(stamp: FileStamp, page: int, level: int) -> dict[str, Any]:
    """Read all tags of a page that say something besides how pixels are stored."""
    with open_document(stamp) as document:
        return describe_tags(document.page(page, level))

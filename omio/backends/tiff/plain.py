"""TIFF without a dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.backends.base import Confidence
from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.where import Affine
from omio.metadata.facts import Facts

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe


class PlainTiffBackend(TiffBackend):
    """Reads TIFF files of no dialect."""

    name = "tiff"
    dialects = ("plain", "shaped", "damaged")
    confidence = Confidence.GENERIC

    def scenes(self) -> tuple[str, ...]:
        """Return the keys of the scenes."""
        return ("0",)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the first page."""
        del scene, level
        return self.recipe({}, Affine())

    def metadata(self, scene: str) -> Facts:
        """Return what the tags say."""
        return Facts.of(self.array(scene).shape, original=self.original())

"""The writers of omio pass the suite that is published for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omio.testing import WriterTests
from omio.writers.imagej import ImageJWriter
from omio.writers.ometiff import OmeTiffWriter

if TYPE_CHECKING:
    from omio import MicroscopyDataset


class TestOmeTiff(WriterTests):
    writer = OmeTiffWriter
    suffix = ".ome.tif"


class TestOmeTiffPyramid(WriterTests):
    writer = OmeTiffWriter
    suffix = ".ome.tif"
    fields: ClassVar = {"levels": 2, "tile": (16, 16), "compression": "zstd"}


class TestImageJ(WriterTests):
    writer = ImageJWriter
    suffix = ".tif"
    fields: ClassVar = {"flavor": "imagej"}

    def expected_lost(self, image: MicroscopyDataset) -> tuple[str, ...]:
        """A hyperstack has no place for names; what was done to the image is told nowhere."""
        named = image.facts.channels.get("name", ())
        return (*(f"channels[{number}].name" for number in range(len(named))), "name", "provenance")

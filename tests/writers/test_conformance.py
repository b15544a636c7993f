"""The writers of omio pass the suite that is published for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omio.testing import WriterTests
from omio.writers.imagej import ImageJWriter
from omio.writers.ometiff import OmeTiffWriter
from omio.writers.zarr.omezarr import OmeZarrWriter

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


class TestOmeZarr(WriterTests):
    writer = OmeZarrWriter
    suffix = ".ome.zarr"


class TestOmeZarr04(WriterTests):
    writer = OmeZarrWriter
    suffix = ".zarr"
    fields: ClassVar = {"version": "0.4", "levels": 3, "compression": "gzip", "chunks": (1, 2, 1, 16, 16)}


class TestOmeZarrShards(WriterTests):
    writer = OmeZarrWriter
    suffix = ".ome.zarr"
    fields: ClassVar = {"shards": True, "levels": 2, "compression": "zstd", "chunks": (1, 1, 1, 8, 8)}


class TestOmeZarrZip(WriterTests):
    writer = OmeZarrWriter
    suffix = ".ozx"

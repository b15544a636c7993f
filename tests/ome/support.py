"""OME-XML texts and sources for the tests of reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omio.ome.document import OmeDocument, OmeImage
from omio.ome.facts import facts_of
from omio.ome.pixels import Pixels

if TYPE_CHECKING:
    from omio.metadata.facts import Facts

NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


@dataclass(frozen=True)
class Text:
    """A document in memory."""

    data: bytes
    path: str = "memory.ome"

    def read(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class File:
    """A document in a file of its own."""

    path: str

    def read(self) -> bytes:
        return Path(self.path).read_bytes()


def document(
    inside: str = "", *, attributes: str = "", sizes: str = "TZCYX=1,1,1,4,6", image: str = "", after: str = ""
) -> bytes:
    """Write a document of one image; `inside` goes into Pixels, `image` into Image, `after` behind it."""
    dims, _, lengths = sizes.partition("=")
    said = " ".join(f'Size{dim}="{size}"' for dim, size in zip(dims, lengths.split(","), strict=True))
    pixels = f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" {said} {attributes}>{inside}</Pixels>'
    return f'<OME xmlns="{NAMESPACE}"><Image ID="Image:0">{image}{pixels}</Image>{after}</OME>'.encode()


def read(data: bytes, number: int = 0) -> tuple[Facts, tuple[str, ...]]:
    """Return the facts of an image and what was wrong."""
    source = Text(data)
    image = only(data, number)
    return facts_of(image, source, Pixels.of(image).shape())


def only(data: bytes, number: int = 0) -> OmeImage:
    """Return an image of a document."""
    return OmeDocument.parse(data, "memory.ome").images[number]

"""An image as virtual OME-Zarr: its documents, and its chunks made when they are asked for.

The documents are those that omio writes into files; see `omio.writers.zarr`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, cast

from omio.errors import OptionError, SelectionError
from omio.lazy.blocks import grow
from omio.ome.write import ome_xml, pixel_type
from omio.serve.halved import down_to
from omio.writers.parcel import Parcel
from omio.writers.zarr.document import XML_KEY, array_documents, attributes_of
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.plan import ArrayPlan, ZarrPlan
from omio.writers.zarr.stream import Cutter, chunk_key

if TYPE_CHECKING:
    from omio.image import Image
    from omio.lazy.recipe import Recipe
    from omio.writers.cut import Block
    from omio.writers.zarr.encode import Version
    from omio.writers.zarr.plan import Lengths
    from omio.writers.zarr.targets import Target

VERSIONS: dict[str, Version] = {"0.4": 2, "0.5": 3}
"""Of OME-Zarr, and the version of Zarr that each lies in."""
CODEC = "blosc-lz4"
"""Packed and unpacked faster than the network of this machine carries plain pixels."""
CHUNK_BYTES = 1 << 20
"""Pixels of a chunk, unless the unit of reading is larger."""
LARGEST = 16 << 20
"""Pixels of a chunk, whatever the unit of reading is."""
COARSEST = 512
"""Rows and columns of the coarsest level, at most."""


class Hierarchy:
    """What lies at a URL that ends in ``.ome.zarr``.

    Levels are those of the image; below the coarsest, means of 2 x 2 pixels until a level fits into `COARSEST`.

    Parameters
    ----------
    version
        Of OME-Zarr: 0.4 or 0.5.

    Raises
    ------
    OptionError
        Another version.
    """

    def __init__(self, image: Image, version: str) -> None:
        if version not in VERSIONS:
            raise OptionError(f"no version {version!r} of OME-Zarr", remedy=f"There are {' and '.join(VERSIONS)}.")
        self._format = VERSIONS[version]
        self._levels = down_to([level.recipe for level in image.levels], COARSEST)
        arrays = tuple(ArrayPlan(level.shape, chunk_of(level), None) for level in self._levels)
        self._plan = ZarrPlan(image.dtype, arrays, ())
        self._codec, self._effort = codec_named(CODEC, None)
        has_xml = pixel_type(image.dtype) is not None
        attributes = attributes_of(image.facts, self._plan, version, has_xml=has_xml, further={})
        self._documents = array_documents(self._plan, attributes, self._format, self._codec, self._effort)
        if has_xml:
            self._documents[XML_KEY] = ome_xml(image.facts, image.dtype, in_tiff=False).encode()

    def document(self, key: str) -> bytes | None:
        """Return a document; None where the key names none."""
        return self._documents.get(key)

    def has_chunk(self, key: str) -> bool:
        """Whether a key names a chunk."""
        return self._place(key) is not None

    def chunk(self, key: str) -> bytes:
        """Read and pack a chunk that `has_chunk`."""
        found = self._place(key)
        if found is None:
            raise SelectionError("no such chunk")
        number, block = found
        level = self._levels[number]
        pixels = level.load((*block, *map(range, level.shape[5:])))
        parcel = Parcel(None)
        cutter = Cutter(cast("Target", parcel), self._codec, self._effort, self._format)
        cutter.give(number, self._plan.arrays[number], block, pixels)
        return parcel.files[0][1]

    def _place(self, key: str) -> tuple[int, Block] | None:
        """Return level and pixels of a chunk; only the one spelling that `chunk_key` gives is a key."""
        numbers = tuple(int(number) for number in re.findall("[0-9]{1,9}", key))
        if len(numbers) != 6 or key != f"{numbers[0]}/{chunk_key(numbers[1:], self._format)}":
            return None
        number, t, c, z, y, x = numbers
        if number >= len(self._levels):
            return None
        array = self._plan.arrays[number]
        runs = [
            range(place * length, min(place * length + length, size))
            for place, length, size in zip((t, z, c, y, x), array.chunk, array.shape[:5], strict=True)
        ]
        return (number, (runs[0], runs[1], runs[2], runs[3], runs[4])) if all(runs) else None


def chunk_of(level: Recipe) -> Lengths:
    """Return lengths of chunks: whole units of reading of about `CHUNK_BYTES`, cut where they exceed `LARGEST`."""
    room = LARGEST // (level.dtype.itemsize * math.prod(level.shape[5:]))
    lengths = list(grow(level, CHUNK_BYTES)[:5])
    while math.prod(lengths) > room:
        axis = max((0, 1, 2), key=lambda at: lengths[at])
        if lengths[axis] == 1:
            axis = max((3, 4), key=lambda at: lengths[at])
        lengths[axis] = -(-lengths[axis] // 2)
    t, z, c, y, x = lengths
    return t, z, c, y, x

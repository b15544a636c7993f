"""Tiles as bytes of a picture: those that a file holds as browsers show them are handed on without being decoded."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from omio.backends.rawfile import open_raw
from omio.backends.tiff.bounds import encoded_size
from omio.errors import OmioError
from omio.lazy.ranges import ABSENT, ChunkTable, table_of
from omio.raster.encode import encode, format_name
from omio.raster.jpeg import whole_jpeg
from omio.raster.pyramid import pyramid_of
from omio.raster.tile import read_tile

if TYPE_CHECKING:
    from omio.image import Image
    from omio.lazy.recipe import Recipe
    from omio.raster.levels import Extent
    from omio.raster.pyramid import Plane, Pyramid

RGB = 2
"""What `colorspace_jpeg` and `colorspace_data` call it (PhotometricInterpretation of TIFF 6.0)."""
PNG, WEBP = 34933, 50001
"""Compressions as TIFF numbers them."""
HEAD_BYTES = 1 << 20
"""Most bytes of what a picture holds besides its pixels, such as colour profiles."""
_SHOWN = {"jpeg": (1, 3), "png": (1, 3, 4), "webp": (3, 4)}
"""Codecs that are formats of pictures, and how many samples these show as they are."""


def tile_bytes(
    image: Image,
    level: int,
    x: int,
    y: int,
    *,
    format: str = "jpeg",  # noqa: A002 - the word of every library of pictures
    quality: int | None = None,
    subsampling: str | None = None,
    compression: str | int | None = None,
    t: int = 0,
    z: int = 0,
    c: int = 0,
    size: int | Extent | None = None,
    **options: Any,
) -> bytes:
    """Return a tile as a picture: as the file holds it where it can, else encoded.

    Parameters
    ----------
    level, x, y, t, z, c, size, **options
        As of `omio.raster.tile.read_tile`.
    format, quality, subsampling, compression
        As of `omio.raster.encode.encode`. Where one of the last three is given, the tile is always encoded anew.

    Raises
    ------
    TileRangeError, RegionError
        As `omio.raster.tile.read_tile`.
    UnwritableError, OptionError
        As `omio.raster.encode.encode`.
    """
    given = {"quality": quality, "subsampling": subsampling, "compression": compression}
    if all(option is None for option in given.values()):
        found = stored_bytes(image, level, x, y, format=format, t=t, z=z, c=c, size=size)
        if found is not None:
            return found
    tile = read_tile(image, level, x, y, t=t, z=z, c=c, size=size, **options)
    return encode(tile, format, quality=quality, subsampling=subsampling, compression=compression)


def stored_bytes(
    image: Image,
    level: int,
    x: int,
    y: int,
    *,
    format: str,  # noqa: A002 - the word of every library of pictures
    t: int = 0,
    z: int = 0,
    c: int = 0,
    size: int | Extent | None = None,
) -> bytes | None:
    """Return a tile as the file holds it; decoded, it is `read_tile`'s.

    Returns
    -------
    None where there is no such picture: the level is not stored, its tiles are of another size or lie elsewhere, they
    hold measured values, are compressed in another way, or reach beyond the image, where `read_tile` is black.

    Raises
    ------
    TileRangeError, RegionError
        No such tile, level or plane; a size that means nothing.
    OptionError
        An unknown format.
    ChangedFileError, FileMissingError
        The file is not as it was opened.
    """
    name = format_name(format)
    pyramid = pyramid_of(image, size)
    pyramid.check(level, x, y, (t, z, c))
    table = _table(pyramid, level)
    if table is None or table.encoding.codec != name:
        return None
    edges = [(at + 1) * length for at, length in zip((y, x), pyramid.tile, strict=True)]
    if any(edge > size for edge, size in zip(edges, table.shape[3:5], strict=True)):
        return None
    return _whole(table, _read(table, (t, z, c), y, x))


def stored_format(image: Image) -> str | None:
    """Return the format of the pictures that the tiles of the full image are stored as; None where they are none."""
    table = _table(pyramid_of(image), 0)
    return None if table is None else table.encoding.codec


_known: WeakKeyDictionary[Recipe, ChunkTable | None] = WeakKeyDictionary()


def _table(pyramid: Pyramid, level: int) -> ChunkTable | None:
    """Find the chunks of a level, once; None where they are no pictures of its tiles."""
    recipe = pyramid.stored.get(level)
    if recipe is None or recipe.dtype != np.uint8 or recipe.chunk[3:5] != pyramid.tile or pyramid.stamps is None:
        return None
    if recipe not in _known:
        _known[recipe] = _pictures(recipe)
    return _known[recipe]


def _pictures(recipe: Recipe) -> ChunkTable | None:
    try:
        table = table_of(recipe)
    except OmioError:  # where it is more than a matter of chunks, reading pixels says so in its place
        return None
    encoding, samples = table.encoding, recipe.shape[5:]
    options = dict(encoding.options)
    count = samples[0] if samples else 1
    if count not in _SHOWN.get(encoding.codec or "", ()) or encoding.filter is not None or table.chunk[5:] != samples:
        return None
    if table.chunk[3:5] != recipe.chunk[3:5]:
        return None
    if encoding.codec == "jpeg" and ("header" in options or (count == 3 and options.get("colorspace_data") != RGB)):
        return None
    return table


def _read(table: ChunkTable, plane: Plane, y: int, x: int) -> bytes:
    """Read the bytes of a chunk; none where no file holds all of it, or it is longer than any picture of its size."""
    at = (*plane, y, x, 0)[: table.file.ndim]
    count = int(table.length[at])
    if table.file[at] == ABSENT or count > 2 * math.prod(table.chunk) + HEAD_BYTES:
        return b""
    stamp = table.stamps[table.file[at]]
    stamp.check()
    file = open_raw(stamp.path)
    try:
        data = file.read(count, int(table.offset[at]))
    finally:
        file.close()
    return data if len(data) == count else b""


def _whole(table: ChunkTable, data: bytes) -> bytes | None:
    extent, count = (table.chunk[3], table.chunk[4]), table.chunk[5] if len(table.chunk) > 5 else 1
    options = dict(table.encoding.options)
    if table.encoding.codec == "jpeg":
        tables = base64.b64decode(options.get("tables", ""))
        return whole_jpeg(data, tables, extent, count, is_rgb=options.get("colorspace_jpeg") == RGB)
    if table.encoding.codec == "png":
        return data if _is_png(data, extent, count) else None
    return data if encoded_size(WEBP, data) == extent else None


def _is_png(data: bytes, extent: Extent, samples: int) -> bool:
    """Whether a PNG has 8 bits a sample, and no palette (PNG 1.2, IHDR: bit depth and colour type)."""
    return encoded_size(PNG, data) == extent and data[24:26] == bytes((8, {1: 0, 3: 2, 4: 6}[samples]))

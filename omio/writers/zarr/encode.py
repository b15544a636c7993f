"""Bytes of chunks and shards as the Zarr specifications 2 and 3 define them.

Sources: zarr-specs, codecs ``bytes``, ``blosc``, ``zstd``, ``gzip`` and ``sharding_indexed`` (version 1.0); zarr-python
writes the documents that name them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import imagecodecs
import numpy as np

from omio.errors import PolicyError
from omio.naming import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

type Version = Literal[2, 3]
"""Of the Zarr format."""

MISSING = (1 << 64) - 1
"""Offset and length of a chunk that a shard does not hold."""


@dataclass(frozen=True)
class ChunkCodec:
    """How a chunk is compressed.

    Attributes
    ----------
    name
        As policies spell it.
    levels
        Levels it knows, both included; the first where it has none.
    level
        Where none is asked for.
    encode
        ``encode(chunk, level)``.
    describe
        ``describe(level, itemsize, version)``: zarr-python's codec objects for the document.
    """

    name: str
    levels: tuple[int, int]
    level: int
    encode: Callable[[NDArray[Any], int], bytes]
    describe: Callable[[int, int, Version], list[Any]]

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel by name."""
        return _known, (self.name,)


def _blosc(inner: Literal["zstd", "lz4"]) -> ChunkCodec:
    def encode(chunk: NDArray[Any], level: int) -> bytes:
        return bytes(
            imagecodecs.blosc_encode(
                chunk, level=level, compressor=inner, shuffle="bitshuffle", typesize=chunk.itemsize, numthreads=1
            )
        )

    def describe(level: int, itemsize: int, version: Version) -> list[Any]:
        if version == 2:
            from numcodecs import Blosc

            return [Blosc(cname=inner, clevel=level, shuffle=Blosc.BITSHUFFLE)]
        from zarr.codecs import BloscCodec

        return [BloscCodec(cname=inner, clevel=level, shuffle="bitshuffle", typesize=itemsize)]

    return ChunkCodec(f"blosc-{inner}", (0, 9), 1 if inner == "zstd" else 5, encode, describe)


def _zstd(level: int, itemsize: int, version: Version) -> list[Any]:
    del itemsize
    if version == 2:
        from numcodecs import Zstd

        return [Zstd(level=level)]
    from zarr.codecs import ZstdCodec

    return [ZstdCodec(level=level)]


def _gzip(level: int, itemsize: int, version: Version) -> list[Any]:
    del itemsize
    if version == 2:
        from numcodecs import GZip

        return [GZip(level=level)]
    from zarr.codecs import GzipCodec

    return [GzipCodec(level=level)]


def _zstd_encode(chunk: NDArray[Any], level: int) -> bytes:
    return bytes(imagecodecs.zstd_encode(chunk, level=level))


def _gzip_encode(chunk: NDArray[Any], level: int) -> bytes:
    return bytes(imagecodecs.gzip_encode(chunk, level=level))


_CODECS = (
    _blosc("zstd"),
    _blosc("lz4"),
    ChunkCodec("zstd", (1, 22), 3, _zstd_encode, _zstd),
    ChunkCodec("gzip", (0, 9), 6, _gzip_encode, _gzip),
    ChunkCodec("none", (0, 0), 0, lambda chunk, level: chunk.tobytes(), lambda level, itemsize, version: []),
)
CODECS = {codec.name: codec for codec in _CODECS}


def _known(name: str) -> ChunkCodec:
    return CODECS[name]


def codec_named(name: str, level: int | None) -> tuple[ChunkCodec, int]:
    """Return a codec and the level to use.

    Raises
    ------
    PolicyError
        For an unknown name or level; the text lists those that exist.
    """
    codec = CODECS.get({"blosc": "blosc-zstd"}.get(name.lower(), name.lower().replace("_", "-")))
    if codec is None:
        raise PolicyError(f"no compression {name!r}", remedy=listed(CODECS, name))
    chosen = codec.level if level is None else level
    if not codec.levels[0] <= chosen <= codec.levels[1]:
        raise PolicyError(
            f"compression_level={level}: {codec.name} has the levels {codec.levels[0]} to {codec.levels[1]}"
        )
    return codec, chosen


def shard_bytes(chunks: Sequence[bytes | None]) -> bytes:
    """Join the chunks of a shard, in C order, and put the index with its checksum behind them."""
    import google_crc32c

    table, offset = np.full((len(chunks), 2), MISSING, "<u8"), 0
    for entry, chunk in zip(table, chunks, strict=True):
        if chunk is not None:
            entry[:] = offset, len(chunk)
            offset += len(chunk)
    index = table.tobytes()
    return b"".join((*filter(None, chunks), index, struct.pack("<I", google_crc32c.value(index))))

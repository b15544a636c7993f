"""How the chunks of an array are encoded, and decoding them: never more bytes than a chunk has.

What zarr-python's documents name and is common is decoded here by imagecodecs, straight and bounded; for other codecs
`layout_of` gives None, and zarr-python decodes. Sources: zarr-specs 2 and 3; codecs ``bytes``, ``transpose``,
``blosc``, ``zstd``, ``gzip``, ``crc32c`` and ``sharding_indexed`` (version 1.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import zarr
    from numpy.typing import NDArray

MISSING = (1 << 64) - 1
"""Offset and length of a chunk that a shard does not hold."""
_CRC, _CHECKSUM = "crc32c", 4
_DECODERS: dict[str, Callable[..., Any]] = {
    "blosc": partial(imagecodecs.blosc_decode, numthreads=1),
    "zstd": imagecodecs.zstd_decode,
    "gzip": imagecodecs.gzip_decode,
    **dict.fromkeys(("zlib", "numcodecs.zlib", "imagecodecs_zlib"), imagecodecs.zlib_decode),
    "imagecodecs_zstd": imagecodecs.zstd_decode,
    "imagecodecs_lzw": imagecodecs.lzw_decode,
}


@dataclass(frozen=True)
class ChunkCodec:
    """How one chunk is encoded.

    Attributes
    ----------
    shape
        Of the chunk; at the end of the array too.
    dtype
        As stored, with its byte order.
    order
        Dims in the order in which they lie in the bytes.
    compression
        Name of the codec; None where there is none.
    checked
        Whether a CRC32C follows the bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: tuple[int, ...]
    compression: str | None = None
    checked: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of a decoded chunk."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    def decode(self, content: bytes) -> NDArray[Any]:
        """Return the pixels of a chunk.

        Raises
        ------
        ValueError, RuntimeError
            Bytes that no codec made, or that are not those of one chunk.
        """
        plain = self._plain(_unchecked(content) if self.checked else memoryview(content))
        if plain.nbytes != self.nbytes:
            raise ValueError(f"it holds {plain.nbytes} bytes, and a chunk has {self.nbytes}")
        stored = np.frombuffer(plain, self.dtype).reshape([self.shape[axis] for axis in self.order])
        return stored.transpose(np.argsort(self.order))

    def _plain(self, content: memoryview) -> memoryview:
        if self.compression is None:
            return content
        return memoryview(_DECODERS[self.compression](content, out=np.empty(self.nbytes, np.uint8))).cast("B")


@dataclass(frozen=True)
class Shards:
    """How chunks lie in shards.

    Attributes
    ----------
    counts
        Shape of a shard in chunks.
    index
        How its table of chunks is encoded: where each begins, and how long it is.
    index_first
        Whether the table lies before the chunks.
    """

    counts: tuple[int, ...]
    index: ChunkCodec
    index_first: bool

    @property
    def span(self) -> tuple[int, int]:
        """Where the table begins, from the end where negative, and its length."""
        size = self.index.nbytes + (_CHECKSUM if self.index.checked else 0)
        return (0 if self.index_first else -size), size


@dataclass(frozen=True)
class Layout:
    """How an array is cut into chunks: their codec, the value of absent ones, and shards where there are any."""

    codec: ChunkCodec
    fill: Any
    shards: Shards | None = None


def layout_of(array: zarr.Array[Any]) -> Layout | None:
    """Return how the chunks of an array are stored; None where zarr-python has to decode them."""
    metadata: Any = array.metadata
    fill = np.zeros((), array.dtype) if metadata.fill_value is None else metadata.fill_value
    if metadata.zarr_format == 2:
        codec = _codec_of_version_2(metadata, array.dtype)
        return None if codec is None else Layout(codec, fill)
    if metadata.chunk_grid.to_dict().get("name") != "regular" or metadata.storage_transformers:
        return None
    codecs = [codec.to_dict() for codec in metadata.codecs]
    sharding = codecs[0]["configuration"] if codecs[0]["name"] == "sharding_indexed" else None
    if sharding is None:
        codec = _codec(array.chunks, array.dtype, codecs)
        return None if codec is None else Layout(codec, fill)
    return _sharded(array, sharding, fill) if len(codecs) == 1 else None


def _sharded(array: zarr.Array[Any], sharding: dict[str, Any], fill: Any) -> Layout | None:
    chunk, shard = tuple(sharding["chunk_shape"]), array.shards or array.chunks
    counts = tuple(whole // part for whole, part in zip(shard, chunk, strict=True))
    codec = _codec(chunk, array.dtype, sharding["codecs"])
    index = _codec((*counts, 2), np.dtype(np.uint64), sharding["index_codecs"])
    if codec is None or index is None or index.compression is not None:
        return None
    return Layout(codec, fill, Shards(counts, index, sharding.get("index_location") == "start"))


def _codec_of_version_2(metadata: Any, dtype: np.dtype[Any]) -> ChunkCodec | None:
    compression = None if metadata.compressor is None else metadata.compressor.get_config()["id"]
    if metadata.filters or compression not in (None, *_DECODERS):
        return None
    dims = range(len(metadata.chunks))
    return ChunkCodec(metadata.chunks, dtype, tuple(reversed(dims) if metadata.order == "F" else dims), compression)


def _codec(shape: tuple[int, ...], dtype: np.dtype[Any], codecs: Sequence[dict[str, Any]]) -> ChunkCodec | None:
    """Return the codec of a chain ``[transpose] bytes [compression] [crc32c]``; None for any other chain."""
    said = {str(codec["name"]): dict(codec.get("configuration") or {}) for codec in codecs}
    compression = next((name for name in said if name in _DECODERS), None)
    known = [name for name in ("transpose", "bytes", compression, _CRC) if name in said]
    if [codec["name"] for codec in codecs] != known or "bytes" not in said:
        return None
    order = said.get("transpose", {}).get("order", range(len(shape)))
    stored = dtype.newbyteorder(">" if said["bytes"].get("endian") == "big" else "<")
    return ChunkCodec(shape, stored, tuple(order), compression, _CRC in said)


def _unchecked(content: bytes) -> memoryview:
    import google_crc32c

    plain, said = content[:-_CHECKSUM], content[-_CHECKSUM:]
    if google_crc32c.value(plain).to_bytes(_CHECKSUM, "little") != said:
        raise ValueError("its checksum is not that of its bytes")
    return memoryview(plain)

"""Documents of virtual arrays: how zarr-python decodes the chunks of files that are no Zarr.

Codecs that Zarr or numcodecs have are named as theirs; all others are those of imagecodecs, which are registered by
``imagecodecs.zarr.register_codecs()`` for Zarr 3 and ``imagecodecs.numcodecs.register_codecs()`` for Zarr 2.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from omio.lazy.store import zero

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from omio.lazy.ranges import ChunkTable, Encoding
    from omio.writers.zarr.encode import Version

type Json = dict[str, Any]

_PICTURES = ("jpeg", "jpeg2k", "jpegxr", "jpegxl", "lerc", "png", "webp")
"""Codecs that make pixels of bytes, rather than bytes of bytes."""
_CORE: dict[int, dict[str, Json]] = {
    3: {
        "zlib": {"name": "numcodecs.zlib", "configuration": {"level": 1}},
        "zstd": {"name": "zstd", "configuration": {"level": 0, "checksum": False}},
        "lzma": {"name": "numcodecs.lzma", "configuration": {}},
    },
    2: {"zlib": {"id": "zlib", "level": 1}, "zstd": {"id": "zstd", "level": 0}, "lzma": {"id": "lzma"}},
}


def array_files(
    key: str,
    table: ChunkTable,
    dims: Sequence[str],
    version: Version,
    attributes: Json,
    order: Sequence[int] | None = None,
) -> dict[str, bytes]:
    """Return the documents of an array.

    Parameters
    ----------
    key
        Where it lies.
    table
        Its chunks.
    dims
        Names of its dims.
    version
        Of Zarr.
    attributes
        Of the array.
    order
        Dims in the order in which they lie in a chunk, where that is another; Zarr 3 only.
    """
    if version == 2:
        documents = {".zarray": _document_2(table, dims), ".zattrs": attributes}
    else:
        documents = {"zarr.json": _document_3(table, dims, order) | {"attributes": attributes}}
    return {f"{key}/{name}": json.dumps(document).encode() for name, document in documents.items()}


def _document_3(table: ChunkTable, dims: Sequence[str], order: Sequence[int] | None) -> Json:
    stored = list(dims) if order is None else [dims[axis] for axis in order]
    turned = [] if order is None else [{"name": "transpose", "configuration": {"order": list(order)}}]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(table.shape),
        "data_type": str(table.encoding.dtype.newbyteorder("=")),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(table.chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [*turned, *_codecs_3(table.encoding, stored.index("X") - len(stored))],
        "fill_value": _fill(table),
        "dimension_names": list(dims),
    }


def _codecs_3(encoding: Encoding, across: int) -> list[Json]:
    """Return the chain of codecs; `across` is the axis X of a chunk, counted from the last."""
    little = encoding.dtype.newbyteorder("=") == encoding.dtype and encoding.dtype.str[0] != ">"
    whole = {
        "name": "bytes",
        **({"configuration": {"endian": "little" if little else "big"}} if encoding.dtype.itemsize > 1 else {}),
    }
    neighbours = {"axis": across, "dist": 1}
    if encoding.codec in _PICTURES:
        return [{"name": f"imagecodecs_{encoding.codec}", "configuration": dict(encoding.options)}]
    chain = {
        None: [whole],
        "delta": [{"name": "imagecodecs_delta", "configuration": neighbours}, whole],
        "floatpred": [{"name": "imagecodecs_floatpred", "configuration": neighbours}],
        "shuffle": [whole, {"name": "numcodecs.shuffle", "configuration": {"elementsize": encoding.dtype.itemsize}}],
    }[encoding.filter]
    if encoding.codec is None:
        return chain
    return [*chain, _CORE[3].get(encoding.codec, {"name": f"imagecodecs_{encoding.codec}"})]


def _document_2(table: ChunkTable, dims: Sequence[str]) -> Json:
    encoding = table.encoding
    across = {
        "axis": list(dims).index("X") - len(dims),
        "dist": 1,
        "shape": list(table.chunk),
        "dtype": encoding.dtype.str,
    }
    filters = {
        None: None,
        "delta": [{"id": "imagecodecs_delta", **across}],
        "floatpred": [{"id": "imagecodecs_floatpred", **across}],
        "shuffle": [{"id": "shuffle", "elementsize": encoding.dtype.itemsize}],
    }[encoding.filter]
    compressor = None
    if encoding.codec is not None:
        compressor = _CORE[2].get(encoding.codec, {"id": f"imagecodecs_{encoding.codec}", **dict(encoding.options)})
    return {
        "zarr_format": 2,
        "shape": list(table.shape),
        "chunks": list(table.chunk),
        "dtype": encoding.dtype.str,
        "compressor": compressor,
        "filters": filters,
        "fill_value": _fill(table) if table.is_sparse else None,  # xarray takes it for "no value"
        "order": "C",
    }


def _fill(table: ChunkTable) -> Any:
    dtype: np.dtype[Any] = table.encoding.dtype
    if dtype.kind in "iu":
        return int(table.fill)
    if dtype.kind == "f" and not math.isfinite(table.fill):
        return "NaN" if math.isnan(table.fill) else f"{'-' if table.fill < 0 else ''}Infinity"
    return float(table.fill) if dtype.kind == "f" else zero(dtype)

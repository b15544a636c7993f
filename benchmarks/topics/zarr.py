"""Rows 5: from a TIFF to OME-Zarr of 5 levels. A case returns the path it wrote; its pixels are then compared."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, cpus, function
from benchmarks.data import SIDE
from benchmarks.environments import python_of
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data import Data

LEVELS = 5
PLANE = SIDE * SIDE * 2
SPARSE_GB = 30.0


def groups(data: Data) -> list[Group]:
    """Sizes and shards, a source of holes, and what memory a large strip takes."""
    small, large, out = str(data.stack("none")), str(data.imagej()), str(data.outputs())
    python = python_of(data.folder, "bioio-ome-zarr")
    found = [
        _group("67 MB", small, out, {}, python),
        _group("67 MB, sharded", small, out, {"shards": True}),
        _group("1 GB", large, out, {}, rounds=3),
        _group("1 GB, sharded", large, out, {"shards": True}, rounds=3),
    ]
    sparse = str(data.sparse_ome(SPARSE_GB * data.scale))
    title = f"{SPARSE_GB * data.scale:g} GB of holes, sharded, 5 levels"
    return [*found, _group(title, sparse, out, {"shards": True}, rounds=1)]


def _group(
    title: str, path: str, out: str, policy: dict[str, Any], python: str | None = None, rounds: int | None = None
) -> Group:
    peers = ["mean and codec alone"]
    cases = [function(peers[0], "zarr:codec", path, compared=False)]
    if python is not None:
        peers.append("bioio-ome-zarr")
        cases.append(function(peers[1], "zarr:bioio", path, out, python=python, compared=False))
    cases.append(function("omio", "zarr:omio_convert", path, out, policy, compared=False))
    return Group("5", f"convert {title}", tuple(cases), (peers[0],), goal=1.3, goal_anon_mb=200, rounds=rounds)


def codec(path: str) -> Callable[[], int]:
    """Read the planes, halve each four times, and compress all of it on all CPUs; nothing is written."""
    import imagecodecs
    import numpy as np
    import tifffile

    with tifffile.TiffFile(path) as tif:
        first, shape = tif.pages[0].dataoffsets[0], tif.series[0].shape
    side, count = shape[-1], int(np.prod(shape[:-2]))
    descriptor = os.open(path, os.O_RDONLY)

    def plane(number: int) -> int:
        nbytes = side * side * 2
        pixels = np.frombuffer(os.pread(descriptor, nbytes, first + number * nbytes), np.uint16).reshape(side, side)
        total = 0
        for level in range(LEVELS):
            if level:
                wide = pixels.astype(np.uint32)
                four = wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]
                pixels = ((four + 2) >> 2).astype(np.uint16)
            for top in range(0, len(pixels), SIDE):
                for left in range(0, len(pixels), SIDE):
                    chunk = np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
                    total += len(
                        imagecodecs.blosc_encode(
                            chunk, level=1, compressor="zstd", shuffle="bitshuffle", typesize=2, numthreads=1
                        )
                    )
        return total

    def work() -> int:
        with ThreadPoolExecutor(cpus()) as pool:
            return sum(pool.map(plane, range(count), chunksize=4))

    return work


def bioio(path: str, out: str) -> Callable[[], int]:
    """Write as its documentation shows: level by level, of a dask array."""
    from bioio_ome_zarr.writers import OMEZarrWriter
    from bioio_tifffile import Reader

    target = Path(out) / "bioio.ome.zarr"

    def work() -> int:
        shutil.rmtree(target, ignore_errors=True)
        data = Reader(path).dask_data
        shapes = [(*data.shape[:-2], data.shape[-2] >> level, data.shape[-1] >> level) for level in range(LEVELS)]
        writer = OMEZarrWriter(store=str(target), level_shapes=shapes, dtype=data.dtype)
        writer.write_full_volume(data)
        return len(shapes)

    return work


def omio_convert(path: str, out: str, policy: dict[str, Any]) -> Callable[[], int]:
    load_omio("omio.writers.zarr.omezarr", "omio.writers.zarr.written", "omio.backends.zarr.stored")
    import omio

    target = Path(out) / "omio.ome.zarr"

    def work() -> int:
        axes = "TYX" if "stack-" in path else None
        image = omio.open(path, axes=axes)
        report = image.to_omezarr(target, levels=LEVELS, downsampling="mean", overwrite="replace", **policy)
        return int(report.details["levels"])

    return work

"""Rows 5: from a TIFF to OME-Zarr of 5 levels. A case returns the path it wrote; its pixels are then compared."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, cpus, elsewhere, function
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.case import Case
    from benchmarks.data import Data

LEVELS = 5
SIDE = 512
"""Of a chunk."""
SPARSE_GB = 30.0


def groups(data: Data) -> list[Group]:
    """Sizes and shards, a source of holes, and what memory a large strip takes."""
    small, large, out = str(data.stack("none")), str(data.imagej()), str(data.outputs())
    others = [
        case
        for name in ("bioio-ome-zarr", "ome-zarr", "ngff-zarr")
        for case in _peer(data, name, small, f"{out}/{name}", once=name == "ngff-zarr")
    ]
    found = [
        _group("67 MB", small, out, {}, others),
        _group("67 MB, sharded", small, out, {"shards": True}),
        _group("1 GB", large, out, {}, rounds=3),
        _group("1 GB, sharded", large, out, {"shards": True}, rounds=3),
    ]
    sparse = str(data.sparse_ome(SPARSE_GB * data.scale))
    title = f"{SPARSE_GB * data.scale:g} GB of holes, sharded, 5 levels"
    return [*found, _group(title, sparse, out, {"shards": True}, rounds=1)]


def _peer(data: Data, name: str, *arguments: str, once: bool) -> tuple[Case, ...]:
    return elsewhere(data.folder, name, name, f"zarr:{name.replace('-', '_')}", *arguments, once=once)


def _group(
    title: str, path: str, out: str, policy: dict[str, Any], others: Iterable[Case] = (), rounds: int | None = None
) -> Group:
    codec = function("mean and codec alone", "zarr:codec", path, compared=False)
    ours = function("omio", "zarr:omio_convert", path, out, policy)
    return Group(
        "5",
        f"convert {title}",
        (codec, *others, ours),
        (codec.name,),
        goal=1.3,
        moonshot=1.15,
        beside=("bioio-ome-zarr", 0.5),
        goal_anon_mb=200,
        source=Path(path),
        rounds=rounds,
    )


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


def bioio_ome_zarr(path: str, out: str) -> Callable[[], Path]:
    """Write as its documentation shows: level by level, of a dask array."""
    from bioio_ome_zarr.writers import OMEZarrWriter
    from bioio_tifffile import Reader

    target = _emptied(out)

    def work() -> Path:
        data = Reader(path).dask_data
        shapes = [(*data.shape[:-2], data.shape[-2] >> level, data.shape[-1] >> level) for level in range(LEVELS)]
        writer = OMEZarrWriter(store=str(target), level_shapes=shapes, dtype=data.dtype)
        writer.write_full_volume(data)
        return target

    return work


def ome_zarr(path: str, out: str) -> Callable[[], Path]:
    """Write with the levels and the way of making them that its function chooses by itself."""
    import dask.array as da
    import tifffile
    import zarr
    from ome_zarr.writer import write_image

    target = _emptied(out)

    def work() -> Path:
        with tifffile.TiffFile(path) as tif:
            pixels = da.from_zarr(zarr.open_array(tif.series[0].aszarr(), mode="r"))
            write_image(pixels, zarr.open_group(target, mode="w"), axes="tyx")
        return target

    return work


def ngff_zarr(path: str, out: str) -> Callable[[], Path]:
    """Write with its own way of making levels, which is not the plain mean."""
    import ngff_zarr as ngff
    import tifffile

    target = _emptied(out)

    def work() -> Path:
        image = ngff.to_ngff_image(tifffile.imread(path), dims=["t", "y", "x"])
        factors = [{"y": 1 << level, "x": 1 << level} for level in range(1, LEVELS)]
        ngff.to_ngff_zarr(str(target), ngff.to_multiscales(image, scale_factors=factors))
        return target

    return work


def _emptied(out: str) -> Path:
    """Return a place in a folder that holds nothing of an earlier round."""
    shutil.rmtree(out, ignore_errors=True)
    Path(out).mkdir(parents=True)
    return Path(out) / "image.ome.zarr"


def omio_convert(path: str, out: str, policy: dict[str, Any]) -> Callable[[], Path]:
    load_omio("zarr", "yaozarrs", "omio.writers.zarr.omezarr", "omio.writers.zarr.written", "omio.backends.zarr.stored")
    import omio

    target = _emptied(f"{out}/omio")

    def work() -> Path:
        axes = "TYX" if "stack-" in path else None
        image = omio.open(path, axes=axes)
        report = image.to_omezarr(target, levels=LEVELS, downsampling="mean", **policy)
        assert report.details["levels"] == LEVELS
        return target

    return work

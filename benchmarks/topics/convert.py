"""Rows 4: from a TIFF to a compressed OME-TIFF. A case returns the path it wrote; its pixels are then compared."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, cpus, elsewhere, function
from benchmarks.data import SIDE
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data import Data

STRIP = SIDE * SIDE


def groups(data: Data) -> list[Group]:
    small, large, out = str(data.stack("none")), str(data.imagej()), str(data.outputs())
    found = [_level_6("67 MB", small, out), _level_6("1 GB", large, out, rounds=3)]
    name = "omio-microscopy"
    cases = (
        *elsewhere(data.folder, name, name, "convert:omio_microscopy", small, out),
        function("omio", "convert:omio_default", small, out),
    )
    title = "convert 67 MB by default"
    return [*found, Group("4b", title, cases, (name,), goal=0.25, moonshot=0.15, goal_bytes=1.0)]


def _level_6(size: str, path: str, out: str, rounds: int | None = None) -> Group:
    cases = (
        function("codec alone", "convert:codec", path, compared=False),
        function("tifffile stream", "convert:tifffile_stream", path, out),
        function("omio", "convert:omio_level_6", path, out),
    )
    title = f"convert {size}, zlib 6"
    return Group("4a", title, cases, ("codec alone",), goal=1.15, moonshot=1.05, goal_mb=150, rounds=rounds)


def codec(path: str) -> Callable[[], int]:
    """Read the file in blocks of a strip and compress each on all CPUs; nothing is written."""
    import imagecodecs

    def block(offset: int) -> int:
        return len(imagecodecs.deflate_encode(os.pread(descriptor, STRIP, offset), level=6))

    descriptor = os.open(path, os.O_RDONLY)
    offsets = range(0, Path(path).stat().st_size, STRIP)

    def work() -> int:
        with ThreadPoolExecutor(cpus()) as pool:
            return sum(pool.map(block, offsets, chunksize=8))

    return work


def tifffile_stream(path: str, out: str) -> Callable[[], Path]:
    load("imagecodecs")
    import tifffile

    target = Path(out) / "tifffile.ome.tif"

    def work() -> Path:
        source = tifffile.memmap(path, mode="r")
        with tifffile.TiffWriter(target, ome=True) as writer:
            writer.write(
                iter(source),
                shape=source.shape,
                dtype=source.dtype,
                compression="zlib",
                compressionargs={"level": 6},
                rowsperstrip=SIDE // 2,
                maxworkers=cpus(),
                metadata={"axes": "TYX"},
            )
        return target

    return work


def _omio(path: str, out: str, **policy: Any) -> Callable[[], Path]:
    load_omio("omio.writers.ometiff")
    import omio

    target = Path(out) / "omio.ome.tif"

    def work() -> Path:
        axes = None if "imagej" in path else "TYX"
        omio.open(path, axes=axes).to_ometiff(target, overwrite="replace", **policy)
        return target

    return work


def omio_level_6(path: str, out: str) -> Callable[[], Path]:
    return _omio(path, out, compression="zlib", compression_level=6, predictor=False)


def omio_default(path: str, out: str) -> Callable[[], Path]:
    return _omio(path, out)


def omio_microscopy(path: str, out: str) -> Callable[[], Path]:
    """Its destination is a folder beside the source."""
    import omio

    folder = Path(out).name

    def work() -> Path:
        (written,) = omio.imconvert(path, relative_path=folder, overwrite=True, return_fnames=True, verbose=False)
        return Path(written)

    return work

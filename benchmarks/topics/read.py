"""Rows 3: from a path to pixels in memory, imports apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, cpus, function
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from benchmarks.data import Data

    type Work = Callable[[], np.ndarray[Any, Any]]

CODECS = ("none", "zlib", "zstd", "lzw")


def groups(data: Data) -> list[Group]:
    zlib, tiled, planes = str(data.stack("zlib")), str(data.tiled()), str(data.small_planes())
    full = [
        Group(
            "3a",
            f"all of 67 MB, {codec}",
            (
                function("tifffile", "read:tifffile_all", str(data.stack(codec))),
                function("omio", "read:omio_all", str(data.stack(codec))),
                function("omio .data.values", "read:omio_values", str(data.stack(codec))),
            ),
            ("tifffile",),
            goal=1.15,
            moonshot=1.0,
        )
        for codec in CODECS
    ]
    return [
        *full,
        Group(
            "3b",
            "one plane of a zlib stack",
            (function("tifffile", "read:tifffile_page", zlib), function("omio", "read:omio_page", zlib)),
            ("tifffile",),
            goal=1.2,
            moonshot=1.0,
        ),
        Group(
            "3c",
            "1000 x 1000 of a tiled zlib plane",
            (
                function("aszarr", "read:aszarr_region", tiled),
                function("omio", "read:omio_region", tiled),
            ),
            ("aszarr",),
            goal=0.8,
            moonshot=0.7,
        ),
        Group(
            "3d",
            "20,000 planes of 64 x 64",
            (function("tifffile", "read:tifffile_pages", planes), function("omio", "read:omio_all", planes)),
            ("tifffile",),
            goal=1.0,
            moonshot=0.7,
        ),
    ]


def tifffile_all(path: str) -> Work:
    load("imagecodecs")
    import tifffile

    return lambda: tifffile.imread(path, maxworkers=cpus())


def tifffile_pages(path: str) -> Work:
    load("imagecodecs")
    import tifffile

    return lambda: tifffile.imread(path)


def _prepare() -> None:
    load_omio()


def omio_all(path: str) -> Work:
    _prepare()
    import numpy as np

    import omio

    return lambda: np.asarray(omio.open(path, axes="TYX"))


def omio_values(path: str) -> Work:
    _prepare()
    load("dask.array", "xarray", "distributed")  # dask looks for a cluster before it computes
    import omio

    return lambda: omio.open(path, axes="TYX").data.values


def tifffile_page(path: str) -> Work:
    load("imagecodecs")
    import tifffile

    def work() -> np.ndarray[Any, Any]:
        with tifffile.TiffFile(path) as tif:
            return tif.pages[len(tif.pages) // 2].asarray()

    return work


def omio_page(path: str) -> Work:
    _prepare()
    import omio

    def work() -> np.ndarray[Any, Any]:
        dataset = omio.open(path, axes="TYX")
        return dataset.isel(T=dataset.sizes["T"] // 2).load()

    return work


def aszarr_region(path: str) -> Work:
    load("imagecodecs")
    import numpy as np
    import tifffile
    import zarr

    def work() -> np.ndarray[Any, Any]:
        with tifffile.TiffFile(path) as tif:
            return np.asarray(zarr.open_array(tif.aszarr(), mode="r")[700:1700, 500:1500])

    return work


def omio_region(path: str) -> Work:
    _prepare()
    import omio

    return lambda: omio.open(path).isel(Y=slice(700, 1700), X=slice(500, 1500)).load()

"""Rows 8: a CZI mosaic of 500 tiles, 2 channels, 2 Z; 5120 x 6400 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, function
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from benchmarks.data import Data

    type Work = Callable[[], np.ndarray[Any, Any]]

ROI = (300, 200, 600, 600)
"""Left, top, width, height."""


def groups(data: Data) -> list[Group]:
    both, zstd = ("czifile", "libczi"), str(data.czi("zstd"))
    found = []
    for kind in ("raw", "zstd"):
        path = str(data.czi(kind))
        found += [_group("8a", f"plane of a mosaic, {kind}", both, "plane", path, (1.1, 0.9))]
        found += [_group("8a", f"whole mosaic, {kind}", both, "whole", path, (1.1, 0.9))]
    return [
        *found,
        _group("8b", "ROI 600 x 600, first", both[:1], "roi", zstd, (1.0, 0.4)),
        _group("8b", "ROI 600 x 600, on an open dataset", both[:1], "roi_again", zstd, (0.4, 0.15)),
    ]


def _group(row: str, title: str, peers: tuple[str, ...], what: str, path: str, goals: tuple[float, float]) -> Group:
    names = (*peers, "omio")
    cases = tuple(function(name, f"czi:{name}_{what}", path) for name in names)
    return Group(row, title, cases, peers, goal=goals[0], moonshot=goals[1])


def czifile_plane(path: str) -> Work:
    load("imagecodecs")
    import czifile

    def work() -> np.ndarray[Any, Any]:
        with czifile.CziFile(path) as czi:
            return czi.scenes[0](C=1, Z=1).asarray()

    return work


def czifile_whole(path: str) -> Work:
    load("imagecodecs")
    import czifile
    import numpy as np

    def work() -> np.ndarray[Any, Any]:
        with czifile.CziFile(path) as czi:
            image = czi.scenes[0]
            # T Z C Y X, as omio gives it
            order = [image.dims.index(dim) for dim in "TZCYX" if dim in image.dims]
            return np.ascontiguousarray(image.asarray().transpose(order))

    return work


def czifile_roi(path: str) -> Work:
    load("imagecodecs")
    import czifile

    def work() -> np.ndarray[Any, Any]:
        with czifile.CziFile(path) as czi:
            return czi.scenes[0](C=1, Z=1, roi=ROI).asarray()

    return work


def czifile_roi_again(path: str) -> Work:
    return czifile_roi(path)


def libczi_plane(path: str) -> Work:
    import numpy as np
    from pylibCZIrw import czi

    def work() -> np.ndarray[Any, Any]:
        with czi.open_czi(path) as document:
            return np.ascontiguousarray(document.read(plane={"C": 1, "Z": 1, "T": 0})[..., 0])

    return work


def libczi_whole(path: str) -> Work:
    import numpy as np
    from pylibCZIrw import czi

    def work() -> np.ndarray[Any, Any]:
        with czi.open_czi(path) as document:
            planes = [[document.read(plane={"C": c, "Z": z, "T": 0})[..., 0] for c in range(2)] for z in range(2)]
        return np.array(planes)

    return work


def _prepare() -> None:
    load_omio("czifile")


def omio_plane(path: str) -> Work:
    _prepare()
    import omio

    return lambda: omio.open(path).isel(C=1, Z=1).load()


def omio_whole(path: str) -> Work:
    _prepare()
    import numpy as np

    import omio

    return lambda: np.asarray(omio.open(path))


def omio_roi(path: str) -> Work:
    _prepare()
    import omio

    left, top, width, height = ROI
    crop = {"Y": slice(top, top + height), "X": slice(left, left + width)}
    return lambda: omio.open(path).isel(C=1, Z=1, **crop).load()


def omio_roi_again(path: str) -> Work:
    _prepare()
    import omio

    left, top, width, height = ROI
    dataset = omio.open(path).isel(C=1, Z=1)
    dataset.isel(Y=slice(1000, 1010), X=slice(1000, 1010)).load()
    return lambda: dataset.isel(Y=slice(top, top + height), X=slice(left, left + width)).load()

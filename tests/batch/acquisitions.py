"""A project of many small acquisitions in several formats, two of them broken, and the jobs that convert it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from omio.batch.planning.jobs import Job, Merge
from omio.policies.merge import StrictMerge
from omio.testing import makers
from tests.support import czi

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDE = 32


@dataclass(frozen=True, eq=False)
class Acquisition:
    """A job, and the pixels that its output must have; None for what cannot be read."""

    job: Job
    pixels: NDArray[Any] | None


def make(root: Path, count: int) -> list[Acquisition]:
    """Write `count` acquisitions below `root`: one of each kind in turn, and a broken one after a third and two."""
    broken = {count // 3: _cut, 2 * count // 3: _no_image}
    kinds = (_ome, _imagej, _rgb, _shaped, _czi, _merged)
    return [broken.get(number, kinds[number % len(kinds)])(root, number) for number in range(count)]


def _place(root: Path, number: int, ending: str) -> tuple[str, Path]:
    name = f"sub-{number % 10}/TP{number % 3}/image {number} µ{ending}"
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return name, path


def _pixels(number: int, shape: tuple[int, ...] = (1, 2, 2, SIDE, SIDE)) -> NDArray[Any]:
    return np.random.default_rng(number).integers(0, 4000, shape).astype(np.uint16)


def _made(name: str, number: int, pixels: NDArray[Any] | None, *others: str, **fields: Any) -> Acquisition:
    destination = f"{Path(name).parent.as_posix()}/image {number}.ome.tif"
    return Acquisition(Job((name, *others), destination, **fields), pixels)


def _sampled(maker: Callable[..., makers.Sample], root: Path, number: int, ending: str) -> Acquisition:
    name, path = _place(root, number, ending)
    pixels = _pixels(number)
    maker(path, pixels)
    return _made(name, number, pixels)


def _ome(root: Path, number: int) -> Acquisition:
    return _sampled(makers.ome_tiff, root, number, ".ome.tif")


def _imagej(root: Path, number: int) -> Acquisition:
    return _sampled(makers.imagej, root, number, ".tif")


def _rgb(root: Path, number: int) -> Acquisition:
    name, path = _place(root, number, ".tif")
    pixels = _pixels(number, (SIDE, SIDE, 3)).astype(np.uint8)
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None)
    return _made(name, number, pixels[None, None, None])


def _shaped(root: Path, number: int) -> Acquisition:
    name, path = _place(root, number, ".tif")
    pixels = _pixels(number, (3, SIDE, SIDE))
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata=None)
    return _made(name, number, pixels[:, None, None], options={"axes": "TYX"})


def _czi(root: Path, number: int) -> Acquisition:
    name, path = _place(root, number, ".czi")
    pixels = _pixels(number, (1, 1, 2, SIDE, SIDE))
    czi.write_czi(path, [czi.Tile(pixels[0, 0, c], {"C": c}) for c in range(2)], czi.document())
    return _made(name, number, pixels)


def _merged(root: Path, number: int) -> Acquisition:
    names, pixels = [], _pixels(number)
    for part in range(2):
        name, path = _place(root, number, f".{part}.ome.tif")
        makers.ome_tiff(path, pixels)
        names.append(name)
    merge = Merge("T", StrictMerge().describe())
    return _made(names[0], number, np.concatenate([pixels, pixels]), *names[1:], merge=merge)


def _cut(root: Path, number: int) -> Acquisition:
    name, path = _place(root, number, ".ome.tif")
    makers.ome_tiff(path, _pixels(number))
    path.write_bytes(path.read_bytes()[:400])
    return _made(name, number, None)


def _no_image(root: Path, number: int) -> Acquisition:
    name, path = _place(root, number, ".tif")
    path.write_bytes(b"this is no image")
    return _made(name, number, None)

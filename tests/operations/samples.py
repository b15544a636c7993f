"""Files whose parts can be counted; none of them is written by omio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from tests.support.czi import Tile, document, write_czi

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE, TILE = 1024, 128
"""Of the tiled plane: 8 x 8 tiles."""
FRAMES, STRIPS = 8, 4
"""Of the stack."""

OME = (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"><Pixels DimensionOrder="XYCZT" ID="Pixels:0" SizeC="1" SizeT="{count}" SizeX="8" SizeY="8" '
    'SizeZ="1" Type="uint16"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image></OME>'
)
PLANES = (
    '<TiffData FirstT="{t}" IFD="{t}" PlaneCount="1"/>',
    '<Plane TheC="0" TheT="{t}" TheZ="0" DeltaT="{t}.5"/>',
)


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).poisson(20, shape).astype(np.uint16)


def ome_planes(path: Path, count: int) -> Path:
    """Write planes of 8 x 8 with a ``TiffData`` and a ``Plane`` each, as Bio-Formats does."""
    text = OME.format(count=count, planes="".join(line.format(t=t) for line in PLANES for t in range(count)))
    plane = noise(8, 8)
    with tifffile.TiffWriter(path) as writer:
        options: dict[str, Any] = {"description": text, "metadata": None, "photometric": "minisblack"}
        writer.write((plane for _ in range(count)), shape=(count, 8, 8), dtype="uint16", **options)
    return path


def pages(path: Path, count: int) -> Path:
    """Write pages of 8 x 8, each with its IFD before it, in a file that says nothing of a stack."""
    with tifffile.TiffWriter(path) as writer:
        for number in range(count):
            writer.write(noise(8, 8, seed=number), contiguous=False, metadata=None)
    return path


def hyperstack(path: Path, shape: tuple[int, int, int]) -> Path:
    tifffile.imwrite(path, noise(*shape), imagej=True, metadata={"axes": "TYX"})
    return path


def stack(path: Path, frames: int = FRAMES, compression: str | None = "zlib") -> Path:
    """Write frames of 64 x 64 in `STRIPS` strips each."""
    options: dict[str, Any] = {"rowsperstrip": 64 // STRIPS, "compression": compression}
    tifffile.imwrite(path, noise(frames, 64, 64, seed=frames), ome=True, metadata={"axes": "TYX"}, **options)
    return path


def tiled(path: Path) -> Path:
    tifffile.imwrite(path, noise(SIDE, SIDE), compression="zlib", tile=(TILE, TILE), metadata=None)
    return path


def pyramid(path: Path) -> Path:
    """Write the tiled plane with levels of 1/2, 1/4 and 1/8 in its SubIFDs, tiled alike."""
    full = noise(SIDE, SIDE)
    options: dict[str, Any] = {"compression": "zlib", "tile": (TILE, TILE)}
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(full, subifds=3, metadata={"axes": "YX"}, **options)
        for step in (2, 4, 8):
            writer.write(full[::step, ::step], subfiletype=1, metadata=None, **options)
    return path


def mosaic(path: Path, columns: int) -> Path:
    """Write two channels of tiles of 32 x 32, four rows of them."""
    tiles = [
        Tile(noise(32, 32, seed=column), {"C": c, "Y": 32 * row, "X": 32 * column}, compression="zstd")
        for c in range(2)
        for row in range(4)
        for column in range(columns)
    ]
    write_czi(path, tiles, document(), [])
    return path


def folder(path: Path, count: int) -> Path:
    """Write files of one frame."""
    path.mkdir()
    for number in range(count):
        tifffile.imwrite(path / f"t{number:03d}.tif", noise(16, 16, seed=number), metadata=None)
    return path

"""The files that are measured, made once in a folder and kept; sizes follow ``scale``.

The pixels look like fluorescence: smooth cells under photon noise, so that deflate with the horizontal predictor
halves them, as it does real frames.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    type Frames = NDArray[np.uint16]


def default_folder() -> Path:
    """Return where the files are kept unless another place is named."""
    return Path(tempfile.gettempdir()) / "omio-benchmarks"


SIDE = 512
SLIDE_BLOCK = 4096
CODECS = {"none": None, "zlib": "zlib", "zstd": "zstd", "lzw": "lzw"}


@dataclass(frozen=True)
class Data:
    """Makers of files; each returns a path, and makes the file only when it is not there."""

    folder: Path
    scale: float
    topic: str = ""

    def imagej(self) -> Path:
        """Return an ImageJ hyperstack of 2000 frames, 1 GB."""
        frames = self._count(2000)
        return self._once(f"imagej-{frames}.tif", lambda path: _imagej(path, frames))

    def ome_planes(self) -> Path:
        """Return an OME-TIFF of 20,000 planes of 64 x 64 with a Plane element each."""
        planes = self._count(20_000)
        return self._once(f"ome-{planes}.ome.tif", lambda path: _ome_planes(path, planes))

    def many_planes(self, planes: int) -> Path:
        """Return an OME-TIFF of planes of 16 x 16, each with a page of its own."""
        return self._once(f"many-{planes}.ome.tif", lambda path: _sparse_ome(path, planes, 16))

    def small_planes(self) -> Path:
        """Return a TIFF of 20,000 pages of 64 x 64, each with an IFD of its own between the pixels."""
        planes = self._count(20_000)
        return self._once(f"planes-{planes}.tif", lambda path: _small_planes(path, planes))

    def stack(self, codec: str, *, megabytes: float = 67) -> Path:
        """Return a stack of 512 x 512 frames in 2 strips, with predictor where compressed."""
        frames = self._count(megabytes * 1e6 / (2 * SIDE * SIDE))
        return self._once(f"stack-{codec}-{frames}.tif", lambda path: _stack(path, codec, frames))

    def tiled(self) -> Path:
        """Return one zlib plane of 8192 x 8192 in tiles of 256."""
        side = max(2048, self._count(8192) // 256 * 256)
        return self._once(f"tiled-{side}.tif", lambda path: _tiled(path, side))

    def slide(self) -> Path:
        """Return a slide of 20,000 x 20,000 RGB pixels: JPEG tiles of 256, a pyramid of pages of its own."""
        side = max(2560, self._count(20_000))
        return self._once(f"slide-{side}.tif", lambda path: _slide(path, side))

    def sequence(self, files: int = 500) -> Path:
        """Return a folder of TIFFs, t0000.tif and on."""
        files = self._count(files)
        return self._once(f"sequence-{files}", lambda path: _sequence(path, files))

    def acquisitions(self, count: int) -> Path:
        """Return a folder of OME-TIFFs of four frames each, 000.ome.tif and on."""
        return self._once(f"acquisitions-{count}", lambda path: _acquisitions(path, count))

    def parts(self, files: int) -> Path:
        """Return a folder of OME-TIFFs of ten frames each, to be merged."""
        count = self._count(files)
        return self._once(f"parts-{count}", lambda path: _parts(path, count))

    def sparse_ome(self, gigabytes: float) -> Path:
        """Return an uncompressed OME-TIFF of that size whose pixels are holes."""
        frames = max(1, round(gigabytes * 1e9 / (2 * 2048 * 2048)))
        return self._once(f"sparse-{frames}.ome.tif", lambda path: _sparse_ome(path, frames, 2048))

    def czi(self, kind: str) -> Path:
        """Return a mosaic of 500 tiles of 256 x 256, 2 channels, 2 Z; `kind` is ``raw`` or ``zstd``."""
        tiles = max(80, self._count(500))  # four rows, as what is read of it needs
        return self._once(f"mosaic-{kind}-{tiles}.czi", lambda path: _czi(path, kind, tiles))

    def outputs(self) -> Path:
        """Return the folder that the cases of this run and topic write into."""
        outputs = self.folder / f"out-{os.getpid()}{self.topic}"
        outputs.mkdir(parents=True, exist_ok=True)
        return outputs

    def _count(self, full: float) -> int:
        return max(4, round(full * self.scale))

    def _once(self, name: str, make: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.exists():
            unfinished = self.folder / uuid4().hex
            unfinished.mkdir(parents=True)
            make(unfinished / name)
            (unfinished / name).rename(path)
            unfinished.rmdir()
        return path


@cache
def _cells(side: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    place = np.arange(side) / side
    field = np.full((side, side), 100.0)
    for _ in range(40):
        top, left, width = rng.random(3)
        spread = 0.001 + 0.004 * width
        down, across = (np.exp(-((place - middle) ** 2) / spread) for middle in (top, left))
        field += 1500 * rng.random() * np.outer(down, across)
    return field


def frame(index: int, side: int = SIDE) -> Frames:
    """Return frame `index`: cells that drift, under photon noise of its own."""
    rng = np.random.default_rng(1000 + index)
    moved = np.roll(_cells(side), index, axis=1)
    return rng.poisson(moved / 4).astype(np.uint16) * 4


def frames(count: int) -> Iterator[Frames]:
    # sixteen different frames repeat: making them is slower than anything that is measured
    made = [frame(index) for index in range(min(16, count))]
    return (made[index % len(made)] for index in range(count))


def _parts(path: Path, count: int) -> None:
    path.mkdir()
    for index in range(count):
        tifffile.imwrite(
            path / f"t{index:04d}.ome.tif",
            np.stack([frame((10 * index + at) % 16) for at in range(10)]),
            metadata={"axes": "TYX", "PhysicalSizeX": 0.325, "PhysicalSizeY": 0.325, "TimeIncrement": 0.5},
        )


def _imagej(path: Path, count: int) -> None:
    with tifffile.TiffWriter(path, imagej=True) as writer:
        writer.write(
            frames(count),
            shape=(count, SIDE, SIDE),
            dtype="uint16",
            resolution=(1 / 0.325, 1 / 0.325),
            metadata={"axes": "TYX", "unit": "um", "finterval": 0.5},
        )


def _ome_planes(path: Path, count: int) -> None:
    """Write what Bio-Formats writes: a TiffData with UUID and a Plane with time and place for every plane."""
    tile, identity = frame(0, 64), f"urn:uuid:{uuid4()}"
    tiff_data = "".join(
        f'<TiffData FirstC="0" FirstT="{t}" FirstZ="0" IFD="{t}" PlaneCount="1">'
        f'<UUID FileName="{path.name}">{identity}</UUID></TiffData>'
        for t in range(count)
    )
    planes = "".join(
        f'<Plane DeltaT="{0.1 * t:.6f}" DeltaTUnit="s" ExposureTime="0.05" ExposureTimeUnit="s" PositionX="10.5" '
        f'PositionXUnit="µm" PositionY="{t}.25" PositionYUnit="µm" TheC="0" TheT="{t}" TheZ="0"/>'
        for t in range(count)
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        f'UUID="{identity}"><Image ID="Image:0" Name="planes"><Pixels BigEndian="false" DimensionOrder="XYCZT" '
        f'ID="Pixels:0" PhysicalSizeX="0.325" PhysicalSizeY="0.325" SizeC="1" SizeT="{count}" SizeX="64" SizeY="64" '
        'SizeZ="1" TimeIncrement="0.1" Type="uint16"><Channel ID="Channel:0:0" Name="GFP" SamplesPerPixel="1"/>'
        f"{tiff_data}{planes}</Pixels></Image></OME>"
    )
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            (tile for _ in range(count)),
            shape=(count, 64, 64),
            dtype="uint16",
            description=xml.encode(),
            metadata=None,
        )


def _small_planes(path: Path, count: int) -> None:
    tile = frame(0, 64)
    with tifffile.TiffWriter(path) as writer:
        for index in range(count):
            writer.write(np.roll(tile, index), contiguous=False, metadata=None)


def _stack(path: Path, codec: str, count: int) -> None:
    compression = CODECS[codec]
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            frames(count),
            shape=(count, SIDE, SIDE),
            dtype="uint16",
            photometric="minisblack",  # three or four frames are no colours
            rowsperstrip=SIDE // 2,
            compression=compression,
            predictor=compression is not None,
            metadata=None,
            maxworkers=os.cpu_count(),
        )


def _tiled(path: Path, side: int) -> None:
    block = frame(0, 2048)
    plane = np.tile(block, (side // 2048, side // 2048))
    tifffile.imwrite(path, plane, tile=(256, 256), compression="zlib", metadata=None, maxworkers=os.cpu_count())


def _slide(path: Path, side: int) -> None:
    """Write stained tissue, a block of it repeated, and its halves down to one that fits a few tiles."""
    rng = np.random.default_rng(7)
    cells = _cells(SLIDE_BLOCK)
    grain = rng.normal(0, 6, (SLIDE_BLOCK, SLIDE_BLOCK, 3))
    stain = np.array([0.05, 0.11, 0.04])
    block = np.clip(235 - cells[..., None] * stain + grain, 0, 255)
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        level = 0
        while side >> level >= 512:
            size = side >> level
            writer.write(
                _tiles(np.rint(block).astype(np.uint8), -(-size // 256)),
                shape=(size, size, 3),
                dtype="uint8",
                tile=(256, 256),
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 80},
                subfiletype=1 if level else 0,
                resolution=(20_000 / (1 << level),) * 2,
                resolutionunit="CENTIMETER",
                metadata=None,
                maxworkers=os.cpu_count(),
            )
            block = block.reshape(len(block) // 2, 2, len(block) // 2, 2, 3).mean(axis=(1, 3))
            level += 1


def _tiles(block: NDArray[np.uint8], count: int) -> Iterator[NDArray[np.uint8]]:
    """Yield `count` x `count` tiles of 256 of a square block that repeats."""
    length = max(1, len(block) // 256)
    whole = np.tile(block, (-(-256 // len(block)),) * 2 + (1,)) if len(block) < 256 else block
    for row in range(count):
        for column in range(count):
            top, left = row % length * 256, column % length * 256
            yield whole[top : top + 256, left : left + 256]


def _sequence(path: Path, count: int) -> None:
    path.mkdir()
    for index in range(count):
        tifffile.imwrite(path / f"t{index:04d}.tif", frame(index % 16, 64), metadata=None)


def _acquisitions(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:03d}.ome.tif"
        if number < 10:
            pixels = np.stack([frame(4 * number + k) for k in range(4)])
            tifffile.imwrite(
                path, pixels, ome=True, metadata={"axes": "TYX", "PhysicalSizeX": 0.3, "PhysicalSizeY": 0.3}
            )
        else:  # the same content under another name
            path.hardlink_to(folder / f"{number % 10:03d}.ome.tif")


def _sparse_ome(path: Path, count: int, side: int) -> None:
    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as writer:
        writer.write(shape=(count, side, side), dtype="uint16", metadata={"axes": "TYX", "PhysicalSizeX": 0.1})


def _czi(path: Path, kind: str, tiles: int) -> None:
    from pylibCZIrw import czi

    options: dict[str, Any] = {"raw": "uncompressed:", "zstd": "zstd1:ExplicitLevel=3;PreProcess=HiLoByteUnpack"}
    # 20 tiles a row, stepped by 256: 5120 x 6400 in full
    with czi.create_czi(str(path), compression_options=options[kind]) as document:
        for index in range(tiles):
            row, column = divmod(index, 20)
            for z in range(2):
                for c in range(2):
                    document.write(
                        data=frame(index % 16, 256)[..., None],
                        plane={"Z": z, "C": c, "T": 0},
                        location=(column * 256, row * 256),
                    )
        document.write_metadata(document_name="mosaic", scale_x=1e-7, scale_y=1e-7, scale_z=1e-6)

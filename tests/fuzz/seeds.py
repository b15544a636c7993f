"""Good files of every format, small, each held in memory: what mutants are made of."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
import yaml
import zarr
from PIL import Image

from omio.testing import makers
from tests.backends.leica import made as leica
from tests.backends.thorlabs import made as thorlabs
from tests.backends.tiff import lsmfile
from tests.backends.tiff.made import noise, write
from tests.backends.tiff.mmfile import NdTiff, write_stack
from tests.backends.tiff.test_stk import pixels as stk_pixels
from tests.backends.tiff.test_stk import write_stk
from tests.backends.tiff.test_svs import write_svs
from tests.backends.zarr.made import write_image
from tests.functional.files import small, two_scenes
from tests.support.czi import Tile, document, stamps, write_czi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Maker = Callable[[Path], Path]


@dataclass(frozen=True)
class Seed:
    """A good image.

    Attributes
    ----------
    files
        Content by path below the folder of the image.
    opened
        Which of the paths is opened; empty for the folder itself.
    options
        Of `omio.open`.
    """

    files: Mapping[str, bytes]
    opened: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def lay(self, folder: Path) -> Path:
        """Write the files into a new folder; return what is to be opened."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / self.opened


@cache
def seeds(family: str) -> tuple[Seed, ...]:
    """Make the seeds of a family of formats."""
    return tuple(_gather(maker) for maker in FAMILIES[family])


def _gather(maker: Maker) -> Seed:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = maker(folder)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    inner = opened.relative_to(folder).as_posix()
    options = {"axes": "ZYX"} if inner in files and opened.name.startswith("pages") else {}
    return Seed(files, "" if inner == "." else inner, options)


def pages(**options: Any) -> Maker:
    """Make pages without a meaning, to be read as Z."""
    return lambda folder: write(folder / "pages.tif", noise(3, 32, 48), **options)


def rgb(**options: Any) -> Maker:
    """Make one picture of three samples."""
    options = {"photometric": "rgb", "tile": (16, 16), **options}
    shape = (3, 40, 48) if options.get("planarconfig") else (40, 48, 3)
    return lambda folder: write(folder / "rgb.tif", noise(*shape, dtype="uint8"), **options)


def pyramid(folder: Path) -> Path:
    path = folder / "a.ome.tif"
    full = noise(2, 64, 96)
    with tifffile.TiffWriter(path, ome=True) as writer:
        tiled: dict[str, Any] = {"tile": (16, 16), "compression": "zlib", "photometric": "minisblack"}
        writer.write(full, subifds=1, metadata={"axes": "CYX"}, **tiled)
        writer.write(full[:, ::2, ::2], subfiletype=1, **tiled)
    return path


def scenes(folder: Path) -> Path:
    two_scenes(folder / "a.ome.tif")
    return folder / "a.ome.tif"


def several(folder: Path) -> Path:
    """Make two OME-TIFFs that are one image."""
    pixels = small(shape=(2, 1, 1, 16, 16))
    names = ("a_t0.ome.tif", "a_t1.ome.tif")
    uuids = tuple(f"urn:uuid:00000000-0000-4000-8000-00000000000{t}" for t in range(2))
    told = "".join(
        f'<TiffData FirstT="{t}" IFD="0" PlaneCount="1"><UUID FileName="{names[t]}">{uuids[t]}</UUID></TiffData>'
        for t in range(2)
    )
    for t, name in enumerate(names):
        xml = (
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuids[t]}"><Image ID="Image:0">'
            '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="16" SizeY="16" SizeZ="1" SizeC="1" '
            f'SizeT="2" PhysicalSizeX="0.25"><Channel ID="Channel:0:0"/>{told}</Pixels></Image></OME>'
        )
        write(folder / name, pixels[t, 0, 0], description=xml)
    return folder / names[0]


def hyperstack(folder: Path) -> Path:
    return makers.imagej(folder / "a.tif", makers.cells((2, 2, 2, 16, 24))).path


def ome(folder: Path) -> Path:
    return makers.ome_tiff(folder / "a.ome.tif", makers.cells((2, 2, 2, 16, 24))).path


def lsm(compression: str | None) -> Maker:
    def make(folder: Path) -> Path:
        info: dict[str, Any] = {
            "DimensionX": 10,
            "DimensionY": 12,
            "DimensionZ": 3,
            "DimensionTime": 2,
            "DimensionChannels": 2,
        }
        info |= {"ScanType": 0, "VoxelSizeX": 1e-6, "VoxelSizeY": 1e-6, "VoxelSizeZ": 2e-6, "DataType": 2}
        records = {
            "ScanInformation": lsmfile.scan({"Name": "a", "Tracks": [{"Name": "t", "TimeBetweenStacks": 1.0}]}),
            "ChannelColors": lsmfile.colors(["Ch1", "Ch2"], [(0, 0, 255), (0, 255, 1)]),
            "TimeStamps": lsmfile.stamps(0.0, 1.5),
        }
        return lsmfile.write_lsm(folder / "a.lsm", noise(6, 2, 12, 10), info, records, compression)

    return make


def stk(folder: Path) -> Path:
    return write_stk(folder / "a.stk", stk_pixels(), distances=(0.5,), units="um", stage=True)


def svs(folder: Path) -> Path:
    write_svs(folder / "a.svs", depth=2)
    return folder / "a.svs"


def ndtiff(folder: Path) -> Path:
    made = NdTiff(folder / "a", {"PixelSize_um": 0.5})
    for number in range(4):
        made.add({"time": number // 2, "channel": number % 2}, noise(6, 8, seed=number), ElapsedTime_ms=5.0 * number)
    return made.write()


def micromanager(folder: Path) -> Path:
    images = [(noise(6, 8, seed=t), {"FrameIndex": t, "ElapsedTime-ms": 5.0 * t}) for t in range(3)]
    summary = {"Channels": 1, "Frames": 3, "Slices": 1, "Positions": 1, "PixelSize_um": 0.5, "ChNames": ["a"]}
    return write_stack(folder / "a_MMStack.tif", images, [(0, 0, t, 0) for t in range(3)], summary)


SCALED = document(
    "<SizeX>24</SizeX><SizeY>16</SizeY><SizeC>2</SizeC><SizeZ>2</SizeZ><PixelType>Gray16</PixelType><Dimensions>"
    '<Channels><Channel Id="Channel:0" Name="a"/><Channel Id="Channel:1" Name="b"/></Channels></Dimensions>',
    '<Distance Id="X"><Value>2.5e-07</Value></Distance><Distance Id="Z"><Value>1e-06</Value></Distance>',
)


def czi(**options: Any) -> Maker:
    def make(folder: Path) -> Path:
        planes = noise(2, 2, 16, 24)
        tiles = [
            Tile(planes[c, z], {"C": c, "Z": z, "T": 0, "X": 0, "Y": 0}, **options) for c in range(2) for z in range(2)
        ]
        return write_czi(folder / "a.czi", tiles, SCALED, [stamps([0.0, 1.0])])

    return make


def mosaic(folder: Path) -> Path:
    full = noise(32, 48)
    tiles = [
        Tile(full[y : y + 16, x : x + 24], {"X": x, "Y": y, "M": number, "C": 0, "S": 0})
        for number, (y, x) in enumerate((y, x) for y in (0, 16) for x in (0, 24))
    ]
    tiles.append(Tile(full[::2, ::2], {"X": 0, "Y": 0, "C": 0, "S": 0}, (32, 48), pyramid=1))
    return write_czi(folder / "a.czi", tiles, document())


def raw(folder: Path) -> Path:
    thorlabs.raw(folder)
    return folder / "Image_0001_0001.raw"


def series(folder: Path) -> Path:
    thorlabs.series(folder)
    return folder


def sidecar(folder: Path) -> Path:
    thorlabs.pixels((2, 3, 1, 5, 6)).tofile(folder / "a.raw")
    told = {"T": 2, "Z": 3, "C": 1, "Y": 5, "X": 6, "bits": 16, "pixelunit": "nm", "PhysicalSizeX": 250}
    (folder / "a.yaml").write_text(yaml.safe_dump({**told, "TimeIncrement": 20, "TimeIncrementUnit": "ms"}))
    return folder / "a.raw"


def leica_series(folder: Path) -> Path:
    leica.write_series(folder)
    path = folder / "MetaData" / "Series014.xml"
    path.parent.mkdir()
    path.write_text(leica.raw_xml(leica.DIMS, leica.SPACING, stamps=leica.stamp_list(8)), encoding="utf-8")
    return path


def ngff(version: int) -> Maker:
    def make(folder: Path) -> Path:
        write_image(folder / "a.ome.zarr", "cyx", zarr_format=2 if version == 2 else 3)
        return folder / "a.ome.zarr"

    return make


def zipped(folder: Path) -> Path:
    write_image(folder / "a.ome.zarr", "cyx")
    shutil.make_archive(str(folder / "a.ome.zarr"), "zip", folder / "a.ome.zarr")
    shutil.rmtree(folder / "a.ome.zarr")
    return (folder / "a.ome.zarr.zip").rename(folder / "a.ozx")


def plain(**options: Any) -> Maker:
    def make(folder: Path) -> Path:
        array = zarr.create_array(
            folder / "a.zarr", shape=(3, 32, 48), dtype="uint16", dimension_names=["z", "y", "x"], **options
        )
        array[:] = noise(3, 32, 48)
        return folder / "a.zarr"

    return make


def references(version: int) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "b.ome.tif"
        tifffile.imwrite(path, noise(3, 32, 48), ome=True, metadata={"axes": "ZYX"}, compression="zlib")
        with tifffile.TiffFile(path) as tiff, tiff.aszarr() as store:
            store.write_fsspec(str(folder / "a.json"), "", version=version, zarr_format=2 + version)
        return folder / "a.json"

    return make


def picture(name: str, dtype: str = "uint8", *shape: int, **options: Any) -> Maker:
    def make(folder: Path) -> Path:
        values = np.abs(noise(*(shape or (24, 32, 3)), dtype="int64")) % (256 if dtype == "uint8" else 65536)
        Image.fromarray(values.astype(dtype)).save(folder / name, **options)
        return folder / name

    return make


FAMILIES: dict[str, tuple[Maker, ...]] = {
    "tiff": (
        pages(),
        pages(compression="zlib", predictor=True),
        pages(compression="lzw", rowsperstrip=8),
        pages(tile=(16, 16), compression="zstd"),
        pages(bigtiff=True, byteorder=">"),
        pages(compression="packbits"),
        rgb(compression="jpeg"),
        rgb(compression="jpeg2000"),
        rgb(planarconfig="separate", compression="lzma"),
    ),
    "ome-tiff": (ome, pyramid, scenes, several),
    "imagej": (hyperstack,),
    "lsm": (lsm(None), lsm("lzw")),
    "stk": (stk,),
    "svs": (svs,),
    "micromanager": (micromanager, ndtiff),
    "czi": (czi(), czi(compression="zstd-header"), czi(compression="jpeg-xr"), czi(compression="lzw"), mosaic),
    "thorlabs": (raw, series, sidecar),
    "leica": (leica_series,),
    "ome-zarr": (ngff(2), ngff(3), zipped),
    "zarr": (plain(), plain(zarr_format=3, chunks=(1, 16, 16), shards=(1, 32, 48), compressors="auto")),
    "references": (references(0), references(1)),
    "pictures": (
        picture("a.png"),
        picture("b.png", "uint16", 24, 32),
        picture("a.jpg"),
        picture("a.bmp"),
        picture("a.gif", "uint8", 24, 32),
        picture("a.webp"),
    ),
}

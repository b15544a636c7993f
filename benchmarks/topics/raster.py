"""Rows 7: tiles, regions and pictures of a slide of 20,000 x 20,000 pixels, from its path on, imports apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, cpus, elsewhere, function
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from benchmarks.case import Case
    from benchmarks.data import Data

    type Work = Callable[[], np.ndarray[Any, Any]]

TILE = 256
TILES = 300
REGION, CORNER = 4096, 1500
THUMBNAIL = 512


def groups(data: Data) -> list[Group]:
    """Rows beside large_image have its environment made by ``python -m benchmarks.environments large-image-slides``."""
    path = data.slide()

    def large_image(what: str, name: str = "large_image", *, compared: bool = True) -> tuple[Case, ...]:
        where = f"raster:large_image_{what}"
        return elsewhere(data.folder, "large-image-slides", name, where, str(path), compared=compared)

    def ours(what: str, *, compared: bool = True) -> Case:
        return function("omio", f"raster:omio_{what}", str(path), compared=compared)

    decoder = function("pread + decode", "raster:decoder_tiles", str(path))
    aszarr = function("aszarr", "raster:aszarr_region", str(path))
    level = function("level read", "raster:tifffile_level", str(path), compared=False)
    alone = "large_image, no server"
    return [
        Group(
            "7a",
            "300 random tiles",
            (decoder, *large_image("tiles"), ours("tiles")),
            (decoder.name,),
            goal=2.0,
            moonshot=1.3,
        ),
        Group(
            "7b",
            "4096 x 4096",
            (
                aszarr,
                *large_image("region"),
                *elsewhere(data.folder, "pyvips", "pyvips", "raster:pyvips_region", str(path)),
                ours("region"),
            ),
            ("large_image",),
            goal=0.5,
            moonshot=0.35,
        ),
        Group(
            "7c",
            "thumbnail of 512",
            (level, *large_image("thumbnail", compared=False), ours("thumbnail", compared=False)),
            (level.name,),
            goal=1.5,
            moonshot=1.1,
        ),
        Group(
            "7d",
            "300 random tiles as JPEG",
            (*large_image("bytes", compared=False), ours("bytes", compared=False)),
            ("large_image",),
            goal=0.3,
            moonshot=0.1,
        ),
        Group(
            "7e",
            "300 random tiles as JPEG, by HTTP",
            (*large_image("bytes", alone, compared=False), ours("served", compared=False)),
            (alone,),
        ),
        Group(
            "7f",
            "the first tile as JPEG",
            (*large_image("first", compared=False), ours("first", compared=False)),
            ("large_image",),
        ),
    ]


def _places(path: str) -> list[tuple[int, int]]:
    """Return numbers of whole tiles, x and y, each another, the same in every process."""
    import numpy as np

    count = int(Path(path).stem.rpartition("-")[2]) // TILE
    chosen = np.random.default_rng(3).choice(count * count, TILES, replace=count * count < TILES)
    return [(int(number) % count, int(number) // count) for number in chosen]


def _gathered(tiles: Iterator[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    found = np.empty((TILES, TILE, TILE, 3), np.uint8)
    for number, tile in enumerate(tiles):
        found[number] = tile
    return found


def decoder_tiles(path: str) -> Work:
    """Read and decode where tifffile says that the tiles lie; finding that out is not timed."""
    import os

    import imagecodecs
    import tifffile

    places = _places(path)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages.first
        across = -(-page.imagewidth // TILE)
        where = [(page.databytecounts[y * across + x], page.dataoffsets[y * across + x]) for x, y in places]
        tables = page.jpegtables
    descriptor = os.open(path, os.O_RDONLY)

    def tiles() -> Iterator[Any]:
        for count, offset in where:
            yield imagecodecs.jpeg8_decode(os.pread(descriptor, count, offset), tables=tables, outcolorspace="rgb")

    return lambda: _gathered(tiles())


def aszarr_region(path: str) -> Work:
    load("imagecodecs")
    import numpy as np
    import tifffile
    import zarr

    run = slice(CORNER, CORNER + REGION)

    def work() -> np.ndarray[Any, Any]:
        with tifffile.TiffFile(path) as tif:
            return np.asarray(zarr.open_array(tif.aszarr(level=0), mode="r")[run, run])

    return work


def tifffile_level(path: str) -> Work:
    """Read the coarsest level that is as large as the thumbnail."""
    load("imagecodecs")
    import tifffile

    def work() -> np.ndarray[Any, Any]:
        with tifffile.TiffFile(path) as tif:
            enough = [level for level in tif.series[0].levels if max(level.shape) >= THUMBNAIL]
            return enough[-1].asarray(maxworkers=cpus())

    return work


def pyvips_region(path: str) -> Work:
    import pyvips

    def work() -> np.ndarray[Any, Any]:
        image = pyvips.Image.new_from_file(path, access="random")
        pixels: np.ndarray[Any, Any] = image.crop(CORNER, CORNER, REGION, REGION).numpy()
        return pixels

    return work


def _source(path: str) -> Any:
    import large_image_source_tiff

    return large_image_source_tiff.TiffFileTileSource(path)


def large_image_tiles(path: str) -> Work:
    load("large_image_source_tiff")
    places = _places(path)

    def tiles() -> Iterator[Any]:
        source = _source(path)
        for x, y in places:
            yield source.getTile(x, y, source.levels - 1, numpyAllowed="always")

    return lambda: _gathered(tiles())


def large_image_region(path: str) -> Work:
    load("large_image_source_tiff")
    import large_image

    box = {"left": CORNER, "top": CORNER, "width": REGION, "height": REGION, "units": "base_pixels"}
    numpy = large_image.constants.TILE_FORMAT_NUMPY

    def work() -> np.ndarray[Any, Any]:
        pixels: np.ndarray[Any, Any] = _source(path).getRegion(region=box, format=numpy)[0]
        return pixels

    return work


def large_image_thumbnail(path: str) -> Work:
    load("large_image_source_tiff")
    import large_image

    numpy = large_image.constants.TILE_FORMAT_NUMPY

    def work() -> np.ndarray[Any, Any]:
        pixels: np.ndarray[Any, Any] = _source(path).getThumbnail(THUMBNAIL, THUMBNAIL, format=numpy)[0]
        return pixels

    return work


def large_image_bytes(path: str) -> Callable[[], int]:
    load("large_image_source_tiff")
    places = _places(path)

    def work() -> int:
        source = _source(path)
        return sum(len(source.getTile(x, y, source.levels - 1)) for x, y in places)

    return work


def large_image_first(path: str) -> Callable[[], int]:
    load("large_image_source_tiff")

    def work() -> int:
        source = _source(path)
        return len(source.getTile(1, 1, source.levels - 1))

    return work


def _prepare() -> None:
    load_omio(
        "PIL.ImageFile", "omio.dataset.folders", "omio.raster.encoded", "omio.raster.region", "omio.raster.thumbnail"
    )


def omio_tiles(path: str) -> Work:
    _prepare()
    import omio

    places = _places(path)

    def tiles() -> Iterator[Any]:
        dataset = omio.open(path)
        for x, y in places:
            yield dataset.tile(0, x, y)

    return lambda: _gathered(tiles())


def omio_region(path: str) -> Work:
    _prepare()
    import omio

    side = (CORNER, CORNER + REGION)
    return lambda: omio.open(path).region(x=side, y=side).load()


def omio_thumbnail(path: str) -> Work:
    _prepare()
    import omio

    return lambda: omio.open(path).thumbnail(THUMBNAIL)


def omio_bytes(path: str) -> Callable[[], int]:
    _prepare()
    import omio

    places = _places(path)

    def work() -> int:
        dataset = omio.open(path)
        return sum(len(dataset.tile_bytes(0, x, y)) for x, y in places)

    return work


def omio_first(path: str) -> Callable[[], int]:
    _prepare()
    import omio

    return lambda: len(omio.open(path).tile_bytes(0, 1, 1))


def omio_served(path: str) -> Callable[[], int]:
    """Open, serve and ask over one connection that is kept, all in one process."""
    _prepare()
    load("uvicorn", "starlette.applications", "omio.serve.app", "omio.serve.server")
    import json
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    import omio.serve

    places = _places(path)

    def work() -> int:
        with omio.serve.serve(path) as server:
            url = urlsplit(server.url)
            connection = HTTPConnection(url.netloc)

            def ask(place: str) -> bytes:
                connection.request("GET", url.path + place)
                return connection.getresponse().read()

            image = json.loads(ask("api/images"))["images"][0]["id"]
            finest = omio.open(path).n_levels - 1
            total = sum(len(ask(f"api/{image}/tile/{finest}/{x}/{y}.jpg")) for x, y in places)
            connection.close()
        return total

    return work

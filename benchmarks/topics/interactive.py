"""Rows 10: how long a person waits for the next plane and the next tile, asked for as viewers ask.

A step is one answer: p50 and p95 of all steps are what counts, not their sum. Nothing is read ahead of being asked.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, closing
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.case import Group, elsewhere, function
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.data import Data

STEPS = 200
TILE = 256
VIEW = 4
"""Tiles that a window shows, across and down."""


def groups(data: Data) -> list[Group]:
    stack, tiled, slide = str(data.stack("zlib")), str(data.tiled()), str(data.slide())

    def ours(what: str, path: str) -> Any:
        return function("omio", f"interactive:omio_{what}", path)

    return [
        Group(
            "10a",
            "scroll planes of a zlib stack, as napari asks",
            (function("tifffile pages", "interactive:tifffile_scroll", stack), ours("scroll", stack)),
            ("tifffile pages",),
        ),
        Group(
            "10b",
            "pan over a tiled zlib plane, as napari asks",
            (function("aszarr", "interactive:aszarr_pan", tiled), ours("pan", tiled)),
            ("aszarr",),
        ),
        Group(
            "10c",
            "pan over a slide, tiles as JPEG; omio's by HTTP",
            (
                *elsewhere(
                    data.folder,
                    "large-image-slides",
                    "large_image, no server",
                    "interactive:large_image_tiles",
                    slide,
                    compared=False,
                ),
                function("omio", "interactive:omio_tiles", slide, compared=False),
            ),
            ("large_image, no server",),
        ),
        Group(
            "10d",
            "pan over a tiled zlib plane in the browser viewer, tiles as PNG by HTTP",
            (function("omio", "interactive:omio_drawn", tiled, compared=False),),
        ),
    ]


class Steps:
    """The work of asking once for each of some places; what each answer took is kept."""

    def __init__(self, ask: Callable[[Any], Any], places: Iterable[Any]) -> None:
        self.ask, self.places = ask, list(places)
        self.steps: list[float] = []

    def __call__(self) -> int:
        total = 0
        for place in self.places:
            started = time.perf_counter()
            answer = self.ask(place)
            self.steps.append(time.perf_counter() - started)
            total += len(answer) if isinstance(answer, bytes) else int(answer.sum())
        return total


def _there_and_back(count: int) -> list[int]:
    """Return planes as a slider that is drawn to the end and back gives them."""
    there = [number * 2 * (count - 1) // (STEPS - 1) for number in range(STEPS)]
    return [min(place, 2 * (count - 1) - place) for place in there]


def _windows(side: int) -> Iterator[tuple[int, int]]:
    """Yield the left top tile of a window that moves by a tile, row after row, there and back."""
    across = max(1, side // TILE - VIEW + 1)
    for step in range(STEPS // VIEW):
        row, column = divmod(step, across)
        yield (column if row % 2 == 0 else across - 1 - column), row % across


def _tiles_of_windows(side: int) -> list[tuple[int, int]]:
    """Return the tiles that windows show and the ones before did not, as x and y."""
    shown: dict[tuple[int, int], None] = {}
    for left, top in _windows(side):
        shown |= dict.fromkeys((left + x, top + y) for y in range(VIEW) for x in range(VIEW))
    return list(shown)[:STEPS]


def tifffile_scroll(path: str) -> Steps:
    load("imagecodecs")
    import tifffile

    pages = tifffile.TiffFile(path).pages

    def page(number: int) -> Any:
        return pages[number].asarray()

    return Steps(page, _there_and_back(len(pages)))


def omio_scroll(path: str) -> Steps:
    load_omio("omio.viewing.layers")
    import numpy as np

    import omio
    from omio.viewing.layers import layer_specs

    (layer,) = layer_specs(omio.open(path, axes="TYX"))
    return Steps(lambda number: np.asarray(layer.data[number]), _there_and_back(len(layer.data)))


def _window(pixels: Any, place: tuple[int, int]) -> Any:
    import numpy as np

    left, top = place
    across, down = slice(left * TILE, (left + VIEW) * TILE), slice(top * TILE, (top + VIEW) * TILE)
    return np.asarray(pixels[down, across])


def aszarr_pan(path: str) -> Steps:
    load("imagecodecs")
    import tifffile
    import zarr

    pixels = zarr.open_array(tifffile.TiffFile(path).aszarr(), mode="r")
    return Steps(partial(_window, pixels), _windows(pixels.shape[-1]))


def omio_pan(path: str) -> Steps:
    load_omio("omio.viewing.layers")
    import omio
    from omio.viewing.layers import layer_specs

    (layer,) = layer_specs(omio.open(path))
    return Steps(partial(_window, layer.data), _windows(layer.data.shape[-1]))


def large_image_tiles(path: str) -> Steps:
    load("large_image_source_tiff")
    import large_image_source_tiff

    source = large_image_source_tiff.TiffFileTileSource(path)
    finest = source.levels - 1
    return Steps(lambda place: source.getTile(*place, finest), _tiles_of_windows(source.sizeX))


def omio_tiles(path: str) -> Steps:
    return _served(path, "jpg")


def omio_drawn(path: str) -> Steps:
    return _served(path, "png")


def _served(path: str, kind: str) -> Steps:
    """Serve in this process, and ask over one connection that is kept, as a browser does over a few."""
    load_omio("PIL.ImageFile", "omio.raster.encoded", "omio.raster.region", "omio.raster.thumbnail")
    load("uvicorn", "starlette.applications", "omio.serve.app", "omio.serve.server")
    import omio.serve

    side = omio.open(path).sizes["X"]
    kept = ExitStack()
    url = urlsplit(kept.enter_context(omio.serve.serve(path)).url)
    connection = kept.enter_context(closing(HTTPConnection(url.netloc)))

    def ask(place: str) -> bytes:
        connection.request("GET", url.path + place)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body

    (shown,) = json.loads(ask("api/images"))["images"]
    finest = len(json.loads(ask(f"api/{shown['id']}/info"))["levels"]) - 1

    def tile(place: tuple[int, int]) -> bytes:
        x, y = place
        return ask(f"api/{shown['id']}/tile/{finest}/{x}/{y}.{kind}")

    return Steps(tile, _tiles_of_windows(side))

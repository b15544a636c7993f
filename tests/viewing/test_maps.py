"""Maps of ipyleaflet, held to what Leaflet does with them: which tiles it asks for, where it puts them, what comes."""

from __future__ import annotations

import http.client
import io
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

import omio
from omio.errors import MissingDependencyError, OmioError, OptionError, PolicyError, SelectionError
from omio.testing import makers
from omio.viewing.maps import HEIGHT, to_pixel, to_place

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
ipyleaflet = pytest.importorskip("ipyleaflet", reason="the extra map is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ROWS, COLUMNS = 700, 1000


@pytest.fixture(scope="module")
def picture() -> omio.MicroscopyDataset:
    """RGB of 8 bits, which is shown as it is; three levels of tiles."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return omio.MicroscopyDataset.from_array(np.stack([x % 256, y % 256, (x + y) % 256], -1).astype("uint8"), "YXS")


@pytest.fixture(scope="module")
def shown(picture: omio.MicroscopyDataset) -> Iterator[Any]:
    made = picture.to_map()
    yield made
    made.close()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def asked(url: str, headers: Mapping[str, str] | None = None, **place: int) -> Answer:
    parts = urlsplit(url.format(**place))
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def fetched(url: str, **place: int) -> NDArray[np.uint8]:
    answer = asked(url, None, **place)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png"), answer.body
    with Image.open(io.BytesIO(answer.body)) as found:
        return np.asarray(found)


def tiles_that_leaflet_asks_for(layer: Any, z: int) -> list[tuple[int, int]]:
    """Return x and y of the tiles that overlap the bounds of a layer, as GridLayer finds them in CRS.Simple."""
    (south, west), (north, east) = layer.bounds
    side = layer.tile_size / 2**z
    columns = range(math.floor(west / side), math.ceil(east / side))
    rows = range(math.floor(-north / side), math.ceil(-south / side))
    return [(x, y) for y in rows for x in columns]


def test_tiles_are_those_of_the_image_all_of_one_size(picture: omio.MicroscopyDataset, shown: Any) -> None:
    (layer,) = shown.layers
    assert (layer.tile_size, layer.min_native_zoom, layer.max_native_zoom) == (256, 0, picture.n_levels - 1)
    for z in range(picture.n_levels):
        level = picture.n_levels - 1 - z
        for x, y in tiles_that_leaflet_asks_for(layer, z):
            found, wanted = fetched(layer.url, z=z, x=x, y=y), picture.tile(level, x, y, size=256, edge="crop")
            height, width = wanted.shape[:2]
            assert found.shape[:2] == (256, 256)
            np.testing.assert_array_equal(found[:height, :width, :3], wanted)
            if (height, width) != (256, 256):
                assert (found[:height, :width, 3] == 255).all()
                assert not found[height:].any()
                assert not found[:, width:].any()


def test_no_other_tile_lies_within_the_bounds(picture: omio.MicroscopyDataset, shown: Any) -> None:
    (layer,) = shown.layers
    for z in range(picture.n_levels):
        wanted = tiles_that_leaflet_asks_for(layer, z)
        columns, rows = (1 + max(place) for place in zip(*wanted, strict=True))
        assert len(wanted) == columns * rows
        for x, y in ((columns, 0), (0, rows)):
            assert asked(layer.url, z=z, x=x, y=y).status == 404
    assert asked(layer.url, z=picture.n_levels, x=0, y=0).status == 404


@pytest.mark.parametrize("extent", [(ROWS, COLUMNS), (5, 3), (3000, 40), (256, 256), (1, 5000)], ids=str)
def test_the_image_is_seen_whole_and_as_large_as_the_map_allows(extent: tuple[int, int]) -> None:
    made = omio.MicroscopyDataset.from_array(np.zeros(extent, "uint8"), "YX").to_map()
    ((south, west), (north, east)) = made.layers[0].bounds
    longest = max(north - south, east - west) * 2**made.zoom
    assert HEIGHT / 2 < longest <= HEIGHT
    assert made.layout.height == f"{HEIGHT}px"
    assert tuple(made.center) == ((south + north) / 2, (west + east) / 2)
    assert made.min_zoom <= made.zoom <= made.max_zoom
    assert made.layers[0].min_zoom <= made.min_zoom
    assert made.layers[0].max_zoom == made.max_zoom > made.layers[0].max_native_zoom
    assert made.crs["name"] == "Simple"
    made.close()


def test_places_and_pixels_are_ways_back_and_forth(picture: omio.MicroscopyDataset, shown: Any) -> None:
    (south, west), (north, east) = shown.layers[0].bounds
    assert to_place(picture, 0, 0) == (north, west) == (0, 0)
    assert to_place(picture, ROWS, COLUMNS) == (south, east)
    assert to_pixel(picture, *to_place(picture, 333.25, 0.5)) == (333.25, 0.5)
    latitude, longitude = to_place(picture, 300, 600)
    z = shown.layers[0].max_native_zoom
    at = int(longitude * 2**z), int(-latitude * 2**z)  # pixels of CRS.Simple at that zoom
    tile = fetched(shown.layers[0].url, z=z, x=at[0] // 256, y=at[1] // 256)
    np.testing.assert_array_equal(tile[at[1] % 256, at[0] % 256, :3], picture.load()[0, 0, 0, 300, 600])


def test_nothing_comes_from_elsewhere(shown: Any) -> None:
    home = shown.layers[0].url.partition("/api/")[0]
    widgets = [shown, *shown.layers, *shown.controls]
    texts = [text for widget in widgets for text in widget.get_state().values() if isinstance(text, str)]
    assert [text for text in texts if "//" in text and not text.startswith(home)] == []
    assert len(shown.layers) == 1
    assert not shown.layers[0].attribution


def test_pages_of_other_origins_may_show_the_tiles_and_read_nothing(shown: Any) -> None:
    answer = asked(shown.layers[0].url, {"Origin": "http://localhost:8888"}, z=0, x=0, y=0)
    assert answer.status == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-origin" not in answer.headers


def test_the_server_ends_with_the_map(picture: omio.MicroscopyDataset) -> None:
    made = picture.to_map()
    url = made.layers[0].url.format(z=0, x=0, y=0)
    assert fetched(url).shape == (256, 256, 4)
    made.close()
    with pytest.raises(ConnectionRefusedError):
        fetched(url)
    made.close()


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> omio.MicroscopyDataset:
    path: Path = tmp_path_factory.mktemp("maps") / "cells.ome.tif"
    makers.ome_tiff(path)
    return omio.open(path)


def test_a_plane_and_a_style_are_those_that_were_asked_for(cells: omio.MicroscopyDataset) -> None:
    style = {"channels": {1: "red", 0: "#0f0"}, "clim": {0: (100, 2000), 1: "minmax"}, "gamma": {1: 0.5}}
    made = cells.to_map(t=2, z=3, style=style)
    assert made.layers[0].name == cells.name
    found = fetched(made.layers[0].url, z=0, x=0, y=0)[:96, :128, :3]
    np.testing.assert_allclose(found, cells.style(style).render(t=2, z=3), atol=1)
    made.close()


def test_one_channel_alone_is_in_its_own_colour(cells: omio.MicroscopyDataset) -> None:
    made = cells.to_map(c=1)
    found = fetched(made.layers[0].url, z=0, x=0, y=0)[:96, :128, :3]
    np.testing.assert_allclose(found, cells.style(channels=[1]).render(), atol=1)
    made.close()


def test_no_pixel_is_read_before_somebody_looks() -> None:
    class Unread:
        shape, dtype, ndim = (2, 512, 512), np.dtype(np.uint16), 3

        def __getitem__(self, key: Any) -> NDArray[Any]:
            raise AssertionError(f"{key} was read")

    ds = omio.MicroscopyDataset.from_array(Unread(), "CYX")
    ds.to_map(style={"channels": {0: "cyan"}, "clim": (0, 5), "gamma": 2}).close()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"t": 3}, SelectionError),
        ({"z": -1}, OptionError),
        ({"c": 2}, SelectionError),
        ({"c": 0, "style": {"channels": [1]}}, OptionError),
        ({"style": {"blend": "add"}}, OptionError),
        ({"style": {"nodata": 0, "invert": True}}, OptionError),
        ({"style": {"palette": "magma"}}, OptionError),
        ({"style": {"channels": {0: ["red", "white"]}}}, OptionError),
        ({"style": {"gamma": 1000}}, OptionError),
        ({"style": {"hue": 1}}, PolicyError),
    ],
    ids=str,
)
def test_what_tiles_cannot_show_is_refused_at_once(
    cells: omio.MicroscopyDataset, options: dict[str, Any], kind: type[OmioError]
) -> None:
    with pytest.raises(kind):
        cells.to_map(**options)


def test_complex_pixels_have_no_map() -> None:
    with pytest.raises(PolicyError):
        omio.MicroscopyDataset.from_array(np.zeros((3, 4), "complex64"), "YX").to_map()


def test_a_missing_extra_is_named(cells: omio.MicroscopyDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipyleaflet", None)
    with pytest.raises(MissingDependencyError, match=r"omio\[map\]"):
        cells.to_map()

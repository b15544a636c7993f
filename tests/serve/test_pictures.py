"""What is seen: tiles that fit together, regions, thumbnails, numbers."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.serve import serve
from omio.testing import makers
from tests.raster.test_geo import geotiff
from tests.serve.client import Answer, ask, first_id
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.serve.server import Server

HEIGHT, WIDTH = 700, 1000


@pytest.fixture(scope="module")
def large() -> omio.MicroscopyDataset:
    """Two channels of 16 bits that grow to the right and downwards, and from one time to the next."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([x * 3, y * 4]).astype("uint16")
    return omio.MicroscopyDataset.from_array(
        np.stack([pixels, pixels + 50]),
        "TCYX",
        pixel_size={"Y": 0.5, "X": 0.25},
        channels=[{"name": "a", "color": "#FF0000"}, {"name": "b", "color": "#00FF00"}],
    )


@pytest.fixture(scope="module")
def showing(large: omio.MicroscopyDataset) -> Iterator[Server]:
    with serve(large) as running:
        yield running


def pixels_of(answer: Answer) -> NDArray[np.uint8]:
    assert answer.status == 200, answer.body
    with Image.open(io.BytesIO(answer.body)) as picture:
        return np.asarray(picture)


def get(server: Server, path: str) -> Answer:
    return ask(server, f"api/{first_id(server)}/{path}")


def seen(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """Return brightness of values as the renderer defines it, up to rounding."""
    return np.clip((values - low) / (high - low), 0, 1) * 255


def test_levels_are_listed_as_they_are_served(showing: Server) -> None:
    info = get(showing, "info").json
    assert info["levels"] == [[250, 175], [500, 350], [1000, 700]]
    for z, (width, height) in enumerate(info["levels"]):
        rows, columns = math.ceil(height / 256), math.ceil(width / 256)
        for y in range(rows):
            for x in range(columns):
                tile = pixels_of(get(showing, f"tile/{z}/{x}/{y}.png"))
                assert tile.shape == (min(256, height - 256 * y), min(256, width - 256 * x), 3)
        assert get(showing, f"tile/{z}/{columns}/0.png").status == 404
        assert get(showing, f"tile/{z}/0/{rows}.png").status == 404
    assert get(showing, f"tile/{len(info['levels'])}/0/0.png").status == 404


def test_tiles_put_together_are_the_image_under_one_pair_of_limits(
    large: omio.MicroscopyDataset, showing: Server
) -> None:
    limits = [channel["limits"] for channel in get(showing, "info").json["channels"]]
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for y in range(3):
        for x in range(4):
            tile = pixels_of(get(showing, f"tile/2/{x}/{y}.png"))
            whole[y * 256 : y * 256 + tile.shape[0], x * 256 : x * 256 + tile.shape[1]] = tile
    for channel in range(2):
        expected = seen(large.load()[0, 0, channel].astype(float), *limits[channel])
        assert np.abs(whole[..., channel] - expected).max() <= 1
    assert not whole[..., 2].any()


def test_what_is_asked_for_is_shown(large: omio.MicroscopyDataset, showing: Server) -> None:
    tile = pixels_of(get(showing, "tile/2/1/1.png?t=1&c=1&min=100&max=3000&color=0000ff&gamma=2"))
    values = large.load()[1, 0, 1, 256:512, 256:512].astype(float)
    expected = (seen(values, 100, 3000) / 255) ** 2 * 255
    assert np.abs(tile[..., 2] - expected).max() <= 1
    assert not tile[..., :2].any()


def test_what_is_left_open_is_chosen_channel_by_channel(showing: Server) -> None:
    chosen = pixels_of(get(showing, "tile/2/0/0.png?c=1,0&min=,7&max=2000,&color=,00ffff"))
    limits = [channel["limits"] for channel in get(showing, "info").json["channels"]]
    low, high = limits[1][0], limits[0][1]
    said = pixels_of(get(showing, f"tile/2/0/0.png?c=0,1&min=7,{low}&max={high},2000&color=00ffff,00ff00"))
    assert np.array_equal(chosen, said)


@pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_encodings(showing: Server, ending: str, kind: str) -> None:
    answer = get(showing, f"tile/0/0/0.{ending}")
    with Image.open(io.BytesIO(answer.body)) as picture:
        assert (picture.format, picture.size) == (kind, (250, 175))
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    exact = pixels_of(get(showing, "tile/0/0/0.png")).astype(int)
    assert np.abs(pixels_of(answer) - exact).mean() < 3


def test_quality_is_that_of_lossy_pictures(showing: Server) -> None:
    sizes = [len(get(showing, f"tile/0/0/0.jpg?quality={quality}").body) for quality in (10, 50, 95)]
    assert sizes == sorted(set(sizes))
    assert get(showing, "tile/0/0/0.webp?quality=10").body != get(showing, "tile/0/0/0.webp").body


def test_a_tile_that_the_client_has_is_not_sent_again(showing: Server) -> None:
    first = get(showing, "tile/0/0/0.png")
    path = f"api/{first_id(showing)}/tile/0/0/0.png"
    assert ask(showing, path, If_None_Match=first.headers["etag"]).status == 304
    assert ask(showing, f"{path}?min=1,1", If_None_Match=first.headers["etag"]).status == 200
    assert first.headers["cache-control"].startswith("private")


def test_a_region_in_pixels_and_in_lengths(large: omio.MicroscopyDataset, showing: Server) -> None:
    low, high = get(showing, "info").json["channels"][0]["limits"]
    expected = seen(large.load()[0, 0, 0, 100:140, 200:300].astype(float), low, high)
    for query in ("x=200,300&y=100,140", "x=50,75&y=50,70&units=um"):
        found = pixels_of(get(showing, f"region.png?{query}&c=0"))
        assert found.shape == (40, 100, 3)
        assert np.abs(found[..., 0] - expected).max() <= 1


def test_a_region_is_made_smaller_where_asked_and_never_larger(showing: Server) -> None:
    assert pixels_of(get(showing, "region.png?max_width=100")).shape == (70, 100, 3)
    assert pixels_of(get(showing, "region.png?x=0,50&max_width=400")).shape == (700, 50, 3)
    assert pixels_of(get(showing, "region.png?x=0,50&y=0,50&max_width=400")).shape == (50, 50, 3)


def test_a_region_of_more_pixels_than_may_be_read_is_refused() -> None:
    from omio.serve.limits import Limits
    from omio.serve.server import Server

    image = omio.MicroscopyDataset.from_array(np.zeros((400, 400), "uint16"))
    with Server([image], limits=Limits(decoded=1000)) as strict:
        assert get(strict, "region.png").status == 413
        assert get(strict, "region.png?x=0,10&y=0,10").status == 200


def test_thumbnails_fit_into_a_square(showing: Server) -> None:
    assert pixels_of(get(showing, "thumbnail.jpg?size=100")).shape == (70, 100, 3)
    assert max(pixels_of(get(showing, "thumbnail.png")).shape) == 256


def test_rgb_is_shown_as_it_is(tmp_path: Path) -> None:
    makers.rgb(tmp_path / "stained.tif")
    with omio.open(tmp_path / "stained.tif") as image, serve(image) as running:
        assert np.array_equal(pixels_of(get(running, "tile/0/0/0.png")), image.load()[0, 0, 0])
        assert get(running, "info").json["rgb"] is True
        assert get(running, "pixel?x=3&y=4").json["values"] == [image.load()[0, 0, 0, 4, 3].tolist()]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "int64", "float32", "float64"])
def test_every_dtype_has_a_picture(dtype: str) -> None:
    values = (np.random.default_rng(5).random((60, 80)) * 100).astype(dtype)
    with serve(omio.MicroscopyDataset.from_array(values)) as running:
        assert pixels_of(get(running, "tile/0/0/0.png")).shape == (60, 80, 3)
        channel = get(running, "info").json["channels"][0]
    low, high = channel["range"]
    assert low <= channel["limits"][0] <= channel["limits"][1] <= high


def test_pixels_without_an_order_have_no_picture_but_values() -> None:
    values = np.full((60, 80), 1 + 2j, "complex64")
    with serve(omio.MicroscopyDataset.from_array(values)) as running:
        assert get(running, "tile/0/0/0.png").status == 400
        assert get(running, "pixel?x=0&y=0").json["values"] == ["(1+2j)"]
        assert get(running, "info").json["channels"][0]["limits"] is None


def test_not_a_number_is_said_and_does_not_count() -> None:
    values = np.ones((60, 80), "float32")
    values[:30] = np.nan
    values[-1] = 3
    with serve(omio.MicroscopyDataset.from_array(values)) as running:
        assert get(running, "pixel?x=0&y=0").json["values"] == ["nan"]
        counted = get(running, "histogram?bins=2").json["channels"][0]
        summed = get(running, "plane-stats").json["channels"][0]
    assert (counted["counts"], counted["min"], counted["max"]) == ([29 * 80, 80], 1, 3)
    assert summed["mean"] == pytest.approx((29 + 3) / 30)


def test_an_image_without_a_number_is_no_mistake() -> None:
    values = np.full((60, 80), np.nan, "float32")
    with serve(omio.MicroscopyDataset.from_array(values)) as running:
        assert get(running, "info").status == 200
        assert get(running, "histogram").json["channels"][0]["counts"] == []
        assert get(running, "plane-stats").json["channels"][0]["mean"] is None
        assert not pixels_of(get(running, "tile/0/0/0.png")).any()


def test_a_pixel_has_its_values_and_its_place(image: omio.MicroscopyDataset, server: Server) -> None:
    found = get(server, "pixel?x=100&y=50&t=2&zplane=3").json
    assert found["values"] == image.load()[2, 3, :, 50, 100].tolist()
    assert found["position"] == pytest.approx({"X": 32.5, "Y": 16.25, "Z": 4.5})
    one = get(server, "pixel?x=100&y=50&t=2&zplane=3&c=1").json
    assert one["values"] == found["values"][1:]


def test_a_histogram_is_numpys(image: omio.MicroscopyDataset, server: Server) -> None:
    for channel in get(server, "histogram?t=1&zplane=2&bins=10").json["channels"]:
        values = image.load()[1, 2, channel["c"]]
        counts, edges = np.histogram(values, 10, (values.min(), int(values.max()) + 1))
        assert (channel["counts"], channel["edges"]) == (counts.tolist(), edges.tolist())


def test_a_histogram_of_few_whole_numbers_has_a_bin_for_each() -> None:
    values = np.repeat(np.array([3, 4, 4, 7], "uint8"), 100).reshape(20, 20)
    with serve(omio.MicroscopyDataset.from_array(values)) as running:
        counted = get(running, "histogram").json["channels"][0]
    assert counted["counts"] == [100, 200, 0, 0, 100]
    assert counted["edges"] == [3, 4, 5, 6, 7, 8]


def test_what_is_told_of_an_image(image: omio.MicroscopyDataset, server: Server) -> None:
    info = get(server, "info").json
    assert info["sizes"] == {"T": 3, "Z": 5, "C": 2, "Y": 96, "X": 128}
    assert info["pixel_size"] == pytest.approx({"Z": 1.5, "Y": 0.325, "X": 0.325})
    assert (info["times"], info["z_positions"]) == ([0, 2.5, 5], [0, 1.5, 3, 4.5, 6])
    assert [channel["name"] for channel in info["channels"]] == ["EGFP", "mCherry"]
    assert [channel["emission_nm"] for channel in info["channels"]] == [509, 610]
    assert info["channels"][0]["range"] == [0, 65535]
    assert ask(server, f"{info['zarr']['0.5']}/zarr.json").status == 200
    assert ask(server, f"{info['zarr']['0.4']}/.zattrs").status == 200


def test_what_is_not_known_is_null() -> None:
    with serve(omio.MicroscopyDataset.from_array(np.zeros((8, 9), "uint8"))) as running:
        info = get(running, "info").json
    assert info["pixel_size"] == {"Z": None, "Y": None, "X": None}
    assert info["times"] is info["z_positions"] is info["time_increment"] is None


def test_an_image_without_pixels_is_said_to_have_none(large: omio.MicroscopyDataset) -> None:
    with serve(large.isel(X=slice(0, 0))) as running:
        for path in ("info", "tile/0/0/0.png", "thumbnail.jpg"):
            answer = get(running, path)
            assert (answer.status, answer.json["kind"]) == (400, "LayoutError")


def test_deep_zoom(showing: Server) -> None:
    own = first_id(showing)
    document = ElementTree.fromstring(ask(showing, f"dzi/{own}.dzi").body)  # noqa: S314 - our own
    size = document[0].attrib
    assert (size, document.attrib["TileSize"]) == ({"Width": "1000", "Height": "700"}, "256")
    shapes = [pixels_of(ask(showing, f"dzi/{own}_files/{level}/0_0.png")).shape[:2] for level in range(11)]
    assert shapes[-1] == (256, 256)
    for level, (height, width) in enumerate(shapes[:9]):
        reduced = [math.ceil(side / 2 ** (10 - level)) for side in (700, 1000)]
        assert np.abs(np.subtract(reduced, (height, width))).max() <= 1
    assert np.array_equal(
        pixels_of(ask(showing, f"dzi/{own}_files/10/3_2.png")), pixels_of(get(showing, "tile/2/3/2.png"))
    )
    assert ask(showing, f"dzi/{own}_files/11/0_0.png").status == 404
    assert ask(showing, f"dzi/{own}_files/3/1_0.png").status == 404


def test_associated_pictures_of_a_real_slide() -> None:
    with omio.open(real("svs-cmu1-small.svs")) as slide, serve(slide) as running:
        listed = get(running, "info").json["associated"]
        assert set(listed) == set(slide.associated)
        for key, told in listed.items():
            found = pixels_of(ask(running, told["url"]))
            assert found.shape[:2] == (told["height"], told["width"])
            assert np.array_equal(found, slide.associated[key].load()[0, 0, 0])
        assert get(running, "associated/none.png").status == 404


@pytest.mark.parametrize(
    "name", ["czi-nuc-small.czi", "czi-rgb8.czi", "svs-cmu1-small.svs", "odd-gradient-1c-64b-float.tiff"]
)
def test_real_files_have_pictures(name: str) -> None:
    with omio.open_collection(real(name)) as scenes, serve(scenes) as running:
        info = get(running, "info").json
        for z in range(len(info["levels"])):
            assert pixels_of(get(running, f"tile/{z}/0/0.jpg")).any()


class TestTilesOfAFile:
    """Tiles that a file holds as pictures are handed on, and cut where the file cuts them."""

    @pytest.fixture
    def slide(self, tmp_path: Path) -> Iterator[Server]:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        pixels = np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype("uint8")
        path = tmp_path / "slide.tif"
        tifffile.imwrite(path, pixels, tile=(240, 240), photometric="rgb", compression="jpeg")
        with serve(path) as running:
            yield running

    def test_tiles_have_the_bytes_of_the_file(self, slide: Server, tmp_path: Path) -> None:
        info = get(slide, "info").json
        assert (info["tile"], info["tiles_are"], len(info["levels"])) == (240, "jpeg", 4)
        with omio.open(tmp_path / "slide.tif") as image:
            for url in ("tile/3/2/1.jpg", "tile/3/2/1.jpg?zplane=0&c=0"):
                assert get(slide, url).body == image.tile_bytes(0, 2, 1)
            assert np.array_equal(pixels_of(get(slide, "tile/3/2/1.png")), image.tile(0, 2, 1))
            assert np.array_equal(pixels_of(get(slide, "tile/3/4/2.png")), image.tile(0, 4, 2, edge="crop"))
            finest = math.ceil(math.log2(WIDTH))
            deep = ask(slide, f"dzi/{first_id(slide)}_files/{finest}/2_1.jpg")
            assert deep.body == image.tile_bytes(0, 2, 1)
        assert b'TileSize="240"' in ask(slide, f"dzi/{first_id(slide)}.dzi").body

    def test_what_is_asked_of_the_pixels_is_done(self, slide: Server) -> None:
        plain = get(slide, "tile/3/2/1.jpg").body
        for query in ("quality=50", "min=0&max=100", "gamma=2"):
            assert get(slide, f"tile/3/2/1.jpg?{query}").body != plain

    def test_other_images_are_cut_as_ever(self, showing: Server) -> None:
        info = get(showing, "info").json
        assert (info["tile"], info["tiles_are"]) == (256, None)


def test_a_region_lies_on_the_map_of_a_geotiff(tmp_path: Path) -> None:
    path = geotiff(tmp_path / "land.tif")  # pixels of 10 m, the upper left corner at 500 km east and 5400 km north
    with serve(path) as running:
        found = pixels_of(get(running, "region.png?units=EPSG:32632&x=501000,502000&y=5399000,5399500"))
        low, high = get(running, "info").json["channels"][0]["limits"]
        assert found.shape == (50, 100, 3)
        plane = omio.open(path).load()[0, 0, 0]
        assert np.abs(found[..., 0] - seen(plane[50:100, 100:200], low, high)).max() <= 1
        small = pixels_of(get(running, "region.png?units=epsg:32632&x=501000,502000&max_width=20"))
        assert small.shape[1] <= 20
        wrong = get(running, "region.png?units=EPSG:32632&x=502000,501000")
        assert (wrong.status, wrong.json["kind"]) == (400, "RegionError")
        assert "west" in wrong.json["remedy"]
        outside = get(running, "region.png?units=EPSG:32632&x=1,2&y=1,2")
        assert (outside.status, outside.json["kind"]) == (400, "OptionError")


def test_degrees_are_those_of_the_region(tmp_path: Path) -> None:
    pytest.importorskip("rasterio", reason="the extra geo is not installed")
    land = omio.open(geotiff(tmp_path / "land.tif"))
    west, south, east, north = land.geo.bounds("EPSG:4326")
    x, y = (west, (west + east) / 2), ((south + north) / 2, north)
    wanted = land.region(x=x, y=y, units="EPSG:4326")
    with serve(land) as running:
        query = f"units=EPSG:4326&x={x[0]},{x[1]}&y={y[0]},{y[1]}"
        assert pixels_of(get(running, f"region.png?{query}")).shape[:2] == (wanted.sizes["Y"], wanted.sizes["X"])


def test_an_image_that_lies_nowhere_has_no_map_units(showing: Server) -> None:
    answer = get(showing, "region.png?units=EPSG:4326&x=1,2")
    assert (answer.status, answer.json["kind"]) == (400, "RegionError")
    assert "GeoTIFF" in answer.json["remedy"]


@pytest.mark.parametrize("encoding", ["png", "webp"])
def test_padded_tiles_are_transparent_beyond_the_image(showing: Server, encoding: str) -> None:
    cut = pixels_of(get(showing, "tile/2/3/2.png"))
    height, width = cut.shape[:2]
    assert (height, width) == (HEIGHT - 512, WIDTH - 768)
    whole = pixels_of(get(showing, f"tile/2/3/2.{encoding}?edge=pad"))
    assert whole.shape == (256, 256, 4)
    assert (whole[:height, :width, 3] == 255).all()
    assert not whole[height:, :, 3].any()
    assert not whole[:, width:, 3].any()
    if encoding == "png":
        np.testing.assert_array_equal(whole[:height, :width, :3], cut)


def test_tiles_that_reach_no_edge_need_no_padding(showing: Server) -> None:
    plain, padded = (pixels_of(get(showing, f"tile/2/0/0.png{query}")) for query in ("", "?edge=pad"))
    np.testing.assert_array_equal(plain, padded)


@pytest.mark.parametrize("tile", ["tile/2/0/0.jpg?edge=pad", "tile/2/0/0.png?edge=grow"])
def test_edges_that_cannot_be_are_refused(showing: Server, tile: str) -> None:
    answer = get(showing, tile)
    assert (answer.status, answer.json["kind"]) == (400, "OptionError")


def test_the_address_of_tiles_is_filled_in_by_maps(showing: Server) -> None:
    assert "?" not in showing.tile_url()
    address = showing.tile_url(0, t=1, c="1").removeprefix(showing.url)
    found = pixels_of(ask(showing, address.format(z=2, x=1, y=0)))
    np.testing.assert_array_equal(found, pixels_of(get(showing, "tile/2/1/0.png?t=1&c=1")))

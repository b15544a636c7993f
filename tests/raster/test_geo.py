"""GeoTIFF: where an image and its crops lie, without any extra; other reference systems, by rasterio's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.errors import MissingDependencyError, RegionError
from omio.raster.geo import Affine
from tests.support.packages import hide

if TYPE_CHECKING:
    from pathlib import Path

UTM = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632)
"""GeoKeys: projected, pixels are areas, WGS 84 / UTM zone 32N."""


def pixels(*shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    plane = (1 + (y // 8 * 16 + x // 8 * 5) % 250).astype(np.uint8)
    return plane if len(shape) == 2 else np.stack([plane] * shape[2], -1)


def geo_tags(keys: tuple[int, ...] = UTM, east: float = 500000) -> list[tuple[int, str, int, Any, bool]]:
    return [
        (33550, "d", 3, (10.0, 10.0, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, east, 5400000.0, 0.0), True),
        (34735, "H", len(keys), keys, True),
    ]


def geotiff(
    path: Path,
    *,
    keys: tuple[int, ...] = UTM,
    shape: tuple[int, ...] = (500, 600),
    east: float = 500000,
    **options: Any,
) -> Path:
    """Write pixels of 10 m whose upper left corner is that far east, and 5400 km north."""
    tags = geo_tags(keys, east)
    tifffile.imwrite(path, pixels(*shape), tile=(128, 128), metadata=None, extratags=tags, **options)
    return path


def test_reference_system_bounds_and_center_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("rasterio", monkeypatch)
    geo = omio.open(geotiff(tmp_path / "a.tif")).geo
    assert geo.crs == "EPSG:32632"
    assert geo.bounds() == geo.bounds("EPSG:32632") == (500000, 5395000, 506000, 5400000)
    assert geo.center == (503000, 5397500)
    assert geo.corners()["lr"] == (506000, 5395000)
    for call in (lambda: geo.bounds("EPSG:4326"), lambda: geo.reproject("EPSG:3857")):
        with pytest.raises(MissingDependencyError, match=r"omio\[geo\]"):
            call()


def test_crops_strides_and_resampled_regions_lie_where_they_lie(tmp_path: Path) -> None:
    ds = omio.open(geotiff(tmp_path / "a.tif"))
    assert ds.isel(X=slice(100, 200), Y=slice(50, 60)).geo.bounds() == (501000, 5399400, 502000, 5399500)
    assert ds.isel(X=slice(1, None, 3), Y=slice(1, 499, 3)).geo.bounds() == (500000, 5395020, 506000, 5400000)
    assert ds.isel(Y=slice(None, None, -1)).geo.bounds() == ds.geo.bounds()
    assert ds.region(max_width=300).geo.bounds() == ds.geo.bounds()
    assert ds.region(x=(100, 300), max_width=50).geo.bounds() == (501000, 5395000, 503000, 5400000)
    assert ds.pad({"X": (10, 0)}).geo.bounds().left == 499900
    assert ds.astype("float32").geo.bounds() == ds.geo.bounds()


def test_pixels_that_are_points_lie_half_a_pixel_up_and_left(tmp_path: Path) -> None:
    points = tuple(2 if at == 11 else value for at, value in enumerate(UTM))
    assert omio.open(geotiff(tmp_path / "a.tif", keys=points)).geo.bounds().left == 499995


def test_other_images_lie_nowhere(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    ds = omio.open(geotiff(tmp_path / "b.tif"))
    for image in (
        omio.open(tmp_path / "a.tif"),
        omio.MicroscopyDataset.from_array(pixels(20, 20)),
        ds.isel(X=[3, 9, 4]),
        ds.merge(ds, along="Z"),
    ):
        with pytest.raises(RegionError, match="on Earth"):
            _ = image.geo


def test_boxes_of_the_map_are_regions_and_grids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("rasterio", monkeypatch)
    ds = omio.open(geotiff(tmp_path / "a.tif"))
    box: dict[str, Any] = {"x": (501000, 502000), "y": (5399400, 5399500), "units": "EPSG:32632"}
    found = ds.region(**box)
    assert np.array_equal(found.load()[0, 0, 0], pixels(500, 600)[50:60, 100:200])
    assert found.geo.bounds() == (501000, 5399400, 502000, 5399500)
    assert ds.region(**box, max_width=50).shape[3:5] == (5, 50)
    assert [(tile.x, tile.y) for tile in ds.tiles(64, **box)] == [(100, 50), (128, 50), (192, 50)]
    assert ds.style(clim=(0, 255)).render(**box).shape == (10, 100, 3)
    assert found.region(x=(501500, None), units="epsg:32632").shape[3:5] == (10, 50)
    assert ds.region(x=(0, 501000), y=(0, 5395100), units="EPSG:32632").shape[3:5] == (10, 100)
    assert ds.isel(Y=slice(None, None, -1)).region(**box).load()[0, 0, 0, -1, 0] == pixels(500, 600)[50, 100]
    with pytest.warns(omio.OmioWarning, match="no pixel"):
        assert not ds.region(x=(0, 1000), units="EPSG:32632").nbytes


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"x": (502000, 501000)}, "west, east"),
        ({"y": 5399000, "height": 100}, "width or height"),
        ({"x": (9.0, 9.1), "units": "EPSG:none"}, "units="),
    ],
)
def test_boxes_that_no_map_has_are_refused(tmp_path: Path, asked: dict[str, Any], says: str) -> None:
    ds = omio.open(geotiff(tmp_path / "a.tif"))
    with pytest.raises(RegionError, match=says):
        ds.region(**({"units": "EPSG:32632"} | asked))
    with pytest.raises(RegionError, match="on Earth"):
        omio.MicroscopyDataset.from_array(pixels(20, 20)).region(units="EPSG:32632")


def test_pixels_that_cover_nothing_have_no_box(tmp_path: Path) -> None:
    tags = [(33550, "d", 3, (0.0, 10.0, 0.0), True), *geo_tags()[1:]]
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20), metadata=None, extratags=tags)
    with pytest.raises(RegionError, match="no size"):
        omio.open(tmp_path / "a.tif").region(y=(0, 5400000), units="EPSG:32632", x=(0, 1))


numbers = st.floats(-1e6, 1e6)
steps = st.floats(0.1, 1e3)


@given(
    st.tuples(steps, st.floats(-0.05, 0.05), numbers, st.floats(-0.05, 0.05), steps.map(lambda step: -step), numbers)
)
def test_there_is_a_way_back_from_the_map(terms: tuple[float, ...]) -> None:
    affine = Affine(*terms)
    for place in ((0, 0), (1000, 0), (123.5, 456.25)):
        assert affine.inverse().point(*affine.point(*place)) == pytest.approx(place, abs=1e-3)


rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write colours far from the middle of the zone, where north is not up."""
    return geotiff(tmp_path / "a.tif", shape=(500, 600, 3), east=800000, photometric="rgb")


def test_bounds_are_those_of_rasterio(path: Path) -> None:
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as file:
        assert omio.open(path).geo.bounds() == pytest.approx(tuple(file.bounds), rel=1e-12)
        for crs in ("EPSG:4326", "EPSG:3857"):
            expected = transform_bounds(file.crs, crs, *file.bounds)
            assert omio.open(path).geo.bounds(crs) == pytest.approx(expected, rel=1e-12)


def test_a_box_in_degrees_is_the_window_of_rasterio(path: Path) -> None:
    from rasterio.warp import transform_bounds
    from rasterio.windows import from_bounds

    box = (13.1, 48.65, 13.13, 48.665)
    with rasterio.open(path) as file:
        window = from_bounds(*transform_bounds("EPSG:4326", file.crs, *box), transform=file.transform)
    rows, columns = (tuple(map(round, ends)) for ends in window.toranges())
    found = omio.open(path).region(x=box[::2], y=box[1::2], units="EPSG:4326")
    expected = pixels(500, 600, 3)[slice(*rows), slice(*columns)]
    assert expected.size > 10_000
    assert np.array_equal(found.load()[0, 0, 0], expected)


@pytest.mark.parametrize("how", ["nearest", "bilinear", "lanczos", "mode"])
def test_warped_pixels_are_those_of_rasterio(path: Path, how: str) -> None:
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    found = omio.open(path).geo.reproject("EPSG:3857", resample=how)  # type: ignore[arg-type]
    expected = np.zeros((3, found.sizes["Y"], found.sizes["X"]), np.uint8)
    with rasterio.open(path) as file:
        reproject(
            file.read(), expected, src_transform=file.transform, src_crs=file.crs,
            dst_transform=rasterio.Affine(*found.geo.transform), dst_crs="EPSG:3857",
            resampling=Resampling[how], tolerance=0,
        )  # fmt: skip
    pixels = found.load()[0, 0, 0]
    assert min(pixels.shape[:2]) > 512
    assert np.array_equal(pixels, np.moveaxis(expected, 0, -1))
    assert not pixels[0, 0].any()
    assert (pixels[..., 0] > 0).mean() > 0.8


def test_warping_is_lazy_and_the_same_for_a_part(path: Path) -> None:
    found = omio.open(path).geo.reproject("EPSG:3857", resample="cubic")
    part = found.isel(Y=slice(500, 530, 3), X=[600, 3, 514])
    assert np.array_equal(part.load(), found.load()[..., 500:530:3, [600, 3, 514], :])
    assert found.isel(X=slice(10, 40)).geo.crs == "EPSG:3857"
    assert found.metadata.provenance[-1].action == "reproject"


def test_resolution_and_nodata(path: Path) -> None:
    ds = omio.open(path)
    found = ds.geo.reproject("EPSG:3857", resolution=100, nodata=255)
    assert found.geo.transform.a == 100
    assert (found.load()[0, 0, 0, 0, 0] == 255).all()


def test_the_nodata_of_a_file_stays_out_of_means(tmp_path: Path) -> None:
    pair = np.full((64, 64), 100, np.uint8)
    pair[:, ::2] = 7
    tags = [*geo_tags(), (42113, "s", 0, "7", True)]
    tifffile.imwrite(tmp_path / "a.tif", pair, metadata=None, extratags=tags)
    found = omio.open(tmp_path / "a.tif").geo.reproject("EPSG:32632", resolution=20, resample="average")
    assert (found.load() == 100).all()


def test_unknown_systems_and_ways_are_refused(path: Path) -> None:
    geo = omio.open(path).geo
    with pytest.raises(RegionError, match="EPSG:999999"):
        geo.bounds("EPSG:999999")
    with pytest.raises(RegionError, match="resample"):
        geo.reproject("EPSG:3857", resample="best")  # type: ignore[arg-type]
    with pytest.raises(RegionError, match="bool"):
        omio.open(path).astype("bool").geo.reproject("EPSG:3857")


def test_a_system_without_a_number_is_read_by_gdal(tmp_path: Path) -> None:
    from rasterio.transform import from_origin

    crs = "+proj=laea +lat_0=45 +lon_0=9 +datum=WGS84 +units=m"
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", height=50, width=60, count=1, dtype="uint8", crs=crs,
        transform=from_origin(1000, 2000, 10, 10),
    ) as file:  # fmt: skip
        file.write(pixels(50, 60), 1)
    geo = omio.open(tmp_path / "a.tif").geo
    assert "Lambert" in geo.crs
    assert geo.bounds() == (1000, 1500, 1600, 2000)
    assert geo.bounds("EPSG:4326").left == pytest.approx(9.01, abs=0.01)

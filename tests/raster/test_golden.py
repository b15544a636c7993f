"""Bit for bit what large_image gives, from values that it was asked for; they lie beside the repository.

What differs on purpose: a limit of one side puts none on the other (large_image stops at 16 times), ratios are exact
(its are rounded to four decimals of a power of two), and nearest pixels are pixels of the file (its may come from a
level that was smoothed).
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from tests.support.real import SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GOLDEN = SHARED / "contract" / "golden" / "li_golden.json"
NAMES = [f"{extent}@{tile}" for extent in ("1237x2051", "600x800", "256x256", "100x3000") for tile in (256, 128)]
UNITS = {"base_pixels": "px", "mag_pixels": "mag"}


@cache
def golden() -> dict[str, Any]:
    if not GOLDEN.exists():
        pytest.skip(f"golden values not here: {GOLDEN}")
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))["images"]
    return found


def md5(pixels: NDArray[Any]) -> str:
    return hashlib.md5(np.ascontiguousarray(pixels).tobytes(), usedforsecurity=False).hexdigest()


def ramps(height: int, width: int) -> NDArray[np.uint8]:
    """Two ramps and a board of 64 pixels: the image that large_image was asked about."""
    y, x = np.mgrid[0:height, 0:width]
    board = (x // 64 + y // 64) % 2 * 200 + 20
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), board], -1).astype(np.uint8)


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[omio.MicroscopyDataset, dict[str, Any]]:
    said = golden()[request.param]
    extent, tile = request.param.split("@")
    height, width = map(int, extent.split("x"))
    path = tmp_path / "ramps.tif"
    resolution: dict[str, Any] = {"resolution": (40000, 40000), "resolutionunit": "CENTIMETER"}
    kind: dict[str, Any] = {"photometric": "rgb", "compression": "deflate", "metadata": None}
    tifffile.imwrite(path, ramps(height, width), tile=(int(tile), int(tile)), **kind, **resolution)
    return omio.open(path), said


type Case = tuple[omio.MicroscopyDataset, dict[str, Any]]


def test_the_image_is_the_same(case: Case) -> None:
    image, said = case
    assert md5(image.load()) == said["md5"]


def test_levels_and_sizes_are_the_same(case: Case) -> None:
    image, said = case
    info, meta = image.tile_info, said["meta"]
    assert (info.levels, info.width, info.height) == (meta["levels"], meta["sizeX"], meta["sizeY"])
    assert (info.tile_width, info.tile_height) == (meta["tileWidth"], meta["tileHeight"])
    assert (info.magnification, info.dtype, info.samples) == (meta["magnification"], meta["dtype"], meta["bandCount"])
    assert info.pixel_size == {"Y": meta["mm_y"] * 1000, "X": meta["mm_x"] * 1000}


def test_tiles_of_all_levels_are_the_same(case: Case) -> None:
    image, said = case
    for z, x, y, shape, digest in said["tiles"]:
        tile = image.tile(image.n_levels - 1 - z, x, y)
        assert (list(tile.shape), md5(tile)) == (shape, digest), (z, x, y)


def test_thumbnails_are_the_same(case: Case) -> None:
    image, said = case
    shape, digest = said["thumb"]
    found = image.thumbnail()
    assert (list(found.shape), md5(found)) == (shape, digest)


def asked(told: dict[str, Any]) -> dict[str, Any]:
    """Spell a region of large_image as omio does."""
    region, output = told.get("region", {}), told.get("output", {})
    found = {
        "x": (region.get("left"), region.get("right")),
        "y": (region.get("top"), region.get("bottom")),
        "width": region.get("width"),
        "height": region.get("height"),
        "units": UNITS.get(region.get("units"), region.get("units", "px")),
        "size_units": UNITS.get(region.get("unitsWH"), region.get("unitsWH")),
        "max_width": output.get("maxWidth"),
        "max_height": output.get("maxHeight"),
        "magnification": told.get("scale", {}).get("magnification"),
        "fill": told.get("fill"),
    }
    return found | ({"resample": "nearest"} if "resample" in told else {})


def test_regions_are_the_same(case: Case) -> None:
    image, said = case
    same = 0
    for told, shape, dtype, digest in said["regions"]:
        found = image.region(**asked(told)).load()[0, 0, 0]
        assert str(found.dtype) == dtype
        if told.get("output", {}).keys() == {"maxHeight"} and shape[1] == 16 * told["output"]["maxHeight"]:
            continue
        assert list(found.shape) == pytest.approx(shape, abs=1 if "scale" in told else 0), told
        if list(found.shape) == shape and not ("resample" in told and image.n_levels > 3):
            assert md5(found) == digest, told
            same += 1
    assert same >= 13

"""What looking at images does: a picture costs the level that it is made from, a tile is decoded once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tifffile

import omio
from omio.raster.cache import TILES
from omio.viewing.layers import layers_of
from tests.operations import samples
from tests.operations.meter import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omio import MicroscopyDataset


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.pyramid(tmp_path_factory.mktemp("pyramid") / "a.ome.tif")


def decoded(path: Path, call: Callable[[MicroscopyDataset], Any]) -> int:
    """Return how many tiles a call decodes on an image that is open."""
    image = omio.open(path)
    tally = counted(path.parent, lambda: call(image))
    return sum(tally.decoded.values())


PICTURES: dict[str, tuple[Callable[[MicroscopyDataset], Any], int]] = {
    "thumbnail": (lambda image: image.thumbnail(100), 1),
    "larger thumbnail": (lambda image: image.thumbnail(256), 4),
    "largest thumbnail": (lambda image: image.thumbnail(512), 16),
    "region at a quarter": (lambda image: image.region(x=(0, 512), y=(0, 512), max_width=128).load(), 1),
    "region at a half": (lambda image: image.region(x=(0, 512), y=(0, 512), max_width=256).load(), 4),
    "region": (lambda image: image.region(x=(100, 200), y=(100, 200)).load(), 4),
    "tile": (lambda image: image.tile(0, 1, 1), 1),
    "coarse tile": (lambda image: image.tile(2, 1, 1), 1),
    "part of a level": (lambda image: image.levels[1].isel(Y=slice(10), X=slice(10)).load(), 1),
    "level of a part": (lambda image: image.isel(Y=slice(10), X=slice(10)).levels[1].load(), 1),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_costs_the_tiles_of_its_level(path: Path, name: str) -> None:
    call, tiles = PICTURES[name]
    assert decoded(path, call) == tiles


def test_a_tile_is_decoded_once(path: Path) -> None:
    assert decoded(path, lambda image: [image.tile(0, 1, 1) for _ in range(5)]) == 1
    assert decoded(path, lambda image: [image.tile(0, x, y) for y in range(4) for x in range(4)]) == 16


def test_a_tile_that_no_level_stores_is_made_once(tmp_path: Path) -> None:
    path = samples.tiled(tmp_path / "a.tif")
    assert decoded(path, lambda image: [image.tile(2, 0, 0) for _ in range(3)]) <= 16


def test_a_cache_without_room_keeps_nothing(path: Path) -> None:
    with omio.config(cache_bytes=0):
        assert decoded(path, lambda image: [image.tile(0, 1, 1) for _ in range(5)]) == 5
    TILES.forget()


def test_a_native_tile_is_handed_on_as_it_lies(tmp_path: Path) -> None:
    colors = samples.noise(256, 256, 3).astype("uint8")
    options: dict[str, Any] = {"tile": (128, 128), "compression": "jpeg", "photometric": "rgb"}
    tifffile.imwrite(tmp_path / "a.tif", colors, metadata=None, **options)
    image = omio.open(tmp_path / "a.tif")
    tally = counted(tmp_path, lambda: image.tile_bytes(0, 1, 1, format="jpeg"))
    assert not tally.decoded
    assert not tally.encoded


def test_a_notebook_shows_a_stack_by_few_planes(tmp_path: Path) -> None:
    costs = []
    for frames in (8, 64):
        image = omio.open(samples.stack(tmp_path / f"{frames}.ome.tif", frames))
        costs.append(counted(tmp_path, image._repr_html_).decoded)
    assert costs[0] == costs[1] == {"deflate": samples.STRIPS}


def test_text_about_an_image_reads_no_pixel(path: Path) -> None:
    image = omio.open(path)
    assert not counted(path.parent, lambda: (repr(image), image.metadata, image.levels, image.sizes)).opened


def test_layers_are_measured_on_one_plane(tmp_path: Path) -> None:
    few, many = (samples.stack(tmp_path / f"{frames}.ome.tif", frames) for frames in (8, 64))
    costs = [decoded(path, lambda image: layers_of(image, omio.ViewPolicy())) for path in (few, many)]
    assert 0 < costs[0] == costs[1] <= 3 * samples.STRIPS

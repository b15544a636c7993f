"""Pyramid levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.czi import Tile

if TYPE_CHECKING:
    from tests.backends.czi.conftest import Opener

SIDE = 64


def pyramid(
    height: int, width: int, factors: tuple[int, ...] = (2, 4), scene: int = 0, origin: tuple[int, int] = (-51, 1001)
) -> list[Tile]:
    """A plane cut into tiles at full size and at each factor; pixels are their positions in the full plane."""
    whole = (np.arange(height)[:, None] * 1000 + np.arange(width)).astype(np.uint16)
    tiles = []
    for factor in (1, *factors):
        level = whole[factor // 2 :: factor, factor // 2 :: factor]
        for y in range(0, level.shape[0], SIDE):
            for x in range(0, level.shape[1], SIDE):
                pixels = level[y : y + SIDE, x : x + SIDE]
                at = {"X": origin[1] + x * factor, "Y": origin[0] + y * factor, "C": 0, "S": scene}
                logical = (min(SIDE * factor, height - y * factor), min(SIDE * factor, width - x * factor))
                tiles.append(Tile(pixels, at, logical=logical, pyramid=0 if factor == 1 else 2, compression="zstd"))
    return tiles


@pytest.mark.parametrize("size", [(256, 384), (250, 391), (129, 130), (100, 70)])
@pytest.mark.parametrize("mark", [1, 0])
def test_levels_are_those_of_the_stored_sub_blocks(made: Opener, size: tuple[int, int], mark: int) -> None:
    tiles = pyramid(*size)
    for tile in tiles:
        tile.pyramid *= mark
    backend = made(tiles)
    assert backend.level_count("0") == 3
    full = backend.array("0").load()[0, 0, 0]
    for level, factor in ((1, 2), (2, 4)):
        pixels = backend.array("0", level).load()[0, 0, 0]
        wanted = full[factor // 2 :: factor, factor // 2 :: factor]
        assert pixels.shape == wanted.shape
        assert np.array_equal(pixels, wanted)


def test_levels_belong_to_their_scene(made: Opener) -> None:
    backend = made(pyramid(256, 256) + pyramid(128, 128, (2,), scene=1, origin=(0, 90_000)))
    assert [backend.level_count(scene) for scene in backend.scenes()] == [3, 2]
    assert backend.array("1", 1).shape == (1, 1, 1, 64, 64)


@pytest.mark.parametrize(("factor", "levels"), [(2, 1), (4, 2)])
def test_a_level_that_lacks_a_tile_and_all_coarser_ones_are_left_out(made: Opener, factor: int, levels: int) -> None:
    tiles = pyramid(512, 512)
    lost = next(tile for tile in reversed(tiles) if (tile.logical or (0, 0))[0] == SIDE * factor)
    assert made([tile for tile in tiles if tile is not lost]).level_count("0") == levels


def test_a_level_that_lacks_a_plane_is_left_out(made: Opener) -> None:
    second = [tile for tile in pyramid(128, 128) if tile.pyramid == 0]
    for tile in second:
        tile.at["C"] = 1
    assert made(pyramid(128, 128) + second).level_count("0") == 1


def test_gaps_of_the_mosaic_may_be_gaps_of_its_levels(made: Opener) -> None:
    far = pyramid(128, 128, origin=(-51 + 1024, 1001 + 2048))
    backend = made(pyramid(128, 128) + far)
    assert backend.level_count("0") == 3
    assert backend.array("0", 2).shape == (1, 1, 1, (1024 + 128) // 4, (2048 + 128) // 4)


def test_images_whose_only_size_is_resampled_have_no_levels(made: Opener) -> None:
    stored = np.arange(12, dtype=np.uint16).reshape(3, 4)
    finer = made([Tile(stored, {"C": 0}, logical=(6, 8))])
    assert finer.level_count("0") == 1
    assert np.array_equal(finer.array("0").load()[0, 0, 0], stored.repeat(2, 0).repeat(2, 1))
    assert np.array_equal(finer.array("0")[0, 0, 0, 1:5, ::3], stored.repeat(2, 0).repeat(2, 1)[1:5, ::3])

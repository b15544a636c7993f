"""Tile grids: large_image's own values, laws of what tiles own, and results put together again."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import omio
from omio.errors import LayoutError, MemoryLimitError, OptionError, RegionError, TileRangeError
from omio.raster.grid import spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.raster.grid import Tile, TileGrid

GOLDEN: list[dict[str, Any]] = json.loads(Path(__file__).with_name("large_image_tiles.json").read_text())
"""What large_image 1.35.6 iterates: the first six tiles and the last three of grids on images made by `ramps`."""

MM_PER_PIXEL = 0.00025


def ramps(height: int, width: int) -> NDArray[np.uint8]:
    """Return two ramps and a checkerboard, Y X S."""
    y, x = np.mgrid[0:height, 0:width]
    board = (x // 64 + y // 64) % 2 * 200 + 20
    return np.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), board], -1).astype("u1")


def cut(name: str, options: dict[str, Any]) -> TileGrid[omio.MicroscopyDataset]:
    """Cut an image as the options of large_image say."""
    extent, edge = name.split("@")
    height, width = map(int, extent.split("x"))
    um = MM_PER_PIXEL * 1000
    ds = omio.MicroscopyDataset.from_array(ramps(height, width), "YXS", pixel_size={"Y": um, "X": um})
    size, overlap = options.get("tile_size", {}), options.get("tile_overlap", {})
    region = options.get("region", {})
    grid: TileGrid[omio.MicroscopyDataset] = ds.tiles(
        (size.get("height", size.get("width", int(edge))), size.get("width", size.get("height", int(edge)))),
        (overlap.get("y", 0), overlap.get("x", 0)),
        edges=overlap.get("edges", False),
        origin="region" if options.get("tile_offset", {}).get("auto") else "image",
        x=region.get("left"),
        y=region.get("top"),
        width=region.get("width"),
        height=region.get("height"),
        **options.get("scale", {}),
    )
    return grid


def small(shape: tuple[int, ...] = (1, 1, 2, 50, 70), **known: Any) -> omio.MicroscopyDataset:
    pixels = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    return omio.MicroscopyDataset.from_array(pixels, **known)


def name_of(case: dict[str, Any]) -> str:
    return f"{case['image']} {case['options']}"


@pytest.mark.parametrize("case", [case for case in GOLDEN if "scale" not in case["options"]], ids=name_of)
def test_tiles_are_those_of_large_image(case: dict[str, Any]) -> None:
    grid = cut(case["image"], case["options"])
    assert len(grid) == case["count"]
    for tile, (*row, digest) in zip([*grid[:6], *grid[-3:]], case["tiles"], strict=True):
        x, y, width, height, _, level_x, level_y, *rest = row
        assert (tile.x, tile.y, tile.width, tile.height) == (x, y, width, height)
        assert (tile.index, [*tile.full, *tile.overlap]) == ((level_y, level_x), rest)
        assert hashlib.md5(tile.data.tobytes(), usedforsecurity=False).hexdigest() == digest


@pytest.mark.parametrize("case", [case for case in GOLDEN if "scale" in case["options"]], ids=name_of)
def test_scaled_tiles_are_cut_of_the_resampled_image(case: dict[str, Any]) -> None:
    """Where large_image resamples each tile alone, so that its tiles and its regions differ in size."""
    magnification = case["options"]["scale"]["magnification"]
    grid = cut(case["image"], case["options"])
    whole, pasted = grid.picture.load(), grid.paste(tile.data for tile in grid).load()
    assert pasted.shape == whole.shape
    # Pillow takes the ends of a part in single precision: values that lie between two numbers may round otherwise
    assert np.abs(pasted.astype(int) - whole).max() <= (0 if magnification == 20 else 1)
    assert grid[0].scale == pytest.approx((40 / magnification, 40 / magnification), rel=0.02)
    if magnification == 20:
        sizes = [(tile.width, tile.height) for tile in grid[:6]]
        assert len(grid) == case["count"]
        assert sizes == [(row[2], row[3]) for row in case["tiles"]][: len(sizes)]


ints = st.integers


@given(
    low=ints(0, 90),
    length=ints(1, 90),
    size=ints(1, 40),
    share=st.floats(0, 0.99),
    edges=st.booleans(),
    own=st.booleans(),
)
def test_owned_parts_cover_a_region_once(
    low: int,
    length: int,
    size: int,
    share: float,
    edges: bool,  # noqa: FBT001
    own: bool,  # noqa: FBT001
) -> None:
    overlap = int(size * share)
    found = spans(low, low + length, size, overlap, low if own else 0, edges=edges)
    assert [pixel for span in found for pixel in span.own] == list(range(length))
    assert all(set(span.own) <= set(span.run) and 0 < len(span.run) <= size for span in found)
    assert [span.number for span in found] == list(range(len(found)))


@settings(max_examples=40)
@given(ints(1, 60), ints(1, 60), ints(0, 30), st.booleans())
def test_pasting_tiles_gives_the_image(height: int, width: int, overlap: int, edges: bool) -> None:  # noqa: FBT001
    ds = small((1, 1, 1, height, width))
    grid = ds.tiles(31, overlap, edges=edges)
    assert np.array_equal(grid.paste(tile.data for tile in grid).load(), ds.load())


def test_a_grid_is_a_sequence_of_tiles() -> None:
    grid = small().tiles((20, 30))
    assert (len(grid), grid.shape) == (9, (3, 3))
    assert (grid[1, 2].position, grid[5].row, grid[5].column) == (5, 1, 2)
    assert grid[-1].position == grid[-1, -1].position == 8
    assert [tile.position for tile in grid[2:4]] == [2, 3]
    numbers: Any = np.array([1, 2, 5])
    assert grid[numbers[0], numbers[1]].position == grid[numbers[2]].position == 5
    for place in (9, -10, (3, 0), (0, -4), (0, 1, 2), 1.5, (0, None)):
        with pytest.raises(TileRangeError):
            grid[place]  # type: ignore[index]


def test_a_tile_knows_where_it_lies() -> None:
    ds = small(pixel_size={"Y": 0.5, "X": 0.25})
    tile = ds.tiles(20, 4)[1, 1]
    assert (tile.box, tile.overlap) == ((16, 16, 36, 36), (2, 2, 2, 2))
    assert tile.own == (slice(2, 18), slice(2, 18))
    assert tile.pixel_size == {"Y": 0.5, "X": 0.25}
    assert tile.magnification == 40
    assert tile.ds.metadata.axes[3].origin == 8.0
    assert np.array_equal(tile.ds.load(), tile.data)
    assert np.array_equal(np.asarray(tile), ds.load()[..., 16:36, 16:36])
    assert np.array_equal(tile.plane(c=1), tile.data[0, 0, 1])


def test_tiles_of_unknown_size_say_so() -> None:
    tile = small().tiles(20)[0]
    assert (tile.pixel_size, tile.magnification) == ({"Y": None, "X": None}, None)


def test_regions_share_the_grid_of_the_image_or_have_their_own() -> None:
    ds = small()
    shared = ds.tiles(16, x=(20, 60), y=(10, 50))
    own = ds.tiles(16, x=(20, 60), y=(10, 50), origin="region")
    assert [(tile.x, tile.width) for tile in shared[:3]] == [(20, 12), (32, 16), (48, 12)]
    assert [(tile.x, tile.width) for tile in own[:3]] == [(20, 16), (36, 16), (52, 8)]
    assert shared[0].index == (0, 1)


def test_iterating_reads_ahead_and_forgets() -> None:
    grid = small().tiles(20)
    read = list(grid)
    assert all("data" in vars(tile) for tile in read)
    assert "data" not in vars(grid[0])
    assert "data" not in vars(pickle.loads(pickle.dumps(read[0])))  # noqa: S301


def test_batches_are_stacked_and_filled_at_the_rim() -> None:
    grid = small().tiles(20, batch=4)
    found = list(grid.batches())
    assert [len(batch) for batch in found] == [4, 4, 4]
    assert found[0].data.shape == (4, 1, 1, 2, 20, 20)
    last = found[-1].tiles[-1]
    assert (last.height, last.width) == (10, 10)
    assert np.array_equal(found[-1].data[-1, ..., :10, :10], last.data)
    assert not found[-1].data[-1, ..., 10:, :].any()
    assert [len(batch) for batch in grid.batches(7)] == [7, 5]
    with pytest.raises(RegionError):
        next(grid.batches(0))


def test_each_tile_is_a_dask_array_of_one_chunk() -> None:
    grid = small().tiles(20, 4)
    arrays = grid.to_dask()
    assert all(array.npartitions == 1 and len(dict(array.dask)) <= 2 for array in arrays)
    for tile, array in zip(grid, arrays, strict=True):
        assert np.array_equal(array.compute(scheduler="sync"), tile.data)


def label(tiles: Iterator[Tile[Any]], factor: int = 1) -> Iterator[NDArray[np.int32]]:
    for tile in tiles:
        yield np.kron(tile.plane() // 100, np.ones((factor, factor))).astype(np.int32)


def test_labels_and_enlarged_results_are_pasted_with_true_positions() -> None:
    ds = small(pixel_size={"Y": 0.5, "X": 0.25}, channels=["a", "b"])
    grid = ds.tiles(20, 5)
    plane = (ds.load()[0, 0, 0] // 100).astype(np.int32)
    pasted = grid.paste(label(iter(grid)))
    assert pasted.shape == (1, 1, 1, 50, 70)
    assert pasted.dtype == np.int32
    assert np.array_equal(pasted.load()[0, 0, 0], plane)
    assert not pasted.facts.channels
    double = grid.paste(label(iter(grid), 2))
    assert np.array_equal(double.load()[0, 0, 0], plane.repeat(2, 0).repeat(2, 1))
    assert double.pixel_size == {"Z": None, "Y": 0.25, "X": 0.125}
    assert double.metadata.axes[4].origin == pytest.approx(-0.0625)


def test_reduced_results_are_pasted_where_tiles_meet_between_their_pixels() -> None:
    ds = small((1, 1, 1, 50, 70))
    grid = ds.tiles(20, 4)
    pasted = grid.paste(tile.plane()[::2, ::2] for tile in grid)
    assert np.array_equal(pasted.load(), ds.load()[..., ::2, ::2])
    odd = ds.tiles(20, 6)
    with pytest.raises(LayoutError, match="within a pixel"):
        odd.paste(tile.plane()[::4, ::4] for tile in odd)


def test_results_of_other_dims_and_given_arrays() -> None:
    ds = small((1, 1, 1, 50, 70))
    grid = ds.tiles(20, 4)
    whole = np.zeros((1, 1, 3, 50, 70), np.uint32)
    pasted = grid.paste((np.stack([tile.plane()] * 3) for tile in grid), axes="CYX", out=whole)
    assert np.array_equal(whole[0, 0, 2], ds.load()[0, 0, 0])
    assert np.array_equal(pasted.load(), whole)
    colored = grid.paste(np.stack([tile.plane()] * 3, -1) for tile in grid)
    assert colored.dims[-1] == "S"


@pytest.mark.parametrize(
    ("results", "match"),
    [
        (lambda grid: [grid[0].data], "1 results for 12 tiles"),
        (lambda grid: [tile.data for tile in [*grid, grid[0]]], "more results"),
        (lambda grid: [tile.data.astype(float) if tile.position else tile.data for tile in grid], "float64"),
        (lambda grid: [tile.data[..., :-1] for tile in grid], "20 x 19"),
        (lambda grid: [tile.data[..., : 20 - tile.position] for tile in grid], "tile 1 has 20 x 19"),
        (lambda grid: [tile.data[0, 0, 0, 0] for tile in grid], "1 dims"),
    ],
)
def test_results_that_do_not_fit_are_refused(results: Any, match: str) -> None:
    grid = small().tiles(20)
    with pytest.raises(LayoutError, match=match):
        grid.paste(results(grid))


def test_a_whole_that_memory_does_not_hold_is_refused() -> None:
    grid = small().tiles(20)
    with omio.config(memory="1KiB"), pytest.raises(MemoryLimitError, match="out="):
        grid.paste(tile.data for tile in grid)


def test_wrong_grids_are_refused() -> None:
    ds = small()
    for wrong in (64.0, "64"):
        with pytest.raises(OptionError, match="size="):
            ds.tiles(wrong)  # type: ignore[arg-type]
    for size in (0, (8, 8, 3)):
        with pytest.raises(RegionError, match="a tile of size"):
            ds.tiles(size)  # type: ignore[arg-type]
    for options in ({"overlap": 8}, {"overlap": -1}, {"origin": "corner"}, {"batch": 0}):
        with pytest.raises(RegionError):
            ds.tiles(8, **options)


def test_an_empty_region_has_no_tiles() -> None:
    with pytest.warns(omio.OmioWarning, match="no pixel"):
        grid = small().tiles(8, x=(500, 600))
    assert len(grid) == 0

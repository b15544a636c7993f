from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio import Facts, MergePolicy, MicroscopyDataset, MosaicMerge
from omio.errors import MergeError, PolicyError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.placed import Placed
from omio.metadata.facts import PlaneTable
from omio.testing import makers
from omio.testing.keys import sample_keys
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SPACING = 0.5
CELLS = makers.cells((2, 1, 2, 60, 80))
HALVES = ((0, 0), (0, 40), (30, 0), (30, 40))
OVERLAPPING = ((0, 0), (0, 25), (0, 40), (20, 10), (30, 0), (30, 40), (28, 33))


def tile(
    at: tuple[int, int],
    *,
    size: tuple[int, int] = (30, 40),
    stage: tuple[float, float] = (7000.0, -1000.0),
    pixels: NDArray[Any] = CELLS,
    **facts: Any,
) -> MicroscopyDataset:
    """Cut a tile out of an image, with the stage where its center lies."""
    top, left = at
    cut = pixels[..., top : top + size[0], left : left + size[1]]
    center = [start + (length - 1) / 2 for start, length in zip(at, size, strict=True)]
    y, x = (origin + SPACING * middle for origin, middle in zip(stage, center, strict=True))
    known: dict[str, Any] = {"pixel_size": {"Y": SPACING, "X": SPACING}, "stage_position": {"Y": y, "X": x}}
    return MicroscopyDataset(ArrayRecipe(cut), Facts.of(cut.shape, **known | facts))


def mosaic(tiles: Sequence[MicroscopyDataset], **fields: Any) -> MicroscopyDataset:
    return omio.merge(tiles, along="M", **fields)


@given(
    st.permutations(HALVES) | st.permutations(OVERLAPPING),
    st.tuples(*(st.sampled_from((-90000.0, -3.25, 0.0, 12345.675)),) * 2),
    st.sampled_from(("last", "first")),
)
def test_tiles_cut_from_an_image_give_the_image(
    corners: list[tuple[int, int]], stage: tuple[float, float], overlap: str
) -> None:
    tiles = [tile(at, stage=stage) for at in corners]
    whole = mosaic(tiles, overlap=overlap)
    np.testing.assert_array_equal(whole.load(), CELLS)
    assert whole.facts.static.stage_position == pytest.approx(
        {"Y": stage[0] + SPACING * 59 / 2, "X": stage[1] + SPACING * 79 / 2}
    )
    for key in sample_keys(CELLS.shape, count=4, seed=len(corners)):
        np.testing.assert_array_equal(whole.recipe.load(key), ArrayRecipe(CELLS).load(key))


@given(st.permutations(OVERLAPPING))
def test_positions_stay_those_of_the_first_tile(corners: list[tuple[int, int]]) -> None:
    tiles = [tile(at) for at in corners]
    whole = mosaic(tiles)
    top, left = corners[0]
    assert (whole.metadata.axis("Y").origin, whole.metadata.axis("X").origin) == (-SPACING * top, -SPACING * left)
    y, x = slice(2.0, 9.5), slice(0.5, 17.0)
    np.testing.assert_array_equal(whole.sel(Y=y, X=x).load(), tiles[0].sel(Y=y, X=x).load())


@given(st.permutations(((0, 0, 60, 30), (0, 30, 25, 50), (25, 30, 35, 50))), st.sampled_from(("center", "corner")))
def test_tiles_of_unequal_sizes_lie_by_what_their_position_means(
    boxes: list[tuple[int, int, int, int]], anchor: str
) -> None:
    tiles = [tile((top, left), size=(height, width)) for top, left, height, width in boxes]
    if anchor == "corner":
        tiles = [
            image.with_metadata(stage_position={"Y": SPACING * top, "X": SPACING * left})
            for image, (top, left, *_) in zip(tiles, boxes, strict=True)
        ]
    np.testing.assert_array_equal(mosaic(tiles, anchor=anchor).load(), CELLS)


def test_a_mosaic_of_mosaics_is_the_mosaic_of_all() -> None:
    rows = [mosaic([tile((top, left)) for left in (0, 40)]) for top in (0, 30)]
    np.testing.assert_array_equal(mosaic(rows).load(), CELLS)


@pytest.mark.parametrize("flip", [("X",), ("Y",), ("X", "Y")])
def test_a_stage_that_counts_against_the_image(flip: tuple[str, ...]) -> None:
    tiles = []
    for at in HALVES:
        straight = tile(at)
        stage = straight.facts.static.stage_position or {}
        tiles.append(straight.with_metadata(stage_position={d: -v if d in flip else v for d, v in stage.items()}))
    whole = mosaic(tiles, flip=flip)
    np.testing.assert_array_equal(whole.load(), CELLS)
    centers = whole.facts.static.stage_position or {}
    wanted = mosaic([tile(at) for at in HALVES]).facts.static.stage_position or {}
    assert centers == {dim: -value if dim in flip else value for dim, value in wanted.items()}


def test_tiles_seen_in_a_mirror_agree() -> None:
    tiles = [tile(at).isel(X=slice(None, None, -1)) for at in HALVES]
    np.testing.assert_array_equal(mosaic(tiles).load(), CELLS[..., ::-1])


class TestPlaces:
    def test_are_those_of_the_planes_where_they_know(self) -> None:
        def planes(y: float, x: float) -> PlaneTable:
            column = np.full((2, 1, 2), np.nan)
            columns = {"stage_y": column.copy(), "stage_x": column.copy()}
            columns["stage_y"][1], columns["stage_x"][1] = y, x
            return PlaneTable.of(columns)

        tiles = [tile(at, planes=planes(*(SPACING * value for value in at)), stage_position=None) for at in HALVES]
        np.testing.assert_array_equal(mosaic(tiles).load(), CELLS)

    def test_may_wander_a_pixel_within_a_tile(self) -> None:
        def planes(at: tuple[int, int], wander: float) -> PlaneTable:
            steps = np.linspace(0, wander, 4).reshape(2, 1, 2)
            return PlaneTable.of({"stage_y": SPACING * at[0] + steps, "stage_x": SPACING * at[1] - steps})

        def tiles(wander: float) -> list[MicroscopyDataset]:
            return [tile(at, planes=planes(at, wander)) for at in HALVES]

        np.testing.assert_array_equal(mosaic(tiles(0.4)).load(), CELLS)
        with pytest.raises(MergeError, match=r"part 1: Y of the stage: wanders 0\.8 µm, 1\.6 pixels, within the tile"):
            mosaic(tiles(0.8))
        np.testing.assert_array_equal(mosaic(tiles(0.8), tolerance=2).load(), CELLS)

    def test_are_rounded_to_whole_pixels_and_it_is_recorded(self) -> None:
        first, second = tile((0, 0)), tile((0, 40))
        stage = dict(second.facts.static.stage_position or {})
        moved = second.with_metadata(stage_position={**stage, "X": stage["X"] + 0.3 * SPACING})
        whole = mosaic([first, moved])
        np.testing.assert_array_equal(whole.load(), CELLS[..., :30, :])
        assert whole.facts.static.provenance[-1]["rounding"] == pytest.approx(0.3)

    def test_on_halves_are_rounded_one_way_whatever_the_noise(self) -> None:
        tiles = [
            tile((0, 0), size=(30, 10)).with_metadata(
                stage_position={"Y": 0.0, "X": SPACING * (10 * number + 0.5 * (number > 0)) + noise}
            )
            for number, noise in enumerate((0.0, 1e-9, -1e-9, 2e-9, -2e-9))
        ]
        at = [place["at"]["X"][0] for place in mosaic(tiles).facts.static.provenance[-1]["parts"]]
        assert at == [0, 11, 21, 31, 41]


class TestPixels:
    def test_between_tiles_are_filled(self) -> None:
        whole = mosaic([tile((0, 0)), tile((30, 40))], fill=9)
        np.testing.assert_array_equal(whole.isel(Y=slice(30), X=slice(40)).load(), CELLS[..., :30, :40])
        assert (whole.isel(Y=slice(30), X=slice(40, None)).load() == 9).all()

    def test_are_those_of_the_tile_on_top(self) -> None:
        tiles = [tile((0, 0)), tile((0, 20), pixels=CELLS // 2)]
        shared = {"X": slice(20, 40)}
        np.testing.assert_array_equal(mosaic(tiles).isel(**shared).load(), CELLS[..., :30, 20:40] // 2)
        np.testing.assert_array_equal(mosaic(tiles, overlap="first").isel(**shared).load(), CELLS[..., :30, 20:40])

    @pytest.mark.parametrize(("overlap", "hidden"), [("last", "part 1; part 3"), ("first", "part 3")])
    def test_that_nothing_is_seen_of_are_warned_of(self, overlap: str, hidden: str) -> None:
        small, large = tile((0, 0), size=(20, 20)), tile((0, 0))
        tiles = [small, tile((0, 40)), small, large]
        with pytest.warns(omio.OmioWarning, match=f"in the same place: {hidden}$"):
            mosaic(tiles, overlap=overlap)

    def test_keep_a_dtype_that_holds_them(self) -> None:
        tiles = [tile((0, 0)), tile((0, 40), pixels=(CELLS // 256).astype(np.uint8))]
        with pytest.raises(MergeError, match="part 2: dtype: uint16 and uint8"):
            mosaic(tiles)
        assert mosaic(tiles, dtype="promote").dtype == np.uint16

    @pytest.mark.parametrize("fill", [-1, 70000, 0.5])
    def test_must_hold_the_fill(self, fill: float) -> None:
        with pytest.raises(PolicyError, match="uint16 pixels cannot hold the fill value"):
            mosaic([tile((0, 0)), tile((30, 40))], fill=fill)

    def test_are_read_from_the_tiles_that_a_region_meets(self) -> None:
        tiles = [tile(at) for at in HALVES]
        recipe = mosaic(tiles).recipe
        assert isinstance(recipe, Placed)
        assert recipe.met(range(35, 40), range(39)).tolist() == [2]

    def test_survive_writing_and_reading(self, tmp_path: Path) -> None:
        whole = mosaic([tile(at, planes=None) for at in HALVES])
        whole.to_ometiff(tmp_path / "whole.ome.tif")
        again = omio.open(tmp_path / "whole.ome.tif")
        np.testing.assert_array_equal(again.load(), CELLS)
        assert again.metadata.stage_position == whole.metadata.stage_position


class TestConflicts:
    def test_are_listed_all_at_once(self) -> None:
        tiles = [
            tile((0, 0)),
            tile((0, 40), pixels=CELLS[:1]),
            tile((30, 0), pixel_size={"Y": SPACING, "X": 0.6}, objective={"name": "40x"}),
            tile((30, 40), stage_position={"Y": 3.0}, channels=[{"name": "DAPI"}]),
            tile((30, 40), pixel_size={"X": SPACING}).astype("float32"),
        ]
        with pytest.raises(MergeError) as caught:
            mosaic(tiles)
        assert caught.value.conflicts == (
            "part 2: T size: 2 and 1",
            "part 3: X spacing: 0.5 µm and 0.6 µm",
            "part 4: X of the stage: unknown",
            "part 4: channel 0 name: unknown and DAPI",
            "part 5: dtype: uint16 and float32",
            "part 5: Y spacing: unknown",
        )

    def test_name_uneven_positions(self) -> None:
        with pytest.raises(MergeError, match="part 1: X spacing: uneven"):
            mosaic([tile((0, 0)).isel(X=[0, 1, 5])])

    def test_name_crops_whose_center_is_unknown(self) -> None:
        tiles = [tile((0, 0)), tile((0, 40)).isel(X=slice(5, None))]
        with pytest.raises(MergeError, match="part 2: X of the stage: is that of a whole tile"):
            mosaic(tiles)
        alike = [part.isel(X=slice(5, 38)) for part in (tile((0, 0)), tile((0, 40)))]
        whole = mosaic(alike).load()
        np.testing.assert_array_equal(whole[..., :33], CELLS[..., :30, 5:38])
        np.testing.assert_array_equal(whole[..., 40:], CELLS[..., :30, 45:78])

    def test_name_tiles_beyond_any_plane(self) -> None:
        far = tile((0, 40), stage_position={"Y": 0.0, "X": 1e300})
        with pytest.raises(MergeError, match=r"part 2: lies 2e\+300 pixels from the first"):
            mosaic([tile((0, 0)), far])

    def test_name_a_policy_that_does_not_fit(self) -> None:
        pair = [tile((0, 0)), tile((0, 40))]
        with pytest.raises(MergeError, match="StrictMerge"):
            mosaic(pair, policy="strict")
        with pytest.raises(MergeError, match="a mosaic has no place along 'T'"):
            omio.merge(pair, along="T", policy="mosaic")
        with pytest.raises(MergeError, match="nothing to merge"):
            MosaicMerge().plan([], "M")
        with pytest.raises(PolicyError, match="tolerance"):
            MosaicMerge(tolerance=-1)


class TestFacts:
    def test_of_planes_stand_where_all_tiles_share_them(self) -> None:
        def planes(start: float) -> PlaneTable:
            times = start + np.arange(4.0).reshape(2, 1, 2)
            same = np.full((2, 1, 2), 0.1)
            return PlaneTable.of({"delta_t": times, "exposure": same, "stage_x": same, "stage_y": times})

        whole = mosaic([tile(at, planes=planes(number)) for number, at in enumerate(HALVES)], tolerance=9)
        assert whole.facts.planes is not None
        assert list(whole.facts.planes.columns) == ["exposure"]
        assert whole.facts.static.provenance[-1]["left_out"] == ["delta_t", "stage_x", "stage_y"]

    def test_of_time_are_the_first_tiles_and_the_others_are_told(self) -> None:
        tiles = [tile(at, times=np.array([0.5, 60.0]) + number) for number, at in enumerate(HALVES)]
        whole = mosaic(tiles)
        axis = whole.facts.axes["T"]
        assert axis.values().tolist() == [0.5, 60.0]
        assert [place["begins"] for place in whole.facts.static.provenance[-1]["parts"]] == [0.5, 1.5, 2.5, 3.5]

    def test_of_depth_stand_where_all_tiles_share_them(self) -> None:
        def with_depth(*depths: float) -> list[MicroscopyDataset]:
            tiles = [tile(at) for at in HALVES[: len(depths)]]
            stages = [{**(t.facts.static.stage_position or {}), "Z": z} for t, z in zip(tiles, depths, strict=True)]
            return [t.with_metadata(stage_position=stage) for t, stage in zip(tiles, stages, strict=True)]

        assert (mosaic(with_depth(3.0, 3.0)).facts.static.stage_position or {})["Z"] == 3.0
        assert "Z" not in (mosaic(with_depth(3.0, 4.0)).facts.static.stage_position or {})

    def test_tell_each_tile_and_rebuild_the_policy(self) -> None:
        whole = mosaic([tile(at) for at in HALVES], fill=3, flip=("Y",), overlap="first")
        step = whole.facts.static.provenance[-1]
        assert MergePolicy.resolve(step["policy"]) == MosaicMerge(fill=3, flip=("Y",), overlap="first")
        assert [place["at"] for place in step["parts"]][1] == {"Y": [30, 60], "X": [40, 80]}
        assert step["parts"][0]["stage_position"] == {"Y": 7007.25, "X": -990.25}

    def test_travel_small(self) -> None:
        first = tile((0, 0))
        tiles = [first.with_metadata(stage_position={"Y": 0.0, "X": float(number)}) for number in range(2000)]
        assert len(pickle.dumps(mosaic(tiles).recipe)) < len(pickle.dumps(tiles[0].recipe)) + 100 * len(tiles)


class TestFiles:
    def test_ome_tiff_tiles_of_a_folder(self, tmp_path: Path) -> None:
        for number, (top, left) in enumerate(OVERLAPPING):
            planes = {f"Position{dim}": [SPACING * at - 4] * 4 for dim, at in (("Y", top), ("X", left))}
            units = {"PositionXUnit": ["µm"] * 4, "PositionYUnit": ["µm"] * 4}
            sizes = {"PhysicalSizeX": SPACING, "PhysicalSizeY": SPACING}
            tifffile.imwrite(
                tmp_path / f"tile{number}.ome.tif",
                CELLS[:, 0, :, top : top + 30, left : left + 40],
                metadata={"axes": "TCYX", **sizes, "Plane": planes | units},
            )
        whole = omio.open_folder(tmp_path).merge(along="M")
        np.testing.assert_array_equal(whole.load(), CELLS)
        np.testing.assert_array_equal(whole.data.isel(T=1, C=0, Y=slice(10, 50)).values, CELLS[1:, 0, :1, 10:50][0])

    def test_micro_manager_fields_lie_where_the_stage_stood(self) -> None:
        fields = omio.open_collection(real("mm-ndtiff-rgb") / "Full resolution")
        whole = fields.merge(along="M")
        assert whole.sizes["Y"] == whole.sizes["X"] == 94
        for number, field in enumerate(fields.values()):
            box = {dim: slice(31 * number, 31 * number + 31) for dim in "YX"}
            np.testing.assert_array_equal(whole.isel(**box).load(), field.isel(Y=slice(31), X=slice(31)).load())
        assert not whole.isel(Y=slice(40), X=slice(70, None)).load().any()

    def test_the_same_tiles_in_another_format_give_the_same(self) -> None:
        copies = omio.open_collection(real("gen/ometiff-bigtiff-2scenes.ome.tif"))
        whole = omio.merge([copies["czi-well-s2.czi #1"], copies["czi-well-s2.czi #3"]], along="M")
        wanted = omio.open_collection(real("czi-well-s2.czi")).merge(along="M")
        assert whole.metadata.pixel_size == pytest.approx(wanted.metadata.pixel_size)
        for x in (0, 89900):
            box = {"X": slice(x, x + 700)}
            np.testing.assert_array_equal(whole.isel(**box).load(), wanted.isel(**box).load())

    def test_wells_of_a_plate_lie_apart(self) -> None:
        wells = omio.open_collection(real("czi-well-s2.czi"))
        whole = wells.merge(along="M", fill=1)
        assert whole.sizes["X"] == 90000 + 544
        np.testing.assert_array_equal(whole.isel(X=slice(90000, None)).load(), wells["D7"].load())
        assert (whole.isel(X=slice(50000, 50100)).load() == 1).all()

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr

import omio
from omio import MicroscopyDataset
from omio.errors import (
    AxesError,
    ClosedError,
    LayoutError,
    MemoryLimitError,
    MergeError,
    MetadataError,
    PolicyError,
    SelectionError,
)
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.recipe import Recipe
from omio.metadata.facts import Facts
from tests.support.clock import within

if TYPE_CHECKING:
    from pathlib import Path


def pixels(*shape: int, dtype: str = "uint16") -> np.ndarray[Any, np.dtype[Any]]:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.fixture
def cells() -> MicroscopyDataset:
    return MicroscopyDataset.from_array(
        pixels(2, 5, 3, 40, 50),
        pixel_size={"X": 0.1, "Y": 0.2, "Z": 1.5},
        time_increment=2.5,
        channels=["DAPI", {"name": "EGFP", "color": "#00ff00", "emission_nm": 509}, "DAPI"],
        name="cells",
    )


UINT16 = np.dtype("uint16")


@dataclass(frozen=True, eq=False)
class Endless(Recipe):
    """As many planes as one likes, made when read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = UINT16

    @property
    def chunk(self) -> tuple[int, ...]:
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Any, out: Any) -> None:
        out[...] = np.asarray(key[0]).reshape(-1, 1, 1, 1, 1) % 60000

    def token(self) -> tuple[Any, ...]:
        return ("endless", self.shape)

    def parts(self) -> tuple[Recipe, ...]:
        return ()


class TestWhatItIs:
    def test_five_axes_always(self) -> None:
        flat = MicroscopyDataset.from_array(pixels(4, 6), "YX")
        assert flat.dims == tuple("TZCYX")
        assert flat.shape == (1, 1, 1, 4, 6)
        rgb = MicroscopyDataset.from_array(pixels(4, 6, 3, dtype="uint8"), "YXS")
        assert rgb.sizes == {"T": 1, "Z": 1, "C": 1, "Y": 4, "X": 6, "S": 3}

    def test_axes_in_any_order(self) -> None:
        array = pixels(3, 4, 6, 2)
        image = MicroscopyDataset.from_array(array, "CYXZ")
        np.testing.assert_array_equal(image.load()[0], np.moveaxis(array, 3, 0))

    @pytest.mark.parametrize("axes", ["YX", "QYX", "YYX", "TZC"])
    def test_axes_that_do_not_fit_are_refused(self, axes: str) -> None:
        with pytest.raises(AxesError):
            MicroscopyDataset.from_array(pixels(2, 4, 6), axes)

    def test_metadata(self, cells: MicroscopyDataset) -> None:
        found = cells.metadata
        assert found.pixel_size == {"Z": 1.5, "Y": 0.2, "X": 0.1}
        assert found.time_increment == 2.5
        assert found.channels[1].color == "#00FF00"
        assert found.channels[0].emission_nm is None
        assert next((axis.name, axis.spacing, axis.unit) for axis in found.axes) == ("T", 2.5, "s")
        assert found.sources["pixel_size.X"] == "user"
        assert type(found).model_validate_json(found.model_dump_json()) == found

    def test_unknown_has_no_coordinate(self) -> None:
        image = MicroscopyDataset.from_array(pixels(4, 6), "YX")
        assert not image.data.coords
        assert image.pixel_size == {"Z": None, "Y": None, "X": None}

    def test_repr_has_eight_lines_and_html_is_escaped(self, cells: MicroscopyDataset) -> None:
        assert len(repr(cells).splitlines()) == 8
        nasty = cells.with_metadata(name="<script>alert(1)</script>")
        assert "<script>" not in nasty._repr_html_()

    def test_bad_descriptions_are_refused(self) -> None:
        with pytest.raises(LayoutError):
            MicroscopyDataset(ArrayRecipe(pixels(1, 1, 1, 2, 2)), Facts.of((1, 1, 1, 2, 3)))
        for bad in (0, -1.0, float("nan"), float("inf")):
            with pytest.raises(MetadataError):
                Facts.of((1, 1, 1, 2, 2), pixel_size={"X": bad})

    def test_subclasses_survive_every_verb(self, cells: MicroscopyDataset) -> None:
        class Mine(MicroscopyDataset):
            note = "kept"

        mine = Mine(cells.recipe, cells.facts)
        mine.note = "here"
        for other in (
            mine.isel(T=0),
            mine.sel(C="EGFP"),
            mine.merge(mine),
            mine.pad({"X": 1}),
            mine.project("Z"),
            mine.map(lambda data: data + 1),
            mine.with_metadata(name="x"),
            mine.levels[0],
            mine.astype("float32"),
        ):
            assert isinstance(other, Mine)
            assert other.note == "here"


class TestSelecting:
    def test_by_name(self, cells: MicroscopyDataset) -> None:
        assert cells.sel(C="EGFP").sizes["C"] == 1
        assert cells.sel(C="DAPI").sizes["C"] == 2
        assert [c.name for c in cells.sel(C=["EGFP", "DAPI"]).metadata.channels] == ["EGFP", "DAPI", "DAPI"]
        with pytest.raises(SelectionError, match="There are DAPI, EGFP, DAPI"):
            cells.sel(C="GFP")

    def test_by_micrometre(self, cells: MicroscopyDataset) -> None:
        part = cells.sel(X=slice(2.5, 4.0), Y=3.0, Z=[0, 6.0])
        assert part.shape == (2, 2, 3, 1, 16)
        np.testing.assert_array_equal(part.load(), cells.load()[:, [0, 4], :, 15:16, 25:41])
        assert part.metadata.axis("X").origin == 2.5

    def test_a_scalar_lies_within_half_a_step(self, cells: MicroscopyDataset) -> None:
        assert cells.sel(X=0.149).metadata.axis("X").origin == pytest.approx(0.1)
        with pytest.raises(SelectionError, match="half a step"):
            cells.sel(X=4.96)
        assert cells.sel(X=100, method="nearest").metadata.axis("X").origin == pytest.approx(4.9)
        assert cells.sel(X=0.19, method="pad").metadata.axis("X").origin == pytest.approx(0.1)
        assert cells.sel(X=0.11, method="backfill").metadata.axis("X").origin == pytest.approx(0.2)

    def test_reversed_axes_select_the_same_interval(self, cells: MicroscopyDataset) -> None:
        backwards = cells.isel(Z=slice(None, None, -1)).sel(Z=slice(1.5, 4.5))
        np.testing.assert_array_equal(backwards.load(), cells.load()[:, 3:0:-1])

    def test_a_single_pixel_keeps_its_spacing(self, cells: MicroscopyDataset) -> None:
        one = cells.isel(X=7)
        assert one.pixel_size["X"] == 0.1
        assert one.sel(X=0.74).shape == one.shape
        with pytest.raises(SelectionError):
            one.sel(X=0.8)

    def test_a_stride_multiplies_the_spacing_and_a_list_has_none(self, cells: MicroscopyDataset) -> None:
        assert cells.isel(X=slice(None, None, 4)).pixel_size["X"] == pytest.approx(0.4)
        assert cells.isel(X=[0, 1, 5]).pixel_size["X"] is None
        assert cells.isel(X=[0, 1, 5]).sel(X=0.5).shape[4] == 1

    def test_axes_without_positions_are_refused(self) -> None:
        image = MicroscopyDataset.from_array(pixels(3, 4, 6), "TYX")
        for labels in ({"X": 1.0}, {"T": 0}, {"C": "DAPI"}):
            with pytest.raises(SelectionError, match="isel"):
                image.sel(**labels)

    def test_outside_is_an_error_of_both_kinds(self, cells: MicroscopyDataset) -> None:
        for kind in (IndexError, KeyError, SelectionError):
            with pytest.raises(kind):
                cells.isel(Z=5)
        with pytest.raises(SelectionError, match="nothing lies in 90 to 100"):
            cells.sel(X=slice(90, 100))
        with pytest.raises(SelectionError, match="no dim Q"):
            cells.isel(Q=1)

    def test_time_that_does_not_increase_is_no_index(self, cells: MicroscopyDataset) -> None:
        backwards = cells.isel(T=[1, 0]).data
        assert "T" not in backwards.coords
        assert backwards.time.values.tolist() == [2.5, 0.0]

    def test_cost_does_not_grow_with_the_file(self) -> None:
        shape = (200_000, 1, 1, 64, 64)
        facts = Facts.of(shape, time_increment=0.1, pixel_size={"X": 0.1, "Y": 0.1})
        image = MicroscopyDataset(Endless(shape), facts)
        with within(0.5):
            for _ in range(100):
                part = image.isel(T=slice(1000, 150_000, 3)).sel(X=slice(1, 3)).isel(T=slice(10, 20))
        assert len(pickle.dumps(image)) < 4096
        assert part.load()[0, 0, 0, 0, 0] == 1030


class TestPixels:
    def test_load_asarray_data_and_zarr_agree(self, cells: MicroscopyDataset) -> None:
        whole = cells.load()
        np.testing.assert_array_equal(np.asarray(cells), whole)
        np.testing.assert_array_equal(cells.data.values, whole)
        np.testing.assert_array_equal(cells.as_zarr()[:], whole)
        np.testing.assert_array_equal(cells.isel(T=1).as_zarr()[:], whole[1:])
        assert np.asarray(cells, dtype="float32").dtype == np.float32
        with pytest.raises(ValueError, match="copy=False"):
            np.array(cells, copy=False)

    def test_zarr_is_read_only(self, cells: MicroscopyDataset) -> None:
        view = cells.as_zarr()
        assert view.metadata.dimension_names == tuple("TZCYX")
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 0

    def test_equal_reads_share_a_name_in_dask(self, cells: MicroscopyDataset) -> None:
        assert cells.data.data.name == cells.isel(T=slice(None)).data.data.name
        assert cells.isel(T=0).data.data.name != cells.isel(T=1).data.data.name

    def test_more_than_the_limit_is_refused(self, cells: MicroscopyDataset) -> None:
        limited = MicroscopyDataset(cells.recipe, cells.facts, max_bytes=1000)
        with pytest.raises(MemoryLimitError, match="max_bytes"):
            limited.load()
        assert limited.isel(T=0, Z=0, C=0, Y=0).load().size == 50
        with omio.config(memory="1kB"), pytest.raises(MemoryError):
            cells.load()

    def test_memory_has_no_file_to_map(self, cells: MicroscopyDataset) -> None:
        with pytest.raises(LayoutError, match="one file"):
            cells.memmap()

    def test_closing_ends_it_and_its_selections(self, cells: MicroscopyDataset) -> None:
        part, data = cells.isel(T=0), cells.data
        merged = cells.merge(cells)
        with cells:
            pass
        cells.close()
        for image in (cells, part):
            with pytest.raises(ClosedError):
                image.load()
        with pytest.raises(ClosedError):
            data.compute()
        assert merged.load().shape[0] == 4
        assert pickle.loads(pickle.dumps(merged)).identical(merged)  # noqa: S301 - our own bytes


class TestChanging:
    def test_with_metadata(self, cells: MicroscopyDataset) -> None:
        known = cells.with_metadata(
            pixel_size={"Z": 2.0},
            time_increment=None,
            channels=[{"name": "a", "emission_nm": 500.0}, "b", "c"],
            objective={"magnification": 63, "na": 1.4},
            acquired="2026-11-20T10:00:00",
            description="d",
        ).metadata
        assert known.pixel_size == {"Z": 2.0, "Y": 0.2, "X": 0.1}
        assert known.time_increment is None
        assert known.objective is not None
        assert known.objective.na == 1.4
        assert known.acquired is not None
        assert known.acquired.year == 2026
        assert known.channels[0].emission_nm == 500.0

    @pytest.mark.parametrize(
        "bad",
        [
            {"pixel_size": {"X": 0}},
            {"pixel_size": {"T": 1}},
            {"pixel_size": 0.1},
            {"colour": 1},
            {"channels": ["one"]},
            {"channels": [{"colour": 1}] * 3},
            {"channels": [{"color": "green"}] * 3},
        ],
    )
    def test_impossible_metadata_is_refused(self, cells: MicroscopyDataset, bad: dict[str, Any]) -> None:
        with pytest.raises(MetadataError):
            cells.with_metadata(**bad)

    def test_map_keeps_what_is_true(self, cells: MicroscopyDataset) -> None:
        mean = cells.map(lambda data: data.mean("T"), step="mean over T")
        assert mean.shape == (1, 5, 3, 40, 50)
        assert mean.pixel_size == cells.pixel_size
        assert mean.metadata.time_increment is None
        assert [c.name for c in mean.metadata.channels] == ["DAPI", "EGFP", "DAPI"]
        assert mean.metadata.channels[1].emission_nm == 509
        assert mean.metadata.provenance[-1].model_dump()["function"] == "mean over T"
        np.testing.assert_allclose(mean.load(), cells.load().mean(0, keepdims=True))

    def test_map_follows_xarray_selections(self, cells: MicroscopyDataset) -> None:
        part = cells.map(lambda data: data.isel(C=1, X=slice(10, 20)))
        assert part.metadata.axis("X").origin == pytest.approx(1.0)
        assert part.shape == (2, 5, 1, 40, 10)

    def test_project(self, cells: MicroscopyDataset) -> None:
        flat = cells.project("Z", "max")
        np.testing.assert_array_equal(flat.load(), cells.load().max(1, keepdims=True))
        assert flat.pixel_size["Z"] is None
        assert flat.pixel_size["X"] == 0.1

    def test_samples_and_channels(self) -> None:
        rgb = MicroscopyDataset.from_array(pixels(4, 6, 3, dtype="uint8"), "YXS", pixel_size={"X": 0.5})
        split = rgb.split_samples()
        assert [c.name for c in split.metadata.channels] == ["Red", "Green", "Blue"]
        assert split.pixel_size["X"] == 0.5
        np.testing.assert_array_equal(split.join_samples().load(), rgb.load())
        with pytest.raises(LayoutError):
            split.split_samples()

    def test_levels_follow_samples_and_channels(self, tmp_path: Path) -> None:
        rgb = MicroscopyDataset.from_array(pixels(64, 96, 3, dtype="uint8"), "YXS", pixel_size={"Y": 1.0, "X": 1.0})
        rgb.to_ometiff(tmp_path / "levels.ome.tif", levels=2)
        with omio.open(tmp_path / "levels.ome.tif") as image:
            full, half = image.split_samples().levels
            assert (full.shape, half.shape) == ((1, 1, 3, 64, 96), (1, 1, 3, 32, 48))
            assert half.pixel_size["X"] == 2.0
            expected = image.levels[1].load()
            np.testing.assert_array_equal(half.load()[0, 0], np.moveaxis(expected[0, 0, 0], -1, 0))
            np.testing.assert_array_equal(image.split_samples().join_samples().levels[1].load(), expected)

    def test_xarray_of_foreign_making(self) -> None:
        array = xr.DataArray(
            pixels(3, 4, 6), dims=("C", "Y", "X"), coords={"C": ["a", "b", "c"], "X": np.arange(6) / 2}
        )
        image = MicroscopyDataset.from_xarray(array)
        assert image.pixel_size["X"] == 0.5
        assert [c.name for c in image.metadata.channels] == ["a", "b", "c"]
        with pytest.raises(AxesError, match="rename"):
            MicroscopyDataset.from_xarray(array.rename(C="wave"))

    def test_datatree_and_dataset(self, cells: MicroscopyDataset) -> None:
        assert cells.to_xarray().image.dims == tuple("TZCYX")
        assert cells.to_datatree()["level_0"].image.shape == cells.shape


class TestMerging:
    def test_every_conflict_is_listed(self, cells: MicroscopyDataset) -> None:
        other = cells.isel(Y=slice(0, 39)).with_metadata(pixel_size={"X": 0.11}).astype("uint8")
        third = cells.with_metadata(channels=["x", "y", "z"], time_increment=1.0)
        with pytest.raises(MergeError) as caught:
            cells.merge(other, third, along="T")
        told = "\n".join(caught.value.conflicts)
        for part in (
            "part 2: Y size",
            "part 2: X spacing: 0.1 µm and 0.11 µm",
            "part 2: dtype",
            "part 3: channel 0 name: DAPI and x",
            "part 3: T spacing",
        ):
            assert part in told
        assert len(caught.value.conflicts) == 9

    def test_time_goes_on_restarts_or_follows_stamps(self, cells: MicroscopyDataset) -> None:
        early = cells.with_metadata(acquired="2026-11-20T10:00:00")
        late = cells.with_metadata(acquired="2026-11-20T10:01:00")
        assert early.merge(late).metadata.time_increment == 2.5
        stamps = early.merge(late, policy=omio.StrictMerge(times="stamps"))
        assert stamps.data["T"].values.tolist() == [0.0, 2.5, 60.0, 62.5]
        restart = early.merge(late, policy={"kind": "strict", "times": "restart"})
        assert restart.data["time"].values.tolist() == [0.0, 2.5, 0.0, 2.5]

    def test_channels_stand_side_by_side(self, cells: MicroscopyDataset) -> None:
        both = cells.isel(C=0).merge(cells.isel(C=1), along="C")
        assert [c.name for c in both.metadata.channels] == ["DAPI", "EGFP"]
        assert both.metadata.channels[1].color == "#00FF00"
        assert both.metadata.channels[0].color is None

    def test_padded_merge(self, cells: MicroscopyDataset) -> None:
        small = cells.isel(Y=slice(0, 30))
        with pytest.warns(omio.OmioWarning, match="part 2 is padded in Y from 30 to 40"):
            merged = cells.merge(small, policy=omio.PaddedMerge(pad={"kind": "constant", "value": 7}))
        assert merged.shape == (4, 5, 3, 40, 50)
        assert (merged.load()[2:, :, :, 30:] == 7).all()
        assert merged.dtype == cells.dtype

    def test_promotion_is_asked_for(self, cells: MicroscopyDataset) -> None:
        small = MicroscopyDataset(ArrayRecipe(pixels(2, 5, 3, 40, 50, dtype="uint8")), cells.facts)
        with pytest.raises(MergeError, match="dtype"):
            small.merge(cells)
        merged = small.merge(cells, policy=omio.StrictMerge(dtype="promote"))
        assert merged.dtype == np.uint16
        np.testing.assert_array_equal(merged.load()[2:], cells.load())

    def test_the_policy_in_the_provenance_rebuilds_it(self, cells: MicroscopyDataset) -> None:
        policy = omio.PaddedMerge(pad="edge", times="restart")
        step = cells.merge(cells, policy=policy).metadata.provenance[-1].model_dump()
        assert omio.MergePolicy.resolve(step["policy"]) == policy
        assert [part["at"] for part in step["parts"]] == [[0, 2], [2, 4]]

    def test_fill_that_the_dtype_cannot_hold_is_refused(self, cells: MicroscopyDataset) -> None:
        with pytest.raises(PolicyError, match="cannot hold"):
            cells.pad({"X": 1}, policy=omio.ConstantPad(value=-1))

    def test_padding_to_a_size(self, cells: MicroscopyDataset) -> None:
        centred = cells.pad(to={"X": 60}, policy=omio.ZeroPad(align="center"))
        assert centred.metadata.axis("X").origin == pytest.approx(-0.5)
        np.testing.assert_array_equal(centred.sel(X=slice(0, 4.9)).load(), cells.load())
        with pytest.raises(PolicyError, match="longer"):
            cells.pad(to={"X": 10})

    def test_padded_channels_have_no_invented_name(self, cells: MicroscopyDataset) -> None:
        assert [c.name for c in cells.pad({"C": (0, 1)}).metadata.channels][-1] is None


class TestLevels:
    def image(self) -> MicroscopyDataset:
        from omio.dataset.levels import Level

        full = pixels(1, 1, 1, 41, 64)
        facts = Facts.of(full.shape, pixel_size={"X": 0.5, "Y": 0.5})
        coarse = [np.ascontiguousarray(full[..., ::k, ::k]) for k in (2, 4)]
        return MicroscopyDataset(
            ArrayRecipe(full), facts, tuple(Level.of(ArrayRecipe(level), full.shape) for level in coarse)
        )

    def test_levels_are_placed_in_the_same_field(self) -> None:
        levels = self.image().levels
        assert [level.pixel_size["X"] for level in levels] == [0.5, 1.0, 2.0]
        assert [level.metadata.axis("X").origin for level in levels] == [0.0, 0.25, 0.75]
        assert [len(level.levels) for level in levels] == [3, 2, 1]

    def test_levels_follow_where_that_is_exact(self) -> None:
        image = self.image()
        assert len(image.isel(X=slice(8, 24), Y=slice(4, None)).levels) == 3
        assert len(image.isel(X=slice(2, 24)).levels) == 2
        assert len(image.isel(X=slice(1, 24)).levels) == 1
        assert len(image.isel(X=slice(None, None, -1)).levels) == 1
        crop = image.isel(X=slice(8, 24), Y=slice(4, None))
        np.testing.assert_array_equal(crop.levels[2].load(), image.levels[2].load()[..., 1:, 2:6])
        assert crop.levels[1].metadata.axis("X").origin == pytest.approx(8 * 0.5 + 0.25)

    def test_levels_follow_a_merge(self) -> None:
        image = self.image()
        merged = image.merge(image, along="Z")
        assert [level.sizes["Z"] for level in merged.levels] == [2, 2, 2]

"""What lies at the edge of use: odd arguments cost an `OmioError`, and truth survives odd ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr

from omio import MicroscopyDataset
from omio.errors import (
    AxesError,
    LayoutError,
    MetadataError,
    OmioError,
    PolicyError,
    SelectionError,
    SourceOverwriteError,
)
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts, PlaneTable
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cells() -> MicroscopyDataset:
    shape = (2, 5, 3, 8, 10)
    pixels = np.arange(np.prod(shape)).reshape(shape).astype("uint16")
    planes = PlaneTable.of({"delta_t": np.arange(30.0).reshape(2, 5, 3), "exposure": np.full((2, 5, 3), 0.1)})
    facts = Facts.of(
        shape,
        pixel_size={"X": 0.1, "Y": 0.1, "Z": 1.5},
        time_increment=2.5,
        channels=[{"emission_nm": 500.0, "window": (0.0, 9.0)}, {"name": "EGFP", "emission_nm": 600.0}, {"name": "TL"}],
        planes=planes,
    )
    return MicroscopyDataset(ArrayRecipe(pixels), facts)


@pytest.mark.parametrize(
    "labels",
    [
        {"X": "a"},
        {"X": np.nan},
        {"X": np.inf},
        {"X": None},
        {"X": [[0.1, 0.2]]},
        {"X": slice(np.nan, 1)},
        {"X": slice(0, 1, 0)},
        {"X": slice(0, 1, 0.5)},
        {"C": [True]},
        {"C": slice("TL", "EGFP")},
        {"T": np.timedelta64(1, "s")},
        {"X": 0.1, "method": "bogus"},
        {"X": slice(0, 1), "method": "bogus"},
    ],
)
def test_labels_that_mean_nothing(cells: MicroscopyDataset, labels: dict[str, Any]) -> None:
    with pytest.raises(SelectionError):
        cells.sel(**labels)


@pytest.mark.parametrize("indexer", ["a", None, 1.5, [0.5], slice(None, None, 0), [[0, 1]]])
def test_indexers_that_mean_nothing(cells: MicroscopyDataset, indexer: Any) -> None:
    with pytest.raises(SelectionError):
        cells.isel(X=indexer)


def test_nothing_is_found_on_an_empty_axis(cells: MicroscopyDataset) -> None:
    with pytest.raises(SelectionError, match="no pixels left"):
        cells.isel(X=slice(0, 0)).sel(X=0, method="nearest")


def test_listed_positions_are_found_one_way_or_the_other() -> None:
    facts = Facts.of((4, 1, 1, 2, 2), times=np.array([0.0, 1.0, 5.0, 6.0]))
    image = MicroscopyDataset(ArrayRecipe(np.arange(16).reshape(4, 1, 1, 2, 2)), facts)
    backwards = image.isel(T=slice(None, None, -1))
    for source in (image, backwards):
        assert source.sel(T=3.1).facts.axes["T"].values().tolist() == [5.0]
        assert source.sel(T=4.9, method="pad").facts.axes["T"].values().tolist() == [1.0]
        assert source.sel(T=1.1, method="backfill").facts.axes["T"].values().tolist() == [5.0]
        assert sorted(source.sel(T=slice(1, 5)).facts.axes["T"].values()) == [1.0, 5.0]
        assert source.sel(T=[6, 0]).load()[:, 0, 0, 0, 0].tolist() == [12, 0]
        with pytest.raises(SelectionError):
            source.sel(T=-1, method="pad")
        with pytest.raises(SelectionError):
            source.sel(T=9)


def test_a_time_that_is_unknown_hides_no_other() -> None:
    facts = Facts.of((3, 1, 1, 2, 2), times=np.array([0.0, np.nan, 5.0]))
    image = MicroscopyDataset(ArrayRecipe(np.arange(12).reshape(3, 1, 1, 2, 2)), facts)
    assert image.sel(T=5).load()[0, 0, 0, 0, 0] == 8


def test_a_reordering_by_xarray_carries_the_facts(cells: MicroscopyDataset) -> None:
    turned = cells.map(lambda data: data.isel(T=[1, 0], C=[2, 1, 0]))
    plain = cells.isel(T=[1, 0], C=[2, 1, 0])
    assert turned.facts.planes is not None
    assert plain.facts.planes is not None
    np.testing.assert_array_equal(turned.facts.planes.columns["delta_t"], plain.facts.planes.columns["delta_t"])
    assert turned.metadata.channels == plain.metadata.channels
    assert turned.metadata.axes == plain.metadata.axes


def test_an_integer_selection_by_xarray_carries_the_facts(cells: MicroscopyDataset) -> None:
    one = cells.map(lambda data: data.isel(T=1, C=0, X=3))
    assert one.metadata.channels[0].emission_nm == 500.0
    assert one.metadata.channels[0].window == (0.0, 9.0)
    assert one.pixel_size == cells.pixel_size
    assert one.metadata.time_increment == 2.5
    assert one.facts.planes is not None
    assert one.facts.planes.columns["delta_t"][0, 0, 0] == 15.0


def test_what_a_reduction_leaves(cells: MicroscopyDataset) -> None:
    flat = cells.map(lambda data: data.max(("Z", "C")))
    assert flat.shape == (2, 1, 1, 8, 10)
    assert flat.pixel_size == {"Z": None, "Y": 0.1, "X": 0.1}
    assert flat.facts.planes is None
    assert flat.metadata.channels[0].name is None


def test_a_function_must_return_a_data_array(cells: MicroscopyDataset) -> None:
    functions: tuple[Any, ...] = (np.asarray, lambda data: data.to_dataset(name="x"), lambda _: None)
    for function in functions:
        with pytest.raises(LayoutError, match="returned a"):
            cells.map(function)


def test_a_result_still_knows_its_file(tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "cells.ome.tif")
    with MicroscopyDataset.from_array(np.zeros((2, 2))) as other:
        assert "memory" in repr(other)
    import omio

    image = omio.open(sample.path).map(lambda data: data + 1)
    assert "cells.ome.tif" in repr(image)
    with pytest.raises(SourceOverwriteError):
        image.to_ometiff(sample.path, overwrite="replace")


def test_closing_a_selection_leaves_its_dataset(cells: MicroscopyDataset) -> None:
    part = cells.isel(T=0)
    part.close()
    with pytest.raises(OmioError, match="closed"):
        part.load()
    assert cells.load().size


def test_an_array_of_three_dims_needs_names() -> None:
    with pytest.raises(AxesError, match="what the 3 axes"):
        MicroscopyDataset.from_array(np.zeros((50, 8, 8)))
    assert MicroscopyDataset.from_array(np.zeros((50, 8, 8)), "ZYX").sizes["Z"] == 50


@pytest.mark.parametrize(
    "bad",
    [
        {"acquired": "garbage"},
        {"name": 5},
        {"description": 3},
        {"channels": "abc"},
        {"channels": 5},
        {"original": 5},
        {"pixel_size": {"X": "a"}},
    ],
)
def test_metadata_that_means_nothing(cells: MicroscopyDataset, bad: dict[str, Any]) -> None:
    with pytest.raises(MetadataError):
        cells.with_metadata(**bad)


@pytest.mark.parametrize(
    "arguments",
    [
        {"widths": {"X": 1.5}},
        {"widths": {"X": (1, 2, 3)}},
        {"widths": {"X": 1}, "to": {"X": 20}},
        {"widths": {"Q": 1}},
        {"widths": {"X": -1}},
    ],
)
def test_padding_that_means_nothing(cells: MicroscopyDataset, arguments: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        cells.pad(**arguments)


def test_numpy_integers_pad(cells: MicroscopyDataset) -> None:
    assert cells.pad({"X": np.int64(3)}).sizes["X"] == 16  # type: ignore[dict-item]


def test_cached_properties_of_subclasses_are_made_anew(cells: MicroscopyDataset) -> None:
    from functools import cached_property

    class Averaged(MicroscopyDataset):
        @cached_property
        def mean(self) -> float:
            return float(self.load().mean())

    image = Averaged(cells.recipe, cells.facts)
    assert image.mean != image.isel(T=0).mean


class TestForeignXarray:
    def test_units_are_heeded(self) -> None:
        array = xr.DataArray(
            np.zeros((3, 2, 4), "float32"),
            dims=("T", "Y", "X"),
            coords={
                "X": ("X", np.arange(4) * 100.0, {"units": "nm"}),
                "Y": ("Y", np.arange(2.0), {"units": "pixel"}),
                "T": ("T", np.arange(3) * 20.0, {"units": "ms"}),
            },
        )
        image = MicroscopyDataset.from_xarray(array)
        assert image.pixel_size == {"Z": None, "Y": None, "X": pytest.approx(0.1)}
        assert image.metadata.time_increment == pytest.approx(0.02)

    def test_dates_become_seconds(self) -> None:
        times = np.array(["2026-11-20T10:00:00", "2026-11-20T10:00:30"], "datetime64[ns]")
        array = xr.DataArray(np.zeros((2, 2, 2)), dims=("T", "Y", "X"), coords={"T": times})
        image = MicroscopyDataset.from_xarray(array)
        assert image.metadata.time_increment == pytest.approx(30.0)
        assert image.metadata.acquired is not None
        assert image.metadata.acquired.isoformat() == "2026-11-20T10:00:00"

    def test_numbers_name_channels_as_text(self) -> None:
        array = xr.DataArray(np.zeros((2, 2, 2)), dims=("C", "Y", "X"), coords={"C": [488, 561]})
        assert [channel.name for channel in MicroscopyDataset.from_xarray(array).metadata.channels] == ["488", "561"]

    def test_single_precision_positions_are_even(self) -> None:
        positions = (np.arange(100) * 0.325).astype("float32")
        array = xr.DataArray(np.zeros((2, 100)), dims=("Y", "X"), coords={"X": positions})
        assert MicroscopyDataset.from_xarray(array).pixel_size["X"] == pytest.approx(0.325)

    def test_what_has_no_field_goes_to_original(self) -> None:
        array = xr.DataArray(np.zeros((2, 2)), dims=("Y", "X"), coords={"dose": 3.5}, attrs={"operator": "A"})
        found = MicroscopyDataset.from_xarray(array).metadata.original
        assert found["attrs"] == {"operator": "A"}
        assert found["coords"] == {"dose": 3.5}

    def test_a_dataset_of_ours_comes_back_whole(self, cells: MicroscopyDataset) -> None:
        image = cells.with_metadata(objective={"magnification": 63.0}, description="d")
        assert MicroscopyDataset.from_xarray(image.to_xarray()).identical(image)
        one = image.isel(T=0, X=3, Z=2)
        assert MicroscopyDataset.from_xarray(one.to_xarray()).metadata.axes == one.metadata.axes

    def test_zarr_there_and_back(self, cells: MicroscopyDataset, tmp_path: Path) -> None:
        cells.isel(T=slice(1, None)).to_xarray().to_zarr(tmp_path / "a.zarr", consolidated=False)
        lazy = xr.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)
        again = MicroscopyDataset.from_xarray(lazy)
        assert not isinstance(again.recipe, ArrayRecipe)
        assert again.identical(cells.isel(T=slice(1, None)))

    def test_several_variables_must_be_chosen_from(self, cells: MicroscopyDataset) -> None:
        with pytest.raises(LayoutError, match="a, b"):
            MicroscopyDataset.from_xarray(xr.Dataset({"a": ("X", [1]), "b": ("X", [2])}))


def test_foreign_arrays_of_any_axis_order(tmp_path: Path) -> None:
    import zarr

    pixels = np.arange(4 * 6 * 8).reshape(4, 6, 8)
    stored = zarr.open_array(tmp_path / "a.zarr", mode="w", shape=pixels.shape, chunks=(1, 6, 8), dtype=pixels.dtype)
    stored[:] = pixels
    image = MicroscopyDataset.from_array(stored, "CXY")
    assert not isinstance(image.recipe, ArrayRecipe)
    np.testing.assert_array_equal(image.load()[0, 0], pixels.transpose(0, 2, 1))
    np.testing.assert_array_equal(
        image.isel(C=[3, 0, 1], X=slice(None, None, -1)).load()[0, 0, 0, 0], pixels[3, ::-1, 0]
    )

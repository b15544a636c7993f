"""Zarr without OME metadata."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import xarray as xr
import zarr

import omio
from omio.backends.zarr.plain import ZarrArrayBackend
from omio.errors import AxesError, DamagedFileError, SceneError, UnsupportedFormatError
from omio.testing import BackendTests
from tests.backends.zarr.made import write_image

if TYPE_CHECKING:
    from pathlib import Path

STACK = np.arange(2 * 3 * 5 * 6, dtype="u2").reshape(2, 3, 5, 6)


class TestConformance(BackendTests):
    backend = ZarrArrayBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        zarr.create_array(tmp_path / "a.zarr", data=STACK, chunks=(1, 1, 3, 3), dimension_names=["t", "c", "y", "x"])
        return tmp_path / "a.zarr"


@pytest.mark.parametrize("names", [("t", "c", "y", "x"), ("Time", "Channel", "Y", "X"), ("T", "C", "y", "x")])
def test_dims_are_named_in_any_case(tmp_path: Path, names: tuple[str, ...]) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK, dimension_names=names)

    assert omio.open(tmp_path / "a.zarr").shape == (2, 1, 3, 5, 6)


def test_dims_without_names_are_named_by_the_user(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK)
    with pytest.raises(AxesError, match="axes="):
        omio.open(tmp_path / "a.zarr")

    assert omio.open(tmp_path / "a.zarr", axes="ZCYX").shape == (1, 2, 3, 5, 6)
    turned = omio.open(tmp_path / "a.zarr", axes="XYCT")
    np.testing.assert_array_equal(turned.load(), STACK.transpose(3, 2, 1, 0)[:, None])
    assert turned.facts.static.provenance[-1]["axes"] == "XYCT"


def test_dims_without_names_are_named_by_a_policy(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK[0])
    zarr.create_array(tmp_path / "b.zarr", data=STACK)

    assert omio.open(tmp_path / "a.zarr", axes="time").shape == (3, 1, 1, 5, 6)
    with pytest.raises(AxesError, match="anew"):
        omio.open(tmp_path / "b.zarr", axes="imagej")


def test_a_plane_and_dims_of_length_one_need_no_name(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK[0, 0])
    zarr.create_array(tmp_path / "b.zarr", data=STACK[:1, :1])

    assert omio.open(tmp_path / "a.zarr").shape == omio.open(tmp_path / "b.zarr").shape == (1, 1, 1, 5, 6)


@pytest.mark.parametrize("names", [("t", "c", "lat", "lon"), ("y", "y", "x", "t")])
def test_names_that_are_none_of_an_image_are_told(tmp_path: Path, names: tuple[str, ...]) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK, dimension_names=names)

    with pytest.raises(AxesError, match=f"{', '.join(names)}.*axes="):
        omio.open(tmp_path / "a.zarr")


def test_arrays_of_groups_are_scenes_at_any_depth(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group.create_array("raw/b10", data=STACK[0, 0])
    group.create_array("raw/b9", data=STACK[0, 1])
    group.create_array("times", data=np.arange(3.0))

    scenes = omio.open_collection(tmp_path / "g.zarr")

    assert list(scenes) == ["raw/b9", "raw/b10"]
    np.testing.assert_array_equal(scenes["raw/b9"].load()[0, 0, 0], STACK[0, 1])
    with pytest.raises(SceneError, match="2 scenes"):
        omio.open(tmp_path / "g.zarr")


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("consolidated", [True, False])
def test_what_xarray_wrote_of_a_dataset_is_the_dataset(
    tmp_path: Path, zarr_format: Literal[2, 3], *, consolidated: bool
) -> None:
    image = omio.MicroscopyDataset.from_array(
        STACK, "TCYX", pixel_size={"Y": 0.5, "X": 0.25}, time_increment=2, channels=["a", "b", "c"], name="cells"
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # texts of fixed length and consolidation are not in the specification of Zarr 3
        image.to_xarray().to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format, consolidated=consolidated)

    assert omio.open(tmp_path / "a.zarr").identical(image)


def test_positions_of_coordinates_are_taken_where_they_have_units(tmp_path: Path) -> None:
    coords = {
        "time": ("time", [0.0, 1.0], {"units": "min"}),
        "y": ("y", np.arange(5) * 500.0, {"units": "nm"}),
        "x": ("x", np.arange(6) * 0.5),
    }
    array = xr.DataArray(STACK[:, 0], dims=("time", "y", "x"), coords=coords, name="signal", attrs={"camera": "A"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array.to_dataset().to_zarr(tmp_path / "a.zarr")

    image = omio.open(tmp_path / "a.zarr")

    assert image.pixel_size == {"Z": None, "Y": 0.5, "X": None}
    assert image.facts.axes["T"].values().tolist() == [0.0, 60.0]
    assert image.name == "signal"
    assert image.metadata.original["camera"] == "A"


def test_arrays_grown_after_consolidation_are_whole(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    array = group.create_array("a", data=STACK[0, 0], chunks=(5, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(tmp_path / "g.zarr")
    array.append(STACK[0, 1])

    assert omio.open(tmp_path / "g.zarr").shape == (1, 1, 1, 10, 6)


@pytest.mark.parametrize("dtype", ["M8[s]", "U5", [("a", "i4"), ("b", "f4")]])
def test_arrays_of_no_numbers_are_refused(tmp_path: Path, dtype: Any) -> None:
    zarr.create_array(tmp_path / "a.zarr", shape=(4, 5), dtype=dtype, zarr_format=2)

    with pytest.raises(UnsupportedFormatError, match="numbers"):
        omio.open(tmp_path / "a.zarr")


def test_a_group_without_images_is_told(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "g.zarr", mode="w").create_array("a", data=np.arange(3))

    with pytest.raises(UnsupportedFormatError, match="two or more dims"):
        omio.open(tmp_path / "g.zarr")


def test_an_array_of_an_ome_image_opens_alone(tmp_path: Path) -> None:
    full = write_image(tmp_path / "a.ome.zarr", "czyx")

    image = omio.open(tmp_path / "a.ome.zarr/1", axes="CZYX")

    np.testing.assert_array_equal(image.load()[0], full[..., ::2, ::2].transpose(1, 0, 2, 3))
    assert list(omio.open_collection(tmp_path / "a.ome.zarr", backend="zarr")) == ["0", "1"]


def test_a_document_without_a_shape_is_damage(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=STACK[0, 0])
    document = tmp_path / "a.zarr/zarr.json"
    document.write_text(document.read_text().replace('"shape"', '"form"', 1))

    with pytest.raises(DamagedFileError, match="shape"):
        omio.open(tmp_path / "a.zarr")


def test_missing_chunks_are_counted_when_asked_for(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 6), "u1"), chunks=(2, 2), fill_value=0)
    assert omio.open_collection(tmp_path / "a.zarr").details("0")["missing_chunks"] is None
    shutil.rmtree(tmp_path / "a.zarr/c/0")

    assert omio.open_collection(tmp_path / "a.zarr").details("0")["missing_chunks"] == 3

"""Plain Zarr: what xarray, zarr-python and dask open, and omio reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr

import omio
from omio import MicroscopyDataset
from omio.errors import PolicyError, UnwritableError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.testing import WriterTests
from omio.writers.zarr.plain import ZarrWriter
from tests.writers.images import random_pixels, rich_facts

if TYPE_CHECKING:
    from pathlib import Path


class TestDataset(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr"


class TestDatasetVersion2(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr"
    fields: ClassVar = {"zarr_format": 2, "compression": "gzip", "chunks": {"Y": 16, "X": 10}}


class TestDatasetShards(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr"
    fields: ClassVar = {"shards": True, "chunks": (8, 8)}


class TestDatasetZip(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr.zip"


class TestArray(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr"
    fields: ClassVar = {"layout": "array", "zarr_format": 2}


class TestArrayShards(WriterTests):
    writer = ZarrWriter
    suffix = ".zarr"
    fields: ClassVar = {"layout": "array", "shards": True, "compression": "none"}


def rich(**facts: Any) -> MicroscopyDataset:
    """Return an image of which everything is known, with a moment that has no more digits than Python's."""
    pixels = random_pixels((2, 3, 2, 20, 30), np.uint16)
    told = {**rich_facts(), "acquired": "2024-02-29T12:30:01.123456+02:00", **facts}
    return MicroscopyDataset(ArrayRecipe(pixels), Facts.of(pixels.shape, **told))


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("chunks", [{}, None])
def test_xarray_opens_it_as_it_was(tmp_path: Path, zarr_format: int, chunks: Any) -> None:
    image = rich()
    image.to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format)
    with xr.open_zarr(tmp_path / "a.zarr", chunks=chunks) as found:
        expected = image.to_xarray()
        np.testing.assert_array_equal(found["image"].values, image.load())
        assert found["image"].dtype == image.dtype
        assert set(found.coords) == set(expected.coords)
        for name in expected.coords:
            assert found.coords[name].dims == expected.coords[name].dims
            np.testing.assert_array_equal(found.coords[name].values, expected.coords[name].values)
            assert found.coords[name].attrs == expected.coords[name].attrs
        assert omio.MicroscopyDataset.from_xarray(found).identical(image)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "complex64"])
def test_pixels_of_every_kind_come_back(tmp_path: Path, dtype: str, zarr_format: int) -> None:
    pixels = random_pixels((1, 2, 1, 9, 7), dtype)
    image = MicroscopyDataset.from_array(pixels)
    image.to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format)
    again = omio.open(tmp_path / "a.zarr")
    assert again.identical(image)
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as found:
        assert found["image"].dtype == pixels.dtype
        np.testing.assert_array_equal(found["image"].values, pixels)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_omio_reads_back_all_that_it_wrote(tmp_path: Path, zarr_format: int) -> None:
    image = rich()
    report = image.to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format)
    again = omio.open(tmp_path / "a.zarr")
    assert report.lost == ()
    assert again.identical(image)
    assert [step.action for step in again.metadata.provenance][-2:] == ["write", "open"]


def test_what_json_cannot_hold_is_told(tmp_path: Path) -> None:
    image = rich(acquired="2024-02-29T12:30:01.123456789+02:00")
    assert image.to_zarr(tmp_path / "a.zarr").lost == ("acquired differs",)
    alone = image.isel(Z=[0, 1, 0]).to_zarr(tmp_path / "b.zarr", layout="array")
    assert "facts of planes differ" in alone.lost


@pytest.mark.parametrize(("zarr_format", "keys"), [(3, "c/{}/{}"), (2, "{}.{}")])
def test_an_array_alone_is_what_zarr_and_dask_open(tmp_path: Path, zarr_format: int, keys: str) -> None:
    pixels = random_pixels((500, 500), np.uint8)
    image = MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.5})
    options: dict[str, Any] = {"chunks": (100, 100), "compression": "blosc-zstd", "compression_level": 3}
    image.to_zarr(tmp_path / "a.zarr", layout="array", zarr_format=zarr_format, **options)
    found = zarr.open_array(tmp_path / "a.zarr", mode="r")
    assert (found.shape, found.chunks) == ((500, 500), (100, 100))
    np.testing.assert_array_equal(found[...], pixels)
    array = da.from_zarr(str(tmp_path / "a.zarr"))  # type: ignore[no-untyped-call]
    assert array.npartitions == 25
    np.testing.assert_array_equal(array.compute(), pixels)
    chunks = {keys.format(y, x) for y in range(5) for x in range(5)}
    documents = {"zarr.json"} if zarr_format == 3 else {".zarray", ".zattrs"}
    files = {file.relative_to(tmp_path / "a.zarr").as_posix() for file in (tmp_path / "a.zarr").rglob("*.*")}
    files |= {
        file.relative_to(tmp_path / "a.zarr").as_posix()
        for file in (tmp_path / "a.zarr").rglob("[0-4]")
        if file.is_file()
    }
    assert files == chunks | documents
    assert omio.open(tmp_path / "a.zarr").identical(image)


def test_chunks_are_those_of_zarr_python(tmp_path: Path) -> None:
    """The bytes of each chunk decode with the codec that the document names, and are not larger than zarr-python's."""
    pixels = np.add.outer(np.arange(500), np.arange(500)).astype(np.uint8)
    codec = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
    zarr.create_array(tmp_path / "theirs.zarr", data=pixels, chunks=(100, 100), compressors=codec)
    options: dict[str, Any] = {"chunks": (100, 100), "compression_level": 3}
    MicroscopyDataset.from_array(pixels).to_zarr(tmp_path / "ours.zarr", layout="array", **options)
    ours, theirs = (zarr.open_array(tmp_path / name, mode="r") for name in ("ours.zarr", "theirs.zarr"))
    assert ours.compressors == theirs.compressors
    sizes = [
        sum(file.stat().st_size for file in (tmp_path / name / "c").rglob("*") if file.is_file())
        for name in ("ours.zarr", "theirs.zarr")
    ]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)


def test_shards_hold_many_chunks(tmp_path: Path) -> None:
    image = MicroscopyDataset.from_array(random_pixels((500, 500), np.uint8))
    image.to_zarr(tmp_path / "a.zarr", layout="array", chunks=(50, 50), shards=True)
    found = zarr.open_array(tmp_path / "a.zarr", mode="r")
    assert found.chunks == (50, 50)
    assert found.shards == (500, 500)
    np.testing.assert_array_equal(found[...], image.load()[0, 0, 0])


def test_positions_that_only_look_even_stay_listed(tmp_path: Path) -> None:
    stamps = xr.DataArray(
        np.zeros((3, 4, 4)), dims=("T", "Y", "X"), coords={"T": ("T", [0.0, 2.0, 5.0], {"units": "s"})}
    )
    image = MicroscopyDataset.from_xarray(stamps).isel(T=slice(0, 2))
    assert image.metadata.time_increment is None
    image.to_zarr(tmp_path / "a.zarr")
    for again in (omio.open(tmp_path / "a.zarr"), MicroscopyDataset.from_xarray(image.data)):
        assert again.metadata.time_increment is None
        assert again.data["T"].values.tolist() == [0.0, 2.0]


@pytest.mark.parametrize("layout", ["dataset", "array"])
def test_an_empty_image_is_refused(tmp_path: Path, layout: str) -> None:
    with pytest.raises(UnwritableError, match="the image is empty: T of length 0"):
        MicroscopyDataset.from_array(np.zeros((0, 4, 4)), "TYX").to_zarr(tmp_path / "a.zarr", layout=layout)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    image = MicroscopyDataset.from_array(np.zeros((4, 4)))
    with pytest.raises(PolicyError, match="Zarr 2 has no shards"):
        image.to_zarr(tmp_path / "a.zarr", zarr_format=2, shards=True)
    with pytest.raises(PolicyError, match="chunks"):
        image.to_zarr(tmp_path / "a.zarr", chunks={"Q": 1})
    with pytest.raises(PolicyError, match="no compression"):
        image.to_zarr(tmp_path / "a.zarr", compression="rle")
    assert list(tmp_path.iterdir()) == []

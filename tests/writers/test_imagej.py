from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import UnwritableError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.policies.write import WritePolicy
from omio.writers.imagej import ImageJWriter
from omio.writers.ometiff import OmeTiffWriter
from tests.support import bioformats
from tests.writers.images import SampleImage, random_pixels, rich_facts
from tests.writers.test_ometiff import digest

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (2, 3, 2, 37, 53)


def write(image: Any, path: Path, **policy: Any) -> Any:
    chosen = image if isinstance(image, SampleImage) else SampleImage.of(image)
    return ImageJWriter().write(chosen, str(path), WritePolicy.resolve(None, flavor="imagej", **policy))


def read(path: Path) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        metadata = tif.imagej_metadata
        assert metadata is not None
        return tif.series[0].asarray(), metadata


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
@pytest.mark.parametrize("compression", ["none", "zlib", "lzw"])
def test_dtypes_of_imagej(tmp_path: Path, dtype: str, compression: str) -> None:
    pixels, path = random_pixels(SHAPE, dtype), tmp_path / "a.tif"
    report = write(pixels, path, compression=compression, verify=True)
    assert report.digests == (digest(pixels),) * 2
    stack, metadata = read(path)
    np.testing.assert_array_equal(stack.reshape(SHAPE), pixels)
    assert [metadata[name] for name in ("frames", "slices", "channels", "images")] == [2, 3, 2, 12]
    (series,) = bioformats.describe(path)
    assert (series.shape, series.dtype, series.sha256) == (SHAPE, dtype, digest(pixels))


@pytest.mark.parametrize("shape", [(2, 3, 1, 37, 53, 3), (1, 1, 1, 5, 4, 3)])
def test_rgb(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = random_pixels(shape, np.uint8)
    write(pixels, tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0].reshape(shape), pixels)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (3, 1, 1, 5, 1), (1, 1, 4, 1, 6), (1, 1, 3, 4, 3)])
def test_odd_shapes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = random_pixels(shape, np.uint8)
    write(pixels, tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0].reshape(shape), pixels)


def test_scale_interval_colours_ranges_and_labels(tmp_path: Path) -> None:
    facts = rich_facts()
    facts["channels"][0]["window"] = (0.0, 100.0)
    path = tmp_path / "a.tif"
    write(SampleImage.of(random_pixels(SHAPE, np.uint16), **facts), path)
    _, metadata = read(path)
    assert [metadata[name] for name in ("unit", "spacing", "finterval", "mode")] == ["micron", 1.5, 2.5, "composite"]
    assert metadata["Ranges"] == (0.0, 100.0, 10.0, 4000.0)
    assert metadata["Labels"] == [f"plane {i}" for i in range(12)]
    assert metadata["LUTs"][0][:, 255].tolist() == [0, 0, 255]
    assert metadata["LUTs"][1][:, 255].tolist() == [0, 255, 0]
    assert "channel 1: DAPI" in metadata["Info"]
    with tifffile.TiffFile(path) as tif:
        assert tif.pages.first.resolution == pytest.approx((1 / 0.3, 10))
    (series,) = bioformats.describe(path)
    assert series.physical_size == {"X": pytest.approx(0.3), "Y": 0.1, "Z": 1.5}


@pytest.mark.parametrize("size", [0.325, 0.1032167, 2.5, 1.0, 0.65, 1 / 3, 1e-3, 123.456])
def test_the_pixel_size_is_the_number_that_was_meant(tmp_path: Path, size: float) -> None:
    path = tmp_path / "a.tif"
    write(SampleImage.of(np.zeros(SHAPE, np.uint8), pixel_size={"Y": size, "X": size}), path)
    with tifffile.TiffFile(path) as tif:
        above, below = tif.pages.first.tags["XResolution"].value
    assert below / above == size
    assert omio.open(path).pixel_size["X"] == size


def test_what_is_lost_is_told(tmp_path: Path) -> None:
    report = write(SampleImage.of(np.zeros(SHAPE, np.uint8), **rich_facts()), tmp_path / "a.tif")
    lost = set(report.lost)
    assert {"channels[0].name", "channels[1].contrast_method", "planes.delta_t", "annotations", "objective"} <= lost
    assert {"axes.X: its origin -12.25", "acquired: parts of a second and the time zone"} <= lost
    assert not any(entry.startswith("planes.label") for entry in lost)


def test_nothing_is_lost_of_what_imagej_says_itself(tmp_path: Path) -> None:
    facts = Facts.of(
        SHAPE,
        pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.5},
        time_increment=0.1,
        channels=[{"color": "#FF0000", "window": (0.0, 9.0)}, {"lut": "000001" * 256, "window": (1.0, 5.0)}],
        acquired="2024-02-29T12:30:01",
        original=Original({"Info": "what the user wrote\nµm"}.copy),
    )
    report = write(SampleImage(ArrayRecipe(np.zeros(SHAPE, np.uint8)), facts), tmp_path / "a.tif")
    assert report.lost == ()
    assert read(tmp_path / "a.tif")[1]["Info"] == "what the user wrote\nµm"


def test_unknown_sizes_stay_unknown(tmp_path: Path) -> None:
    image = SampleImage.of(np.zeros(SHAPE, np.uint8), pixel_size={"Z": 2.0})
    report = write(image, tmp_path / "a.tif")
    assert report.lost == ("pixel_size.Z",)
    assert {"unit", "spacing", "finterval"}.isdisjoint(read(tmp_path / "a.tif")[1])


def test_uneven_times_are_lost(tmp_path: Path) -> None:
    image = SampleImage.of(np.zeros((3, 1, 1, 4, 4), np.uint8), times=np.array([0.0, 3.0, 4.0]))
    assert write(image, tmp_path / "a.tif").lost == ("axes.T: uneven times",)


@pytest.mark.parametrize(
    ("dtype", "cast"), [("int8", "int16"), ("uint32", "float32"), ("float64", "float32"), ("bool", "uint8")]
)
def test_the_error_names_the_cast(tmp_path: Path, dtype: str, cast: str) -> None:
    pixels = np.ones(SHAPE, dtype)
    reason = ImageJWriter().is_incompatible(SampleImage.of(pixels), WritePolicy(flavor="imagej"))
    assert isinstance(reason, str)
    assert f'cast="{cast}"' in reason
    write(pixels, tmp_path / "a.tif", cast=cast)
    assert read(tmp_path / "a.tif")[0].dtype == cast


@pytest.mark.parametrize(
    ("shape", "dtype", "policy", "text"),
    [
        ((1, 1, 1, 4, 4, 4), "uint8", {}, "4 samples"),
        ((1, 1, 1, 4, 4, 3), "uint16", {}, "samples of uint16"),
        ((1, 1, 2, 4, 4, 3), "uint8", {}, "in 2"),
        (SHAPE, "uint8", {"compression": "zstd"}, "ImageJ reads no zstd"),
        (SHAPE, "uint8", {"levels": 2}, "levels=2"),
        (SHAPE, "uint8", {"tile": (16, 16)}, "tile="),
        (SHAPE, "uint8", {"predictor": True}, "predictor=True"),
        (SHAPE, "uint8", {"bigtiff": True}, "bigtiff=True"),
    ],
)
def test_what_imagej_cannot_open_is_refused(
    tmp_path: Path, shape: tuple[int, ...], dtype: str, policy: dict[str, Any], text: str
) -> None:
    with pytest.raises(UnwritableError, match=text):
        write(np.zeros(shape, dtype), tmp_path / "a.tif", **policy)
    assert not list(tmp_path.iterdir())


def test_long_stacks_have_one_page_and_lie_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omio.writers.imagej.CLASSIC_LIMIT", 1000)
    pixels, path = random_pixels(SHAPE, np.uint16), tmp_path / "a.tif"
    with pytest.raises(UnwritableError, match='compression="none"'):
        write(pixels, path)
    write(pixels, path, compression="none")
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 1
        assert not tif.is_bigtiff
        start = tif.pages.first.dataoffsets[0]
    assert path.read_bytes()[start:] == pixels.tobytes()
    np.testing.assert_array_equal(read(path)[0].reshape(SHAPE), pixels)


def test_the_flavor_leads_from_the_ome_writer_here(tmp_path: Path) -> None:
    image = SampleImage.of(random_pixels(SHAPE, np.uint8))
    OmeTiffWriter().write(image, str(tmp_path / "a.tif"), WritePolicy(flavor="imagej"))
    assert read(tmp_path / "a.tif")[1]["images"] == 12

"""Real plain and ImageJ files: pixels as Bio-Formats and tifffile give them, calibration as it was set."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.backends.base import OpenOptions
from omio.backends.tiff.imagej import ImageJBackend
from omio.backends.tiff.plain import PlainTiffBackend
from omio.errors import AxesError
from tests.support.facts import record_of
from tests.support.real import real

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.tiff.base import TiffBackend

IMAGEJ: dict[str, dict[str, float]] = {
    "gen/ij-8bit-inch.tif": {"X": 254.0, "Y": 508.0},
    "gen/ij-hyperstack-tzc-um-sec.tif": {"X": 0.325, "Y": 0.65, "Z": 1.5, "T": 2.5},
    "gen/ij-rgb-zstack-mm.tif": {"X": 1.0, "Y": 1.0, "Z": 2.0},
    "ij-py-test-image.tif": {"X": 0.325, "Y": 0.325, "T": 3600.005859375},
    "ij-py-test-still-stack.tif": {"X": 0.325, "Y": 0.325, "T": 1800.0028076171875},
    "ij-skimage-blobs3d.tif": {},
    "mm-classic-scifio-plane.tif": {},
    "tiff-zen-ch3-8bit.tif": {},
}
PLAIN = (
    "leica-tiff-series/leica_stack_Series014_z000_ch00.tif",
    "odd-bigtiffmotorola.tif",
    "odd-gradient-1c-64b-float.tiff",
    "odd-int8.tif",
    "tiff-1bit.tif",
)
STACKS = ("ij-microfilm-c1-max-mitosis.tif", "tiff-pims-stuck.tif", "tiff-skimage-multipage-rgb.tif")


def digest(pixels: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).tobytes()).hexdigest()


def check_pixels(backend: TiffBackend, name: str) -> None:
    recipe, truth = backend.array("0"), record_of(name)["bioformats"]["pixels"]
    assert list(recipe.shape) == truth["shape"]
    assert recipe.dtype == truth["dtype"]
    assert digest(recipe.load()) == truth["sha256"]


@pytest.mark.parametrize("name", IMAGEJ)
def test_imagej(name: str) -> None:
    backend = ImageJBackend(str(real(name)))
    check_pixels(backend, name)
    found = {dim: axis.spacing for dim, axis in backend.metadata("0").axes.items()}
    assert found == pytest.approx(IMAGEJ[name], rel=1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_plain(name: str) -> None:
    backend = PlainTiffBackend(str(real(name)))
    check_pixels(backend, name)
    assert not backend.metadata("0").axes


@pytest.mark.parametrize("name", STACKS)
def test_stacks_that_name_no_axis(name: str) -> None:
    path = str(real(name))
    with pytest.raises(AxesError, match="axes="):
        PlainTiffBackend(path).array("0")
    backend = PlainTiffBackend(path, OpenOptions(axes="TYX"))
    check_pixels(backend, name)
    assert not backend.metadata("0").axes


def test_cmyk_as_stored() -> None:
    name = "odd-cmyk-4c-8b.tiff"  # Bio-Formats inverts it; these are the values of tifffile and libtiff
    backend = PlainTiffBackend(str(real(name)))
    assert digest(backend.array("0").load()) == record_of(name)["tifffile"]["pixels_native_axes"]["sha256"]
    assert backend.metadata("0").static.original["PhotometricInterpretation"] == "SEPARATED"


def test_orientation_6_is_turned_upright() -> None:
    name = "tiff-orient6.tif"
    backend = PlainTiffBackend(str(real(name)))
    assert backend.level_count("0") == 3
    assert [backend.array("0", level).shape[3:] for level in range(3)] == [(120, 180), (60, 90), (30, 45)]
    stored = np.rot90(backend.array("0").load()[0, 0, 0], 1)
    assert digest(stored) == record_of(name)["tifffile"]["pixels_native_axes"]["sha256"]


def test_pyramid_of_pages() -> None:
    name = "tiff-pyramid-zstd-yb10kx5k.tif"
    backend = PlainTiffBackend(str(real(name)))
    assert backend.scenes() == ("0",)
    sides = [backend.array("0", level).shape[3:5] for level in range(backend.level_count("0"))]
    assert sides == [(5000, 10000), (2500, 5000), (1250, 2500), (625, 1250), (312, 625)]
    assert digest(backend.array("0").load()) == record_of(name)["tifffile"]["pixels_native_axes"]["sha256"]
    assert not backend.metadata("0").axes  # 72 dpi, written as pixels per cm


def test_colours_and_ranges() -> None:
    channels = ImageJBackend(str(real("ij-py-test-still-stack.tif"))).metadata("0").channels
    assert channels["color"] == ("#FFFF00", "#FF0000", "#FFFFFF")
    assert channels["window"][0] == (115.0, 3348.0)

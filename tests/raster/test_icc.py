"""Colour profiles are read from files, and applied only where asked."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import omio
from omio.errors import PolicyError
from omio.raster.icc import to_srgb

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)


@cache
def srgb() -> bytes:
    """Return a profile, which says when it was made: two are not the same."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped(profile: bytes) -> bytes:
    """Return a profile whose red and blue primaries are exchanged, by their names in its table of tags."""
    head, body = profile[:512], profile[512:]
    return head.replace(b"rXYZ", b"~~~~").replace(b"bXYZ", b"rXYZ").replace(b"~~~~", b"bXYZ") + body


def written(path: Path, pixels: NDArray[Any], profile: bytes | None) -> omio.MicroscopyDataset:
    tifffile.imwrite(path, pixels, photometric="rgb", iccprofile=profile, metadata=None)
    return omio.open(path)


def test_a_profile_is_read_byte_for_byte(tmp_path: Path) -> None:
    ds = written(tmp_path / "a.tif", PIXELS, srgb())
    assert ds.icc_profile == srgb()
    assert ds.region(x=(0, 10), max_width=5).icc_profile == srgb()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_pictures_hold_profiles_too(tmp_path: Path, ending: str) -> None:
    Image.fromarray(PIXELS).save(tmp_path / f"a.{ending}", icc_profile=srgb())
    assert omio.open(tmp_path / f"a.{ending}").icc_profile == srgb()
    Image.fromarray(PIXELS).save(tmp_path / f"b.{ending}")
    assert omio.open(tmp_path / f"b.{ending}").icc_profile is None


def test_files_without_one_have_none(tmp_path: Path) -> None:
    ds = written(tmp_path / "a.tif", PIXELS, None)
    assert ds.icc_profile is None
    with pytest.raises(PolicyError, match="no colour profile"):
        ds.style(icc=True).render()
    assert omio.MicroscopyDataset.from_array(PIXELS, "YXS").icc_profile is None


def test_it_is_applied_on_request_only(tmp_path: Path) -> None:
    ds = written(tmp_path / "a.tif", PIXELS, swapped(srgb()))
    np.testing.assert_array_equal(ds.style().render(), PIXELS)
    assert np.abs(ds.style(icc=True).render().astype(int) - PIXELS).max() > 100


def test_colours_are_those_of_pillow(tmp_path: Path) -> None:
    profile = swapped(srgb())
    ds = written(tmp_path / "a.tif", PIXELS, profile)
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    expected = ImageCms.profileToProfile(Image.fromarray(PIXELS), source, ImageCms.createProfile("sRGB"))
    assert expected is not None
    np.testing.assert_array_equal(ds.style(icc=True).render(), np.asarray(expected))


def test_srgb_changes_nothing_and_alpha_is_kept() -> None:
    pixels = np.dstack([PIXELS, PIXELS[..., 0]])
    assert np.abs(to_srgb(pixels, srgb()).astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("pixels", [PIXELS.astype(np.uint16), PIXELS[..., 0]])
def test_only_rgb_of_8_bits_has_colours(pixels: NDArray[Any]) -> None:
    with pytest.raises(PolicyError, match="RGB of 8 bits"):
        to_srgb(pixels, srgb())


def test_a_damaged_profile_is_an_error(tmp_path: Path) -> None:
    ds = written(tmp_path / "a.tif", PIXELS, b"nonsense" * 30)
    with pytest.raises(PolicyError, match="damaged"):
        ds.style(icc=True).render()

"""Electron microscopes: pixel sizes and dates from the makers' tags."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.tiff.sem import SemBackend
from omio.testing import BackendTests

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)
FEI = "\r\n".join(
    [
        "[User]",
        "Date=11/02/2015",
        "Time=03:12:35 PM",
        "[System]",
        "SystemType=Helios NanoLab",
        "[EScan]",
        "PixelWidth=8.26823e-010",
        "PixelHeight=1.6e-009",
    ]
)
ZEISS = "\r\n".join(
    [
        "0",
        "0",
        "AP_IMAGE_PIXEL_SIZE",
        "Image Pixel Size = {size}",
        "AP_DATE",
        "Date :13 May 2014",
        "AP_TIME",
        "Time :12:30:11",
        "SV_SERIAL_NUMBER",
        "Serial No. = SUPRA 40-12",
    ]
)


def write(path: Path, code: int, content: bytes) -> Path:
    """Write a picture with one private tag, and a resolution that is no pixel size."""
    tags = [(code, 7, len(content), content, True)]
    tifffile.imwrite(path, PIXELS, extratags=tags, metadata=None, resolution=(96, 96), resolutionunit="INCH")
    return path


def yx(image: omio.MicroscopyDataset) -> tuple[float | None, float | None]:
    """Return µm per pixel of Y and X."""
    size = image.metadata.pixel_size
    return size["Y"], size["X"]


class TestSem(BackendTests):
    """The published laws."""

    backend = SemBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a picture of an FEI microscope."""
        return write(tmp_path / "image.tif", 34682, FEI.encode())


@pytest.mark.parametrize(("code", "maker"), [(34680, "FEI SFEG"), (34682, "FEI Helios")])
def test_fei(tmp_path: Path, code: int, maker: str) -> None:
    image = omio.open(write(tmp_path / "a.tif", code, FEI.encode()))

    np.testing.assert_array_equal(np.asarray(image).squeeze(), PIXELS)
    # metres, however small
    assert yx(image) == pytest.approx((1.6e-3, 8.26823e-4), rel=1e-12)
    assert str(image.metadata.acquired) == "2015-11-02 15:12:35"
    assert image.metadata.sources["pixel_size.X"] == f"file: {maker} tag"
    tag = image.metadata.original["FEI_SFEG" if code == 34680 else "FEI_HELIOS"]
    assert tag["System"]["SystemType"] == "Helios NanoLab"


@pytest.mark.parametrize(("size", "expected"), [("3.5 nm", 0.0035), ("1.25 µm", 1.25), ("12 pm", 1.2e-5)])
def test_zeiss(tmp_path: Path, size: str, expected: float) -> None:
    image = omio.open(write(tmp_path / "a.tif", 34118, ZEISS.format(size=size).encode("cp1252")))

    assert yx(image) == pytest.approx((expected, expected), rel=1e-12)
    assert str(image.metadata.acquired) == "2014-05-13 12:30:11"
    assert image.metadata.original["CZ_SEM"]["sv_serial_number"] == ["Serial No.", "SUPRA 40-12"]


def test_olympus_sis(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", 33560, b"\0" * 68)
    with tifffile.TiffFile(path) as tiff:
        start = tiff.pages.first.tags[33560].valueoffset
    general = path.stat().st_size
    head = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 30, 12, 13, 4, 114, b"cell", 1)
    head += struct.pack("<hhI", 1, 1, general)
    with path.open("r+b") as file:
        file.seek(start)
        file.write(head)
        file.seek(general)
        file.write(struct.pack("<10xhdd8xd2x34s32s", -6, 0.1, 0.2, 63.0, b"camera", b"type"))

    image = omio.open(path)

    assert yx(image) == pytest.approx((0.2, 0.1))
    assert str(image.metadata.acquired) == "2014-05-13 12:30:00"


HUGE = f"[Scan]\r\nPixelWidth={'9' * 400}\r\nPixelHeight={'9' * 400}"


@pytest.mark.parametrize(
    "text",
    [
        "[Scan]\r\nPixelWidth=0\r\nPixelHeight=-1",
        "[Scan]\r\nPixelWidth=nan",
        "no sections",
        "[User]\r\nDate=soon",
        HUGE,
    ],
)
def test_what_cannot_be_a_size_is_unknown(tmp_path: Path, text: str) -> None:
    metadata = omio.open(write(tmp_path / "a.tif", 34682, text.encode())).metadata

    assert metadata.pixel_size == {"Z": None, "Y": None, "X": None}
    assert metadata.acquired is None

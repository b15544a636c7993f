"""Sizes that the headers of encoded images declare, of images that other people's encoders made."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from omio.backends.tiff.bounds import encoded_size

JPEG, JPEG2000, PNG, WEBP, JPEGXL = 7, 34712, 34933, 50001, 50002
PIXELS = np.random.default_rng(0).integers(0, 255, (70, 300, 3), np.uint8)


def webp(**how: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "WEBP", **how)
    return file.getvalue()


MADE: dict[str, tuple[int, Any]] = {
    "jpeg": (JPEG, imagecodecs.jpeg_encode(PIXELS)),
    "jpeg 2000": (JPEG2000, imagecodecs.jpeg2k_encode(PIXELS)),
    "jpeg 2000 stream": (JPEG2000, imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k")),
    "png": (PNG, imagecodecs.png_encode(PIXELS)),
    "webp lossy": (WEBP, webp()),
    "webp lossless": (WEBP, webp(lossless=True)),
    "webp extended": (WEBP, webp(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")),
    "jpeg xl": (JPEGXL, imagecodecs.jpegxl_encode(PIXELS)),
    "jpeg xl in a container": (JPEGXL, imagecodecs.jpegxl_encode(PIXELS, usecontainer=True)),
}


@pytest.mark.parametrize("name", MADE)
def test_the_declared_size_is_that_of_the_image(name: str) -> None:
    assert encoded_size(*MADE[name]) == (70, 300)


@pytest.mark.parametrize("name", MADE)
def test_what_is_cut_off_declares_its_size_or_none(name: str) -> None:
    code, data = MADE[name]
    for length in range(min(64, len(data))):
        part = data[:length]
        if code == JPEG and length >= 2:
            with pytest.raises(ValueError, match="end marker"):
                encoded_size(code, part)
        else:
            assert encoded_size(code, part) in (None, (70, 300))


def test_other_codecs_have_no_such_header() -> None:
    assert encoded_size(5, b"anything") is None

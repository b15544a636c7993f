"""Colour profiles (ICC.1): what a file's red, green and blue mean. Read when asked, applied on request only."""

from __future__ import annotations

import io
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.rawfile import Stream, open_raw
from omio.errors import PolicyError
from omio.lazy.leaf import first_stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.image import Image

TIFF_TAG = 34675
"""Of the profile (ICC.1:2022, B.4)."""
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
"""How PNG, JPEG and WebP begin."""


def icc_profile(image: Image) -> bytes | None:
    """Return the profile that the first file of an image holds for its first picture; None where it holds none.

    TIFF, PNG, JPEG and WebP can hold one. Only headers are read.
    """
    stamp = first_stamp(image.recipe)
    if stamp is None:
        return None
    with closing(open_raw(stamp.path)) as file:
        head = file.read(4, 0)
        if head[:2] in (b"II", b"MM"):
            return _of_tiff(io.BufferedReader(Stream(file)))
        return _of_picture(io.BufferedReader(Stream(file))) if head.startswith(PICTURES) else None


def _of_tiff(file: io.BufferedReader) -> bytes | None:
    import tifffile

    with tifffile.TiffFile(file) as document:
        tag = document.pages.first.tags.get(TIFF_TAG)
        return None if tag is None else bytes(tag.value)


def _of_picture(file: io.BufferedReader) -> bytes | None:
    from PIL import Image

    with Image.open(file) as picture:
        return picture.info.get("icc_profile")


def to_srgb(pixels: NDArray[Any], profile: bytes) -> NDArray[np.uint8]:
    """Turn Y X RGB or RGBA pixels of a profile into those of sRGB; alpha is kept. The intent is perceptual.

    Raises
    ------
    PolicyError
        Pixels that are not of 8 bits, or have no colour; a profile that cannot be applied to them.
    """
    from PIL import Image, ImageCms

    if pixels.dtype != np.uint8 or pixels.shape[2:] not in ((3,), (4,)):
        raise PolicyError("colour profiles are applied to RGB of 8 bits", remedy="Leave out icc=True.")
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    converted = ImageCms.applyTransform(picture, _transform(profile))
    found = pixels.copy()
    found[..., :3] = np.asarray(converted)
    return found


@lru_cache(maxsize=8)
def _transform(profile: bytes) -> Any:
    from PIL import ImageCms

    srgb = ImageCms.createProfile("sRGB")
    try:
        return ImageCms.buildTransform(_opened(profile), srgb, "RGB", "RGB", ImageCms.Intent.PERCEPTUAL)
    except ImageCms.PyCMSError as error:
        raise PolicyError(f"the colour profile of the file cannot be applied: {error}") from error


def _opened(profile: bytes) -> Any:
    from PIL import ImageCms

    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError) as error:
        raise PolicyError(f"the colour profile of the file is damaged: {error}") from error

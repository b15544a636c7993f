"""Pictures as bytes, read again with tools that nobody here wrote."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.errors import OptionError, TileRangeError, UnwritableError
from omio.raster.encode import FORMATS, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray


def noise(dtype: Any, samples: int = 0) -> NDArray[Any]:
    shape = (37, 53, samples) if samples else (37, 53)
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def smooth(samples: int = 3) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:64, 0:80]
    return np.stack([(x * 3), (y * 3), (x + y)][:samples], axis=-1).astype(np.uint8)


def by_pillow(data: bytes) -> NDArray[Any]:
    picture = Image.open(io.BytesIO(data))
    return np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)


@pytest.mark.parametrize("samples", [0, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_keeps_every_pixel_of_8_and_16_bits(dtype: Any, samples: int) -> None:
    pixels = noise(dtype, samples)
    data = encode(pixels, "png")
    np.testing.assert_array_equal(imagecodecs.png_decode(data), pixels)
    if dtype is np.uint8 or not samples:  # Pillow has no colours of 16 bits
        np.testing.assert_array_equal(by_pillow(data), pixels)


@pytest.mark.parametrize("compression", ["none", "zlib", "lzw", "zstd"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint64", "float32"])
@pytest.mark.parametrize("samples", [0, 2, 3, 4])
def test_tiff_keeps_every_pixel_of_any_dtype(dtype: str, samples: int, compression: str) -> None:
    pixels = noise(np.uint8, samples).astype(dtype)
    with tifffile.TiffFile(io.BytesIO(encode(pixels, "tif", compression=compression))) as document:
        np.testing.assert_array_equal(document.asarray(), pixels)
        assert document.pages.first.photometric == (tifffile.PHOTOMETRIC.RGB if samples > 2 else 1)


@pytest.mark.parametrize(("format_", "samples"), [("webp", 3), ("webp", 4), ("bmp", 0), ("bmp", 3)])
def test_other_formats_keep_8_bits(format_: str, samples: int) -> None:
    pixels = noise(np.uint8, samples)
    if samples == 4:
        pixels[..., 3] |= 1  # WebP does not keep the colour of what is wholly transparent
    np.testing.assert_array_equal(by_pillow(encode(pixels, format_)), pixels)


def test_gray_of_webp_is_three_times_the_same() -> None:
    pixels = noise(np.uint8)
    np.testing.assert_array_equal(by_pillow(encode(pixels, "webp"))[..., 1], pixels)


@pytest.mark.parametrize("format_", ["jpeg", "webp"])
def test_quality_costs_bytes(format_: str) -> None:
    pixels = noise(np.uint8, 3)
    sizes = [len(encode(pixels, format_, quality=quality)) for quality in (10, 50, 95)]
    assert sizes == sorted(sizes)
    close = by_pillow(encode(smooth(), format_, quality=95)).astype(int) - smooth()
    assert np.abs(close).mean() < 3


@pytest.mark.parametrize(("word", "factors"), [("444", (1, 1)), ("422", (2, 1)), ("420", (2, 2))])
def test_colours_of_jpeg_are_thinned_out_where_asked(word: str, factors: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(encode(smooth(), "jpg", subsampling=word)))
    assert picture.layer[0][1:3] == factors  # type: ignore[attr-defined]


def test_gif_has_up_to_256_colours() -> None:
    assert by_pillow(encode(noise(np.uint8), "gif")).shape == (37, 53)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_single_sample_is_gray(format_: str) -> None:
    gray = np.full((20, 30), 130, np.uint8)
    found = by_pillow(encode(gray[..., None], format_))
    assert abs(int(found.flat[0]) - 130) <= 1
    assert found.shape[:2] == (20, 30)


@pytest.mark.parametrize("dtype", ["uint16", "float32", "bool", "int8"])
def test_formats_of_8_bits_refuse_more_and_say_what_would_do(dtype: str) -> None:
    with pytest.raises(UnwritableError, match=rf"jpeg cannot hold {dtype} pixels.*style"):
        encode(np.zeros((4, 4), dtype), "jpeg")


@pytest.mark.parametrize(
    ("pixels", "format_", "why"),
    [
        (np.zeros((4, 4, 4), np.uint8), "jpeg", "PNG, WebP and TIFF"),
        (np.zeros((4, 4, 2), np.uint8), "png", "2 samples"),
        (np.zeros((0, 4), np.uint8), "png", "without pixels"),
        (np.zeros((1, 17000), np.uint8), "webp", "16383"),
        (np.zeros((4, 4), np.float32), "png", "float32"),
    ],
)
def test_what_does_not_fit_is_named(pixels: NDArray[Any], format_: str, why: str) -> None:
    with pytest.raises(UnwritableError, match=why):
        encode(pixels, format_)


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("pdf", {}),
        ("png", {"quality": 5}),
        ("bmp", {"compression": 1}),
        ("jpeg", {"quality": 0}),
        ("jpeg", {"quality": 50.5}),
        ("jpeg", {"subsampling": "411"}),
        ("png", {"compression": 10}),
        ("tiff", {"compression": "no such codec"}),
    ],
)
def test_unknown_formats_and_options_are_errors(format_: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        encode(smooth(), format_, **options)


def test_pixels_of_a_plane_are_encoded_as_they_are() -> None:
    pixels = np.random.default_rng(3).integers(0, 65536, (2, 3, 40, 50), np.uint16)
    ds = omio.MicroscopyDataset.from_array(pixels, "ZCYX")
    np.testing.assert_array_equal(imagecodecs.png_decode(ds.encode("png", z=1, c=2)), pixels[1, 2])
    region = ds.region(x=(5, 20), y=(10, 40))
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(region.encode("tiff"))), pixels[0, 0, 10:40, 5:20])
    with pytest.raises(TileRangeError, match="c=3"):
        ds.encode("png", c=3)
    with pytest.raises(UnwritableError, match="style"):
        ds.encode("jpeg")


def test_a_style_is_encoded_as_it_is_rendered() -> None:
    ds = omio.MicroscopyDataset.from_array(np.arange(4096, dtype=np.uint16).reshape(64, 64))
    styled = ds.style(clim="minmax", palette="viridis")
    np.testing.assert_array_equal(by_pillow(styled.encode("png", max_width=32)), styled.render(max_width=32))

"""PNG, JPEG, WebP, BMP and GIF: pixels as they are seen, nothing guessed, nothing too large."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

import omio
from omio.backends.picture import PictureBackend, decode
from omio.errors import MemoryLimitError, OmioError, OptionError, UnsupportedFormatError
from omio.testing import BackendTests

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ramp(*shape: int, dtype: str = "uint8") -> NDArray[Any]:
    pixels: NDArray[Any] = (np.arange(np.prod(shape)) * 7 % 256).astype(dtype).reshape(shape)
    return pixels * 257 if dtype == "uint16" else pixels


def plane(path: Path, **options: Any) -> NDArray[Any]:
    found: NDArray[Any] = omio.open(path, **options).load()[0, 0, 0]
    return found


class TestPng(BackendTests):
    backend: ClassVar = PictureBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        Image.fromarray(ramp(24, 37, 3)).save(tmp_path / "a.png")
        return tmp_path / "a.png"


class TestAnimation(BackendTests):
    backend: ClassVar = PictureBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        frames = [Image.fromarray(np.roll(ramp(24, 37, 3), 5 * number, 0)) for number in range(4)]
        frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
        return tmp_path / "a.webp"


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.webp"])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
def test_lossless_pictures_are_read_exactly(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    pixels = ramp(*shape)
    if len(shape) == 3 and shape[2] == 4:
        pixels[..., 3] |= 1  # WebP may drop the colour of what cannot be seen
    Image.fromarray(pixels).save(tmp_path / name, lossless=True)
    if name == "a.webp" and len(shape) == 2:
        pixels = np.stack([pixels] * 3, -1)  # WebP knows no grey
    if name == "a.bmp" and len(shape) == 3:
        pixels = pixels[..., :3]  # the fourth byte of plain BMP means nothing
    found = plane(tmp_path / name)
    assert found.dtype == np.uint8
    assert np.array_equal(found, pixels)


def test_jpeg_is_what_another_decoder_gives(tmp_path: Path) -> None:
    Image.fromarray(ramp(40, 50, 3)).save(tmp_path / "a.jpg", quality=90)
    expected = imagecodecs.jpeg_decode((tmp_path / "a.jpg").read_bytes())
    assert np.abs(plane(tmp_path / "a.jpg").astype(int) - expected).max() <= 2


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 2), (20, 30, 3), (20, 30, 4)])
def test_png_keeps_16_bits(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) * 13
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels))
    found = plane(tmp_path / "a.png")
    assert found.dtype == np.uint16
    assert np.array_equal(found, pixels)


def test_palettes_become_colours(tmp_path: Path) -> None:
    indexed = Image.fromarray(ramp(20, 30) % 3)
    indexed.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    indexed.save(tmp_path / "a.png")
    indexed.save(tmp_path / "b.png", transparency=1)
    indexed.save(tmp_path / "a.gif")
    expected = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)[ramp(20, 30) % 3]
    assert np.array_equal(plane(tmp_path / "a.png"), expected)
    assert np.array_equal(plane(tmp_path / "a.gif"), expected)
    seen = plane(tmp_path / "b.png")
    assert np.array_equal(seen[..., 3] == 0, ramp(20, 30) % 3 == 1)


def test_other_modes(tmp_path: Path) -> None:
    bits = ramp(20, 30) > 128
    Image.fromarray(bits).save(tmp_path / "bits.png")
    assert np.array_equal(plane(tmp_path / "bits.png"), bits)
    Image.fromarray(ramp(20, 30, 2), "LA").save(tmp_path / "alpha.png")
    assert np.array_equal(plane(tmp_path / "alpha.png"), ramp(20, 30, 2))
    Image.fromarray(ramp(20, 32, 4), "CMYK").save(tmp_path / "print.jpg")
    assert plane(tmp_path / "print.jpg").shape == (20, 32, 3)


def test_pictures_of_an_animation_lie_along_time(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "lime", "blue", "white")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    ds = omio.open(tmp_path / "a.gif")
    assert dict(ds.sizes) == {"T": 4, "Z": 1, "C": 1, "Y": 20, "X": 30, "S": 3}
    assert ds.metadata.time_increment is None
    assert ds.isel(T=[3, 0, 2]).load()[:, 0, 0, 0, 0].tolist() == [[255, 255, 255], [255, 0, 0], [0, 0, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int, name: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(ramp(20, 30, 3)).save(tmp_path / name, exif=exif)
    with Image.open(tmp_path / name) as picture:
        stored, upright = np.asarray(picture), np.asarray(ImageOps.exif_transpose(picture))
    assert np.array_equal(plane(tmp_path / name), upright)
    assert np.array_equal(plane(tmp_path / name, upright=False), stored)
    part = omio.open(tmp_path / name).isel(Y=slice(3, 9), X=slice(15, 4, -2))
    assert np.array_equal(part.load()[0, 0, 0], upright[3:9, 15:4:-2])


def test_resolution_is_kept_and_is_no_pixel_size(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", "two µm bars")
    Image.fromarray(ramp(20, 30)).save(tmp_path / "a.png", dpi=(25400, 25400), pnginfo=text)
    metadata = omio.open(tmp_path / "a.png").metadata
    assert metadata.pixel_size == {"Z": None, "Y": None, "X": None}
    assert metadata.original["dpi"] == pytest.approx([25400, 25400])
    assert metadata.original["Description"] == "two µm bars"


def test_the_date_is_that_of_the_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[306] = "2026:11:21 08:09:10"
    exif[272] = "Axiocam"
    Image.fromarray(ramp(20, 30)).save(tmp_path / "a.jpg", exif=exif)
    metadata = omio.open(tmp_path / "a.jpg").metadata
    assert metadata.acquired is not None
    assert metadata.acquired.isoformat() == "2026-11-21T08:09:10"
    assert metadata.original["EXIF"]["Model"] == "Axiocam"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    )


def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bomb(60_000, 60_000))
    with pytest.raises(MemoryLimitError, match=r"3,600,000,000|max_pixels=3600000000"):
        omio.open(tmp_path / "a.png")
    with pytest.raises(MemoryLimitError):
        decode(bomb(60_000, 60_000))
    with pytest.raises(MemoryLimitError):
        omio.open(tmp_path / "a.png", max_pixels=1000)
    with pytest.raises(OptionError):
        omio.open(tmp_path / "a.png", most=1000)
    assert omio.open(tmp_path / "a.png", max_pixels=60_000**2).shape == (1, 1, 1, 60_000, 60_000)


def outcome(path: Path, content: bytes) -> OmioError | None:
    path.write_bytes(content)
    try:
        omio.open(path).load()
    except OmioError as error:
        return error
    return None


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.webp"])
def test_damage_is_an_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    Image.fromarray(ramp(64, 64, 3)).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    random = np.random.default_rng(0)
    found = [outcome(tmp_path / name, whole[:length]) for length in random.integers(20, len(whole), 20).tolist()]
    for _ in range(40):
        bad = bytearray(whole)
        for at in random.integers(8, len(bad), 3).tolist():
            bad[at] = int(random.integers(256))
        found.append(outcome(tmp_path / name, bytes(bad)))
    errors = [error for error in found if error is not None]
    assert len(errors) >= 10
    assert all(name in str(error) for error in errors)


def test_text_that_begins_like_a_picture_is_none(tmp_path: Path) -> None:
    for content in (b"BMI of 12 patients: ...............", b"RIFF....WAVEfmt "):
        assert PictureBackend.can_read(Path("a"), content) == 0
        with pytest.raises(UnsupportedFormatError):
            decode(content)

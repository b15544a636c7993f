"""Tiles that are handed on as their file holds them: they look as the pixels that are read, in any decoder."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

import omio
from omio.errors import ChangedFileError, OptionError, TileRangeError
from omio.raster.encoded import stored_bytes, stored_format
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

TILE = 64
HEIGHT, WIDTH = 3 * TILE + 20, 4 * TILE + 8
Y, X = np.mgrid[:HEIGHT, :WIDTH]
RGB = np.stack([Y % 256, X % 256, (3 * Y + 2 * X) % 256], axis=-1).astype(np.uint8)
RANDOM = np.random.default_rng(11)


def seen(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """Return the marker segments of a JPEG before its scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


def joined(parts: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload for marker, payload in parts)


def without(data: bytes, *markers: int) -> bytes:
    """Return a JPEG without some of its segments."""
    parts = segments(data)
    scan = 2 + len(joined(parts))
    return data[:2] + joined([part for part in parts if part[0] not in markers]) + data[scan:]


def apart(data: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG's tables as JPEGTables holds them, and the JPEG without them."""
    tables = [part for part in segments(data) if part[0] in (0xC4, 0xDB)]
    return b"\xff\xd8" + joined(tables) + b"\xff\xd9", without(data, 0xC4, 0xDB)


def renamed(data: bytes, names: bytes) -> bytes:
    """Return a JPEG whose three components have other numbers."""
    parts, scan = segments(data), 2 + len(joined(segments(data)))
    frame = bytearray(dict(parts)[0xC0])
    frame[6:15:3] = names
    rest = bytearray(data[scan:])
    rest[5:11:2] = names
    return data[:2] + joined([(at, bytes(frame) if at == 0xC0 else held) for at, held in parts]) + bytes(rest)


def encoded(pixels: NDArray[np.uint8], space: str, subsampling: str) -> bytes:
    """Encode a tile as libjpeg does: colours as JFIF has them, or as they are."""
    return bytes(
        imagecodecs.jpeg8_encode(pixels, level=90, subsampling=subsampling, colorspace="rgb", outcolorspace=space)
    )


def tiles(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    height, width = pixels.shape[:2]
    padding = ((0, -height % TILE), (0, -width % TILE), *((0, 0) for _ in pixels.shape[2:]))
    whole = np.pad(pixels, padding, "edge")
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield np.ascontiguousarray(whole[top : top + TILE, left : left + TILE])


def write(
    path: Path, parts: list[bytes], photometric: str, codec: str = "jpeg", tables: bytes | None = None, **options: Any
) -> omio.MicroscopyDataset:
    """Write encoded tiles as a TIFF whose PhotometricInterpretation is `photometric`."""
    said: dict[str, Any] = {"photometric": photometric}
    if photometric in ("rgb", "ycbcr") and codec == "jpeg":  # tifffile's word for what the encoder makes of RGB
        said = {"photometric": "rgb"}
        options["compressionargs"] = {"outcolorspace": photometric}
    extra = [] if tables is None else [(347, 7, len(tables), tables, True)]
    tifffile.imwrite(
        path,
        iter(parts),
        shape=RGB.shape if photometric != "minisblack" else RGB.shape[:2],
        dtype=np.uint8,
        tile=(TILE, TILE),
        compression=codec,
        extratags=extra,
        metadata=None,
        **said,
        **options,
    )
    return omio.open(path)


def check(image: omio.MicroscopyDataset, format: str = "jpeg") -> bytes:  # noqa: A002
    """Compare all whole tiles with what is read; return the first."""
    down, across = HEIGHT // TILE, WIDTH // TILE
    for y in range(down):
        for x in range(across):
            data = stored_bytes(image, 0, x, y, format=format)
            assert data is not None
            assert np.array_equal(seen(data), image.tile(0, x, y))
            assert data == image.tile_bytes(0, x, y, format=format)
    first = stored_bytes(image, 0, 0, 0, format=format)
    assert first is not None
    return first


@pytest.mark.parametrize("tables", ["in each tile", "shared"])
@pytest.mark.parametrize("marked", ["jfif", "bare"])
@pytest.mark.parametrize(("space", "subsampling"), [("ycbcr", "444"), ("ycbcr", "420"), ("rgb", "444")])
def test_jpeg_tiles_look_as_they_are_read(
    tmp_path: Path, space: str, subsampling: str, marked: str, tables: str
) -> None:
    parts = [encoded(tile, space, subsampling) for tile in tiles(RGB)]
    if marked == "bare":  # as Aperio and libtiff write them: only the TIFF says what colours are
        parts = [without(part, 0xE0, 0xEE) for part in parts]
    shared = apart(parts[0])[0] if tables == "shared" else None
    if shared is not None:
        parts = [apart(part)[1] for part in parts]
        with pytest.raises(OSError, match=r"."):
            seen(parts[0])
    options: dict[str, Any] = {"subsampling": (2, 2)} if subsampling == "420" else {}
    image = write(tmp_path / "jpeg.tif", parts, space, tables=shared, **options)
    first = check(image)
    said = [payload for marker, payload in segments(first) if marker in (0xE0, 0xEE)]
    assert len(said) == 1  # every decoder is told what colours are, and told once
    assert np.abs(seen(first).astype(int) - RGB[:TILE, :TILE]).mean() < 20


@pytest.mark.parametrize("names", [b"RGB", b"\0\1\2", b"\1\2\3", b"\1\x22\3"])
def test_unmarked_components_are_taken_as_the_reader_takes_them(tmp_path: Path, names: bytes) -> None:
    space = "rgb" if names == b"RGB" else "ycbcr"
    parts = [renamed(without(encoded(tile, space, "444"), 0xE0, 0xEE), names) for tile in tiles(RGB)]
    image = write(tmp_path / "names.tif", parts, "ycbcr", subsampling=(1, 1))
    first = check(image)
    assert [payload[-1] for marker, payload in segments(first) if marker == 0xEE] == [0 if space == "rgb" else 1]


def test_what_a_tile_says_of_its_colours_counts_less_than_what_the_tiff_says(tmp_path: Path) -> None:
    parts = [without(encoded(tile, "rgb", "444"), 0xEE) for tile in tiles(RGB)]
    wrong = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
    image = write(tmp_path / "contradiction.tif", [part[:2] + wrong + part[2:] for part in parts], "rgb")
    assert np.abs(seen(check(image)).astype(int) - RGB[:TILE, :TILE]).mean() < 20


def test_gray_tiles_and_bytes_of_a_crop_along_tiles(tmp_path: Path) -> None:
    gray = RGB[..., 0]
    parts = [bytes(imagecodecs.jpeg8_encode(tile, level=90)) for tile in tiles(gray)]
    image = write(tmp_path / "gray.tif", parts, "minisblack")
    check(image)
    part = image.isel(Y=slice(TILE, 3 * TILE), X=slice(TILE, 3 * TILE))
    assert stored_bytes(part, 0, 1, 1, format="jpeg", size=TILE) == stored_bytes(image, 0, 2, 2, format="jpeg")
    across = image.isel(X=slice(5, None))
    assert stored_bytes(across, 0, 0, 0, format="jpeg", size=TILE) is None


@pytest.mark.parametrize("codec", ["png", "webp"])
def test_other_pictures_are_handed_on_as_they_are(tmp_path: Path, codec: str) -> None:
    make = getattr(imagecodecs, f"{codec}_encode")
    options = {"lossless": True} if codec == "webp" else {}
    parts = [bytes(make(tile, **options)) for tile in tiles(RGB)]
    image = write(tmp_path / "pictures.tif", parts, "rgb", codec)
    assert check(image, codec) == parts[0]
    assert stored_format(image) == codec
    assert stored_bytes(image, 0, 0, 0, format="jpeg") is None


class TestEncodedAnew:
    @pytest.fixture
    def image(self, tmp_path: Path) -> omio.MicroscopyDataset:
        tifffile.imwrite(tmp_path / "slide.tif", RGB, tile=(TILE, TILE), photometric="rgb", compression="jpeg")
        return omio.open(tmp_path / "slide.tif")

    def test_tiles_at_the_far_edges_are_black_beyond_the_image(self, image: omio.MicroscopyDataset) -> None:
        x, y = WIDTH // TILE, HEIGHT // TILE
        for at in ((x, 0), (0, y), (x, y)):
            assert stored_bytes(image, 0, *at, format="jpeg") is None
            assert np.array_equal(seen(image.tile_bytes(0, *at, format="png")), image.tile(0, *at))
        assert seen(image.tile_bytes(0, x, 0, edge="crop")).shape == (TILE, WIDTH % TILE, 3)

    def test_levels_and_tiles_that_no_file_stores(self, image: omio.MicroscopyDataset) -> None:
        assert stored_bytes(image, 1, 0, 0, format="jpeg") is None
        assert stored_bytes(image, 0, 0, 0, format="jpeg", size=2 * TILE) is None
        assert np.array_equal(seen(image.tile_bytes(1, 0, 0, format="png")), image.tile(1, 0, 0))

    def test_another_format_or_quality(self, image: omio.MicroscopyDataset) -> None:
        stored = stored_bytes(image, 0, 0, 0, format="jpg")
        assert stored == image.tile_bytes(0, 0, 0)
        assert len(image.tile_bytes(0, 0, 0, quality=10)) < len(stored or b"")
        assert np.array_equal(seen(image.tile_bytes(0, 0, 0, format="png")), image.tile(0, 0, 0))
        with pytest.raises(OptionError):
            image.tile_bytes(0, 0, 0, format="xyz")

    def test_pixels_that_are_not_those_of_the_file(self, image: omio.MicroscopyDataset) -> None:
        for other in (
            image.isel(S=slice(0, 1)),
            image.isel(S=[2, 1, 0]),
            image.isel(Y=slice(None, None, -1)),
            image.map(lambda pixels: 255 - pixels, step="invert"),
        ):
            assert stored_bytes(other, 0, 0, 0, format="jpeg", size=TILE) is None

    def test_a_file_that_changed(self, image: omio.MicroscopyDataset, tmp_path: Path) -> None:
        assert stored_bytes(image, 0, 0, 0, format="jpeg") is not None
        with (tmp_path / "slide.tif").open("ab") as file:
            file.write(b"more")
        with pytest.raises(ChangedFileError):
            image.tile_bytes(0, 0, 0)

    def test_a_tile_that_there_is_not(self, image: omio.MicroscopyDataset) -> None:
        with pytest.raises(TileRangeError):
            image.tile_bytes(0, 99, 0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"\0" * len(data),
        lambda data: data[:2] + b"\xff\xc4\x00\x01" + data[6:],
        lambda data: data.replace(b"\xff\xc0\x00\x11\x08\x00\x40", b"\xff\xc0\x00\x11\x08\x00\x20"),
        lambda data: data.replace(b"\xff\xc0\x00\x11", b"\xff\xc9\x00\x11"),
        lambda data: b"",
    ],
)
def test_damaged_tiles_are_left_to_the_reader(tmp_path: Path, damage: Any) -> None:
    parts = [encoded(tile, "ycbcr", "444") for tile in tiles(RGB)]
    parts[0] = damage(parts[0])
    image = write(tmp_path / "damaged.tif", parts, "ycbcr", subsampling=(1, 1))
    assert stored_bytes(image, 0, 0, 0, format="jpeg") is None
    assert stored_bytes(image, 0, 1, 0, format="jpeg") is not None


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (RGB.astype(np.uint16), {"compression": "png"}),
        (RGB, {"compression": "zlib"}),
        (RGB, {"compression": "jpeg", "planarconfig": "separate"}),
        (RANDOM.integers(0, 255, (HEIGHT, WIDTH, 4), np.uint8), {"compression": "jpeg", "photometric": "separated"}),
    ],
)
def test_what_browsers_show_otherwise_is_no_picture(
    tmp_path: Path, pixels: NDArray[Any], options: dict[str, Any]
) -> None:
    shape = np.moveaxis(pixels, -1, 0) if "planarconfig" in options else pixels
    tifffile.imwrite(tmp_path / "other.tif", shape, tile=(TILE, TILE), **{"photometric": "rgb", **options})
    assert stored_format(omio.open(tmp_path / "other.tif")) is None


def test_tiles_of_a_real_slide() -> None:
    image = omio.open(real("svs-cmu1-small.svs"))
    rows, columns = image.sizes["Y"] // 240, image.sizes["X"] // 240
    for y in range(rows):
        for x in range(columns):
            assert np.array_equal(seen(image.tile_bytes(0, x, y)), image.tile(0, x, y))
    assert stored_format(image) == "jpeg"

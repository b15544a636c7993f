"""Damage costs an error that names file, place and cause; not strict, it costs zeros and one warning."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.base import OpenOptions
from omio.backends.tiff.plain import PlainTiffBackend
from omio.errors import (
    ChangedFileError,
    DamagedFileError,
    MemoryLimitError,
    OmioError,
    OmioWarning,
    UnsupportedFormatError,
)
from tests.backends.tiff.made import noise, pages_of, write

if TYPE_CHECKING:
    from pathlib import Path


def retag(path: Path, code: int, value: Any, *, page: int = 0, dtype: int | None = None) -> None:
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages[page].tags[code]  # type: ignore[union-attr]
        tag.overwrite(value, dtype=dtype or tag.dtype)


def read(path: Path, **options: Any) -> Any:
    backend = PlainTiffBackend(str(path), OpenOptions(**options))
    return backend.array(backend.scenes()[0]).load()


@pytest.mark.parametrize("codec", ["zlib", "zstd", "lzw", "lzma", "jpeg", "png", "webp", "jpegxl"])
def test_cut_streams(tmp_path: Path, codec: str) -> None:
    samples = {"photometric": "rgb"} if codec == "webp" else {}
    pixels = noise(64, 64, 3, dtype="uint8") if samples else noise(64, 64, dtype="uint8")
    path = write(tmp_path / "a.tif", pixels, compression=codec, rowsperstrip=32, **samples)
    with tifffile.TiffFile(path) as tiff:
        counts = tiff.pages.first.databytecounts
    retag(path, 279, [counts[0], counts[1] // 2])
    with pytest.raises(DamagedFileError, match=r"a\.tif: page 0, segment 1: "):
        read(path)
    with pytest.warns(OmioWarning, match=r"filled with 0: page 0, segment 1: ") as told:
        partial = read(path, strict=False)
    assert len(told) == 1
    assert not partial[0, 0, 0, 32:].any()
    assert partial[0, 0, 0, :32].any()


def test_each_damage_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(4, 64, 64), compression="zlib")
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        start, count = tiff.pages[2].dataoffsets[0], tiff.pages[2].databytecounts[0]
    path.write_bytes(data[:start] + bytes(count) + data[start + count :])
    recipe = pages_of(path, 4, strict=False)
    with pytest.warns(OmioWarning, match="page 2"):
        recipe.load()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipe.load()


@pytest.mark.parametrize("keep", [100, 3000, 5000])
def test_truncated_files(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path / "a.tif", noise(3, 40, 40))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedFileError, match=r"a\.tif: "):
        read(path, axes="TYX")


@pytest.mark.parametrize(
    ("code", "value", "kind"),
    [
        (256, 0, DamagedFileError),
        (256, 60000, DamagedFileError),
        (257, 60000, DamagedFileError),
        (273, 0, DamagedFileError),
        (273, 1 << 20, DamagedFileError),
        (259, 12345, UnsupportedFormatError),
        (339, 99, UnsupportedFormatError),
        (277, 65000, DamagedFileError),
        (258, 64, DamagedFileError),
        (317, 77, UnsupportedFormatError),
    ],
)
def test_tags_that_no_image_can_have(tmp_path: Path, code: int, value: int, kind: type[OmioError]) -> None:
    options = {"compression": "zlib", "predictor": True} if code == 317 else {}
    pixels = noise(32, 32, dtype="int16")
    path = write(tmp_path / "a.tif", pixels, **options)
    retag(path, code, value)
    with pytest.raises(kind, match=r"a\.tif: page 0"):
        read(path)


def test_small_byte_counts_are_mended_where_nothing_else_lies(tmp_path: Path) -> None:
    pixels = noise(3, 32, 32)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for page in pixels:
            tiff.write(page, contiguous=False, metadata=None, photometric="minisblack")
    retag(path, 279, 100, page=1)
    with pytest.warns(OmioWarning, match="page 1, segment 0: its byte count is 100, its pixels take 2048 bytes"):
        np.testing.assert_array_equal(read(path, axes="TYX")[:, 0, 0], pixels)
    retag(path, 256, 64, page=1)
    with pytest.raises(DamagedFileError, match="page 1, segment 0: it has 100 bytes, its pixels need 4096"):
        PlainTiffBackend(str(path)).array("1").load()


def test_lists_of_another_length_than_the_segments(tmp_path: Path) -> None:
    pixels = noise(3, 32, 32)
    path = write(tmp_path / "a.tif", pixels, rowsperstrip=8)
    with tifffile.TiffFile(path) as tiff:
        counts = tiff.pages.first.databytecounts
    retag(path, 279, counts[:2])
    with pytest.raises(DamagedFileError, match="page 0: it lists 2 segments, its 32 x 32 pixels need 4"):
        read(path, pages=(0,))
    with pytest.warns(OmioWarning, match="page 0, segment 2: the page does not say where it lies"):
        partial = read(path, pages=(0,), strict=False)
    np.testing.assert_array_equal(partial[0, 0, 0, :16], pixels[0, :16])
    retag(path, 279, (*counts, 7, 7))
    np.testing.assert_array_equal(read(path, pages=(0,))[0, 0, 0], pixels[0])


def test_several_values_where_one_belongs(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(32, 32), tile=(16, 16))
    retag(path, 322, (16, 16))
    with pytest.raises(DamagedFileError, match=r"a\.tif: page 0"):
        read(path)


def test_a_jpeg_larger_than_its_tile_is_not_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(64, 64, dtype="uint8"), compression="jpeg")
    data = bytearray(path.read_bytes())
    frame = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, 65000, 65000)
    path.write_bytes(data)
    with pytest.raises(DamagedFileError, match="65000 x 65000 pixels, the segment 64 x 64"):
        read(path)


def test_more_tiles_than_the_file_has_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(32, 32), tile=(16, 16))
    for code, value in ((256, 20000), (257, 20000), (322, 1), (323, 1)):
        retag(path, code, value)
    with pytest.raises(DamagedFileError, match="400000000 segments cannot be in"):
        read(path)


def test_huge_segments_need_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.zeros((17000, 17000), "uint8"), compression="zlib", rowsperstrip=17000)
    recipe = pages_of(path, 1)
    with omio.config(memory="100MB"), pytest.raises(MemoryLimitError, match="289000000 bytes decoded"):
        recipe[0, 0, 0, :10, :10]


def test_another_page_size_in_the_stack(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for shape in ((32, 32), (16, 32)):
            tiff.write(noise(*shape), contiguous=False, metadata=None, photometric="minisblack")
    with pytest.raises(DamagedFileError, match=r"page 1: it has 16 x 32 x 1 pixels, the image has 32 x 32 x 1"):
        pages_of(path, 2).load()
    with pytest.raises(DamagedFileError, match="page 2: there is no such page"):
        pages_of(path, 3)[2]


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(8, 8))
    recipe = pages_of(path, 1)
    write(path, noise(16, 16))
    with pytest.raises(ChangedFileError):
        recipe.load()


@pytest.mark.parametrize("shape", ["[1000000, 1000000]", "[-1, 32, 32]", "[0]", "[2, 32, 32]", "7"])
def test_shapes_that_lie_are_ignored(tmp_path: Path, shape: str) -> None:
    pixels = noise(32, 32)
    path = write(tmp_path / "a.tif", pixels, description=f'{{"shape": {shape}}}')
    with pytest.warns(OmioWarning, match="the shape in its description"):
        np.testing.assert_array_equal(read(path)[0, 0, 0], pixels)

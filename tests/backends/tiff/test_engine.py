"""The engine reads what tifffile reads: every codec, layout and dtype, any selection."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

import omio
from omio.backends.rawfile import SeekingFile
from omio.backends.tiff import document as document_module
from omio.backends.tiff.document import TiffDocument
from omio.indexing import orthogonal, positions, to_index
from omio.lazy.handles import HANDLES
from tests.backends.tiff.made import noise, pages_of, write

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 13},
    "tiles": {"tile": (64, 32)},
}
CODECS: dict[str, dict[str, Any]] = {
    "none": {},
    "zlib": {"compression": "zlib"},
    "zlib predictor": {"compression": "zlib", "predictor": True},
    "lzw": {"compression": "lzw", "predictor": True},
    "zstd": {"compression": "zstd"},
    "packbits": {"compression": "packbits"},
    "lzma": {"compression": "lzma"},
    "lerc": {"compression": "lerc"},
    "png": {"compression": "png"},
    "jpegxl": {"compression": "jpegxl", "compressionargs": {"lossless": True}},
    "jpeg2000": {"compression": "jpeg2000", "compressionargs": {"level": 0}},
}
LITTLE_ONLY = ("lerc", "png", "jpeg2000")


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", CODECS)
def test_stacks_equal_what_was_written(tmp_path: Path, codec: str, layout: str, byteorder: Any) -> None:
    if byteorder == ">" and codec in LITTLE_ONLY:
        byteorder = "<"
    pixels = noise(4, 70, 83)
    path = write(tmp_path / "a.tif", pixels, byteorder=byteorder, bigtiff=True, **CODECS[codec], **LAYOUTS[layout])
    recipe = pages_of(path, 4)
    np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)
    np.testing.assert_array_equal(recipe[1:3, 0, 0, 60:7:-9, [3, 80, 40]], pixels[1:3, 60:7:-9][:, :, [3, 80, 40]])
    np.testing.assert_array_equal(recipe[2, 0, 0, 20:45, 31:65], pixels[2, 20:45, 31:65])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint32", "int64", "float16", "float32", "float64", "complex64", "bool"]
)
def test_dtypes_are_kept(tmp_path: Path, dtype: str, layout: str) -> None:
    pixels = noise(2, 33, 45, dtype=dtype)
    path = write(tmp_path / "a.tif", pixels, byteorder=">", **LAYOUTS[layout])
    recipe = pages_of(path, 2)
    assert recipe.dtype == ("uint8" if dtype == "bool" else dtype)
    np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floating_point_predictor(tmp_path: Path, dtype: str) -> None:
    pixels = noise(2, 33, 45, dtype=dtype)
    path = write(tmp_path / "a.tif", pixels, byteorder=">", compression="zlib", predictor=3, rowsperstrip=8)
    np.testing.assert_array_equal(pages_of(path, 2).load()[:, 0, 0], pixels)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", ["none", "zlib predictor"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_come_last(tmp_path: Path, planar: str, codec: str, layout: str) -> None:
    pixels = noise(3, 50, 61, 3)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 1)
    options = {**CODECS[codec], **LAYOUTS[layout], "planarconfig": planar, "photometric": "rgb"}
    recipe = pages_of(write(tmp_path / "a.tif", stored, **options), 3)
    assert recipe.shape == (3, 1, 1, 50, 61, 3)
    np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)
    np.testing.assert_array_equal(recipe[1, 0, 0, ::7, 3:40, 2:0:-1], pixels[1, ::7, 3:40, 2:0:-1])


@pytest.mark.parametrize("photometric", ["ycbcr", "rgb"])
def test_lossy_jpeg_equals_tifffile(tmp_path: Path, photometric: str) -> None:
    pixels = noise(64, 96, 3, dtype="uint8")
    options = {"photometric": photometric, "compression": "jpeg", "tile": (32, 32)}
    path = write(tmp_path / "a.tif", pixels, **options)
    np.testing.assert_array_equal(pages_of(path, 1)[0, 0, 0], tifffile.imread(path))


def test_twelve_bits_packed(tmp_path: Path) -> None:
    pixels = noise(40, 50) & 4095
    path = write(tmp_path / "a.tif", pixels, bitspersample=12)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.pages.first.bitspersample == 12
    np.testing.assert_array_equal(pages_of(path, 1)[0, 0, 0], pixels)


def test_reversed_bits_of_one_bit_pixels(tmp_path: Path) -> None:
    pixels = noise(16, 24, dtype="bool")
    path = write(tmp_path / "a.tif", pixels)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        start, count = page.dataoffsets[0], page.databytecounts[0]
        tag = page.tags[262]
    data[start : start + count] = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data[start : start + count])
    # PhotometricInterpretation lends its entry to FillOrder 2; without it, black is zero
    data[tag.offset : tag.offset + 2] = (266).to_bytes(2, "little")
    data[tag.valueoffset : tag.valueoffset + 2] = (2).to_bytes(2, "little")
    path.write_bytes(data)
    np.testing.assert_array_equal(pages_of(path, 1)[0, 0, 0], pixels)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_segments_that_are_left_out_are_zero(tmp_path: Path, layout: str) -> None:
    pixels = np.zeros((64, 64), "uint16")
    options = {**LAYOUTS[layout], "compression": "zlib"}
    path = write(tmp_path / "a.tif", pixels + 7, **options)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages.first.tags
        for code in (273, 279, 324, 325):
            if code in tags:
                count = tags[code].count
                tags[code].overwrite([0] * count if count > 1 else 0)
    np.testing.assert_array_equal(pages_of(path, 1)[0, 0, 0], pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("samples", [1, 3])
def test_pages_are_given_upright(tmp_path: Path, orientation: int, samples: int) -> None:
    stored = noise(30, 20, samples)[..., 0] if samples == 1 else noise(30, 20, samples)
    path = write(tmp_path / "a.tif", stored, photometric="rgb" if samples == 3 else "minisblack")
    recipe = pages_of(path, 1, orientation=orientation)
    # TIFF 6.0, page 36, said by flips of the picture that is wanted
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
        8: lambda a: np.rot90(a, 1),
    }
    wanted = undo[orientation](stored)
    out = np.empty((1, 1, 1, *wanted.shape), wanted.dtype)
    recipe.read(tuple(range(size) for size in out.shape), out)
    np.testing.assert_array_equal(out[0, 0, 0], wanted)
    y, x = to_index([5, 1, 17], wanted.shape[0]), to_index(slice(15, 2, -3), wanted.shape[1])
    part = np.empty((1, 1, 1, len(y), len(x), *wanted.shape[2:]), wanted.dtype)
    recipe.read((range(1), range(1), range(1), y, x, *(range(size) for size in wanted.shape[2:])), part)
    np.testing.assert_array_equal(part[0, 0, 0], wanted[[5, 1, 17]][:, 15:2:-3])


@st.composite
def indexes(draw: st.DrawFn, size: int) -> Any:
    positions = st.integers(0, size - 1)
    run = st.builds(slice, positions, st.integers(0, size), st.sampled_from([1, 2, 5]))
    back = st.builds(lambda start, step: slice(start, None, -step), positions, st.integers(1, 7))
    return draw(st.one_of(run, back, st.lists(positions, min_size=1, max_size=6), positions))


@pytest.fixture(scope="module", params=["none", "zlib tiles", "planar strips"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    pixels = noise(6, 41, 53, 3)
    path = tmp_path_factory.mktemp("stack") / "a.tif"
    options: dict[str, dict[str, Any]] = {
        "none": {},
        "zlib tiles": {"compression": "zlib", "tile": (16, 32)},
        "planar strips": {"planarconfig": "separate", "rowsperstrip": 5},
    }
    stored = np.moveaxis(pixels, -1, 1) if "planar" in request.param else pixels
    return pages_of(write(path, stored, photometric="rgb", **options[request.param]), 6), pixels[:, None, None]


@settings(max_examples=60)
@given(data=st.data())
def test_any_selection_equals_numpy(stack: Any, data: st.DataObject) -> None:
    recipe, pixels = stack
    key = tuple(to_index(data.draw(indexes(size)), size) for size in recipe.shape)
    np.testing.assert_array_equal(recipe.load(key), orthogonal([positions(index) for index in key], pixels))


def test_strided_destinations_are_filled(tmp_path: Path) -> None:
    pixels = noise(5, 20, 30)
    recipe = pages_of(write(tmp_path / "a.tif", pixels), 5)
    whole = np.zeros((5, 2, 1, 40, 30), "uint16")
    target = whole[:, 1:, :, ::2]
    recipe.read(tuple(range(size) for size in recipe.shape), target)
    np.testing.assert_array_equal(whole[:, 1, 0, ::2], pixels)
    assert not whole[:, 0].any()
    assert not whole[:, 1, 0, 1::2].any()


@pytest.mark.parametrize("codec", ["none", "zlib"])
def test_pages_of_several_kinds_are_read_each_its_way(tmp_path: Path, codec: str) -> None:
    pixels, path = noise(6, 30, 40), tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for number, page in enumerate(pixels):
            options: dict[str, Any] = {**CODECS[codec], "rowsperstrip": 7} if number % 2 else {"tile": (16, 16)}
            tiff.write(page, contiguous=False, metadata=None, photometric="minisblack", **options)
    np.testing.assert_array_equal(pages_of(path, 6).load()[:, 0, 0], pixels)


def test_many_threads_share_one_document(tmp_path: Path) -> None:
    pixels = noise(40, 64, 64)
    recipe = pages_of(write(tmp_path / "a.tif", pixels, compression="zlib", rowsperstrip=16), 40)
    with ThreadPoolExecutor(8) as pool:
        planes = list(pool.map(lambda t: recipe[t, 0, 0], range(40)))
    np.testing.assert_array_equal(planes, pixels)
    with omio.config(threads=1):
        np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)


def test_recipes_pickle_small_and_equal(tmp_path: Path) -> None:
    pixels = noise(3, 20, 30)
    recipe = pages_of(write(tmp_path / "a.tif", pixels), 3)
    packed = pickle.dumps(recipe)
    again = pickle.loads(packed)  # noqa: S301
    assert len(packed) < 1500
    assert again.digest == recipe.digest
    np.testing.assert_array_equal(again.load(), recipe.load())


def test_reads_without_preadv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(5, 40, 50)
    path = write(tmp_path / "a.tif", pixels, rowsperstrip=9)
    monkeypatch.setattr(document_module, "open_raw", lambda path: SeekingFile(path))
    HANDLES.clear()
    recipe = pages_of(path, 5)
    with omio.lazy.leaf.lease(TiffDocument, recipe.stamp) as document:
        assert isinstance(document.file, SeekingFile)
        np.testing.assert_array_equal(recipe.load()[:, 0, 0], pixels)
        np.testing.assert_array_equal(recipe[::2, 0, 0, 3:30:4], pixels[::2, 3:30:4])
    HANDLES.clear()


def test_documents_close_twice(tmp_path: Path) -> None:
    document = TiffDocument(str(write(tmp_path / "a.tif", noise(4, 4))))
    document.close()
    document.close()


def test_a_run_behind_one_ifd_beyond_4_gib(tmp_path: Path) -> None:
    path, size = tmp_path / "a.tif", 1 << 16
    first = noise(256, 128)
    write(path, first)
    with tifffile.TiffFile(path) as tiff:
        start = tiff.pages.first.dataoffsets[0]
    count = (5 << 30) // size
    last = noise(256, 128, seed=1)
    with path.open("r+b") as file:
        file.truncate(start + count * size)
        file.seek(start + (count - 1) * size)
        file.write(last.tobytes())
    recipe = pages_of(path, count, run=0)
    np.testing.assert_array_equal(recipe[0, 0, 0], first)
    np.testing.assert_array_equal(recipe[count - 1, 0, 0], last)
    assert not recipe[count // 2].any()

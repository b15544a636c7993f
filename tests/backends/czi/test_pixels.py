"""Codecs, samples, masks and odd sub-blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import czifile
import numpy as np
import pytest
from pylibCZIrw import czi as libczi

from omio.backends.czi import CziBackend
from tests.support.czi import Tile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from tests.backends.czi.conftest import Opener

GREY = (np.arange(48)[:, None] * 300 + np.arange(64) * 3).astype(np.uint16)
RGB = np.stack([np.arange(48)[:, None] + 0 * np.arange(64), GREY // 60, 255 - GREY // 60], axis=-1).astype(np.uint8)
PIXELS: dict[str, NDArray[Any]] = {
    "Gray8": GREY.astype(np.uint8),
    "Gray16": GREY,
    "Gray32Float": GREY.astype(np.float32) / 7,
    "Gray32": -GREY.astype(np.int32),
    "Gray64": GREY.astype(np.float64) / 7,
    "Bgr24": RGB,
    "Bgr48": RGB.astype(np.uint16) * 201,
    "Bgra32": np.concatenate([RGB, RGB[..., :1] // 2], axis=-1),
}


@pytest.mark.parametrize(
    ("name", "compression"),
    [
        *((name, compression) for name in PIXELS for compression in ("raw", "zstd", "lzw")),
        ("Gray16", "zstd-header"),
        ("Bgr48", "zstd-header"),
    ],
)
def test_lossless_codecs_give_the_pixels_back(made: Opener, name: str, compression: str) -> None:
    pixels = PIXELS[name]
    backend = made([Tile(pixels, compression=compression)])
    found = backend.array("0").load()
    assert found.dtype == pixels.dtype
    assert np.array_equal(found[0, 0, 0], pixels)
    assert backend.details("0")["pixel_type"] == name


@pytest.mark.parametrize("name", ["Gray8", "Gray16", "Bgr24", "Bgr48"])
@pytest.mark.parametrize("options", ["uncompressed:", "zstd0:ExplicitLevel=1", "zstd1:ExplicitLevel=1"])
def test_what_libczi_writes_is_read_as_it_reads_it(tmp_path: Path, name: str, options: str) -> None:
    pixels = PIXELS[name].reshape(48, 64, -1)
    path = str(tmp_path / "libczi.czi")
    with libczi.create_czi(path, compression_options=options) as file:
        file.write(pixels[..., ::-1], plane={"T": 1, "C": 0, "Z": 2}, location=(-7, 900))
    with libczi.open_czi(path) as file:
        witness = file.read(plane={"T": 1, "C": 0, "Z": 2})[..., ::-1]
    found = CziBackend(path).array("0").load()
    assert np.array_equal(found.reshape(witness.shape), witness)


@pytest.mark.parametrize("compression", ["jpeg", "jpeg-xr"])
@pytest.mark.parametrize("name", ["Gray8", "Bgr24"])
def test_lossy_codecs_are_read_as_czifile_reads_them(made: Opener, tmp_path: Path, name: str, compression: str) -> None:
    found = made([Tile(PIXELS[name], compression=compression)]).array("0").load()[0, 0, 0]
    assert np.array_equal(found, czifile.imread(tmp_path / "made.czi"))
    assert np.abs(found.astype(int) - PIXELS[name]).mean() < 6


def test_several_rgb_channels_keep_c_and_s(made: Opener) -> None:
    backend = made([Tile(RGB, {"C": 0}), Tile(RGB[::-1], {"C": 1}, compression="zstd")])
    pixels = backend.array("0").load()
    assert pixels.shape == (1, 1, 2, 48, 64, 3)
    assert np.array_equal(pixels[0, 0, 1], RGB[::-1])
    assert np.array_equal(backend.array("0")[0, 0, 1, 3, 5:9, ::-2], RGB[::-1][3, 5:9, ::-2])


@pytest.mark.parametrize("compression", ["raw", "zstd"])
def test_sub_blocks_of_several_frames_are_taken_apart(made: Opener, compression: str) -> None:
    lines = np.arange(70 * 16, dtype=np.uint16).reshape(70, 1, 16)
    tiles = [Tile(lines[start : start + 30], {"T": start}, along="T", compression=compression) for start in (60, 0, 30)]
    recipe = made(tiles).array("0")
    assert recipe.shape == (70, 1, 1, 1, 16)
    assert np.array_equal(recipe.load()[:, 0, 0], lines)
    assert np.array_equal(recipe[::-9, 0, 0, :, 3:5], lines[::-9, :, 3:5])


def test_a_last_row_that_is_claimed_but_not_stored_is_0(made: Opener) -> None:
    short = Tile(GREY[:-1], compression="zstd", claimed=(48, 64))
    recipe = made([short]).array("0")
    out = np.full(recipe.shape, 9, np.uint16)
    recipe.read(tuple(range(size) for size in recipe.shape), out)
    assert np.array_equal(out[0, 0, 0, :-1], GREY[:-1])
    assert (out[0, 0, 0, -1] == 0).all()


@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
@pytest.mark.parametrize("below", [1, 0])
def test_pixels_that_a_mask_excludes_show_what_lies_below(
    made: Opener, tmp_path: Path, pixels: NDArray[Any], below: int
) -> None:
    mask = np.add.outer(np.arange(48), np.arange(64)) % 5 > 1
    top = Tile(pixels, {"M": 1}, mask=mask)
    tiles = [Tile(pixels[::-1].copy(), {"M": 0}), top] if below else [top]
    recipe = made(tiles).array("0")
    out = np.full(recipe.shape, 77, pixels.dtype)
    recipe.read(tuple(range(size) for size in recipe.shape), out)
    excluded = pixels[::-1] if below else np.zeros_like(pixels)
    chosen = mask if pixels.ndim == 2 else mask[..., None]
    assert np.array_equal(out[0, 0, 0], np.where(chosen, pixels, excluded))
    assert np.array_equal(out[0, 0, 0], czifile.imread(tmp_path / "made.czi"))
    assert np.array_equal(recipe[0, 0, 0, 5:20:2, [40, 3]], out[0, 0, 0, 5:20:2][:, [40, 3]])

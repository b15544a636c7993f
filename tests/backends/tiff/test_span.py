from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import LayoutError

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (3, 2, 4, 20, 30)


def pixels(*shape: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.arange(np.prod(shape)).reshape(shape).astype("uint16")


@pytest.mark.parametrize(
    "options",
    [
        {"ome": True, "metadata": {"axes": "TZCYX"}},
        {"imagej": True},
        {"ome": True, "metadata": {"axes": "TZCYX"}, "rowsperstrip": 7, "contiguous": False},
        {"ome": True, "metadata": {"axes": "TZCYX"}, "byteorder": ">"},
        {"ome": True, "metadata": {"axes": "TZCYX"}, "bigtiff": True},
    ],
)
def test_plain_pixels_are_mapped(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(*SHAPE), **options)
    image = omio.open(path)
    mapped = image.memmap()
    np.testing.assert_array_equal(mapped, image.load())
    assert mapped.base is not None
    assert not mapped.flags.writeable
    part = image.isel(T=slice(None, None, -1), Z=1, X=slice(3, 20, 2))
    np.testing.assert_array_equal(part.memmap(), part.load())


def test_rgb_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(20, 30, 3).astype("uint8"), photometric="rgb")
    image = omio.open(path)
    np.testing.assert_array_equal(image.memmap(), image.load())


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"compression": "zlib"}, (20, 30)),
        ({"tile": (16, 16)}, (20, 30)),
        ({"photometric": "rgb", "planarconfig": "separate"}, (3, 20, 30)),
        ({"predictor": True, "compression": "lzw"}, (20, 30)),
    ],
)
def test_other_pixels_are_refused(tmp_path: Path, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(*shape).astype("uint8"), **options)
    with pytest.raises(LayoutError, match=r"a.tif: the pixels are compressed or scattered"):
        omio.open(path).memmap()


def test_lists_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(20, 30))
    with pytest.raises(LayoutError, match="by list"):
        omio.open(path).isel(X=[0, 5, 3]).memmap()

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from omio.backends.tiff.likeness import Likeness
from omio.backends.tiff.plain import PlainTiffBackend
from omio.lazy.leaf import FileStamp

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, value: int = 0, **options: Any) -> str:
    pixels = np.random.default_rng(value).integers(0, 99, options.pop("shape", (64, 48))).astype("uint16")
    tifffile.imwrite(path, pixels, **options)
    return str(path)


@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"bigtiff": True}, {"byteorder": ">", "rowsperstrip": 8}]
)
def test_files_that_differ_only_in_pixels_are_alike(tmp_path: Path, options: dict[str, Any]) -> None:
    first = Likeness.of(write(tmp_path / "a.tif", 1, **options))
    assert first is not None
    second = write(tmp_path / "b.tif", 2, **options)
    assert first.holds_for(second)
    recipe = PlainTiffBackend(str(tmp_path / "a.tif")).sibling("0", FileStamp.of(second))
    assert recipe is not None
    np.testing.assert_array_equal(recipe.load()[0, 0, 0], tifffile.imread(second))


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (64, 49)},
        {"compression": "zlib"},
        {"resolution": (10, 10), "resolutionunit": "CENTIMETER"},
        {"description": "another", "metadata": None},
        {"datetime": "2026:11:20 10:00:00"},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"shape": (2, 64, 48)},
    ],
)
def test_any_other_tag_makes_a_difference(tmp_path: Path, options: dict[str, Any]) -> None:
    first = Likeness.of(write(tmp_path / "a.tif"))
    assert first is not None
    assert not first.holds_for(write(tmp_path / "b.tif", **options))


def test_what_does_not_fit_into_the_first_bytes_is_not_judged(tmp_path: Path) -> None:
    assert Likeness.of(write(tmp_path / "a.tif", description="x" * 5000, metadata=None)) is None
    short = tmp_path / "short.tif"
    short.write_bytes(b"II*\x00")
    assert Likeness.of(str(short)) is None


@pytest.mark.parametrize("offset", [5000, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_tags_said_to_lie_beyond_the_file_are_not_judged(tmp_path: Path, offset: int) -> None:
    far = tmp_path / "far.tif"
    far.write_bytes(b"II+\x00\x08\x00\x00\x00" + offset.to_bytes(8, "little") + bytes(4900))
    assert Likeness.of(str(far)) is None
    first = Likeness.of(write(tmp_path / "a.tif"))
    assert first is not None
    assert not first.holds_for(str(far))

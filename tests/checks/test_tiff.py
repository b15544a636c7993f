"""TIFF files whose tags are wrong in one way."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from omio.checks import validate

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "one.tif"
    tifffile.imwrite(path, PIXELS, rowsperstrip=16, metadata=None)
    return path


def overwritten(path: Path, tag: str, value: Any, page: int = 0) -> None:
    with tifffile.TiffFile(path, mode="r+") as tif:
        found = tif.pages[page]
        assert isinstance(found, tifffile.TiffPage)
        found.tags[tag].overwrite(value)


def errors(path: Path, *, pixels: bool = False) -> list[str]:
    return [str(problem) for problem in validate(path, pixels=pixels).errors]


def test_a_good_file_has_no_problem(path: Path) -> None:
    assert validate(path, pixels=True).problems == ()


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        ("StripOffsets", (256, 2816, 5376, 9_999_999), "1 of 4 segments lie outside of the file"),
        ("StripOffsets", (256, 2816, 5376, 4), "1 of 4 segments lie outside of the file"),
        ("StripByteCounts", (2560, 2560, 2560, 2000), "1 of 4 segments are too short (number 3: 2000 of 2560 bytes)"),
        ("StripByteCounts", (2560, 2560, 2560, 60_000), "1 of 4 segments lie outside of the file"),
        ("ImageLength", 80, "it lists 4 segments, its 80 x 80 pixels need 5"),
        ("ImageWidth", 160, "4 of 4 segments are too short"),
        ("BitsPerSample", 32, "4 of 4 segments are too short"),
        ("ImageWidth", 0, "imagewidth is 0"),
        ("Compression", 12345, "12345"),
    ],
)
def test_wrong_tags(path: Path, tag: str, value: Any, text: str) -> None:
    overwritten(path, tag, value)

    found = errors(path)

    assert any(problem.startswith("page 0") and text in problem for problem in found), found


def test_a_file_that_is_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])

    assert any("lie outside of the file" in problem for problem in errors(path))


def test_the_last_page_of_many(tmp_path: Path) -> None:
    path = tmp_path / "many.tif"
    tifffile.imwrite(path, np.stack([PIXELS] * 500), metadata=None)
    overwritten(path, "StripByteCounts", (100,), page=499)

    report = validate(path)

    assert [problem.place for problem in report.errors] == ["page 499"]
    assert ["axes=" in problem.text for problem in report.warnings] == [True]


def test_many_problems_of_a_kind_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.tif"
    tifffile.imwrite(path, np.stack([PIXELS] * 100), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages.useframes = False
        for page in tif.pages:
            assert isinstance(page, tifffile.TiffPage)
            page.tags["StripByteCounts"].overwrite((5,))

    found = errors(path)

    assert found[50] == "and 50 more like the last"


def test_values_of_a_tag_outside_of_the_file(path: Path) -> None:
    tifffile.imwrite(path, PIXELS, description="short", metadata=None)
    overwritten(path, "ImageDescription", "a text that is appended")
    path.write_bytes(path.read_bytes()[:-5])

    found = errors(path)

    assert any(problem.startswith("page 0, tag 270: 24 bytes of values") for problem in found), found


def test_a_chain_of_pages_that_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, np.stack([PIXELS] * 2), metadata=None)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        first = tif.pages.first
        struct.pack_into("<I", data, first.offset + 2 + 12 * len(first.tags), len(data) + 10)
    path.write_bytes(data)

    assert any(problem.startswith("chain of pages") for problem in errors(path))


@pytest.fixture
def pyramid(tmp_path: Path) -> Path:
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(PIXELS, tile=(16, 16), subifds=2, metadata=None)
        tif.write(PIXELS[::2, ::2], tile=(16, 16), subfiletype=1)
        tif.write(PIXELS[::4, ::4], tile=(16, 16), subfiletype=1)
    return path


def test_a_good_pyramid_has_no_problem(pyramid: Path) -> None:
    assert validate(pyramid, pixels=True).problems == ()


def test_subifds_that_are_no_ifds(pyramid: Path) -> None:
    with tifffile.TiffFile(pyramid) as tif:
        good = tif.pages.first.subifds
        first = tif.pages.first.offset
    assert good is not None
    overwritten(pyramid, "SubIFDs", (good[0], 10_000_000))
    assert any("page 0, SubIFD 2: there is no IFD at its offset" in problem for problem in errors(pyramid))
    overwritten(pyramid, "SubIFDs", (first, good[1]))
    assert any("page 0, SubIFD 1: it is a page of the main chain" in problem for problem in errors(pyramid))


def test_a_damaged_tile_of_a_level_is_named(pyramid: Path) -> None:
    with tifffile.TiffFile(pyramid) as tif:
        level = tif.series[0].levels[1].pages[0]
        assert level is not None
        offset = level.dataoffsets[1]
    cut = bytearray(pyramid.read_bytes())
    del cut[offset + 100 :]
    pyramid.write_bytes(cut)

    assert any("SubIFD 1" in problem for problem in errors(pyramid))


def test_pixels_that_do_not_decode_are_found_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "deflate.tif"
    with tifffile.TiffWriter(path) as tif:
        for _ in range(3):
            tif.write(PIXELS, compression="zlib", tile=(32, 32), metadata=None)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[1]
        starts = page.dataoffsets[:2]
    data = bytearray(path.read_bytes())
    for start in starts:
        data[start : start + 8] = b"damaged!"
    path.write_bytes(data)

    assert validate(path).ok
    found = [problem for problem in errors(path, pixels=True) if "segment" in problem]
    assert len(found) == 2
    assert all("page 1" in problem for problem in found)


@pytest.mark.parametrize(
    ("name", "is_big", "warned"), [("a.ome.btf", False, True), ("a.ome.btf", True, False), ("a.ome.tif", True, False)]
)
def test_names_of_bigtiff(tmp_path: Path, name: str, *, is_big: bool, warned: bool) -> None:
    path = tmp_path / name
    tifffile.imwrite(path, PIXELS, ome=True, bigtiff=is_big)

    report = validate(path)

    assert report.ok
    assert any("is no BigTIFF" in problem.text for problem in report.warnings) is warned


def test_a_name_that_misleads(path: Path) -> None:
    misled = path.rename(path.with_suffix(".czi"))

    assert errors(misled) == ["its name says czi, its content is tiff"]

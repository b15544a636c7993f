"""The walk and the columns of IFDs agree with tifffile's pages."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from omio.backends.rawfile import open_raw
from omio.backends.tiff import chain
from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.ifd import TiffHeader
from omio.errors import DamagedFileError
from tests.backends.tiff.made import noise, write
from tests.support.clock import within

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 5}, {"tile": (16, 16), "compression": "zlib"}])
def test_segments_equal_tifffile(tmp_path: Path, byteorder: Any, bigtiff: bool, options: dict[str, Any]) -> None:  # noqa: FBT001
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=bigtiff) as tiff:
        for page in noise(9, 40, 30):
            tiff.write(page, contiguous=False, photometric="minisblack", metadata=None, **options)
    document = TiffDocument(str(path))
    starts, counts = document.segments(np.arange(9))
    with tifffile.TiffFile(path) as tiff:
        assert document.ifds().offsets.tolist() == [page.offset for page in tiff.pages]
        assert starts.tolist() == [list(page.dataoffsets) for page in tiff.pages]
        assert counts.tolist() == [list(page.databytecounts) for page in tiff.pages]
    picked, _ = document.segments(np.array([7, 0, 3]))
    assert picked.tolist() == starts[[7, 0, 3]].tolist()
    document.close()


def test_pages_of_one_kind_share_a_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for number, page in enumerate(noise(6, 40, 30)):
            crop = page if number % 3 else page[:20]
            tiff.write(crop, contiguous=False, photometric="minisblack", metadata=None)
    document = TiffDocument(str(path))
    kinds = document.ifds().kinds
    assert kinds[0] == kinds[3] != kinds[1]
    assert len(set(kinds[[1, 2, 4, 5]].tolist())) == 1
    assert document.layout(1) is document.layout(5)
    assert document.layout(3).frame == (20, 30, 1)
    document.close()


def test_bits_that_lie_outside_the_entry_make_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for dtype in ("uint8", "uint16", "uint8"):
            tiff.write(noise(8, 8, 3, dtype=dtype), contiguous=False, photometric="rgb", metadata=None)
    document = TiffDocument(str(path))
    kinds = document.ifds().kinds
    assert kinds[0] == kinds[2] != kinds[1]
    document.close()


def _empty_chain(path: Path, count: int) -> None:
    write(path, noise(8, 8))
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]
    pointer = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    end = len(data) + len(data) % 2
    data += bytes(len(data) % 2)
    data[pointer : pointer + 4] = struct.pack("<I", end)
    for number in range(count):
        following = end + 6 * (number + 1) if number + 1 < count else 0
        data += struct.pack("<HI", 0, following)
    path.write_bytes(data)


def test_long_chains_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    _empty_chain(path, 60_000)
    document = TiffDocument(str(path))
    with within(2):
        assert document.page_count == 60_001
    document.close()


def test_loops_are_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(3, 8, 8))
    document = TiffDocument(str(path))
    offsets = document.ifds().offsets.tolist()
    document.close()
    data = bytearray(path.read_bytes())
    entries = struct.unpack_from("<H", data, offsets[2])[0]
    struct.pack_into("<I", data, offsets[2] + 2 + 12 * entries, offsets[1])
    path.write_bytes(data)
    document = TiffDocument(str(path))
    assert document.page_count == 3
    with pytest.raises(DamagedFileError, match="after page 2 is one of the pages before"):
        document.check_chain()
    document.close()


PAGES = 60


def _pixels_first(path: Path, *, byteorder: Any, is_big: bool) -> list[int]:
    """Write a stack whose IFDs lie one behind the other, and return their offsets."""
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=is_big) as tiff:
        for page in noise(PAGES, 8, 8):
            tiff.write(page, contiguous=True, photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path) as tiff:
        return [page.offset for page in tiff.pages]


type Walked = tuple[list[int], str | None, dict[int, tuple[bytes, ...]]]
"""Offsets, what stopped the walk, and the entries of each page."""


def _walked(path: Path) -> Walked:
    file = open_raw(str(path))
    try:
        walk = chain.walk_chain(file, TiffHeader.parse(file.read(16, 0), str(path)))
    finally:
        file.close()
    held = {
        page: (group.structure, *(column[row].tobytes() for column in group.values))
        for group in walk.groups()
        for row, page in enumerate(group.pages.tolist())
    }
    return walk.offsets.tolist(), walk.problem, held


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_near_ifds_are_taken_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, byteorder: Any, *, bigtiff: bool
) -> None:
    offsets = _pixels_first(tmp_path / "a.tif", byteorder=byteorder, is_big=bigtiff)
    reads: list[Any] = []
    monkeypatch.setattr(chain, "_read_block", _counted(chain._read_block, reads))
    together = _walked(tmp_path / "a.tif")
    assert together[0] == offsets
    assert len(reads) < 5
    monkeypatch.setattr(chain, "NEAR_BYTES", 0)
    assert _walked(tmp_path / "a.tif") == together


def _counted(function: Any, calls: list[Any]) -> Any:
    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return counted


@pytest.mark.parametrize("run_bytes", [1, 400, 5000, 1 << 16])
@pytest.mark.parametrize("page", [2, 3, 30, PAGES - 2, PAGES - 1])
@pytest.mark.parametrize("damage", ["ends", "loops", "skips", "outside", "tags", "cut"])
def test_near_ifds_are_those_that_one_by_one_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_bytes: int, page: int, damage: str
) -> None:
    path = tmp_path / "a.tif"
    offsets = _pixels_first(path, byteorder="<", is_big=False)
    data = bytearray(path.read_bytes())
    tags = struct.unpack_from("<H", data, offsets[page])[0]
    leads_to = {"ends": 0, "loops": offsets[page // 2], "skips": offsets[(page + 5) % PAGES], "outside": len(data)}
    if damage in leads_to:
        struct.pack_into("<I", data, offsets[page] + 2 + 12 * tags, leads_to[damage])
    elif damage == "tags":
        struct.pack_into("<H", data, offsets[page], 9999)
    else:
        del data[offsets[page] + 20 :]
    path.write_bytes(data)
    monkeypatch.setattr(chain, "RUN_BYTES", run_bytes)
    together = _walked(path)
    monkeypatch.setattr(chain, "NEAR_BYTES", 0)
    assert _walked(path) == together
    assert len(together[0]) in (page, page + 1, PAGES - 4)


def _relinked(path: Path, order: list[int]) -> list[int]:
    """Let the IFDs of a stack follow each other in another order, and return their offsets in it."""
    offsets = _pixels_first(path, byteorder="<", is_big=False)
    data = bytearray(path.read_bytes())
    chosen = [offsets[page] for page in order]
    struct.pack_into("<I", data, 4, chosen[0])
    for here, following in pairwise([*chosen, 0]):
        struct.pack_into("<I", data, here + 2 + 12 * struct.unpack_from("<H", data, here)[0], following)
    path.write_bytes(data)
    return chosen


@pytest.mark.parametrize(
    "order",
    [
        list(reversed(range(PAGES))),
        [PAGES - 1, *range(PAGES - 1)],
        [*range(0, PAGES, 2), *range(1, PAGES, 2)],
        np.random.default_rng(0).permutation(PAGES).tolist(),
    ],
    ids=["backwards", "the first last", "every other", "shuffled"],
)
def test_chains_may_lead_back_and_forth_as_long_as_no_page_comes_twice(tmp_path: Path, order: list[int]) -> None:
    path = tmp_path / "a.tif"
    chosen = _relinked(path, order)
    offsets, problem, held = _walked(path)
    assert (offsets, problem, len(held)) == (chosen, None, PAGES)
    data = bytearray(path.read_bytes())
    tags = struct.unpack_from("<H", data, chosen[-1])[0]
    struct.pack_into("<I", data, chosen[-1] + 2 + 12 * tags, chosen[PAGES // 2])
    path.write_bytes(data)
    offsets, problem, _ = _walked(path)
    assert offsets == chosen
    assert problem == f"the IFD after page {PAGES - 1} is one of the pages before (offset {chosen[PAGES // 2]})"


def test_ifds_may_be_gathered_in_any_number_of_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for number, page in enumerate(noise(40, 20, 30)):
            text = f"page {number}" if number % 7 == 3 else None
            crop = page[: 10 + number // 13]
            tiff.write(crop, contiguous=False, photometric="minisblack", description=text, metadata=None)
    whole = _walked(path)
    for size in (0, 500, 3000):
        monkeypatch.setattr(chain, "GATHERED_BYTES", size)
        assert _walked(path) == whole


def test_what_all_pages_agree_in_is_held_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "GATHERED_BYTES", 1000)
    path = tmp_path / "a.tif"
    _pixels_first(path, byteorder="<", is_big=False)
    document = TiffDocument(str(path))
    group = max(document.ifds().groups, key=lambda group: len(group.pages))
    varying = {code for code in group.columns if group.fields(code).strides[0]}
    assert 273 in varying
    assert not varying & {256, 257, 258, 259, 278, 279}
    document.close()

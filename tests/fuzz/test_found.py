"""What mutants brought to light: the smallest file that shows each, and what it costs now."""

from __future__ import annotations

import json
import struct
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.rawfile import Stream, open_raw
from omio.backends.zarr import archive
from omio.errors import DamagedFileError, MemoryLimitError, OmioError
from tests.backends.tiff.test_stk import JANUARY_2_2020
from tests.fuzz.seeds import seeds

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {"type": (2, "H"), "count": (4, "I"), "value": (8, "I")}
both = pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])


def lay(family: str, number: int, folder: Path) -> Path:
    return seeds(family)[number].lay(folder)


def retag(path: Path, page: int, code: int, **fields: int) -> None:
    """Tell a tag of a little-endian classic TIFF otherwise."""
    with tifffile.TiffFile(path, is_lsm=False) as tiff:
        found = tiff.pages[page]
        assert isinstance(found, tifffile.TiffPage)
        place = found.tags[code].offset
    patch(path, *((place + FIELDS[name][0], struct.pack(f"<{FIELDS[name][1]}", new)) for name, new in fields.items()))


def patch(path: Path, *parts: tuple[int, bytes]) -> None:
    with path.open("r+b") as file:
        for place, part in parts:
            file.seek(place)
            file.write(part)


def refuse(path: Path, why: str, *, strict: bool, kind: type[OmioError] = DamagedFileError, **options: Any) -> None:
    with pytest.raises(kind, match=why) as caught:
        omio.open(path, strict=strict, **options).load()
    assert path.name in str(caught.value)


@both
@pytest.mark.parametrize("fields", [{"type": 36}, {"type": 5}, {"count": 0}])
def test_lsm_whose_pages_do_not_say_whether_they_are_thumbnails(
    tmp_path: Path, fields: dict[str, int], *, strict: bool
) -> None:
    path = lay("lsm", 0, tmp_path)
    retag(path, 1, 254, **fields)
    refuse(path, "NewSubfileType", strict=strict)


@both
def test_lsm_of_more_positions_than_anything_holds(tmp_path: Path, *, strict: bool) -> None:
    path = lay("lsm", 0, tmp_path)
    with tifffile.TiffFile(path, is_lsm=False) as tiff:
        info = tiff.pages.first.tags[34412].valueoffset
    fields = np.dtype(tifffile.TIFF.CZ_LSMINFO).fields
    assert fields is not None
    patch(path, *((info + fields[name][1], struct.pack("<I", 1 << 30)) for name in ("DimensionP", "DimensionM")))
    refuse(path, "its dimensions make", strict=strict)


@both
def test_stk_whose_page_lists_no_pixels(tmp_path: Path, *, strict: bool) -> None:
    path = lay("stk", 0, tmp_path)
    retag(path, 0, 273, count=0)
    refuse(path, "room for 0", strict=strict)


@both
def test_stk_whose_page_cannot_be_walked(tmp_path: Path, *, strict: bool) -> None:
    path = lay("stk", 0, tmp_path)
    (place,) = struct.unpack_from("<I", path.read_bytes(), 4)
    patch(path, (place, struct.pack("<H", 60_000)))
    refuse(path, r"page|IFD", strict=strict, kind=OmioError)


def test_stk_of_fractions_without_a_denominator_keeps_its_pixels(tmp_path: Path) -> None:
    path = lay("stk", 0, tmp_path)
    whole = omio.open(path).load()
    path.write_bytes(path.read_bytes().replace(struct.pack("<2I", 500, 1000), struct.pack("<2I", 500, 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = omio.open(path, axes="ZYX")
        assert image.metadata.pixel_size.get("Z") is None
        assert dict(image.metadata.original)
    np.testing.assert_array_equal(image.load(), whole)


def test_pages_that_list_no_pixels_are_left_out_on_wish(tmp_path: Path) -> None:
    path = lay("tiff", 0, tmp_path)
    retag(path, 0, 279, count=0)
    refuse(path, "0 segments", strict=True, axes="ZYX")
    with pytest.warns(omio.OmioWarning):
        assert not omio.open(path, strict=False, axes="ZYX").isel(Z=0).load().any()


def test_stk_of_dates_that_no_calendar_holds_keeps_its_pixels(tmp_path: Path) -> None:
    path = lay("stk", 0, tmp_path)
    whole = omio.open(path).load()
    day = struct.pack("<I", JANUARY_2_2020)
    path.write_bytes(path.read_bytes().replace(day, struct.pack("<I", 1), 1))
    image = omio.open(path, axes="ZYX")
    assert image.metadata.shape == whole.shape
    np.testing.assert_array_equal(image.load(), whole)


def test_micromanager_pages_whose_place_is_no_integer(tmp_path: Path) -> None:
    path = lay("micromanager", 0, tmp_path)
    whole = omio.open(path).load()
    retag(path, 1, 273, type=36)
    refuse(path, "tag 273", strict=True)
    with pytest.warns(omio.OmioWarning, match="tag 273"):
        found = omio.open(path, strict=False).load()
    assert not found[1].any()
    np.testing.assert_array_equal(found[::2], whole[::2])


@both
def test_levels_of_other_samples_than_the_image(tmp_path: Path, *, strict: bool) -> None:
    path = lay("ome-tiff", 1, tmp_path)
    with tifffile.TiffFile(path) as tiff:
        places = [page.pages[0].tags[277].offset for page in tiff.pages if page.pages is not None]  # type: ignore[union-attr]
    patch(path, *((place + 8, struct.pack("<H", 3)) for place in places))
    refuse(path, "no smaller version", strict=strict)


@both
def test_czi_of_more_planes_than_it_has_bytes(tmp_path: Path, *, strict: bool) -> None:
    path = lay("czi", 0, tmp_path)
    content = path.read_bytes()
    depth, many = (struct.pack("<4sii", b"Z", 0, size) for size in (1, 1 << 24))
    assert content.count(depth)
    path.write_bytes(content.replace(depth, many))
    refuse(path, "planes are claimed", strict=strict)


def zipped(path: Path) -> tuple[Path, zipfile.ZipInfo]:
    """Return a zip file and where the last of its documents lies."""
    with zipfile.ZipFile(path) as file:
        return path, next(info for info in file.infolist() if info.filename.endswith("0/zarr.json"))


@both
def test_zip_members_that_do_not_unpack(tmp_path: Path, *, strict: bool) -> None:
    path, info = zipped(lay("ome-zarr", 2, tmp_path))
    patch(path, (info.header_offset + 30 + len(info.filename) + 20, b"\xff" * 20))
    refuse(path, "zip", strict=strict)


@both
def test_zip_members_packed_in_a_way_nobody_knows(tmp_path: Path, *, strict: bool) -> None:
    path, info = zipped(lay("ome-zarr", 2, tmp_path))
    entry = path.read_bytes().rindex(info.filename.encode()) - 46
    patch(path, (entry + 10, struct.pack("<H", 99)))
    refuse(path, "compression", strict=strict)


@both
def test_zip_members_that_lie_nowhere(tmp_path: Path, *, strict: bool) -> None:
    path, info = zipped(lay("ome-zarr", 2, tmp_path))
    entry = path.read_bytes().rindex(info.filename.encode()) - 46
    patch(path, (entry + 42, struct.pack("<I", 0xFFFFFFF0)))
    refuse(path, "zip", strict=strict)


def test_zip_members_that_unpack_to_more_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ozx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("zarr.json", "w") as member:
        for _ in range(65):
            member.write(b" " * (1 << 20))
    monkeypatch.setattr(archive, "free_memory", lambda: 100 << 20)
    refuse(path, "unpacks to 68,157,440 bytes", strict=True, kind=MemoryLimitError)


@both
def test_wide_png_cut_off(tmp_path: Path, *, strict: bool) -> None:
    path = lay("pictures", 1, tmp_path)
    path.write_bytes(path.read_bytes()[:500])
    refuse(path, "PNG", strict=strict)


@both
def test_gif_whose_frame_is_larger_than_it_says(tmp_path: Path, *, strict: bool) -> None:
    path = lay("pictures", 4, tmp_path)
    frame = path.read_bytes().index(b",\0\0\0\0")
    patch(path, (frame + 5, struct.pack("<2H", 60_000, 60_000)))
    refuse(path, "GIF", strict=strict)


@pytest.mark.parametrize("count", [1 << 40, 1 << 62])
def test_claims_of_more_bytes_than_there_are_take_no_memory(tmp_path: Path, count: int) -> None:
    (tmp_path / "a").write_bytes(b"all there is")
    file = open_raw(str(tmp_path / "a"))
    assert (file.read(count, 4), file.read(count, 40), file.read(-1, 0)) == (b"there is", b"", b"")
    stream = Stream(file)
    assert (stream.read(4), stream.read(count), stream.read(count)) == (b"all ", b"there is", b"")
    stream.seek(4)
    assert stream.read() == b"there is"
    file.close()


@both
def test_czi_of_a_spacing_beyond_all_numbers_keeps_its_pixels(tmp_path: Path, *, strict: bool) -> None:
    path = lay("czi", 0, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"<Value>1e-06<", b"<Value>1e308<"))
    with pytest.warns(omio.OmioWarning, match=r"a\.czi: the scaling of Z is '1e308'"):
        image = omio.open(path, strict=strict)
    assert image.metadata.pixel_size["Z"] is None
    assert image.load().any()


@both
@pytest.mark.parametrize(("templates", "name", "why"), [("x", "{{u}}", "templates"), ({}, "x" * 5000, "longer")])
def test_references_whose_names_are_none(tmp_path: Path, templates: Any, name: str, why: str, *, strict: bool) -> None:
    array = {"zarr_format": 2, "shape": [2, 2], "chunks": [2, 2], "dtype": "|u1", "fill_value": 0, "order": "C"}
    told = {".zarray": json.dumps({**array, "compressor": None, "filters": None}), "0.0": [name, 0, 4]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"version": 1, "templates": templates, "refs": told}))
    with pytest.raises(OmioError, match=why):
        omio.open(path, strict=strict, axes="YX").load()

"""References that others and omio wrote, and hostile ones."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.references.look import is_reference
from omio.errors import ChangedFileError, DamagedFileError, FileMissingError, OmioError, UnsupportedFormatError
from tests.writers.images import random_pixels

ARRAY = {
    "zarr_format": 2,
    "shape": [4, 6],
    "chunks": [2, 6],
    "dtype": "|u1",
    "compressor": None,
    "filters": None,
    "fill_value": 9,
    "order": "C",
}
PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of bytes."""
    (tmp_path / "data.bin").write_bytes(b"head" + PIXELS.tobytes())
    return tmp_path


def refer(folder: Path, refs: dict[str, Any], name: str = "a.json", **further: Any) -> Path:
    told = {"version": 1, **further, "refs": {".zarray": json.dumps(ARRAY), **refs}}
    (folder / name).write_text(json.dumps(told))
    return folder / name


@pytest.mark.parametrize(
    ("options", "dims"),
    [
        ({"compression": "zlib", "tile": (32, 32)}, "ZYX"),
        ({"compression": "lzw", "predictor": True}, "ZYX"),
        ({"byteorder": ">"}, "ZYX"),
        ({"compression": "jpeg", "tile": (32, 32), "photometric": "rgb"}, "YXS"),
    ],
)
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("version", [0, 1])
def test_what_tifffile_writes_opens(
    tmp_path: Path, options: dict[str, Any], dims: str, zarr_format: int, version: int
) -> None:
    pixels = random_pixels((3, 64, 96) if dims == "ZYX" else (64, 96, 3), "uint16" if dims == "ZYX" else "uint8")
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, ome=True, metadata={"axes": dims}, **options)
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif, tif.aszarr() as store:
        store.write_fsspec(str(tmp_path / "a.json"), "", zarr_format=zarr_format, version=version)
        expected = tif.asarray()
    image = omio.open(tmp_path / "a.json")
    np.testing.assert_array_equal(image.load().squeeze(), expected)


def test_pyramids_of_tifffile_have_levels(tmp_path: Path) -> None:
    pixels = random_pixels((256, 128, 3), "uint8")
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        told: dict[str, Any] = {"tile": (64, 64), "photometric": "rgb", "resolutionunit": "CENTIMETER"}
        writer.write(pixels, subifds=1, resolution=(20000, 20000), **told)
        writer.write(pixels[::2, ::2], subfiletype=1, resolution=(10000, 10000), **told)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif, tif.aszarr() as store:
        store.write_fsspec(str(tmp_path / "a.json"), "", zarr_format=3)
    image = omio.open(tmp_path / "a.json")
    assert image.pixel_size["X"] == pytest.approx(0.5)
    assert [level.shape for level in image.levels] == [(1, 1, 1, 256, 128, 3), (1, 1, 1, 128, 64, 3)]
    np.testing.assert_array_equal(image.levels[1].load()[0, 0, 0], pixels[::2, ::2])


def test_entries_of_every_kind(folder: Path) -> None:
    text = f"base64:{base64.b64encode(PIXELS[2:].tobytes()).decode()}"
    path = refer(folder, {"0.0": ["{{d}}.bin", 4, 12], "1.0": text}, templates={"d": "data"})
    np.testing.assert_array_equal(omio.open(path).load()[0, 0, 0], PIXELS)
    (folder / "whole.bin").write_bytes(PIXELS[:2].tobytes())
    path = refer(folder, {"0.0": ["whole.bin"], ".zarray": ARRAY}, "b.json")
    np.testing.assert_array_equal(omio.open(path).load()[0, 0, 0], np.concatenate([PIXELS[:2], np.full((2, 6), 9)]))
    path = refer(folder, {"0.0": [(folder / "data.bin").as_uri(), 4, 12], "1.0": ["data.bin", 16, 12]}, "c.json")
    np.testing.assert_array_equal(omio.open(path).load()[0, 0, 0], PIXELS)


def test_nothing_is_read_at_open_and_recipes_travel(folder: Path) -> None:
    path = refer(folder, {"0.0": ["data.bin", 4, 12], "1.0": ["absent.bin", 16, 12]})
    image = omio.open(path)
    np.testing.assert_array_equal(image.isel(Y=slice(0, 2)).load()[0, 0, 0], PIXELS[:2])
    again = pickle.loads(pickle.dumps(image))  # noqa: S301 - made here
    np.testing.assert_array_equal(again.isel(Y=[1]).load()[0, 0, 0], PIXELS[1:2])
    with pytest.raises(FileMissingError, match=r"absent\.bin"):
        image.load()


def test_a_file_that_changed_is_told(folder: Path) -> None:
    image = omio.open(refer(folder, {"0.0": ["data.bin", 4, 12]}))
    image.load()
    (folder / "data.bin").write_bytes(bytes(100))
    with pytest.raises(ChangedFileError):
        image.load()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (["data.bin", 20, 12], "12 bytes at 20 do not lie in a file of 28"),
        (["data.bin", -4, 12], "instead of a file and its bytes"),
        (["data.bin", 4], "instead of a file and its bytes"),
        ([7], "instead of a file and its bytes"),
        (5, "instead of a file and its bytes"),
        ("base64:!!", "is no base64"),
        (["../outside.bin", 0, 12], "leads out of its folder"),
        (["/etc/hostname"], "leads out of its folder"),
        (["file:///etc/hostname"], "leads out of its folder"),
        (["https://example.org/a.bin", 0, 12], "another host"),
        (["s3://bucket/a.bin", 0, 12], "another host"),
        (["data.bin", 4, 5], "holds 5 bytes, and a chunk has 12"),
    ],
)
def test_entries_that_lead_astray_are_refused(folder: Path, entry: Any, why: str) -> None:
    (folder.parent / "outside.bin").write_bytes(bytes(12))
    image = omio.open(refer(folder, {"0.0": entry}))
    with pytest.raises(DamagedFileError, match=why):
        image.load()


def test_links_lead_nowhere_either_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "far" / "data.bin").write_bytes(PIXELS.tobytes())
    (tmp_path / "here" / "link.bin").symlink_to(tmp_path / "far" / "data.bin")
    path = refer(tmp_path / "here", {"0.0": ["link.bin", 0, 12], "1.0": ["../far/data.bin", 12, 12]})
    with pytest.raises(DamagedFileError, match="allow_outside"):
        omio.open(path).load()
    allowed = omio.open(path, allow_outside=[str(tmp_path / "far")])
    np.testing.assert_array_equal(allowed.load()[0, 0, 0], PIXELS)


def test_templates_with_expressions_are_not_known(folder: Path) -> None:
    image = omio.open(refer(folder, {"0.0": ["{{ d(1) }}", 0, 12]}, templates={"d": "{{n}}.bin"}))
    with pytest.raises(UnsupportedFormatError, match="names a file by"):
        image.load()
    with pytest.raises(UnsupportedFormatError, match="generates"):
        omio.open(refer(folder, {}, "gen.json", gen=[{"key": "{{i}}"}]))


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "refs": {".zarray": "{"}}',
        '{"version": 1, "refs": []}',
        '{"version": 1, "refs": {".zarray": ',
        '{".zarray": {"shape": "many"}}',
        '{"zarr.json": "[]"}',
    ],
)
def test_damaged_references_are_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(OmioError):
        omio.open(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"version": 1, "refs": {', True),
        (b'\n {\n "refs" : {".zgroup"', True),
        (b'{"version":1,"templates":{"u":"a.tif"}', True),
        (b'{"zarr.json": "', True),
        (b'{"image/.zarray": "', True),
        (b'{"version": "2.0", "features": []}', False),
        (b'{"type": "FeatureCollection"}', False),
        (b"[1, 2]", False),
        (b"II*\0", False),
    ],
)
def test_json_is_known_by_its_first_key(head: bytes, expected: bool) -> None:  # noqa: FBT001
    assert is_reference(Path("a.json"), head) is expected


class TestParquet:
    @pytest.fixture(autouse=True)
    def needs_pyarrow(self) -> None:
        pytest.importorskip("pyarrow")

    def test_tables_are_read_when_needed(self, folder: Path) -> None:
        pixels = omio.MicroscopyDataset.from_array(random_pixels((30, 400, 16, 16), "uint8"), "TZYX")
        pixels.to_ometiff(folder / "b.ome.tif", compression="none")
        many = omio.open(folder / "b.ome.tif")
        many.to_reference(folder / "b.parq")
        assert {file.name for file in (folder / "b.parq" / "image").iterdir()} == {"refs.0.parq", "refs.1.parq"}
        again = omio.open(folder / "b.parq")
        (folder / "b.parq" / "image" / "refs.1.parq").unlink()
        np.testing.assert_array_equal(again.isel(T=0).load(), many.isel(T=0).load())

    def test_damage_is_told(self, folder: Path) -> None:
        omio.MicroscopyDataset.from_array(PIXELS).to_ometiff(folder / "a.ome.tif", compression="none")
        omio.open(folder / "a.ome.tif").to_reference(folder / "a.parq")
        (folder / "a.parq" / "image" / "refs.0.parq").write_bytes(b"PAR1 and no more")
        with pytest.raises(DamagedFileError, match="is no Parquet"):
            omio.open(folder / "a.parq").load()
        (folder / "a.parq" / ".zmetadata").write_text('{"record_size": 1}')
        with pytest.raises(DamagedFileError, match="says no references"):
            omio.open(folder / "a.parq")

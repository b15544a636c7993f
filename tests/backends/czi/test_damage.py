"""Damaged and hostile files cost one error that names file, place and cause, or one warning where that is asked."""

from __future__ import annotations

import json
import struct
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.backends.base import Confidence, OpenOptions
from omio.backends.czi import CziBackend
from omio.errors import DamagedFileError, OmioError, OmioWarning, UnsupportedFormatError
from tests.support.czi import Attached, Tile, czi_bytes, document
from tests.support.real import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLANES = [np.full((16, 16), 100 + z, np.uint16) + np.arange(16, dtype=np.uint16) for z in range(3)]
TILES = [Tile(pixels, {"Z": z, "C": 0, "M": 0}, compression="zstd") for z, pixels in enumerate(PLANES)]
GOOD = czi_bytes(TILES, document())
DIRECTORY = GOOD.index(b"ZISRAWDIRECTORY")
ENTRY = DIRECTORY + 32 + 128
BLOCK = GOOD.index(b"ZISRAWSUBBLOCK")


def patched(offset: int, pattern: str, *values: Any) -> bytes:
    data = bytearray(GOOD)
    struct.pack_into(pattern, data, offset, *values)
    return bytes(data)


def read(path: Path, data: bytes, *, strict: bool = True) -> Any:
    path.write_bytes(data)
    backend = CziBackend(str(path), OpenOptions(strict=strict))
    backend.metadata(backend.scenes()[0])
    return backend.array(backend.scenes()[0]).load()


DAMAGES: dict[str, tuple[bytes, str]] = {
    "no directory": (patched(32 + 52, "<q", 0), "sub-block directory: expected ZISRAWDIRECTORY"),
    "directory behind the end": (patched(32 + 52, "<q", 1 << 40), "do not lie in a file"),
    "negative position": (patched(32 + 52, "<q", -5), "do not lie in a file"),
    "many entries": (patched(DIRECTORY + 32, "<i", 2**31 - 1), "2147483647 entries do not fit"),
    "negative entries": (patched(DIRECTORY + 32, "<i", -1), "entries do not fit"),
    "no entry": (patched(DIRECTORY + 32, "<i", 0), "lists no sub-block"),
    "dimensions without end": (patched(ENTRY + 28, "<i", 1 << 30), "an entry claims 1073741824 dimensions"),
    "old schema": (patched(ENTRY, "<2s", b"DE"), "schema b'DE'"),
    "nameless dimension": (patched(ENTRY + 32, "<4s", b"X\0\0m"), "dimensions"),
    "a dimension twice": (patched(ENTRY + 32, "<4s", b"Y"), "dimensions"),
    "negative width": (patched(ENTRY + 40, "<i", -64), "entry 0: its size along X is not positive .-64."),
    "negative stored width": (patched(ENTRY + 48, "<i", -64), "its stored size along X is not positive"),
    "huge width": (patched(ENTRY + 40, "<i", 2**31 - 1), "claim a box of"),
    "huge stored width": (patched(ENTRY + 40, "<ifi", 2**31 - 1, 0.0, 2**31 - 1), "cannot come out of a file"),
    "far plane": (patched(ENTRY + 72 + 4, "<i", 1 << 30), "claim a box of"),
    "far tile": (patched(ENTRY + 32 + 4, "<i", -(2**31)), "claim a box of"),
    "pixel type": (patched(ENTRY + 2, "<i", 77), "its pixel type is unknown .77."),
    "compression": (patched(ENTRY + 18, "<i", 99), "compression code 99"),
    "compression of another kind": (patched(ENTRY + 18, "<i", 4), "cannot be decoded .jpeg-xr."),
    "sub-block behind the end": (patched(ENTRY + 6, "<q", 1 << 40), "its sub-block does not lie in the file"),
    "sub-block elsewhere": (patched(ENTRY + 6, "<q", 32), "sub-block 0 at 32: no sub-block is there"),
    "one sub-block for two planes": (
        patched(ENTRY + 6, "<q", struct.unpack_from("<q", GOOD, ENTRY + 32 + 5 * 20 + 6)[0]),
        "entries 0 and 1 name the same sub-block",
    ),
    "huge data": (patched(BLOCK + 32 + 8, "<q", 1 << 40), "bytes of data at .* do not lie in the file"),
    "negative data": (patched(BLOCK + 32 + 8, "<q", -1), "do not lie in the file"),
    "cut data": (patched(BLOCK + 32 + 8, "<q", 9), "cannot be decoded .zstd."),
    "cut file": (GOOD[: len(GOOD) // 2], "do not lie in a file"),
    "broken document": (GOOD.replace(b"</Image>", b"</Imago>"), "metadata: the XML is malformed"),
    "document type": (
        czi_bytes(TILES, "<!DOCTYPE a [<!ENTITY b '" + "c" * 99 + "'>]><a>&b;</a>"),
        "metadata: the XML is malformed: it declares a document type",
    ),
    "long document": (patched(GOOD.index(b"ZISRAWMETADATA") + 32, "<i", 2**31 - 1), "metadata: 2147483647 bytes"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_an_error_that_names_file_place_and_cause(tmp_path: Path, name: str) -> None:
    data, cause = DAMAGES[name]
    path = tmp_path / "damaged.czi"
    with pytest.raises(DamagedFileError, match=cause) as caught:
        read(path, data)
    assert str(caught.value).startswith(str(path))
    assert caught.value.place


def with_part(part: int) -> bytes:
    return czi_bytes([Tile(PLANES[0], {"Z": 0}), Tile(PLANES[1], {"Z": 1}, part=part)])


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "is no CZI file"),
        (b"II*\0" + bytes(500), "is no CZI file"),
        (with_part(2), r"further files: image\(2\)\.czi"),
        (czi_bytes(TILES, part=3), "is part 3 of an image of several files"),
    ],
)
def test_what_is_not_read_says_so(tmp_path: Path, data: bytes, cause: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=cause):
        read(tmp_path / "image.czi", data)


def test_content_decides_what_is_a_czi(tmp_path: Path) -> None:
    assert CziBackend.can_read(tmp_path / "a.tif", GOOD[:4096]) == Confidence.CONTENT
    assert CziBackend.can_read(tmp_path / "a.czi", b"II*\0") == Confidence.NO


LENIENT: dict[str, Callable[[Any], bool]] = {
    "no directory": lambda pixels: np.array_equal(pixels[0, :, 0], PLANES),
    "many entries": lambda pixels: np.array_equal(pixels[0, :, 0], PLANES),
    "cut file": lambda pixels: np.array_equal(pixels[0, :1, 0], PLANES[:1]),
    "compression": lambda pixels: np.array_equal(pixels[0, :, 0], [PLANES[0] * 0, *PLANES[1:]]),
    "huge data": lambda pixels: np.array_equal(pixels[0, :, 0], [PLANES[0] * 0, *PLANES[1:]]),
    "broken document": lambda pixels: np.array_equal(pixels[0, :, 0], PLANES),
    "document type": lambda pixels: np.array_equal(pixels[0, :, 0], PLANES),
}


@pytest.mark.parametrize("name", LENIENT)
def test_lenient_reading_gives_what_is_whole_and_warns(tmp_path: Path, name: str) -> None:
    with pytest.warns(OmioWarning, match="damaged.czi"):
        pixels = read(tmp_path / "damaged.czi", DAMAGES[name][0], strict=False)
    assert LENIENT[name](pixels)


def test_damaged_attachments_are_no_obstacle(tmp_path: Path) -> None:
    data = czi_bytes(TILES, None, [Attached("TimeStamps", "CZTIMS", b"1234")])
    broken = data.replace(b"ZISRAWATTDIR", b"ZISRAWATTXXX")
    with pytest.warns(OmioWarning, match="attachments are left out"):
        assert read(tmp_path / "damaged.czi", broken).shape == (1, 3, 1, 16, 16)
    assert read(tmp_path / "odd.czi", data).shape == (1, 3, 1, 16, 16)


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_never_shows_an_internal_error(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = np.frombuffer(GOOD, np.uint8).copy()
    begin = int(random.choice([0, BLOCK, DIRECTORY]))
    data[begin + random.integers(0, min(400, len(data) - begin), 6)] = random.integers(0, 256, 6)
    path = tmp_path / "flipped.czi"
    path.write_bytes(data.tobytes())
    pixels, problem, _ = outcome(path, strict=bool(seed % 2))
    assert problem.startswith(str(path)) if pixels is None else pixels.nbytes < 1 << 28


def outcome(path: Path, *, strict: bool) -> tuple[Any, str, int]:
    """Return the pixels or None, the text of omio's error, and the number of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            backend = CziBackend(str(path), OpenOptions(strict=strict))
            scene = backend.scenes()[0]
            backend.metadata(scene)
            backend.associated()
            return backend.array(scene).load(), "", len(caught)
        except OmioError as error:
            return None, str(error), len(caught)


def hostile() -> list[dict[str, Any]]:
    manifest = SHARED / "hostile" / "manifest.json"
    listed = json.loads(manifest.read_text())["files"] if manifest.exists() else []
    return [entry for entry in listed if entry["fmt"] == "czi"]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("entry", hostile(), ids=lambda entry: entry["id"])
def test_hostile_files_end_as_they_may(entry: dict[str, Any], strict: bool) -> None:  # noqa: FBT001
    path = SHARED / "hostile" / "corpus" / entry["path"]
    pixels, problem, warned = outcome(path, strict=strict)
    if pixels is None:
        assert problem.startswith(str(path))
        ends = {"any", "error"}
    else:
        oracle = np.load(SHARED / "hostile" / "oracle" / entry["oracle"]) if entry["oracle"] else np.zeros(0)
        right = np.array_equal(oracle.reshape(-1), pixels.reshape(-1))
        ends = {"any"} | ({"oracle"} if right else set()) | ({"warned"} if warned else set())
    assert ends & set(entry["accept"])

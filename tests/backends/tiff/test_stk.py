"""MetaMorph stacks: what their planes follow, and what the UIC tags say of them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.backends.tiff.stk import StkBackend
from omio.errors import AxesError, DamagedFileError
from omio.testing import BackendTests

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

COUNT, Y, X = 4, 6, 5
JANUARY_2_2020 = 2458850
"""As MetaMorph counts days: 2451576 is 2 February 2000."""


def write_stk(
    path: Path,
    planes: NDArray[np.uint16],
    *,
    distances: tuple[float, ...] = (0,),
    milliseconds: tuple[int, ...] = (0,),
    wavelengths: tuple[float, ...] = (0,),
    units: str | None = None,
    stage: bool = False,
) -> Path:
    """Write one IFD, all planes behind each other, and the tags UIC1 to UIC4."""
    count, height, width = planes.shape
    pixels = planes.astype("<u2").tobytes()
    start = 8 + len(pixels)
    blocks = {
        33628: _uic1(start, units),
        33629: b"".join(
            struct.pack("<6I", round(distance * 1000), 1000, JANUARY_2_2020, time, JANUARY_2_2020, time)
            for distance, time in zip(_each(distances, count), _each(milliseconds, count), strict=True)
        ),
        33630: b"".join(struct.pack("<2I", round(wave), 1) for wave in _each(wavelengths, count)),
        33631: _uic4(count) if stage else struct.pack("<H", 0),
    }
    counts = {33628: 4 if units else 1, 33629: count, 33630: count, 33631: count}
    kinds = {33628: 4, 33629: 5, 33630: 5, 33631: 4}
    plane = height * width * 2
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, plane)]
    body = b""
    for code, block in blocks.items():
        offset = start + len(body)
        entries.append((code, kinds[code], counts[code], offset))
        body += block if code != 33628 else _uic1(offset, units)
    ifd = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<2sHI", b"II", 42, start + len(body))
    path.write_bytes(head + pixels + body + ifd + struct.pack("<I", 0))
    return path


def _each(values: tuple[Any, ...], count: int) -> list[Any]:
    return list(values) * count if len(values) == 1 else list(values)


def _uic1(offset: int, units: str | None) -> bytes:
    if units is None:
        return struct.pack("<2I", 3, 0)
    behind = offset + 4 * 8
    text = units.encode() + b"\0"
    table = struct.pack("<8I", 3, 1, 4, behind, 5, behind + 8, 6, behind + 16)
    return table + struct.pack("<4I", 1, 4, 1, 2) + struct.pack("<I", len(text)) + text


def _uic4(count: int) -> bytes:
    stage = b"".join(struct.pack("<4I", 10 * plane, 1, 20 * plane, 1) for plane in range(count))
    return struct.pack("<H", 28) + stage + struct.pack("<H", 0)


def pixels(count: int = COUNT) -> NDArray[np.uint16]:
    return np.random.default_rng(6).integers(0, 4096, (count, Y, X), dtype=np.uint16)


class TestStk(BackendTests):
    """The published laws."""

    backend = StkBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a Z stack."""
        return write_stk(tmp_path / "image.stk", pixels(), distances=(0.5,), units="um", stage=True)


def test_distances_make_a_z_stack(tmp_path: Path) -> None:
    full = pixels()
    image = omio.open(write_stk(tmp_path / "a.stk", full, distances=(0.5,), units="nm", stage=True))

    assert image.shape == (1, COUNT, 1, Y, X)
    np.testing.assert_array_equal(np.asarray(image)[0, :, 0], full)
    assert image.metadata.pixel_size == pytest.approx({"Z": 0.0005, "Y": 0.0005, "X": 0.00025})
    assert image.data["stage_y"].values[0, :, 0].tolist() == [0, 20, 40, 60]
    assert str(image.metadata.acquired) == "2020-01-02 00:00:00"
    assert len(image.metadata.original["MetaMorph"]["ZDistance"]) == COUNT


def test_times_make_a_series(tmp_path: Path) -> None:
    even = write_stk(tmp_path / "even.stk", pixels(), milliseconds=(500, 2000, 3500, 5000), wavelengths=(525,))
    uneven = write_stk(tmp_path / "uneven.stk", pixels(), milliseconds=(500, 2000, 3500, 5001))

    assert omio.open(even).shape == (COUNT, 1, 1, Y, X)
    assert omio.open(even).metadata.time_increment == 1.5
    assert omio.open(even).metadata.channels[0].name == "525 nm"
    assert str(omio.open(even).metadata.acquired) == "2020-01-02 00:00:00.500000"
    assert omio.open(uneven).metadata.time_increment is None
    assert omio.open(uneven).data["delta_t"].values[:, 0, 0].tolist() == [0, 1.5, 3, 4.501]


def test_wavelengths_make_channels(tmp_path: Path) -> None:
    path = write_stk(tmp_path / "a.stk", pixels(), milliseconds=(0, 1, 2, 3), wavelengths=(405, 488, 561, 640))

    image = omio.open(path)

    assert image.shape == (1, 1, COUNT, Y, X)
    assert [channel.name for channel in image.metadata.channels] == ["405 nm", "488 nm", "561 nm", "640 nm"]


@pytest.mark.parametrize(
    "tags",
    [{}, {"distances": (1.0,), "wavelengths": (405, 405, 488, 488)}],
    ids=["nothing differs", "two wavelengths at depths"],
)
def test_planes_that_could_follow_anything_must_be_named(tmp_path: Path, tags: dict[str, Any]) -> None:
    path = write_stk(tmp_path / "a.stk", pixels(), **tags)

    with pytest.raises(AxesError, match="axes="):
        omio.open(path)
    assert omio.open(path, axes="ZYX").sizes["Z"] == COUNT


def test_planes_dealt_out_to_two_dims_keep_their_facts(tmp_path: Path) -> None:
    full, waves = pixels(), (405, 488, 405, 488)
    path = write_stk(tmp_path / "a.stk", full, distances=(1.0,), wavelengths=waves, units="um", stage=True)

    image = omio.open(path, axes=omio.Assume("ZCYX", sizes={"C": 2}))

    np.testing.assert_array_equal(np.asarray(image)[0], full.reshape(2, 2, Y, X))
    assert [channel.name for channel in image.metadata.channels] == ["405 nm", "488 nm"]
    assert image.data["stage_x"].values[0].tolist() == [[0, 10], [20, 30]]
    swapped = omio.open(path, axes=omio.Assume("CZYX", sizes={"C": 2}))
    assert swapped.data["stage_x"].values[0].tolist() == [[0, 20], [10, 30]]
    assert [channel.name for channel in swapped.metadata.channels] == [None, None]


def test_uncalibrated_is_unknown(tmp_path: Path) -> None:
    image = omio.open(write_stk(tmp_path / "a.stk", pixels(), distances=(0.5,)))

    assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}


def test_pages_pick_planes_with_their_facts(tmp_path: Path) -> None:
    full = pixels()
    path = write_stk(tmp_path / "a.stk", full, distances=(0.5,), units="um", stage=True)

    image = omio.open(path, pages=slice(1, 4, 2))

    np.testing.assert_array_equal(np.asarray(image)[0, :, 0], full[1::2])
    assert image.metadata.pixel_size["Z"] == 1.0
    assert image.data["stage_x"].values[0, :, 0].tolist() == [10, 30]


def test_one_plane_needs_no_axis(tmp_path: Path) -> None:
    assert omio.open(write_stk(tmp_path / "a.stk", pixels(1))).shape == (1, 1, 1, Y, X)


def test_more_planes_than_bytes_is_an_error(tmp_path: Path) -> None:
    path = write_stk(tmp_path / "a.stk", pixels(), distances=(1.0,))
    data = bytearray(path.read_bytes())
    place = data.index(struct.pack("<HHI", 33629, 5, COUNT))
    data[place + 4 : place + 8] = struct.pack("<I", 10**8)
    path.write_bytes(data)

    with pytest.raises(DamagedFileError, match="describes 100000000 planes"):
        omio.open(path)

"""LSM files: dims, channels, times, positions, and offsets that lie."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.backends.tiff.lsm import LsmBackend
from omio.errors import DamagedFileError, OmioWarning, SceneError
from omio.testing import BackendTests
from tests.backends.tiff import lsmfile
from tests.support.facts import pixels_of
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

T, Z, C, Y, X = 3, 2, 2, 12, 10
STACK = {
    "DimensionX": X, "DimensionY": Y, "DimensionZ": Z, "DimensionTime": T, "DimensionChannels": C, "ScanType": 6,
    "VoxelSizeX": 2e-7, "VoxelSizeY": 3e-7, "VoxelSizeZ": 1e-6, "TimeIntervall": 1.5,
}  # fmt: skip
SCAN = {
    "Name": "bead 1",
    "Objective": "Plan-Neofluar 40x/1.3 Oil",
    "Sample0time": 40237.5,
    "Tracks": [
        {
            "Acquire": 1,
            "DetectionChannels": [{"Acquire": 1, "DyeName": "DAPI", "PinholeDiameter": 80.0}],
            "IlluminationChannels": [{"Aquire": 1, "Wavelength": 405.0}, {"Aquire": 0, "Wavelength": 561.0}],
        },
        {
            "Acquire": 1,
            "DetectionChannels": [{"Acquire": 0, "DyeName": "Cy5"}, {"Acquire": 1, "DyeName": "GFP"}],
            "IlluminationChannels": [{"Aquire": 1, "Wavelength": 488.0}, {"Aquire": 1, "Wavelength": 514.0}],
        },
    ],
}


def pixels(*shape: int) -> NDArray[np.uint16]:
    return np.random.default_rng(4).integers(0, 4096, shape, dtype=np.uint16)


def stack(path: Path, **options: Any) -> NDArray[np.uint16]:
    """Write a series of stacks of two channels; returns it as T Z C Y X."""
    full = pixels(T, Z, C, Y, X)
    lsmfile.write_lsm(path, full.reshape(T * Z, C, Y, X), STACK, **options)
    return full


class TestLsm(BackendTests):
    """The published laws."""

    backend = LsmBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a series of stacks, channels as samples."""
        stack(tmp_path / "image.lsm")
        return tmp_path / "image.lsm"


class TestLineScan(BackendTests):
    """The published laws, for rows that are frames."""

    backend = LsmBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a line scan of 12 frames."""
        info = STACK | {"DimensionY": 1, "DimensionZ": 1, "DimensionTime": Y, "ScanType": 2}
        return lsmfile.write_lsm(tmp_path / "image.lsm", pixels(1, C, Y, X), info)


def test_stack_with_calibration_and_interval(tmp_path: Path) -> None:
    full = stack(tmp_path / "a.lsm", records={"ScanInformation": lsmfile.scan(SCAN)})

    image = omio.open(tmp_path / "a.lsm")

    np.testing.assert_array_equal(np.asarray(image), full)
    metadata = image.metadata
    assert metadata.pixel_size == pytest.approx({"Z": 1.0, "Y": 0.3, "X": 0.2})
    assert metadata.time_increment == 1.5
    assert metadata.name == "bead 1"
    assert str(metadata.acquired) == "2010-02-28 12:00:00"
    assert metadata.objective is not None
    assert (metadata.objective.magnification, metadata.objective.na) == (40, 1.3)
    assert metadata.sources["pixel_size.X"] == "file: LSM VoxelSizeX"
    assert metadata.original["CZ_LSMINFO"]["DimensionTime"] == T


def test_channels_have_names_colours_dyes_and_one_line_s_excitation(tmp_path: Path) -> None:
    records = {
        "ChannelColors": lsmfile.colors(["Ch1-T1", "ChS"], [(0, 0, 255), (0, 255, 1)]),
        "ScanInformation": lsmfile.scan(SCAN),
    }
    stack(tmp_path / "a.lsm", records=records)

    first, second = omio.open(tmp_path / "a.lsm").metadata.channels

    assert (first.name, first.color, first.fluor, first.excitation_nm) == ("Ch1-T1", "#0000FF", "DAPI", 405)
    assert first.pinhole_um == 80
    # two lines at once: which one excites is not said
    assert (second.name, second.color, second.fluor, second.excitation_nm) == ("ChS", "#00FF01", "GFP", None)


def test_spectral_scan_has_emission_bands(tmp_path: Path) -> None:
    bands = lsmfile.wavelengths((500e-9, 510e-9), (510e-9, 520e-9))
    for spectral, expected in ((1, [505, 515]), (0, [None, None])):
        path = tmp_path / f"{spectral}.lsm"
        info = STACK | {"SpectralScan": spectral}
        lsmfile.write_lsm(path, pixels(T * Z, C, Y, X), info, {"ChannelWavelength": bands})

        channels = omio.open(path).metadata.channels

        assert [channel.emission_nm for channel in channels] == pytest.approx(expected)


def test_time_stamps_stand_in_where_no_interval_is_given(tmp_path: Path) -> None:
    info = STACK | {"TimeIntervall": 0.0}
    for name, seconds, increment in (("even", (5.0, 7.5, 10.0), 2.5), ("uneven", (5.0, 7.0, 11.0), None)):
        path = tmp_path / f"{name}.lsm"
        lsmfile.write_lsm(path, pixels(T * Z, C, Y, X), info, {"TimeStamps": lsmfile.stamps(*seconds)})

        image = omio.open(path)

        assert image.metadata.time_increment == increment
        assert image.data["T"].values.tolist() == [value - 5 for value in seconds]
        assert image.data["delta_t"].values[:, 1, 1].tolist() == [value - 5 for value in seconds]


def test_one_plane_claims_sizes_that_are_unknown(tmp_path: Path) -> None:
    info = STACK | {"DimensionZ": 1, "DimensionTime": 1, "VoxelSizeZ": 1e-19, "TimeIntervall": 0.0, "ScanType": 0}
    lsmfile.write_lsm(tmp_path / "a.lsm", pixels(1, 3, Y, X), info | {"DimensionChannels": 3})

    metadata = omio.open(tmp_path / "a.lsm").metadata

    assert metadata.pixel_size["Z"] is None
    assert metadata.time_increment is None


def test_positions_and_tiles_are_scenes(tmp_path: Path) -> None:
    full = pixels(2, 3, Z, 1, Y, X)  # tiles, positions, depth
    info = STACK | {"DimensionM": 2, "DimensionP": 3, "DimensionTime": 1, "DimensionChannels": 1, "ScanType": 0}
    places = {
        "Positions": lsmfile.positions((0, 0, 0), (1e-3, 0, 0), (2e-3, 0, 1e-5)),
        "TilePositions": lsmfile.positions((0, 0, 0), (0, 1e-4, 0)),
    }
    path = lsmfile.write_lsm(tmp_path / "a.lsm", full.reshape(-1, 1, Y, X), info, places)

    scenes = omio.open_collection(path)

    assert list(scenes)[:3] == ["position0_tile0", "position1_tile0", "position2_tile0"]
    np.testing.assert_array_equal(np.asarray(scenes["position2_tile1"])[0, :, 0], full[1, 2, :, 0])
    stage = scenes["position2_tile1"].metadata.stage_position
    assert stage is not None
    assert pytest.approx((2000, 100, 10)) == (stage.X, stage.Y, stage.Z)
    with pytest.raises(SceneError, match="position1_tile0"):
        omio.open(path)


@pytest.mark.parametrize(("scan_type", "dim"), [(2, "T"), (1, "Z")])
def test_rows_of_line_scans_are_frames_or_planes(tmp_path: Path, scan_type: int, dim: str) -> None:
    rows = pixels(1, C, Y, X)
    lengths = {"DimensionY": 1, "DimensionZ": 1, "DimensionTime": 1, "ScanType": scan_type}
    lengths |= {"DimensionTime" if dim == "T" else "DimensionZ": Y}
    path = lsmfile.write_lsm(tmp_path / "a.lsm", rows, STACK | lengths)

    image = omio.open(path)

    assert image.sizes == {"T": 1, "Z": 1, "C": C, "Y": 1, "X": X} | {dim: Y}
    found = np.asarray(image).reshape(Y, C, X)
    np.testing.assert_array_equal(found, rows[0].swapaxes(0, 1))
    np.testing.assert_array_equal(np.asarray(image.isel(**{dim: slice(3, 9, 2), "C": 1})).squeeze(), rows[0, 1, 3:9:2])


def test_compressed_strips_that_lie_about_their_length(tmp_path: Path) -> None:
    full = stack(tmp_path / "a.lsm", compression="lzw")
    lsmfile.forget_counts(tmp_path / "a.lsm")

    np.testing.assert_array_equal(np.asarray(omio.open(tmp_path / "a.lsm")), full)


def test_offsets_beyond_4_gib_wrap(tmp_path: Path) -> None:
    full = pixels(T, 1, Y, X)
    info = STACK | {"DimensionChannels": 1, "DimensionZ": 1}
    path = lsmfile.write_lsm(tmp_path / "a.lsm", full, info)
    lsmfile.move_beyond_4_gib(path, page=2 * (T - 1))

    np.testing.assert_array_equal(np.asarray(omio.open(path)).squeeze(), full.squeeze())


def test_unfinished_series_is_an_error_or_zeros(tmp_path: Path) -> None:
    full = pixels(2 * Z, C, Y, X)
    path = lsmfile.write_lsm(tmp_path / "a.lsm", full, STACK)

    with pytest.raises(DamagedFileError, match=r"holds 4 images, its dimensions make 6"):
        omio.open(path)
    with pytest.warns(OmioWarning, match="holds 4 images"):
        image = omio.open(path, strict=False)
    found = np.asarray(image)
    np.testing.assert_array_equal(found[:2], full.reshape(2, Z, C, Y, X))
    assert not found[2].any()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"DimensionZ": -3, "DimensionTime": 0}, "DimensionTime is 0; DimensionZ is -3"),
        ({"DimensionChannels": 7}, "DimensionChannels is 7, its pages hold 2"),
        ({"ScanType": 77}, "scan type 77"),
    ],
)
def test_structure_that_cannot_be(tmp_path: Path, change: dict[str, int], text: str) -> None:
    path = lsmfile.write_lsm(tmp_path / "a.lsm", pixels(T * Z, C, Y, X), STACK | change)

    with pytest.raises(omio.errors.OmioError, match=text) as caught:
        omio.open(path)

    assert "a.lsm" in str(caught.value)


def test_lost_records_are_told(tmp_path: Path) -> None:
    info = STACK | {"OffsetTimeStamps": 1 << 30, "OffsetScanInformation": 1 << 30}
    path = lsmfile.write_lsm(tmp_path / "a.lsm", pixels(T * Z, C, Y, X), info)

    with pytest.warns(OmioWarning, match="ScanInformation, TimeStamps"):
        image = omio.open(path)

    assert image.load().shape == (T, Z, C, Y, X)


def test_real_scan() -> None:
    path = real("lsm-032113-18.lsm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = omio.open(path)

    assert hashlib.sha256(np.asarray(image)).hexdigest() == pixels_of("lsm-032113-18.lsm")["sha256"]
    assert image.metadata.pixel_size == pytest.approx({"Z": None, "Y": 1.0378322762047988, "X": 1.0378322762047988})
    channels = image.metadata.channels
    assert [channel.name for channel in channels] == ["Ch1-T1", "Ch2-T2", "T PMT-T2"]
    assert [channel.color for channel in channels] == ["#0000FF", "#FF0000", "#FFFFFF"]
    assert [channel.fluor for channel in channels] == ["DAPI", "Alexa Fluor 546", None]

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends import candidates
from omio.backends.leica import LeicaSeriesBackend
from omio.errors import ChangedFileError, DamagedFileError, FileMissingError, OmioError, OmioWarning, SceneError
from omio.testing import BackendTests
from tests.backends.leica.made import BEGIN, DIMS, SHAPE, SPACING, raw_xml, stamp_list, write_series
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def made(folder: Path, **how: str) -> Path:
    """Write a series of two times, three depths and two channels, and its XML; return the XML."""
    write_series(folder)
    (folder / "MetaData").mkdir()
    xml = folder / "MetaData" / "Series014.xml"
    xml.write_text(raw_xml(DIMS, SPACING, **how), encoding="utf-8")
    return xml


class TestSeries(BackendTests):
    backend = LeicaSeriesBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return made(tmp_path)


class TestSeriesByItsProperties(BackendTests):
    backend = LeicaSeriesBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        xml = made(tmp_path)
        return xml.rename(tmp_path / "P_Series014_Properties.xml")


def test_the_xml_opens_all_files_as_one_image(tmp_path: Path) -> None:
    path = made(tmp_path)
    assert candidates(path) == ("leica-tiff",)
    image = omio.open(path)
    assert image.shape == SHAPE
    np.testing.assert_array_equal(image.load(), tifffile.imread(sorted(tmp_path.glob("*.tif"))).reshape(SHAPE))
    again = pickle.loads(pickle.dumps(image))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.isel(T=1, Z=2, C=0).load(), image.load()[1:, 2:, :1])
    assert set(omio.open_collection(path).files) == {str(path), *map(str, tmp_path.glob("*.tif"))}


def test_the_xml_says_spacing_channels_lens_and_times(tmp_path: Path) -> None:
    metadata = omio.open(made(tmp_path, stamps=stamp_list(12))).metadata
    assert metadata.pixel_size == pytest.approx({"Z": 1.5, "Y": 0.25, "X": 0.25})
    assert metadata.time_increment == pytest.approx(10)
    assert [channel.color for channel in metadata.channels] == ["#00FF00", "#FF8000"]
    assert [channel.name for channel in metadata.channels] == [None, "ALEXA 546"]
    assert metadata.objective is not None
    assert (metadata.objective.name, metadata.objective.na) == ("HC PL APO CS2 63x/1.40 OIL", 1.4)
    assert metadata.objective.immersion == "Oil"
    assert metadata.acquired == BEGIN
    assert metadata.sources["pixel_size.X"].startswith("file: Series014.xml")
    assert metadata.original["Leica"]["Attachment"]["ATLConfocalSettingDefinition"]["@Zoom"] == "2"


def test_values_name_the_element_that_they_came_from(tmp_path: Path) -> None:
    told = omio.open(made(tmp_path, stamps=stamp_list(12))).metadata.sources
    elements = {fact: source.removeprefix("file: Series014.xml ") for fact, source in told.items()}
    assert elements == {
        "pixel_size.X": "DimensionDescription X",
        "pixel_size.Y": "DimensionDescription Y",
        "pixel_size.Z": "DimensionDescription Z",
        "time_increment": "DimensionDescription T",
        "channels": "ChannelDescription",
        "objective.name": "ObjectiveName",
        "objective.magnification": "Magnification",
        "objective.na": "NumericalAperture",
        "objective.immersion": "Immersion",
        "acquired": "TimeStampList",
        "planes.delta_t": "TimeStampList",
    }
    bare = omio.open(made(tmp_path / "bare")).metadata.sources
    assert not {"acquired", "planes.delta_t"} & set(bare)


def test_time_stamps_are_those_of_the_planes_in_memory_order(tmp_path: Path) -> None:
    planes = omio.open(made(tmp_path, stamps=stamp_list(12))).facts.planes
    assert planes is not None
    np.testing.assert_allclose(planes.columns["delta_t"], 0.5 * np.arange(12).reshape(SHAPE[:3]))


def test_channels_taken_together_share_a_time_stamp(tmp_path: Path) -> None:
    planes = omio.open(made(tmp_path, stamps=stamp_list(6))).facts.planes
    assert planes is not None
    expected = np.broadcast_to(0.5 * np.arange(6).reshape(2, 3, 1), SHAPE[:3])
    np.testing.assert_allclose(planes.columns["delta_t"], expected)


def test_time_stamps_of_another_number_stay_in_original(tmp_path: Path) -> None:
    image = omio.open(made(tmp_path, stamps=stamp_list(5)))
    assert image.facts.planes is None
    assert image.metadata.original["Leica"]["TimeStampList"]["@NumberOfTimeStamps"] == "5"


def test_missing_files_are_an_error_or_filled_and_told(tmp_path: Path) -> None:
    path = made(tmp_path)
    whole = omio.open(path).load()
    (tmp_path / "P_Series014_t001_z002_ch00.tif").unlink()
    with pytest.raises(FileMissingError, match=r"1 file is missing: T=1 Z=2 C=0\."):
        omio.open(path)
    with pytest.warns(OmioWarning, match="filled with 0"):
        image = omio.open(path, strict=False)
    whole[1, 2, 0] = 0
    np.testing.assert_array_equal(image.load(), whole)


def test_a_last_depth_that_is_missing_everywhere_is_missed(tmp_path: Path) -> None:
    path = made(tmp_path)
    for file in tmp_path.glob("*_z002_*.tif"):
        file.unlink()
    with pytest.raises(FileMissingError, match="4 files are missing"):
        omio.open(path)


def test_overlays_are_no_planes(tmp_path: Path) -> None:
    path = made(tmp_path)
    tifffile.imwrite(tmp_path / "P_Series014_t000_z000.tif", np.zeros((20, 30, 3), "u1"), photometric="rgb")
    assert omio.open(path).shape == SHAPE


def test_stage_positions_and_raw_files_are_scenes(tmp_path: Path) -> None:
    for scene in ("s00_", "s01_", "s01_RAW_"):
        write_series(tmp_path, f"Series014_{scene}"[:-1])
    path = tmp_path / "Series014.xml"
    path.write_text(raw_xml(DIMS, SPACING), encoding="utf-8")
    assert list(omio.open_collection(path)) == ["s00", "s01", "s01_raw"]
    assert omio.open(path, scene="s01").shape == SHAPE
    with pytest.raises(SceneError, match="s00"):
        omio.open(path)


def test_the_series_of_another_name_is_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path)
    write_series(tmp_path, "P_Series015")
    write_series(tmp_path, "P_XSeries014")
    assert omio.open(path).shape == SHAPE
    write_series(tmp_path, "Q_Series014")
    with pytest.raises(SceneError, match="'P_Series014', 'Q_Series014'"):
        omio.open(path)
    path.rename(path.with_name("Q_Series014.xml"))
    assert omio.open(path.with_name("Q_Series014.xml")).shape == SHAPE


def test_two_files_at_one_place_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    tifffile.imwrite(tmp_path / "P_Series014_t0_z0_ch0.tif", np.zeros((20, 30), "u2"))
    with pytest.raises(SceneError, match="have the same place"):
        omio.open(path)


def test_files_of_another_size_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.write_text(raw_xml({**DIMS, "X": 40}, SPACING), encoding="utf-8")
    with pytest.raises(DamagedFileError, match="20 x 40 pixels, the files have 20 x 30"):
        omio.open(path)


@pytest.mark.parametrize("odd", [np.zeros((20, 31), "u2"), np.zeros((20, 30), "u4")], ids=["size", "dtype"])
def test_a_file_that_is_not_like_the_first_is_an_error_when_it_is_read(tmp_path: Path, odd: NDArray[Any]) -> None:
    path = made(tmp_path)
    name = "P_Series014_t001_z001_ch01.tif"
    tifffile.imwrite(tmp_path / name, odd, metadata=None)
    image = omio.open(path)
    image.isel(T=0).load()
    with pytest.raises(DamagedFileError, match=name):
        image.load()


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    image = omio.open(path)
    tifffile.imwrite(tmp_path / "P_Series014_t001_z001_ch01.tif", np.ones((20, 30), "u2"))
    with pytest.raises(ChangedFileError, match="t001_z001_ch01"):
        image.load()


def test_colour_tables_come_from_the_files(tmp_path: Path) -> None:
    colormap = np.zeros((3, 256), dtype=np.uint16)
    colormap[1] = np.arange(256) * 257
    for z in range(3):
        name = tmp_path / f"Series014_z{z:03d}_ch00.tif"
        tifffile.imwrite(name, np.full((20, 30), z, "u1"), photometric="palette", colormap=colormap)
    path = tmp_path / "Series014.xml"
    channel = '<ChannelDescription LUTName="Green" BytesInc="0"/>'
    path.write_text(raw_xml({"X": 30, "Y": 20, "Z": 3}, SPACING, channels=channel), encoding="utf-8")
    image = omio.open(path)
    assert image.facts.channels["lut"][0].upper().endswith("00FF00")
    assert image.load()[0, :, 0, 0, 0].tolist() == [0, 1, 2]


def test_rgb_series_have_samples(tmp_path: Path) -> None:
    pixels = np.arange(3 * 20 * 30 * 3, dtype="u1").reshape(3, 20, 30, 3)
    for z, plane in enumerate(pixels):
        tifffile.imwrite(tmp_path / f"Series014_z{z:03d}.tif", plane, photometric="rgb")
    path = tmp_path / "Series014.xml"
    channels = "".join(f'<ChannelDescription LUTName="{name}"/>' for name in ("Blue", "Green", "Red"))
    path.write_text(raw_xml({"X": 30, "Y": 20, "Z": 3}, SPACING, channels=channels), encoding="utf-8")
    image = omio.open(path)
    assert image.shape == (1, 3, 1, 20, 30, 3)
    np.testing.assert_array_equal(image.load()[0, :, 0], pixels)
    assert image.metadata.pixel_size["Z"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    "text",
    [
        "<Data><Image></Image></Data>",
        "<Data><Image><Dimensions><DimensionDescription DimID='1' NumberOfElements='30'/>",
        raw_xml({**DIMS, "T": 2**60}, {}),
        raw_xml(DIMS, {}).replace('NumberOfElements="30"', 'NumberOfElements="nan"'),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_hostile_xml_costs_an_error(tmp_path: Path, text: str, *, strict: bool) -> None:
    path = made(tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OmioError, match="Series014"):
        omio.open(path, strict=strict)


def test_values_that_cannot_be_are_unknown(tmp_path: Path) -> None:
    stamps = "<TimeStampList>zz 1 -5 ffffffffffffffffff</TimeStampList>"
    path = made(tmp_path)
    path.write_text(raw_xml(DIMS, {"Z": float("inf")}, stamps=stamps), encoding="utf-8")
    image = omio.open(path)
    assert image.facts.planes is None
    assert image.metadata.acquired is None
    assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}


def test_a_pattern_takes_what_the_xml_says(tmp_path: Path) -> None:
    path = made(tmp_path, stamps=stamp_list(12))
    image = omio.open(str(tmp_path / "P_Series014_t{T}_z{Z}_ch{C}.tif"))
    whole = omio.open(path)
    np.testing.assert_array_equal(image.load(), whole.load())
    assert image.metadata.pixel_size == whole.metadata.pixel_size
    assert image.metadata.time_increment == whole.metadata.time_increment
    assert image.facts.channels["color"] == ("#00FF00", "#FF8000")
    assert image.facts.planes is not None
    np.testing.assert_allclose(image.facts.planes.columns["delta_t"][1, 2], [5.0, 5.5])
    assert image.metadata.acquired == BEGIN
    part = omio.open(str(tmp_path / "P_Series014_t001_z{Z}_ch01.tif"))
    assert part.metadata.pixel_size == whole.metadata.pixel_size
    assert [channel.name for channel in part.metadata.channels] == ["ALEXA 546"]
    np.testing.assert_array_equal(part.load(), whole.load()[1:, :, 1:])


def test_a_pattern_over_several_series_takes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    write_series(tmp_path, "P_Series015")
    image = omio.open(str(tmp_path / "P_Series0{T}_t000_z{Z}_ch00.tif"))
    assert image.sizes["T"] == 2
    assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}


def test_a_folder_of_exports_holds_the_series_once(tmp_path: Path) -> None:
    xml = made(tmp_path)
    xml.rename(tmp_path / "P_Series014_Properties.xml")
    assert list(omio.open_folder(tmp_path)) == ["P_Series014_Properties.xml"]


class TestFolders:
    def test_the_xml_in_metadata_stands_for_its_files(self, tmp_path: Path) -> None:
        made(tmp_path, stamps=stamp_list(12))
        tifffile.imwrite(tmp_path / "snapshot.tif", np.zeros((4, 6), np.uint8))
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["MetaData/Series014.xml", "snapshot.tif"]
        series = folder["MetaData/Series014.xml"]
        assert series.shape == SHAPE
        assert series.metadata.pixel_size == pytest.approx({"Z": 1.5, "Y": 0.25, "X": 0.25})
        assert [channel.color for channel in series.metadata.channels] == ["#00FF00", "#FF8000"]

    def test_one_series_is_the_image_of_its_folder(self, tmp_path: Path) -> None:
        made(tmp_path)
        assert omio.open(tmp_path).shape == SHAPE
        image, metadata = omio.imread(tmp_path)
        assert image.shape == SHAPE
        assert metadata["PhysicalSizeZ"] == pytest.approx(1.5)

    @pytest.mark.parametrize("recursive", [False, True])
    @pytest.mark.parametrize("place", ["MetaData/P_Series014_Properties.xml", "P_Series014_Properties.xml"])
    def test_the_xml_for_people_beside_the_exact_one_is_no_second_image(
        self, tmp_path: Path, place: str, *, recursive: bool
    ) -> None:
        xml = made(tmp_path)
        (tmp_path / place).write_bytes(xml.read_bytes())
        assert list(omio.open_folder(tmp_path, recursive=recursive)) == ["MetaData/Series014.xml"]
        xml.unlink()
        assert list(omio.open_folder(tmp_path, recursive=recursive)) == [place]

    def test_several_series_share_a_folder(self, tmp_path: Path) -> None:
        xml = made(tmp_path)
        write_series(tmp_path, "P_Series015")
        (xml.parent / "Series015.xml").write_bytes(xml.read_bytes())
        assert list(omio.open_folder(tmp_path)) == ["MetaData/Series014.xml", "MetaData/Series015.xml"]

    def test_folders_below_have_their_own(self, tmp_path: Path) -> None:
        made(tmp_path / "day 2" / "export")
        assert list(omio.open_folder(tmp_path, recursive=True)) == ["day 2/export/MetaData/Series014.xml"]

    def test_a_pattern_names_the_planes_themselves(self, tmp_path: Path) -> None:
        made(tmp_path)
        assert len(omio.open_folder(tmp_path, pattern="*.tif")) == 12

    @pytest.mark.parametrize("name", ["Series014.xml", "Series014_Properties.xml", "._Series014.xml", "Series015.xml"])
    def test_other_files_in_metadata_are_no_images(self, tmp_path: Path, name: str) -> None:
        xml = made(tmp_path)
        text = "<Settings/>" if name.startswith("Series014") else xml.read_text(encoding="utf-8")
        xml.unlink()
        (xml.parent / name).write_text(text, encoding="utf-8")
        assert len(omio.open_folder(tmp_path)) == 12

    def test_an_xml_that_promises_more_has_its_key_and_its_error(self, tmp_path: Path) -> None:
        made(tmp_path)
        (tmp_path / "P_Series014_t001_z002_ch01.tif").unlink()
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["MetaData/Series014.xml"]
        with pytest.raises(FileMissingError, match="T=1 Z=2 C=1"):
            folder[0].load()


def test_an_xml_without_files_says_what_it_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "Series014.xml"
    path.write_text(raw_xml(DIMS, SPACING), encoding="utf-8")
    with pytest.raises(FileMissingError, match=r"Series014_z000_ch00\.tif"):
        omio.open(path)


def test_a_lone_member_stays_a_plane() -> None:
    image = omio.open(real("leica-tiff-series") / "leica_stack_Series014_z000_ch00.tif")
    assert image.shape == (1, 1, 1, 256, 256)
    assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}


def test_real_files_with_an_xml_beside_them(tmp_path: Path) -> None:
    folder = real("leica-tiff-series")
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    path = tmp_path / "Series014.xml"
    sizes = {"X": 256, "Y": 256, "Z": 3}
    path.write_text(raw_xml(sizes, SPACING, channels='<ChannelDescription LUTName="Red"/>'), encoding="utf-8")
    image = omio.open(path)
    assert image.shape == (1, 3, 1, 256, 256)
    assert image.metadata.pixel_size == pytest.approx({"Z": 1.5, "Y": 0.25, "X": 0.25})
    for z in range(3):
        expected = tifffile.imread(folder / f"leica_stack_Series014_z{z:03d}_ch00.tif")
        np.testing.assert_array_equal(image.load()[0, z, 0], expected)

"""Micro-Manager: the index gives the axes, from whatever path of the dataset it is opened."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.backends.tiff.micromanager import MicroManagerBackend, NdTiffBackend
from omio.errors import DamagedFileError, FileMissingError, OmioWarning, SceneError
from omio.testing import BackendTests
from tests.backends.tiff.mmfile import NdTiff, write_stack
from tests.support.facts import record_of
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

T, Z, C, Y, X = 2, 3, 2, 6, 8
CHANNELS = ("DAPI", "GFP")
SUMMARY = {"z-step_um": 0.5, "Interval_ms": 2000, "StartTime": "2024-05-06 07:08:09.100 +0200"}


def pixels(*shape: int) -> NDArray[np.uint16]:
    return np.random.default_rng(8).integers(0, 4096, shape, dtype=np.uint16)


def stack(folder: Path, full: NDArray[np.uint16], **note: Any) -> Path:
    """Write T Z C Y X as a dataset of two files, one a frame, planes in no order."""
    made = NdTiff(folder, SUMMARY)
    for t, z, c in sorted(np.ndindex(full.shape[:3]), key=lambda place: (place[0], -place[1], place[2])):
        axes = {"channel": CHANNELS[c], "z": z - 1, "time": t}
        file = f"a_NDTiffStack{'_1' if t else ''}.tif"
        told = {"ElapsedTime_ms": 1000 * t + c, "Exposure_ms": 20, "ZPositionUm": 0.5 * z, "PixelSizeUm": 0.25, **note}
        made.add(axes, full[t, z, c], file, **told)
    return made.write()


class TestNdTiff(BackendTests):
    """The published laws, opened by a TIFF file."""

    backend = NdTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return one of two files."""
        return stack(tmp_path / "a", pixels(T, Z, C, Y, X)) / "a_NDTiffStack.tif"

    def test_another_file_of_it_that_ends_early_is_told(self, path: Path) -> None:
        """The error names that file, not the one that was opened."""
        half = path.with_name("a_NDTiffStack_1.tif")
        with half.open("r+b") as file:
            file.truncate(half.stat().st_size // 2)
        with pytest.raises(omio.errors.OmioError, match=half.name):
            omio.open(path).load()


class TestFolder(BackendTests):
    """The published laws, opened by the folder, with positions."""

    backend = NdTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a folder."""
        made = NdTiff(tmp_path / "a")
        for position, time in np.ndindex(2, 3):
            made.add({"position": position, "time": time}, pixels(Y, X))
        return made.write()


class TestStack(BackendTests):
    """The published laws, for a multi-page TIFF."""

    backend = MicroManagerBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a file of two channels and three frames."""
        places = [(channel, 0, frame, 0) for frame in range(3) for channel in range(C)]
        images: list[tuple[NDArray[np.uint16], dict[str, Any]]] = [(image, {}) for image in pixels(3 * C, Y, X)]
        return write_stack(tmp_path / "a_MMStack.tif", images, places, {})


@pytest.mark.parametrize("name", ["", "NDTiff.index", "a_NDTiffStack.tif", "a_NDTiffStack_1.tif"])
def test_any_path_opens_the_whole(tmp_path: Path, name: str) -> None:
    full = pixels(T, Z, C, Y, X)

    image = omio.open(stack(tmp_path / "a", full) / name)

    np.testing.assert_array_equal(np.asarray(image), full)
    assert [channel.name for channel in image.metadata.channels] == list(CHANNELS)
    assert image.metadata.pixel_size == {"Z": 0.5, "Y": 0.25, "X": 0.25}
    assert image.metadata.time_increment == 2
    assert image.metadata.acquired is not None
    assert image.metadata.acquired.isoformat() == "2024-05-06T07:08:09.100000+02:00"


def test_planes_tell_times_and_positions(tmp_path: Path) -> None:
    data = omio.open(stack(tmp_path / "a", pixels(T, Z, C, Y, X), XPositionUm=12.5, YPosition_um_Intended=-3)).data

    assert data["delta_t"].values[:, 0].tolist() == [[0, 0.001], [1, 1.001]]
    assert data["exposure"].values[0, 0, 0] == 0.02
    assert data["stage_z"].values[0, :, 0].tolist() == [0, 0.5, 1]
    assert (data["stage_x"].values[0, 0, 0], data["stage_y"].values[0, 0, 0]) == (12.5, -3)


def test_original_keeps_what_all_share_once(tmp_path: Path) -> None:
    image = omio.open(stack(tmp_path / "a", pixels(T, Z, C, Y, X), Camera="Demo"))

    original = image.metadata.original

    assert original["Summary"] == SUMMARY
    assert original["Images"]["of all images"]["Camera"] == "Demo"
    assert original["Images"]["of each image"]["ElapsedTime-ms"][:2] == [0, 1]


def test_a_pixel_size_of_zero_is_uncalibrated_and_one_plane_has_no_step(tmp_path: Path) -> None:
    image = omio.open(stack(tmp_path / "a", pixels(1, 1, C, Y, X), PixelSizeUm=0))

    assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}
    assert image.metadata.time_increment is None


def test_rows_columns_and_any_other_axis_are_scenes(tmp_path: Path) -> None:
    made = NdTiff(tmp_path / "a")
    full = pixels(2, 2, Y, X)
    for row, column in ((0, 0), (0, 1), (1, 1)):
        made.add({"column": column, "z": 0, "row": row}, full[row, column])

    scenes = omio.open_collection(made.write())

    assert list(scenes) == ["row0_column0", "row0_column1", "row1_column1"]
    np.testing.assert_array_equal(np.asarray(scenes["row1_column1"]).squeeze(), full[1, 1])
    assert scenes["row1_column1"].metadata.original["Axes"] == {"row": 1, "column": 1}
    with pytest.raises(SceneError, match="row0_column1"):
        omio.open(tmp_path / "a")


def test_positions_with_names_keep_them_and_may_differ_in_depth(tmp_path: Path) -> None:
    made = NdTiff(tmp_path / "a")
    for place, depth in (("A1-Site_0", 2), ("B2-Site_0", 3)):
        for z in range(depth):
            made.add({"position": place, "z": z}, pixels(Y, X))

    scenes = omio.open_collection(made.write())

    assert {key: image.sizes["Z"] for key, image in scenes.items()} == {"A1-Site_0": 2, "B2-Site_0": 3}


def test_rgb_is_samples(tmp_path: Path) -> None:
    full = pixels(2, Y, X, 3).astype(np.uint8)
    made = NdTiff(tmp_path / "a")
    for time in range(2):
        made.add({"time": time}, full[time])

    image = omio.open(made.write())

    assert image.shape == (2, 1, 1, Y, X, 3)
    np.testing.assert_array_equal(np.asarray(image)[:, 0, 0], full)


def test_display_settings_colour_channels_by_name(tmp_path: Path) -> None:
    folder = stack(tmp_path / "a", pixels(T, Z, C, Y, X))
    (folder / "display_settings.txt").write_text(json.dumps({"GFP": {"Color": -16711936, "Min": 5, "Max": 900}}))

    dapi, gfp = omio.open(folder).metadata.channels

    assert (dapi.color, dapi.window) == (None, None)
    assert (gfp.color, gfp.window) == ("#00FF00", (5, 900))


def test_missing_planes_are_an_error_or_zeros(tmp_path: Path) -> None:
    full = pixels(3, Y, X)
    made = NdTiff(tmp_path / "a")
    for channel, time in ((0, 0), (1, 0), (0, 1)):
        made.add({"channel": channel, "time": time}, full[channel + 2 * time])
    folder = made.write()

    with pytest.raises(DamagedFileError, match=r"lacks 1 of 4 planes: T 1 Z 0 C 1"):
        omio.open(folder)
    with pytest.warns(OmioWarning, match="lacks 1 of 4"):
        image = omio.open(folder, strict=False)
    found = np.asarray(image)[:, 0]
    np.testing.assert_array_equal(found[0], full[:2])
    assert not found[1, 1].any()


def test_missing_file_is_named_or_filled(tmp_path: Path) -> None:
    full = pixels(T, Z, C, Y, X)
    folder = stack(tmp_path / "a", full)
    (folder / "a_NDTiffStack_1.tif").unlink()

    with pytest.raises(FileMissingError, match=r"a_NDTiffStack_1\.tif is missing"):
        omio.open(folder)
    found = np.asarray(omio.open(folder, strict=False))
    np.testing.assert_array_equal(found[0], full[0])
    assert not found[1].any()


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    folder = stack(tmp_path / "a", pixels(1, 1, 1, Y, X))
    secret = stack(tmp_path / "b", pixels(1, 1, 1, Y, X)) / "a_NDTiffStack.tif"
    (folder / "a_NDTiffStack.tif").unlink()
    (folder / "a_NDTiffStack.tif").symlink_to(secret)

    with pytest.raises(DamagedFileError, match="outside of the folder"):
        omio.open(folder)
    assert omio.open(folder, allow_outside=[tmp_path / "b"]).shape == (1, 1, 1, Y, X)


def test_cut_index_is_an_error_or_what_is_before(tmp_path: Path) -> None:
    folder = stack(tmp_path / "a", pixels(T, 1, 1, Y, X))
    index = folder / "NDTiff.index"
    index.write_bytes(index.read_bytes()[:-10])

    with pytest.raises(DamagedFileError, match=r"entry 1, byte \d+"):
        omio.open(folder)
    assert omio.open(folder, strict=False).shape == (1, 1, 1, Y, X)


def test_index_that_points_beside_the_pixels_is_an_error(tmp_path: Path) -> None:
    folder = stack(tmp_path / "a", pixels(1, 1, 1, Y, X))
    index = folder / "NDTiff.index"
    data = bytearray(index.read_bytes())
    data[-32] ^= 1
    index.write_bytes(data)

    with pytest.raises(DamagedFileError, match="no page has one"):
        omio.open(folder).load()


def test_one_image_is_read_without_the_others(tmp_path: Path) -> None:
    full = pixels(T, Z, C, Y, X)
    folder = stack(tmp_path / "a", full)
    image = omio.open(folder)
    with (folder / "a_NDTiffStack_1.tif").open("r+b") as file:
        file.truncate(0)

    np.testing.assert_array_equal(np.asarray(image.isel(T=0, Z=1, Y=slice(2, 4)))[0, 0], full[0, 1, :, 2:4])


def test_stack_takes_its_axes_from_the_index_map(tmp_path: Path) -> None:
    full = pixels(2, T, Z, C, Y, X)  # positions first
    order = sorted(np.ndindex(full.shape[:4]), key=lambda place: (place[1], place[0], place[2], place[3]))
    places = [(c, z, t, p) for p, t, z, c in order]
    images = [(full[place], {"PixelSizeUm": 0.5, "ElapsedTime-ms": 7.0}) for place in order]
    summary = {"ChNames": ["red", "blue"], "ChColors": [-65536, -16776961], "z-step_um": 2.0}
    path = write_stack(tmp_path / "a_MMStack.tif", images, places, summary)

    scenes = omio.open_collection(path)

    assert (scenes.backend, list(scenes)) == ("micromanager", ["position0", "position1"])
    image = scenes["position1"]
    np.testing.assert_array_equal(np.asarray(image), full[1])
    channels = image.metadata.channels
    assert [(channel.name, channel.color) for channel in channels] == [("red", "#FF0000"), ("blue", "#0000FF")]
    assert image.metadata.pixel_size == {"Z": 2.0, "Y": 0.5, "X": 0.5}
    assert image.data["delta_t"].values.max() == 0.007
    assert image.metadata.original["Summary"]["ChNames"] == ["red", "blue"]


def test_ndtiff_file_without_its_index_tells_its_axes_page_by_page(tmp_path: Path) -> None:
    full = pixels(1, Z, C, Y, X)
    folder = stack(tmp_path / "a", full)
    (folder / "NDTiff.index").unlink()

    image = omio.open(folder / "a_NDTiffStack.tif")

    np.testing.assert_array_equal(np.asarray(image), full)


def test_pages_that_do_not_say_where_they_lie_are_scenes(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "a.tif", [(image, {"Note": 1}) for image in pixels(2, Y, X)], None, {})

    assert list(omio.open_collection(path)) == ["page0", "page1"]


@pytest.mark.parametrize(
    ("item", "shape"),
    [
        ("mm-ndtiff-v3/ndtiffv3.0_test_NDTiffStack.tif", (5, 1, 2, 32, 32)),
        ("mm-ndtiff-32-monochrome/NDTiff3.2_monochrome_NDTiffStack.tif", (8, 16, 1, 64, 64)),
    ],
)
def test_real_dataset(item: str, shape: tuple[int, ...]) -> None:
    path = real(item)
    image = omio.open(path)

    assert image.shape == shape
    recorded = record_of(item)["tifffile"]["pixels_native_axes"]["sha256"]
    assert hashlib.sha256(np.asarray(image)).hexdigest() == recorded
    assert image.metadata.pixel_size == {"Z": None, "Y": 1, "X": 1}
    assert omio.open(path.parent).identical(image)


def test_real_channels_have_names_and_colours() -> None:
    channels = omio.open(real("mm-ndtiff-v3")).metadata.channels

    assert [(channel.name, channel.color) for channel in channels] == [("DAPI", "#3333FF"), ("FITC", "#66FF00")]


@pytest.mark.parametrize("level", ["Full resolution", "Downsampled_x2", "Downsampled_x4", "Downsampled_x32"])
def test_real_tiles_are_scenes(level: str) -> None:
    item = f"mm-ndtiff-rgb/{level}/Magellan_expolore_multi_channel_NDTiffStack.tif"
    recorded = record_of(item)["bioformats"]["pixels"]  # the tiles, one after another

    scenes = omio.open_collection(real(item))

    assert len(scenes) == recorded["shape"][0]
    whole = b"".join(np.asarray(image).tobytes() for image in scenes.values())
    assert hashlib.sha256(whole).hexdigest() == recorded["sha256"]


def test_real_dataset_opens_at_full_resolution() -> None:
    scenes = omio.open_collection(real("mm-ndtiff-rgb"))

    assert list(scenes) == ["row11_column11", "row12_column12", "row13_column13"]
    assert scenes["row12_column12"].shape == (1, 1, 1, 32, 32, 3)


def test_an_index_map_that_is_cut_off_is_told(tmp_path: Path) -> None:
    """Without it, each page would be an image of its own."""
    places = [(0, 0, frame, 0) for frame in range(3)]
    path = write_stack(tmp_path / "a_MMStack.tif", [(image, {}) for image in pixels(3, Y, X)], places, {})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(omio.errors.DamagedFileError, match="index map: cannot be read"):
        omio.open(path)
    with pytest.warns(omio.errors.DamagedFileWarning, match="index map: cannot be read"):
        assert len(omio.open_collection(path, strict=False)) == 3

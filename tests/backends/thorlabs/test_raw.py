from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.discovery import image_files
from omio.backends.thorlabs import ThorRawBackend
from omio.testing import BackendTests
from tests.backends.thorlabs import made

if TYPE_CHECKING:
    from pathlib import Path


class TestRaw(BackendTests):
    backend = ThorRawBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        made.raw(tmp_path)
        return tmp_path / "Image_0001_0001.raw"


class TestRawWithFlyback(BackendTests):
    backend = ThorRawBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        made.raw(tmp_path, (2, 5, 2, 5, 6), FAST)
        return tmp_path / "Image_0001_0001.raw"


class TestRawByItsFolder(BackendTests):
    backend = ThorRawBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        made.raw(tmp_path / "run")
        return tmp_path / "run"


FAST = made.changed(
    made.STREAMED,
    Streaming={"zFastEnable": 1, "flybackFrames": 2, "frames": 10},
    ZStage={"steps": 3},
    Timelapse={"timepoints": 2},
)


@pytest.mark.parametrize("name", ["", "Experiment.xml", "Image_0001_0001.raw"])
def test_the_folder_the_xml_and_the_raw_file_open_the_same(tmp_path: Path, name: str) -> None:
    stored = made.raw(tmp_path)
    (tmp_path / "ROIMask.raw").write_bytes(bytes(60))

    image = omio.open(tmp_path / name)

    np.testing.assert_array_equal(image.load(), stored)
    assert image.metadata.pixel_size == {"Z": None, "Y": 0.5, "X": 0.5}
    assert image.metadata.time_increment == 0.1
    assert [channel.name for channel in image.metadata.channels] == ["ChanA", "ChanB"]
    assert str(image.metadata.acquired) == "2020-05-05 17:14:26"
    assert image.metadata.original["ThorImageExperiment"]["Date"]["@uTime"] == "1588691666"


def test_frames_of_the_flyback_are_passed_over_and_told_of(tmp_path: Path) -> None:
    stored = made.raw(tmp_path, (2, 5, 2, 5, 6), FAST)

    image = omio.open(tmp_path)

    np.testing.assert_array_equal(image.load(), stored[:, :3])
    np.testing.assert_array_equal(image.memmap(), stored[:, :3])
    assert image.metadata.time_increment == 0.5
    assert image.metadata.pixel_size["Z"] == 2.5
    assert {"action": "drop_flyback", "frames_per_volume": 2} in [dict(step) for step in image.facts.static.provenance]


def test_pixels_can_be_mapped(tmp_path: Path) -> None:
    stored = made.raw(tmp_path)

    mapped = omio.open(tmp_path).isel(T=2, X=slice(1, 4)).memmap()

    np.testing.assert_array_equal(mapped, stored[2:3, ..., 1:4])
    assert not mapped.flags.writeable


@pytest.mark.parametrize(("bits", "dtype"), [(8, "|u1"), (12, "<u2"), (14, "<u2"), (16, "<u2"), (32, "<f4")])
def test_bits_say_the_dtype(tmp_path: Path, bits: int, dtype: str) -> None:
    stored = made.raw(tmp_path, elements=made.changed(made.STREAMED, Camera={"bitsPerPixel": bits}), dtype=dtype)

    image = omio.open(tmp_path)

    assert image.dtype == stored.dtype
    np.testing.assert_array_equal(image.load(), stored)


def test_little_endian_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omio.backends.thorlabs.reader import RawLayout, RawReader

    stored = made.raw(tmp_path)
    other = ">u2" if sys.byteorder == "little" else "<u2"
    layout = RawLayout(other, (5, 6), (120, 120, 60))
    out = np.empty((4, 1, 2, 5, 6), np.uint16)

    RawReader(str(tmp_path / "Image_0001_0001.raw")).read(layout, tuple(map(range, out.shape)), out)

    np.testing.assert_array_equal(out, stored.byteswap())


def test_previews_are_associated_images(tmp_path: Path) -> None:
    stored = made.raw(tmp_path)
    tifffile.imwrite(tmp_path / "ChanA_Preview.tif", stored[3, 0, 0])

    image = omio.open(tmp_path)

    assert list(image.associated) == ["ChanA_Preview"]
    np.testing.assert_array_equal(image.associated["ChanA_Preview"].load()[0, 0, 0], stored[3, 0, 0])


def test_files_are_the_raw_its_sidecar_and_what_belongs_to_it(tmp_path: Path) -> None:
    made.raw(tmp_path)
    for name in ("ROIMask.raw", "ChanA_Preview.tif", "notes.txt", "other.xml"):
        (tmp_path / name).write_bytes(b"")

    files = ThorRawBackend(str(tmp_path)).files()

    assert [str(tmp_path / name) for name in FILES] == list(files)


FILES = ("Image_0001_0001.raw", "Experiment.xml", "ChanA_Preview.tif", "ROIMask.raw")


def test_what_belongs_to_it_is_listed_with_it_also_where_it_does_not_open(tmp_path: Path) -> None:
    made.raw(tmp_path, (3, 1, 2, 5, 6))
    for name in ("ROIMask.raw", "ChanA_Preview.tif"):
        (tmp_path / name).write_bytes(b"")

    assert image_files(tmp_path) == (str(tmp_path / "Image_0001_0001.raw"),)


def test_a_mask_is_no_image(tmp_path: Path) -> None:
    made.raw(tmp_path)
    (tmp_path / "ROIMask.raw").write_bytes(bytes(60))

    with pytest.raises(omio.errors.UnsupportedFormatError, match=r"regions of interest.*Image_0001_0001\.raw"):
        omio.open(tmp_path / "ROIMask.raw")


def test_several_raw_files_are_named(tmp_path: Path) -> None:
    made.raw(tmp_path)
    (tmp_path / "Image_0002_0001.raw").write_bytes(bytes(480))

    with pytest.raises(omio.errors.UnsupportedFormatError, match=r"Image_0001_0001\.raw, Image_0002_0001\.raw"):
        omio.open(tmp_path)

    assert omio.open(tmp_path / "Image_0002_0001.raw").shape == (4, 1, 2, 5, 6)


def test_a_folder_of_other_files_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(480))
    (tmp_path / "Experiment.xml").write_text("<OtherProgram/>")

    assert omio.backends.candidates(tmp_path) == ()
    assert omio.backends.candidates(tmp_path / "Experiment.xml") == ()


def test_a_file_that_shrinks_while_it_is_open_is_named(tmp_path: Path) -> None:
    made.raw(tmp_path)
    image = omio.open(tmp_path)
    with (tmp_path / "Image_0001_0001.raw").open("r+b") as file:
        file.truncate(100)

    with pytest.raises(omio.errors.ChangedFileError):
        image.load()


def test_options_of_others_are_refused(tmp_path: Path) -> None:
    made.raw(tmp_path)

    with pytest.raises(omio.errors.OptionError, match="on_size_mismatch"):
        omio.open(tmp_path, colour="red")


@pytest.mark.parametrize("options", [{"axes": "TYX"}, {"pages": 0}])
def test_names_that_the_sidecar_gives_cannot_be_given(tmp_path: Path, options: dict[str, Any]) -> None:
    made.raw(tmp_path)

    with pytest.raises(omio.errors.AxesError, match="its sidecar names the axes"):
        omio.open(tmp_path, **options)

    assert omio.open(tmp_path, axes=omio.LikeImageJ()).shape == (4, 1, 2, 5, 6)


class TestSizes:
    def cut(self, folder: Path, nbytes: int, elements: made.Elements = made.STREAMED) -> Path:
        made.raw(folder, elements=elements)
        path = folder / "Image_0001_0001.raw"
        path.write_bytes((path.read_bytes() * 2)[:nbytes])
        return path

    def test_a_stopped_acquisition_is_ambiguous(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 5)

        with pytest.raises(omio.errors.AmbiguousShapeError, match=r"holds 5 frames, .* 8 frames.*on_size_mismatch"):
            omio.open(path)

    @pytest.mark.parametrize(("policy", "points"), [("truncate_t", 2), ("infer_t", 2), (omio.TruncateT(), 2)])
    def test_a_policy_cuts_it_and_is_recorded(self, tmp_path: Path, policy: Any, points: int) -> None:
        path = self.cut(tmp_path, 60 * 5)

        image = omio.open(path, on_size_mismatch=policy)

        np.testing.assert_array_equal(image.load(), made.pixels((4, 1, 2, 5, 6))[:points])
        (step,) = [dict(step) for step in image.facts.static.provenance if step["action"] == "size_mismatch"]
        assert step["dropped"] == 1
        assert step["promised"] == [4, 1, 2, 5, 6]
        assert omio.SizeMismatch.resolve(step["policy"]) == omio.SizeMismatch.resolve(policy)

    def test_more_frames_than_promised_are_not_taken_unless_asked(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 12)

        assert omio.open(path, on_size_mismatch="truncate_t").sizes["T"] == 4
        assert omio.open(path, on_size_mismatch="infer_t").sizes["T"] == 6

    def test_planes_can_be_inferred(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 16)

        assert omio.open(path, on_size_mismatch="infer_z").shape == (4, 2, 2, 5, 6)

    def test_planes_that_do_not_divide_are_refused(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 5)

        with pytest.raises(omio.errors.AmbiguousShapeError, match="no whole planes"):
            omio.open(path, on_size_mismatch="infer_z")

    def test_part_of_a_frame_is_damage(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 5 + 7)

        with pytest.raises(omio.errors.DamagedFileError, match="5 frames and 7 bytes"):
            omio.open(path)

    def test_whole_frames_of_a_damaged_file_are_read(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 5 + 7)

        with pytest.warns(omio.errors.OmioWarning, match="3 others read as 0"):
            image = omio.open(path, strict=False)

        expected = made.pixels((8, 5, 6))
        expected[5:] = 0
        np.testing.assert_array_equal(image.load().reshape(8, 5, 6), expected)
        np.testing.assert_array_equal(image.isel(X=slice(0, 3)).load().reshape(8, 5, 3), expected[..., :3])
        with pytest.raises(omio.errors.LayoutError):
            image.memmap()

    def test_bytes_beyond_the_promise_are_left_out_of_a_damaged_file(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 60 * 9 + 7)

        with pytest.warns(omio.errors.OmioWarning, match="the rest is left out"):
            image = omio.open(path, strict=False)

        np.testing.assert_array_equal(image.load(), made.pixels((4, 1, 2, 5, 6)))

    @pytest.mark.parametrize("size", [0, 1, 59])
    def test_less_than_a_frame_is_damage(self, tmp_path: Path, size: int) -> None:
        path = self.cut(tmp_path, size)

        with pytest.raises(omio.errors.DamagedFileError, match="one frame"):
            omio.open(path, strict=False)

    def test_an_unknown_policy_names_those_there_are(self, tmp_path: Path) -> None:
        path = self.cut(tmp_path, 480)

        with pytest.raises(omio.errors.PolicyError, match="infer_z"):
            omio.open(path, on_size_mismatch="guess")

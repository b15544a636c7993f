from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.discovery import image_files
from omio.backends.thorlabs.series import ThorTiffBackend
from omio.testing import BackendTests
from tests.backends.thorlabs import made

if TYPE_CHECKING:
    from pathlib import Path


class TestSeries(BackendTests):
    backend = ThorTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        made.series(tmp_path / "run", (1, 3, 2, 5, 6), made.changed(made.TIMED, Timelapse={"timepoints": 1}))
        return tmp_path / "run"


@pytest.mark.parametrize("name", ["", "Experiment.xml"])
def test_the_folder_and_the_xml_open_all_files_as_one(tmp_path: Path, name: str) -> None:
    stored = made.series(tmp_path)

    image = omio.open(tmp_path / name)

    np.testing.assert_array_equal(image.load(), stored)
    assert image.metadata.pixel_size == {"Z": 2.5, "Y": 0.5, "X": 0.5}
    assert image.metadata.time_increment == 1.5
    assert [channel.name for channel in image.metadata.channels] == ["ChanA", "ChanB"]


def test_one_file_is_opened_and_no_pixel_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omio.backends.tiff.document import TiffDocument

    made.series(tmp_path)
    opened: list[str] = []
    create = TiffDocument.__init__

    def noted(self: TiffDocument, path: str) -> None:
        opened.append(path)
        create(self, path)

    monkeypatch.setattr(TiffDocument, "__init__", noted)

    omio.open(tmp_path).metadata.to_flat()

    assert len(set(opened)) == 1


def test_a_plane_reads_its_own_file(tmp_path: Path) -> None:
    stored = made.series(tmp_path)
    image = omio.open(tmp_path)
    for path in tmp_path.glob("*_0001.tif"):
        path.unlink()

    np.testing.assert_array_equal(image.isel(T=1).load(), stored[1:])
    with pytest.raises(FileNotFoundError, match=r"_0001\.tif"):
        image.isel(T=0).load()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    stored = made.series(tmp_path)
    for name in ("ChanB_0001_0001_0002_0002.tif", "ChanA_0001_0001_0003_0002.tif"):
        (tmp_path / name).unlink()
    names = r"2 files are missing: ChanB_0001_0001_0002_0002\.tif, ChanA_0001_0001_0003_0002\.tif"

    with pytest.raises(omio.errors.FileMissingError, match=names):
        omio.open(tmp_path)
    with pytest.warns(omio.OmioWarning, match=names) as told:
        image = omio.open(tmp_path, strict=False)

    assert len(told) == 1
    stored[1, 1, 1] = stored[1, 2, 0] = 0
    np.testing.assert_array_equal(image.load(), stored)


def test_a_stopped_series_ends_at_its_last_whole_time_point(tmp_path: Path) -> None:
    stored = made.series(tmp_path, elements=made.changed(made.TIMED, Timelapse={"timepoints": 30}))

    with pytest.raises(omio.errors.FileMissingError, match=r"168 files are missing: .*truncate_t"):
        omio.open(tmp_path)
    image = omio.open(tmp_path, on_size_mismatch="truncate_t")

    np.testing.assert_array_equal(image.load(), stored)
    assert any(step["action"] == "size_mismatch" for step in image.facts.static.provenance)


def test_a_policy_does_not_hide_holes(tmp_path: Path) -> None:
    made.series(tmp_path, (4, 3, 2, 5, 6), made.changed(made.TIMED, Timelapse={"timepoints": 6}))
    (tmp_path / "ChanB_0001_0001_0002_0002.tif").unlink()

    with pytest.raises(omio.errors.FileMissingError, match=r"1 file is missing: ChanB_0001_0001_0002_0002"):
        omio.open(tmp_path, on_size_mismatch="truncate_t")


@pytest.mark.parametrize("changes", [{"Timelapse": {"timepoints": 1}}, {"ZStage": {"steps": 2}}, {"ZStage": None}])
def test_files_beyond_the_promise_are_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    stored = made.series(tmp_path, elements=made.changed(made.TIMED, **changes))

    np.testing.assert_array_equal(omio.open(tmp_path).load(), stored)


def test_streamed_frames_are_time_points_whatever_the_stage_says(tmp_path: Path) -> None:
    stored = made.series(tmp_path, (4, 1, 2, 5, 6), made.STREAMED)

    image = omio.open(tmp_path)

    np.testing.assert_array_equal(image.load(), stored)
    assert image.metadata.time_increment == 0.1


def test_tiles_are_scenes(tmp_path: Path) -> None:
    first = made.series(tmp_path)
    made.series(tmp_path, tile="0001_0002")

    with pytest.raises(omio.errors.SceneError, match="'0001_0001', '0001_0002'"):
        omio.open(tmp_path)

    np.testing.assert_array_equal(omio.open(tmp_path, scene="0001_0002").load(), first)


def test_channels_that_were_not_saved_are_not_missed(tmp_path: Path) -> None:
    elements = made.changed(made.TIMED, LSM={"channel": 1})
    stored = made.series(tmp_path, (2, 3, 1, 5, 6), elements)

    np.testing.assert_array_equal(omio.open(tmp_path).load(), stored)


def test_channels_that_were_saved_are_missed(tmp_path: Path) -> None:
    made.series(tmp_path, (2, 3, 1, 5, 6))

    with pytest.raises(omio.errors.FileMissingError, match=r"6 files are missing: ChanB_0001_0001_0001_0001\.tif"):
        omio.open(tmp_path)


def test_channels_of_a_camera_have_names_of_their_own(tmp_path: Path) -> None:
    stored = made.series(tmp_path, (2, 3, 1, 5, 6))
    for path in tmp_path.glob("ChanA*"):
        path.rename(path.with_name(path.name.replace("ChanA", "DAPI")))
    (tmp_path / "Experiment.xml").write_text(made.xml(made.TIMED, ("DAPI",)))

    image = omio.open(tmp_path)

    np.testing.assert_array_equal(image.load(), stored)
    assert image.metadata.channels[0].name == "DAPI"


@pytest.mark.parametrize("strict", [True, False])
def test_a_promise_beyond_all_reason_costs_nothing(tmp_path: Path, *, strict: bool) -> None:
    made.series(tmp_path, elements=made.changed(made.TIMED, Timelapse={"timepoints": 2**31 - 1}))

    with pytest.raises(omio.errors.FileMissingError, match="12884901870 files are missing"):
        omio.open(tmp_path, strict=strict)


def test_other_files_are_no_members(tmp_path: Path) -> None:
    stored = made.series(tmp_path)
    for name in ("ChanA_Preview.tif", "mask_0001_0001_0001_0009.tif", "ChanA_0001.tif"):
        tifffile.imwrite(tmp_path / name, stored[0, 0, 0])

    image = omio.open(tmp_path)

    np.testing.assert_array_equal(image.load(), stored)
    assert list(image.associated) == ["ChanA_Preview"]
    assert len(ThorTiffBackend(str(tmp_path)).files()) == 1 + 12 + 1


def test_a_member_of_another_size_is_refused_when_it_is_read(tmp_path: Path) -> None:
    made.series(tmp_path)
    tifffile.imwrite(tmp_path / "ChanB_0001_0001_0003_0002.tif", np.zeros((4, 4), np.uint16), metadata=None)
    image = omio.open(tmp_path)

    image.isel(T=0).load()
    with pytest.raises(omio.errors.DamagedFileError, match=r"ChanB_0001_0001_0003_0002\.tif"):
        image.load()


def test_a_member_alone_is_a_plain_file(tmp_path: Path) -> None:
    stored = made.series(tmp_path)

    image = omio.open(tmp_path / "ChanB_0001_0001_0002_0001.tif")

    np.testing.assert_array_equal(image.load()[0, 0, 0], stored[0, 1, 1])


def test_times_of_planes_come_from_the_files_when_asked(tmp_path: Path) -> None:
    made.series(tmp_path)
    for number, path in enumerate(sorted(tmp_path.glob("*.tif"))):
        told = f'<OME><Image><Pixels><Plane TheC="0" DeltaT="{number / 4}"/></Pixels></Image></OME>'
        tifffile.imwrite(path, tifffile.imread(path), description=told, metadata=None)
    image = omio.open(tmp_path)

    planes = pickle.loads(pickle.dumps(image)).facts.planes  # noqa: S301 - our own bytes

    assert planes is not None
    np.testing.assert_array_equal(planes.columns["delta_t"][:, 1, 1], [2.0, 2.25])


def test_each_acquisition_is_listed_once(tmp_path: Path) -> None:
    made.series(tmp_path / "run")
    made.raw(tmp_path / "raw")

    assert image_files(tmp_path, recursive=True) == (
        str(tmp_path / "raw" / "Image_0001_0001.raw"),
        str(tmp_path / "run" / "Experiment.xml"),
    )


def test_a_broken_xml_is_named(tmp_path: Path) -> None:
    made.series(tmp_path)
    (tmp_path / "Experiment.xml").write_text("<ThorImageExperiment><LSM")

    with pytest.raises(omio.errors.DamagedFileError, match=r"Experiment\.xml: is not well-formed"):
        omio.open(tmp_path)

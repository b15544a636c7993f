"""What an Experiment.xml promises, and which promise the size of the file bears out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.backends.thorlabs.account import facts_of
from omio.backends.thorlabs.experiment import Experiment
from omio.backends.thorlabs.readings import Reading, readings_of
from omio.backends.thorlabs.sizes import choose, fitting
from omio.errors import AmbiguousShapeError, MetadataError
from omio.lazy.leaf import FileStamp
from tests.backends.thorlabs import made

if TYPE_CHECKING:
    from pathlib import Path

FRAME = 60
"""Bytes of a frame of 5 x 6 pixels."""
BOTH: tuple[str | None, ...] = ("ChanA", "ChanB")


def experiment(folder: Path, elements: made.Elements, names: tuple[str | None, ...] | None = BOTH) -> Experiment:
    path = folder / "Experiment.xml"
    path.write_text(made.xml(elements, names))
    return Experiment.read(str(path))


def read(
    folder: Path, frames: int, elements: made.Elements, names: tuple[str | None, ...] | None = BOTH
) -> tuple[Experiment, Reading]:
    """Return how a file of so many frames is read."""
    found = experiment(folder, elements, names)
    return found, choose(readings_of(found), FileStamp("a.raw", frames * FRAME, 0)).reading


FAST = {"zFastEnable": 1, "flybackFrames": 2}


@pytest.mark.parametrize(
    ("changes", "frames", "expected"),
    [
        pytest.param({}, 8, (4, 1, 0), id="ZStage counts for nothing while one plane is streamed"),
        pytest.param({"Timelapse": {"timepoints": 1}}, 8, (4, 1, 0), id="time points were not updated"),
        pytest.param({"Streaming": {"frames": 30000}}, 8, (4, 1, 0), id="frames are more than were taken"),
        pytest.param({"Timelapse": None}, 8, (4, 1, 0), id="no time points"),
        pytest.param(
            {"Timelapse": None, "LSM": {"averageMode": 1}, "Streaming": {"frames": 16}}, 8, (4, 1, 0), id="averaged"
        ),
        pytest.param(
            {"Streaming": {**FAST, "frames": 20}, "ZStage": {"steps": 3}, "Timelapse": {"timepoints": 4}},
            40,
            (4, 3, 2),
            id="flyback frames are stored",
        ),
        pytest.param(
            {"Streaming": {**FAST, "frames": 20}, "ZStage": {"steps": 3}, "Timelapse": {"timepoints": 4}},
            24,
            (4, 3, 0),
            id="flyback frames are not stored",
        ),
        pytest.param(
            {"Streaming": {**FAST, "frames": 20}, "ZStage": {"steps": 3}, "Timelapse": {"timepoints": 1}},
            40,
            (4, 3, 2),
            id="volumes follow from frames",
        ),
        pytest.param(
            {"Streaming": {**FAST, "frames": 12}, "ZStage": {"steps": 3}, "Timelapse": {"timepoints": 4}},
            24,
            (4, 3, 0),
            id="frames count no flyback",
        ),
        pytest.param(
            {"Streaming": {**FAST, "flybackFrames": 0}, "ZStage": {"steps": 3}, "Timelapse": {"timepoints": 4}},
            24,
            (4, 3, 0),
            id="no flyback",
        ),
        pytest.param(
            {
                "Streaming": {**FAST, "frames": 40},
                "ZStage": {"steps": 3},
                "Timelapse": None,
                "LSM": {"averageMode": 1, "averageNum": 2},
            },
            40,
            (4, 3, 2),
            id="volumes were averaged",
        ),
        pytest.param(
            {"Streaming": FAST, "ZStage": {"steps": 3, "enable": 0}}, 8, (4, 1, 0), id="the Z stage was disabled"
        ),
    ],
)
def test_streamed(tmp_path: Path, changes: dict[str, Any], frames: int, expected: tuple[int, int, int]) -> None:
    _, found = read(tmp_path, frames, made.changed(made.STREAMED, **changes))

    assert (*found.sizes[:2], found.flyback) == expected


@pytest.mark.parametrize(
    ("changes", "frames", "expected"),
    [
        pytest.param({}, 12, (2, 3), id="stacks"),
        pytest.param({"ZStage": {"enable": 0}}, 4, (2, 1), id="the Z stage was disabled"),
        pytest.param({"ZStage": {"enable": None}}, 12, (2, 3), id="the Z stage does not say"),
        pytest.param({"ZStage": None}, 4, (2, 1), id="no Z stage"),
        pytest.param({"Streaming": None}, 12, (2, 3), id="no streaming"),
        pytest.param({"Streaming": {"enable": None}}, 12, (2, 3), id="the capture mode says"),
        pytest.param(
            {"Streaming": {"enable": None, "zFastEnable": 0}, "CaptureMode": None}, 12, (2, 3), id="nothing says"
        ),
        pytest.param(
            {"Streaming": {"enable": None, "flybackFrames": None}, "CaptureMode": None},
            12,
            (2, 3),
            id="only fast Z says",
        ),
        pytest.param(
            {"CaptureMode": {"mode": 3}, "Photobleaching": {"preBleachFrames": 3, "postBleachFrames1": 2}},
            10,
            (5, 1),
            id="bleaching",
        ),
    ],
)
def test_timed(tmp_path: Path, changes: dict[str, Any], frames: int, expected: tuple[int, int]) -> None:
    _, found = read(tmp_path, frames, made.changed(made.TIMED, **changes))

    assert found.sizes[:2] == expected


@pytest.mark.parametrize(
    ("mask", "listed", "stored", "names"),
    [
        (3, ("ChanA", "ChanB"), 2, ("ChanA", "ChanB")),
        (4, ("ChanC",), 1, ("ChanC",)),
        (5, None, 2, ("ChanA", "ChanC")),
        (15, None, 4, ("ChanA", "ChanB", "ChanC", "ChanD")),
        (2, ("ChanA", "ChanB"), 1, ("ChanB",)),
        (2, ("ChanA", "ChanB"), 2, ("ChanA", "ChanB")),
        (3, ("green", "red"), 2, ("green", "red")),
        (0, None, 1, None),
        (2, (None, None), 2, None),
    ],
)
def test_channels(
    tmp_path: Path, mask: int, listed: tuple[str | None, ...] | None, stored: int, names: tuple[str, ...] | None
) -> None:
    elements = made.changed(made.STREAMED, LSM={"channel": mask})

    _, found = read(tmp_path, 4 * stored, elements, listed)

    assert found.sizes[2] == stored
    assert found.names == names


def test_the_mask_of_the_wavelengths_counts_where_the_scanner_has_none(tmp_path: Path) -> None:
    elements = made.changed(made.STREAMED, LSM={"channel": None})
    path = tmp_path / "Experiment.xml"
    path.write_text(made.xml(elements, ()).replace("<Wavelengths>", '<Wavelengths><ChannelEnable Set="6" />'))

    found = readings_of(Experiment.read(str(path)))[0]

    assert found.names == ("ChanB", "ChanC")


@pytest.mark.parametrize(
    "changes", [{"RawData": {"onlyEnabledChannels": 0}}, {"RawData": None, "Software": {"version": "2.3.2014.1"}}]
)
def test_all_four_channels_may_be_stored(tmp_path: Path, changes: dict[str, Any]) -> None:
    elements = made.changed(made.STREAMED, **changes)

    _, found = read(tmp_path, 16, elements)

    assert found.names == ("ChanA", "ChanB", "ChanC", "ChanD")


@pytest.mark.parametrize("changes", [{}, {"RawData": None}, {"RawData": None, "Software": None}])
def test_more_channels_than_enabled_are_not_made_up(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(AmbiguousShapeError, match="holds 16 frames"):
        read(tmp_path, 16, made.changed(made.STREAMED, **changes))


def test_a_scanner_is_not_held_to_the_bits_of_a_camera(tmp_path: Path) -> None:
    elements = made.changed(made.STREAMED, Camera={"bitsPerPixel": 8}, Modality={"primaryDetectorType": 1})

    _, found = read(tmp_path, 8, elements)

    assert found.dtype == "<u2"


CAMERA = made.changed(
    made.TIMED,
    Modality={"primaryDetectorType": 0},
    Camera={"width": 6, "height": 5, "binningX": 2, "binningY": 1, "pixelSizeUM": 6.66},
)


def test_a_camera_has_its_own_frame_and_pixels(tmp_path: Path) -> None:
    found, reading = read(tmp_path, 6, made.changed(CAMERA, LSM={"pixelX": 512, "pixelY": 512}), ("Camera",))

    assert reading.sizes == (2, 3, 1, 5, 6)
    facts = facts_of(found, reading)
    assert facts.axes["X"].spacing == pytest.approx(0.6)
    assert facts.axes["Y"].spacing == pytest.approx(0.3)


def test_the_region_of_a_camera_may_be_binned(tmp_path: Path) -> None:
    region = {"width": 1000, "height": 1000, "left": 10, "right": 22, "top": 0, "bottom": 5}

    _, reading = read(tmp_path, 6, made.changed(CAMERA, Camera=region, LSM=None), ("Camera",))

    assert reading.sizes == (2, 3, 1, 5, 6)


@pytest.mark.parametrize(
    ("lsm", "expected"),
    [
        ({}, (0.5, 0.5)),
        ({"pixelSizeUM": None}, (0.5, 0.5)),
        ({"pixelSizeUM": 0}, (0.5, 0.5)),
        ({"pixelSizeUM": None, "widthUM": 0, "heightUM": 0}, (None, None)),
        ({"pixelSizeUM": None, "widthUM": 6.0}, (0.5, 1.0)),
        ({"pixelSizeUM": 2.93, "pixelWidthUM": 0.5, "pixelHeightUM": 0.5}, (0.5, 0.5)),
        ({"pixelSizeUM": 0.138, "pixelWidthUM": 0.14, "pixelHeightUM": 0.14}, (0.138, 0.138)),
        ({"pixelSizeUM": None, "pixelWidthUM": 0.2, "pixelHeightUM": 0.4}, (0.4, 0.2)),
        ({"pixelSizeUM": "nan", "widthUM": "wide", "heightUM": "-3"}, (None, None)),
    ],
)
def test_pixel_size(tmp_path: Path, lsm: dict[str, Any], expected: tuple[float | None, float | None]) -> None:
    found, reading = read(tmp_path, 8, made.changed(made.STREAMED, LSM=lsm))

    axes = facts_of(found, reading).axes

    assert tuple(axes[dim].spacing if dim in axes else None for dim in "YX") == expected


@pytest.mark.parametrize(
    ("elements", "frames", "expected"),
    [
        (made.STREAMED, 8, 0.1),
        (made.changed(made.STREAMED, Timelapse={"intervalSec": 60}), 8, 0.1),
        (made.changed(made.STREAMED, LSM={"averageMode": 1}), 8, 0.4),
        (made.changed(made.STREAMED, LSM={"frameRate": 0}), 8, None),
        (made.changed(made.STREAMED, LSM={"frameRate": 0}, Timelapse={"intervalSec": 2}), 8, 2.0),
        (made.TIMED, 12, 1.5),
        (made.changed(made.TIMED, Timelapse={"intervalSec": 0}), 12, None),
        (made.changed(made.TIMED, Timelapse={"intervalSec": None}), 12, None),
        (made.changed(made.STREAMED, Streaming={**FAST, "frames": 20}, ZStage={"steps": 3}), 40, 0.5),
        (made.changed(made.STREAMED, Streaming={**FAST, "frames": 20}, ZStage={"steps": 3}), 24, 0.5),
    ],
)
def test_time_increment(tmp_path: Path, elements: made.Elements, frames: int, expected: float | None) -> None:
    found, reading = read(tmp_path, frames, elements)

    axes = facts_of(found, reading).axes

    assert (axes["T"].spacing if "T" in axes else None) == (expected and pytest.approx(expected))


@pytest.mark.parametrize("date", ["", "2020-05-05", "13/45/2020 17:14:26", "05/05/2020"])
def test_a_date_that_is_none_is_unknown(tmp_path: Path, date: str) -> None:
    found, reading = read(tmp_path, 8, made.changed(made.STREAMED, Date={"date": date}))

    assert facts_of(found, reading).static.acquired is None


def test_the_first_element_that_says_something_counts(tmp_path: Path) -> None:
    path = tmp_path / "Experiment.xml"
    path.write_text(made.xml(made.TIMED).replace("<ZStage", '<ZStage steps="" /><ZStage'))

    assert readings_of(Experiment.read(str(path)))[0].sizes[:2] == (2, 3)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    elements = made.changed(made.STREAMED, LSM={"pixelX": "wide", "pixelY": -5}, Timelapse={"timepoints": "nan"})

    with pytest.raises(MetadataError, match=r"size of a frame.*pixelY is '-5'.*pixelX is 'wide'.*timepoints is 'nan'"):
        readings_of(experiment(tmp_path, elements))


@pytest.mark.parametrize("bits", ["24", "64", "1e9", "-8"])
def test_bits_that_nothing_stores_are_refused(tmp_path: Path, bits: str) -> None:
    with pytest.raises(MetadataError, match="bitsPerPixel"):
        readings_of(experiment(tmp_path, made.changed(made.STREAMED, Camera={"bitsPerPixel": bits})))


def test_two_readings_of_one_size_are_ambiguous() -> None:
    first, second = Reading((4, 1, 2, 5, 6), "<u2"), Reading((2, 2, 2, 5, 6), "<u2")

    with pytest.raises(AmbiguousShapeError, match=r"T 4, Z 1.* or T 2, Z 2"):
        choose((first, second), FileStamp("a.raw", first.nbytes, 0))


@given(
    st.lists(
        st.builds(
            Reading,
            st.tuples(*[st.integers(1, 4)] * 5),
            st.sampled_from(["|u1", "<u2", "<f4"]),
            st.integers(0, 2),
            rank=st.integers(0, 2),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 2000),
)
def test_what_fits_takes_every_byte_and_departs_least(readings: list[Reading], size: int) -> None:
    found = fitting(readings, size)

    assert all(reading.nbytes == size for reading in found)
    exact = [reading.rank for reading in readings if reading.nbytes == size]
    assert {reading.rank for reading in found} == ({min(exact)} if exact else set())

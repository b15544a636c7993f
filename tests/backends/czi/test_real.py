"""Real files, against what Bio-Formats, libCZI and czifile say of them."""

from __future__ import annotations

import hashlib
import pickle
from typing import TYPE_CHECKING

import czifile
import numpy as np
import pytest
from pylibCZIrw import czi as libczi

from omio.backends.czi import CziBackend
from tests.support.facts import facts, pixels_of, series_of
from tests.support.real import real

if TYPE_CHECKING:
    from typing import Any

NAMES = sorted(name for name in facts() if name.startswith("czi-"))


def opened(name: str) -> CziBackend:
    return CziBackend(str(real(name)))


@pytest.mark.parametrize("name", NAMES)
def test_pixels_equal_those_of_bio_formats(name: str) -> None:
    backend = opened(name)
    pixels = backend.array(backend.scenes()[0]).load()
    wanted = pixels_of(name)
    little = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<")))
    assert pixels.shape == tuple(wanted["shape"])
    assert pixels.dtype == wanted["dtype"]
    assert hashlib.sha256(little.tobytes()).hexdigest() == wanted["sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_facts_equal_those_of_bio_formats(name: str) -> None:
    backend = opened(name)
    assert len(backend.scenes()) == len(series_of(name))
    for scene, series in zip(backend.scenes(), series_of(name), strict=True):
        found = backend.metadata(scene)
        assert [backend.level_count(scene)] == [series["resolutions"]]
        for dim in "XYZ":
            size = series[f"PhysicalSize{dim}"]
            axis = found.axes.get(dim)
            assert (axis and axis.spacing) == (size and pytest.approx(size["value"], rel=1e-12))
        if series["TimeIncrement"] is not None:
            assert found.axes["T"].spacing == series["TimeIncrement"]["value"]
        acquired = series["AcquisitionDate"]
        assert (found.static.acquired or "")[: len(acquired or "")] == (acquired or "")
        _same_channels(found.channels, series["channels"])


def _same_channels(found: Any, channels: list[dict[str, Any]]) -> None:
    for index, channel in enumerate(channels):
        assert (found.get("name", [None] * 9)[index] or "") == channel["name"]
        if channel["color"] is not None:
            assert found["color"][index] == f"#{channel['color'] >> 8:06X}"
        for ours, theirs in (("emission_nm", "em"), ("excitation_nm", "ex")):
            if channel[theirs] is not None:
                assert found[ours][index] == channel[theirs]["value"]


@pytest.mark.parametrize("name", NAMES)
def test_recipes_are_small_and_survive_pickling(name: str) -> None:
    backend = opened(name)
    recipe = backend.array(backend.scenes()[-1])
    again = pickle.loads(pickle.dumps(recipe))  # noqa: S301
    assert len(pickle.dumps(recipe)) < 1000
    assert again.token() == recipe.token()
    assert np.array_equal(again.load(), recipe.load())


@pytest.mark.parametrize("name", NAMES)
def test_original_holds_the_whole_document_and_where_the_pixels_lie(name: str) -> None:
    backend = opened(name)
    original = backend.metadata(backend.scenes()[0]).static.original
    with czifile.CziFile(real(name)) as file:
        box = next(iter(file.scenes.values())).bbox
        wanted = file.metadata(asdict=True)["ImageDocument"]["Metadata"]
    assert set(original["ImageDocument"]["Metadata"]) == set(wanted)
    assert original["SubBlockDirectory"]["origin"] == {"X": box[0], "Y": box[1]}


def test_scenes_are_named_by_well_or_name() -> None:
    assert opened("czi-well-s2.czi").scenes() == ("D6", "D7")
    assert opened("czi-nuc-small.czi").scenes() == ("A1",)
    assert opened("czi-tileregion.czi").scenes() == ("TR1",)
    assert opened("czi-rgb8.czi").scenes() == ("0",)


@pytest.mark.parametrize(("name", "index"), [("czi-well-s2.czi", 0), ("czi-well-s2.czi", 1), ("czi-tileregion.czi", 0)])
def test_levels_equal_those_of_czifile(name: str, index: int) -> None:
    backend = opened(name)
    scene = backend.scenes()[index]
    with czifile.CziFile(real(name)) as file:
        for level, image in enumerate(file.scenes[index].levels):
            assert np.array_equal(backend.array(scene, level).load()[0, 0, 0], image.asarray())


@pytest.mark.parametrize("index", [0, 1])
def test_levels_equal_what_libczi_shows_at_that_zoom(index: int) -> None:
    backend = opened("czi-well-s2.czi")
    with libczi.open_czi(str(real("czi-well-s2.czi"))) as file:
        zoomed = file.read(scene=index, zoom=0.5)[..., 0]
    assert np.array_equal(backend.array(backend.scenes()[index], 1).load()[0, 0, 0], zoomed)


def test_line_scans_keep_t_and_its_interval() -> None:
    facts_of = opened("czi-xt-linescan-lsm980.czi").metadata("0")
    assert facts_of.shape == (150, 1, 1, 1, 512)
    assert facts_of.axes["T"].spacing == 0.10003355704697986
    assert facts_of.planes is not None
    assert facts_of.planes.columns["delta_t"][:2, 0, 0] == pytest.approx([0.981008, 1.085389], abs=1e-6)


def test_listed_offsets_and_time_stamps_give_the_seconds_of_frames() -> None:
    listed = opened("czi-cd-t3c2z5.czi").metadata("0")
    stamped = opened("czi-tiles-time-z.czi").metadata("0")
    assert listed.axes["T"].values().tolist() == [0, 60.075, 120.15]
    assert stamped.axes["T"].values() == pytest.approx([0, 6.04589670])
    assert stamped.static.sources["T"] == "file: CZI attachment TimeStamps"
    assert stamped.planes is not None
    assert stamped.planes.columns["delta_t"][1, 0, 0] == pytest.approx(128.65086452)


def test_facts_of_planes_come_from_the_sub_blocks() -> None:
    planes = opened("czi-cd-t3c2z5.czi").metadata("0").planes
    assert planes is not None
    columns = planes.columns
    assert columns["delta_t"][0, 2, 0] == pytest.approx(367.580024, abs=1e-5)
    assert columns["exposure"][0, 0].tolist() == pytest.approx([0.1, 0.2])
    assert columns["stage_x"][0, 0, 0] == 16977.153
    assert np.diff(columns["stage_z"][0, :, 0]) == pytest.approx([0.32, 0.32, 0.32, 0.32], abs=0.011)


def test_stage_position_is_the_centre_of_the_scene() -> None:
    assert opened("czi-well-s2.czi").metadata("D7").static.stage_position == {"X": 58500.0, "Y": 35500.0}


def test_objective_is_the_one_referred_to() -> None:
    assert opened("czi-cd-t3c2z5.czi").metadata("0").static.objective == {
        "name": "Plan-Apochromat 50x/1.2",
        "magnification": 50.0,
        "na": 1.2,
        "immersion": "Water",
        "working_distance_um": 800.0,
    }


def test_thumbnails_are_associated() -> None:
    recipe, thumbnail = opened("czi-rgb8.czi").associated()["thumbnail"]
    assert recipe.shape == thumbnail.shape == (1, 1, 1, 173, 256, 3)
    assert 15 < recipe.load().mean() < 25


def test_details_tell_how_the_file_stores_a_scene() -> None:
    details = opened("czi-tileregion.czi").details("TR1")
    assert (details["compression"], details["mosaic_tiles"], details["pixel_type"]) == (("uncompressed",), 7, "Gray16")

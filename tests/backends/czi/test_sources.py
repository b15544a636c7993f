"""Every value names the element of the file that it came from, and no element is named for a value that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio.backends.czi import CziBackend
from tests.support.czi import Tile, document, stamps, write_czi
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omio.metadata.facts import Facts
    from tests.backends.czi.conftest import Opener

FILES = (
    "czi-cd-t3c2z5.czi",
    "czi-celldiv-comp1.czi",
    "czi-newczi-compressed.czi",
    "czi-nuc-small.czi",
    "czi-rgb8.czi",
    "czi-tileregion.czi",
    "czi-tiles-time-z.czi",
    "czi-well-s2.czi",
    "czi-xt-linescan-lsm980.czi",
)
PLANE = b"<METADATA><Tags>%s</Tags></METADATA>"
TAKEN = PLANE % (
    b"<AcquisitionTime>2026-05-15T12:00:01Z</AcquisitionTime><StageXPosition>1</StageXPosition>"
    b"<StageYPosition>2</StageYPosition><FocusPosition>3</FocusPosition>"
)
CHANNELS = (
    '<Dimensions><Channels><Channel Id="Channel:0" Name="GFP"><Color>#FF00FF00</Color><Fluor>EGFP</Fluor>'
    "<LightSourcesSettings><LightSourceSettings><Wavelength>488</Wavelength></LightSourceSettings>"
    "</LightSourcesSettings><ExposureTime>5000000</ExposureTime></Channel>"
    '<Channel Id="Channel:1"><ExcitationWavelength>561</ExcitationWavelength></Channel></Channels>%s</Dimensions>'
)
SHOWN = (
    '<DisplaySetting><Channels><Channel Id="Channel:1" Name="seen"><Color>#FFFF0000</Color><DyeName>Cy3</DyeName>'
    "</Channel></Channels></DisplaySetting></Metadata>"
)


def known(facts: Facts) -> Iterator[str]:
    """Yield the facts that an image has, as `sources` calls them."""
    yield from (name for name in ("name", "description", "acquired") if getattr(facts.static, name) is not None)
    for name in ("objective", "stage_position"):
        yield from (f"{name}.{part}" for part in getattr(facts.static, name) or ())
    for field, values in facts.channels.items():
        yield from (f"channels[{at}].{field}" for at, value in enumerate(values) if value is not None)
    yield from (f"planes.{column}" for column in (facts.planes.columns if facts.planes else ()))
    for dim, axis in facts.axes.items():
        along_t = "T" if axis.spacing is None else "time_increment"
        yield along_t if dim == "T" else f"pixel_size.{dim}"


@pytest.mark.parametrize("name", FILES)
def test_are_told_for_all_values_of_real_files_and_no_other(name: str) -> None:
    backend = CziBackend(str(real(name)))
    for scene in backend.scenes():
        facts = backend.metadata(scene)
        assert sorted(facts.static.sources) == sorted(known(facts))
        assert all(source.startswith("file: CZI ") for source in facts.static.sources.values())


def frames(xml: bytes = b"") -> list[Tile]:
    return [Tile(np.zeros((4, 5), np.uint8), {"T": t, "C": c}, xml=xml) for t in range(3) for c in range(2)]


def test_name_the_element_that_was_believed(made: Opener) -> None:
    xml = document(CHANNELS % "").replace("</Metadata>", SHOWN)
    facts = made(frames(), xml).metadata("0")
    assert sorted(facts.static.sources) == sorted(known(facts))
    assert facts.static.sources == {
        "channels[0].name": "file: CZI Channel Name",
        "channels[0].color": "file: CZI Channel Color",
        "channels[0].fluor": "file: CZI Channel Fluor",
        "channels[0].excitation_nm": "file: CZI LightSourceSettings Wavelength",
        "channels[1].name": "file: CZI DisplaySetting Channel Name",
        "channels[1].color": "file: CZI DisplaySetting Channel Color",
        "channels[1].fluor": "file: CZI DisplaySetting Channel DyeName",
        "channels[1].excitation_nm": "file: CZI Channel ExcitationWavelength",
        "planes.exposure": "file: CZI Channel ExposureTime",
    }


def test_of_planes_name_the_sub_block_first_and_what_fills_its_gaps(made: Opener) -> None:
    begun = "<AcquisitionDateAndTime>2026-05-15T12:00:00Z</AcquisitionDateAndTime>"
    facts = made(frames(TAKEN), document(begun), [stamps([7, 8, 9])]).metadata("0")
    assert sorted(facts.static.sources) == sorted(known(facts))
    told = {fact.removeprefix("planes."): source for fact, source in facts.static.sources.items() if "planes" in fact}
    assert told == {
        "delta_t": "file: CZI SubBlock AcquisitionTime, else attachment TimeStamps",
        "stage_x": "file: CZI SubBlock StageXPosition",
        "stage_y": "file: CZI SubBlock StageYPosition",
        "stage_z": "file: CZI SubBlock FocusPosition",
    }


def test_a_time_that_no_clock_shows_is_unknown(made: Opener) -> None:
    begun = "<AcquisitionDateAndTime>2026-05-15T12:00:00Z</AcquisitionDateAndTime>"
    odd = PLANE % b"<AcquisitionTime>2026-99-99T12:00:01Z</AcquisitionTime><FocusPosition>3</FocusPosition>"
    facts = made(frames(odd), document(begun)).metadata("0")
    assert sorted(facts.static.sources) == sorted(known(facts)) == ["acquired", "planes.stage_z"]


def test_of_tiles_that_lie_in_several_places_name_none(made: Opener) -> None:
    tiles = [Tile(np.zeros((4, 5), np.uint8), {"M": m, "X": 5 * m}, xml=TAKEN) for m in range(2)]
    facts = made(tiles, document()).metadata("0")
    assert facts.static.sources == {"planes.stage_z": "file: CZI SubBlock FocusPosition"}
    assert sorted(known(facts)) == ["planes.stage_z"]


@pytest.mark.parametrize(
    ("positions", "times", "fact", "source"),
    [
        ("<Interval><Increment>2</Increment></Interval>", (0, 1, 2), "time_increment", "T Positions Interval"),
        ("<List><Offsets>0 1 2</Offsets></List>", (), "time_increment", "T Positions List"),
        ("<List><Offsets>0 1 5</Offsets></List>", (), "T", "T Positions List"),
        ("", (0, 2, 4), "time_increment", "attachment TimeStamps"),
        ("", (0, 2, 9), "T", "attachment TimeStamps"),
    ],
)
def test_of_times_tell_an_interval_from_a_list(
    made: Opener, positions: str, times: tuple[float, ...], fact: str, source: str
) -> None:
    xml = document(f"<Dimensions><T><Positions>{positions}</Positions></T></Dimensions>")
    found = made(frames(), xml, [stamps(times)] if times else []).metadata("0").static.sources
    assert {name: said for name, said in found.items() if "planes" not in name} == {fact: f"file: CZI {source}"}


def test_of_the_spacing_of_z_name_its_positions_where_these_say_it(made: Opener) -> None:
    positions = "<Positions><Interval><Start>0</Start><Increment>4</Increment></Interval></Positions>"
    found = made(frames(), document(f"<Dimensions><Z>{positions}</Z></Dimensions>")).metadata("0")
    assert found.static.sources == {"pixel_size.Z": "file: CZI Z Positions Interval"}


def test_follow_a_selection_of_channels(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", frames(), document(CHANNELS % ""))
    told = omio.open(path).isel(C=[1]).metadata.sources
    assert told["channels[0].excitation_nm"] == "file: CZI Channel ExcitationWavelength"
    assert not any(fact.startswith("channels[1]") for fact in told)

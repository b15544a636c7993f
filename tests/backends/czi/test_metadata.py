"""What the document says, and what is not made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.backends.czi.xmltree import MalformedXmlError, parse, parse_image, to_dict
from omio.errors import OmioWarning
from omio.metadata._coords import to_metadata
from tests.support.czi import Tile, document, stamps

if TYPE_CHECKING:
    from tests.backends.czi.conftest import Opener

FRAMES = [Tile(np.zeros((4, 5), np.uint8), {"T": t, "Z": z, "C": 0}) for t in range(3) for z in range(2)]


def distances(**metres: str) -> str:
    return "".join(f'<Distance Id="{dim}"><Value>{value}</Value></Distance>' for dim, value in metres.items())


def along_t(positions: str, acquired: str = "") -> str:
    date = f"<AcquisitionDateAndTime>{acquired}</AcquisitionDateAndTime>" if acquired else ""
    return document(f"{date}<Dimensions><T><Positions>{positions}</Positions></T></Dimensions>")


def test_scaling_is_in_metres_and_0_is_unknown(made: Opener) -> None:
    found = made(FRAMES, document(scaling=distances(X="1E-07", Y="0", Z="3.2e-7"))).metadata("0")
    assert {dim: axis.spacing for dim, axis in found.axes.items()} == pytest.approx({"X": 0.1, "Z": 0.32})
    assert found.static.sources["pixel_size.X"] == "file: CZI Scaling Distance"


@pytest.mark.parametrize("value", ["NaN", "-1e-7", "inf", "wide"])
def test_a_scaling_that_no_image_can_have_is_unknown_and_told(made: Opener, value: str) -> None:
    backend = made(FRAMES, document(scaling=distances(X=value)))
    with pytest.warns(OmioWarning, match=f"scaling of X is '{value}'"):
        assert "X" not in backend.metadata("0").axes


def test_the_spacing_of_z_may_stand_with_its_positions(made: Opener) -> None:
    positions = "<Positions><Interval><Start>0</Start><Increment>4</Increment></Interval></Positions>"
    found = made(FRAMES, document(f"<Dimensions><Z>{positions}</Z></Dimensions>")).metadata("0")
    assert found.axes["Z"].spacing == 4


def test_metadata_sizes_are_ignored(made: Opener) -> None:
    backend = made(FRAMES, document("<SizeX>-1</SizeX><SizeY>99999</SizeY><SizeT>77</SizeT>"))
    assert backend.array("0").shape == backend.metadata("0").shape == (3, 2, 1, 4, 5)


def test_an_interval_wins_over_time_stamps(made: Opener) -> None:
    xml = along_t("<Interval><Start>0</Start><Increment>0.25</Increment></Interval>")
    found = made(FRAMES, xml, [stamps([7, 8, 9])]).metadata("0")
    assert found.axes["T"].spacing == 0.25
    assert found.planes is not None
    assert found.planes.columns["delta_t"][:, 1, 0].tolist() == [7, 8, 9]


def test_a_list_of_offsets_gives_the_seconds(made: Opener) -> None:
    found = made(FRAMES, along_t("<List><Offsets>0 1.5 4</Offsets></List>"), [stamps([7, 8, 9])]).metadata("0")
    assert found.axes["T"].values().tolist() == [0, 1.5, 4]
    assert found.axes["T"].spacing is None


def test_an_even_list_of_offsets_is_an_interval(made: Opener) -> None:
    axis = made(FRAMES, along_t("<List><Offsets>3 63.1 123.2</Offsets></List>")).metadata("0").axes["T"]
    assert axis.origin == 3
    assert axis.spacing == pytest.approx(60.1)


@pytest.mark.parametrize("offsets", ["0 1.5", "0 x 2", ""])
def test_a_list_that_does_not_fit_gives_way_to_time_stamps(made: Opener, offsets: str) -> None:
    found = made(FRAMES, along_t(f"<List><Offsets>{offsets}</Offsets></List>"), [stamps([7, 8, 10])]).metadata("0")
    assert found.axes["T"].values().tolist() == [0, 1, 3]


def test_stamps_in_days_are_told_by_the_date_of_acquisition(made: Opener) -> None:
    days = 42_000.25 + np.arange(3) / 86400 * 2
    found = made(FRAMES, along_t("", "2014-12-27T06:00:00Z"), [stamps(days.tolist())]).metadata("0")
    assert found.axes["T"].values() == pytest.approx([0, 2, 4], abs=1e-5)


def test_stamps_that_may_be_days_or_seconds_are_not_guessed(made: Opener) -> None:
    assert "T" not in made(FRAMES, document(), [stamps([42_000.1, 42_000.2, 42_000.3])]).metadata("0").axes


def test_too_few_stamps_say_nothing(made: Opener) -> None:
    found = made(FRAMES, document(), [stamps([1, 2])]).metadata("0")
    assert "T" not in found.axes
    assert found.planes is not None
    assert not found.planes.columns


CHANNELS = """<Dimensions><Channels>
  <Channel Id="Channel:1" Name="GFP"><Color>#FF00FF33</Color><EmissionWavelength>517</EmissionWavelength>
    <ExcitationWavelength>493</ExcitationWavelength><ExposureTime>150000000</ExposureTime><Fluor>EGFP</Fluor></Channel>
  <Channel Id="Channel:0"><PinholeSize>28.5</PinholeSize><AcquisitionMode>LaserScanningConfocalMicroscopy
    </AcquisitionMode><LightSourcesSettings><LightSourceSettings><Wavelength>561</Wavelength></LightSourceSettings>
    </LightSourcesSettings></Channel>
</Channels></Dimensions>"""
DISPLAY = """<DisplaySetting><Channels><Channel Id="Channel:0" Name="Red"><Color>#FFFF0000</Color>
  <DyeName>Dye1</DyeName></Channel></Channels></DisplaySetting></Metadata>"""


def test_channels_are_matched_by_their_number(made: Opener) -> None:
    tiles = [Tile(np.zeros((4, 5), np.uint8), {"C": c}) for c in range(2)]
    found = made(tiles, document(CHANNELS).replace("</Metadata>", DISPLAY)).metadata("0")
    assert found.channels == {
        "name": ("Red", "GFP"),
        "color": ("#FF0000", "#00FF33"),
        "excitation_nm": (561.0, 493.0),
        "emission_nm": (None, 517.0),
        "fluor": (None, "EGFP"),
        "acquisition_mode": ("LaserScanningConfocalMicroscopy", None),
        "pinhole_um": (28.5, None),
    }
    assert found.planes is not None
    exposure = found.planes.columns["exposure"]
    assert np.isnan(exposure[0, 0, 0])
    assert exposure[0, 0, 1] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2023-01-06T10:42:50.6684413Z", "2023-01-06T10:42:50.668441+00:00"),
        ("2023-01-06T10:42:50+02:00", "2023-01-06T10:42:50+02:00"),
        ("0001-01-01T00:00:00", None),
        ("2023-13-45T99:00:00", None),
        ("yesterday", None),
    ],
)
def test_the_date_of_acquisition_is_iso_or_unknown(made: Opener, text: str, wanted: str | None) -> None:
    xml = document(f"<AcquisitionDateAndTime>{text}</AcquisitionDateAndTime>")
    assert made(FRAMES, xml).metadata("0").static.acquired == wanted


def test_a_file_without_document_has_unknown_facts(made: Opener) -> None:
    found = made(FRAMES).metadata("0")
    assert (dict(found.axes), dict(found.channels), found.static.name) == ({}, {}, None)
    assert found.static.original["ImageDocument"] == {}


def test_models_can_be_assembled(made: Opener) -> None:
    tiles = [Tile(np.zeros((4, 5), np.uint8), {"C": c}) for c in range(2)]
    xml = document(CHANNELS + "<AcquisitionDateAndTime>2023-01-06T10:42:50.6684413Z</AcquisitionDateAndTime>")
    models = to_metadata(made(tiles, xml).metadata("0"))
    assert models.channels[1].emission_nm == 517
    assert models.acquired is not None
    json.dumps(models.model_dump(mode="json"))


def test_stage_positions_of_mosaic_planes_are_not_those_of_one_tile(made: Opener) -> None:
    def at(m: int, z: int) -> Tile:
        tags = f"<StageXPosition>+00{m}5.5</StageXPosition><FocusPosition>-7.25</FocusPosition>"
        return Tile(np.zeros((4, 5), np.uint8), {"X": 4 * m, "Z": z, "M": m}, xml=f"<M>{tags}</M>".encode())

    planes = made([at(0, 0), at(1, 0), at(0, 1)]).metadata("0").planes
    assert planes is not None
    assert np.isnan(planes.columns["stage_x"][0, 0, 0])
    assert planes.columns["stage_x"][0, 1, 0] == 5.5
    assert planes.columns["stage_z"][0, :, 0].tolist() == [-7.25, -7.25]


BULK = "<Experiment><HardwareSetting><Information>no</Information></HardwareSetting></Experiment>"


@pytest.mark.parametrize(
    "inner",
    [
        f"{BULK}<Information><Image>yes</Image></Information>",
        f"<Information><Image>yes</Image></Information>{BULK}",
        "<Experiment>a</Experiment><Information><Image>yes</Image></Information><Experiment>b</Experiment>",
        "<Information><Image>yes</Image><Experiment><Scaling/></Experiment></Information>",
        "<HardwareSetting Id='1'>x</HardwareSetting><Information><Image>yes</Image></Information>",
    ],
)
def test_leaving_bulk_out_loses_no_fact(inner: str) -> None:
    root = parse_image(f"<ImageDocument><Metadata>{inner}</Metadata></ImageDocument>".encode())
    assert root.findtext("Metadata/Information/Image") == "yes"


@pytest.mark.parametrize("text", ["<a><b></a>", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>\x01</a>"])
def test_what_is_no_harmless_xml_is_refused(text: str) -> None:
    with pytest.raises(MalformedXmlError):
        parse(text.encode())


def test_documents_become_plain_values() -> None:
    wanted: dict[str, Any] = {"@x": "1", "b": ["2", {"@y": "3", "#text": "4"}], "c": ""}
    assert to_dict(parse(b'<a x="1"><b>2</b><b y="3"> 4 </b><c/></a>\0\0')) == wanted

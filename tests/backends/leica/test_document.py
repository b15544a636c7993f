from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest

import omio
from omio.backends.leica.document import color_of, describe
from omio.backends.leica.names import Member
from omio.backends.leica.times import moment, order_of, stamps_in
from tests.backends.leica.made import DIMS, SHAPE, SPACING, raw_xml, stamp_list, write_series

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from omio.backends.leica.document import Description

PROPERTIES = """<Data><Image><ImageDescription><Dimensions>
<DimensionDescription DimID="X" NumberOfElements="30" Origin="0.00" Length="20.70" Unit="µm" Voxel="0.714"/>
<DimensionDescription DimID="Y" NumberOfElements="20" Origin="0.00" Length="13.57" Unit="µm" Voxel="0.714"/>
<DimensionDescription DimID="Z" NumberOfElements="3" Origin="0.00" Length="3.00" Unit="µm" Voxel="1.500"/>
<DimensionDescription DimID="T" NumberOfElements="2" Origin="0 s" Length="8m19.116s" Unit="" Voxel="499.116s"/>
</Dimensions><Channels><ChannelDescription LUTName="Green"/><ChannelDescription LUTName="Red"/></Channels>
</ImageDescription></Image></Data>"""


def image(text: str) -> Element:
    return ElementTree.fromstring(text)[0]  # noqa: S314 - written here


def dim(**attributes: str) -> Description:
    fields = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return describe(image(f"<Data><Image><DimensionDescription {fields}/></Image></Data>"))


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        # of published files: pixels, frames, and a rounded Voxel beside them
        ({"DimID": "1", "NumberOfElements": "3840", "Length": "1.124827e-003", "Unit": "m"}, 0.29300),
        ({"DimID": "X", "NumberOfElements": "512", "Length": "364.71", "Unit": "µm", "Voxel": "0.714"}, 0.71372),
        ({"DimID": "3", "NumberOfElements": "126", "Length": "2.499821e-04"}, 1.99986),
        ({"DimID": "4", "NumberOfElements": "1628", "Length": "1.627000e+03", "Unit": "s"}, 1.0),
        # what the Voxel bears out is believed
        ({"DimID": "X", "NumberOfElements": "10", "Length": "10.00", "Unit": "µm", "Voxel": "1.000"}, 1.0),
        ({"DimID": "X", "NumberOfElements": "712", "Voxel": "0.087"}, 0.087),
        ({"DimID": "T", "NumberOfElements": "240", "Voxel": "1.000 s"}, 1.0),
        ({"DimID": "T", "NumberOfElements": "2", "Length": "1h0m1.5s"}, 3601.5),
        ({"DimID": "3", "NumberOfElements": "11", "Length": "-1e-5", "Unit": "m"}, -1.0),
        # unknown
        ({"DimID": "3", "NumberOfElements": "1", "Length": "0", "Unit": "m"}, None),
        ({"DimID": "3", "NumberOfElements": "5", "Length": "0", "Unit": "m"}, None),
        ({"DimID": "3", "NumberOfElements": "5", "Length": "1e-5", "Unit": "furlong"}, None),
        ({"DimID": "3", "NumberOfElements": "5", "Length": "1,5", "Unit": "m"}, None),
    ],
)
def test_length_spans_centres(attributes: dict[str, str], spacing: float | None) -> None:
    found = dim(**attributes).spacing
    assert found == ({} if spacing is None else {next(iter(found), ""): pytest.approx(spacing, rel=2e-5)})


@pytest.mark.parametrize(
    ("table", "color"),
    [
        ("Green", "#00FF00"),
        ("gray", "#FFFFFF"),
        ("Gradient (255, 128, 0)", "#FF8000"),
        ("Gradient (300, 0, 0)", None),
        ("Glow", None),
        ("", None),
    ],
)
def test_colour_of_a_table(table: str, color: str | None) -> None:
    assert color_of(table) == color


@pytest.mark.parametrize(
    ("name", "series", "scene", "place"),
    [
        ("leica_stack_Series014_z002_ch00.tif", "leica_stack_Series014", "0", (0, 2, 0)),
        ("acq_Position 3_t012_z05_RAW_ch01.tif", "acq_Position 3", "raw", (12, 5, 1)),
        ("a_s0_l1_ch02.TIFF", "a", "s0_l1", (0, 0, 2)),
        ("a_T07.tif", "a", "0", (7, 0, 0)),
    ],
)
def test_names_of_files(name: str, series: str, scene: str, place: tuple[int, int, int]) -> None:
    member = Member.of(name)
    assert member is not None
    assert (member.series, member.scene, member.place) == (series, scene, place)


@pytest.mark.parametrize("name", ["_z0.tif", "a.tif", "a_z.tif", "a_z0.png", "a_x0.tif"])
def test_other_names(name: str) -> None:
    assert Member.of(name) is None


def test_older_files_have_an_element_a_time_stamp() -> None:
    stamps = stamps_in(
        image(
            "<Data><Image><TimeStampList><TimeStamp HighInteger='30912595' LowInteger='839636880'/>"
            "</TimeStampList></Image></Data>"
        )
    )
    assert stamps == (30912595 * 2**32 + 839636880,)
    assert (moment(stamps[0]) or "").startswith("2021-09-")


def test_the_order_of_time_stamps_must_be_certain() -> None:
    sizes = {"T": 2, "Z": 3, "C": 2}
    assert order_of(sizes, {"T": 30, "Z": 20, "C": 10}, 12) == ("T", "Z", "C")
    assert order_of(sizes, {"T": 30, "Z": 10, "C": 20}, 12) == ("T", "C", "Z")
    assert order_of(sizes, {"T": 30, "Z": 20}, 12) is None
    assert order_of(sizes, {"T": 30, "Z": 20}, 6) == ("T", "Z")
    assert order_of(sizes, {"T": 30, "Z": 30}, 6) is None
    assert order_of({"T": 4, "Z": 1, "C": 1}, {}, 4) == ("T",)
    assert order_of(sizes, {"T": 30, "Z": 20, "C": 10}, 0) is None


def test_the_xml_for_people_says_the_same(tmp_path: Path) -> None:
    write_series(tmp_path)
    path = tmp_path / "P_Series014_Properties.xml"
    path.write_text(PROPERTIES, encoding="utf-8")
    facts = omio.open(path).facts
    assert {name: axis.spacing for name, axis in facts.axes.items()} == pytest.approx(
        {"X": 20.70 / 29, "Y": 13.57 / 19, "Z": 1.5, "T": 499.116}
    )
    assert facts.channels["color"] == ("#00FF00", "#FF0000")


def test_dims_that_are_longer_than_the_xml_says_get_nothing(tmp_path: Path) -> None:
    write_series(tmp_path)
    path = tmp_path / "Series014.xml"
    path.write_text(
        raw_xml({**DIMS, "Z": 2}, SPACING, channels='<ChannelDescription LUTName="Red"/>'), encoding="utf-8"
    )
    facts = omio.open(path).facts
    assert facts.shape == SHAPE
    assert set(facts.axes) == {"T", "Y", "X"}
    assert not facts.channels


def test_times_run_as_planes_lie(tmp_path: Path) -> None:
    write_series(tmp_path)
    text = raw_xml(DIMS, SPACING, stamps=stamp_list(12)).replace('BytesInc="1200"', 'BytesInc="4800"')
    path = tmp_path / "Series014.xml"
    path.write_text(text, encoding="utf-8")
    planes = omio.open(path).facts.planes
    assert planes is not None
    expected = 0.5 * np.arange(12).reshape(2, 2, 3).transpose(0, 2, 1)
    np.testing.assert_allclose(planes.columns["delta_t"], expected)

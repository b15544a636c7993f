from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from omio.errors import DamagedFileError
from omio.metadata._coords import to_metadata
from omio.metadata.axes import Listed, Regular
from omio.ome.document import OmeDocument
from omio.ome.native import NAMESPACE as NATIVE
from omio.ome.pixels import Pixels
from tests.ome.support import NAMESPACE, document, only, read


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('PhysicalSizeX="0.5"', 0.5),
        ('PhysicalSizeX="0.5" PhysicalSizeXUnit="mm"', 500),
        ('PhysicalSizeX="500" PhysicalSizeXUnit="nm"', 0.5),
        ('PhysicalSizeX="0.5" PhysicalSizeXUnit="\N{GREEK SMALL LETTER MU}m"', 0.5),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="pixel"', None),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="reference frame"', None),
        ("", None),
    ],
)
def test_pixel_sizes_are_micrometres(attributes: str, expected: float | None) -> None:
    facts, problems = read(document(attributes=attributes))
    axis = facts.axes.get("X")
    assert (axis and axis.spacing) == (expected and pytest.approx(expected))
    assert not problems


@pytest.mark.parametrize("raw", ["0", "-0.5", "NaN", "INF", "abc", "1e308", "1e-19", ""])
def test_a_size_that_cannot_be_is_unknown_and_told(raw: str) -> None:
    facts, problems = read(document(attributes=f'PhysicalSizeX="{raw}"'))
    assert "X" not in facts.axes
    assert problems == (f'has PhysicalSizeX="{raw}" in Pixels, which was taken as unknown',)
    assert facts.static.original["OME"]["Image"]["Pixels"]["@PhysicalSizeX"] == raw


def test_a_converted_value_keeps_its_original() -> None:
    facts, _ = read(document(attributes='PhysicalSizeX="500" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5"'))
    left = facts.static.original["OME"]["Image"]["Pixels"]
    assert (left["@PhysicalSizeX"], left["@PhysicalSizeXUnit"]) == ("500", "nm")
    assert "@PhysicalSizeY" not in left
    assert facts.static.sources["pixel_size.X"] == "file: OME Pixels PhysicalSizeX"


def test_time_increment_and_its_unit() -> None:
    facts, _ = read(document(attributes='TimeIncrement="2" TimeIncrementUnit="min"', sizes="TZCYX=3,1,1,4,6"))
    assert facts.axes["T"] == Regular(0.0, 120.0, 3)


def planes(times: list[str | None]) -> str:
    rows = (f'DeltaT="{time}"' if time is not None else "" for time in times)
    return "".join(f'<Plane TheZ="0" TheT="{t}" TheC="0" {row}/>' for t, row in enumerate(rows))


def test_times_of_planes_are_the_time_axis_where_no_increment_is_given() -> None:
    facts, _ = read(document(planes(["0", "1.5", "4"]), sizes="TZCYX=3,1,1,4,6"))
    axis = facts.axes["T"]
    assert isinstance(axis, Listed)
    assert axis.positions.tolist() == [0, 1.5, 4]
    assert facts.static.sources["time"] == "file: Plane DeltaT"


@pytest.mark.parametrize("times", [["0", None, "4"], ["0", "4", "4"], ["0", "x", "4"]])
def test_times_that_are_no_axis_are_none(times: list[str | None]) -> None:
    facts, _ = read(document(planes(times), sizes="TZCYX=3,1,1,4,6"))
    assert "T" not in facts.axes
    assert facts.planes is not None
    assert facts.planes.columns["delta_t"][0].item() == 0


def test_planes_come_in_any_order_with_any_unit() -> None:
    inside = (
        '<Plane TheC="1" TheZ="0" TheT="0" DeltaT="2" DeltaTUnit="ms" ExposureTime="0.1"/>'
        '<Plane DeltaT="1" TheZ="0" TheC="0" TheT="0" PositionX="5" PositionXUnit="mm" PositionY="7"/>'
    )
    facts, _ = read(document(inside, sizes="TZCYX=1,1,2,4,6"))
    assert facts.planes is not None
    columns = pickle.loads(pickle.dumps(facts.planes)).columns  # noqa: S301
    assert columns["delta_t"].ravel().tolist() == [1, 0.002]
    np.testing.assert_array_equal(columns["exposure"].ravel(), [np.nan, 0.1])
    np.testing.assert_array_equal(columns["stage_x"].ravel(), [5000, np.nan])
    assert "stage_y" not in columns  # its unit is the reference frame: no µm
    assert facts.static.original["OME"]["Plane"]["PositionY"] == [None, "7"]


def test_planes_outside_of_the_image_are_ignored() -> None:
    facts, _ = read(document('<Plane TheC="0" TheZ="0" TheT="9" DeltaT="1"/><Plane TheC="0" TheZ="0" TheT="0"/>'))
    assert facts.planes is not None
    assert facts.planes.columns == {}


def test_children_of_old_planes_count() -> None:
    inside = (
        '<Plane TheC="0" TheZ="0" TheT="0"><PlaneTiming DeltaT="3" ExposureTime="0.5"/>'
        '<StagePosition PositionX="1"/></Plane>'
    )
    facts, _ = read(document(inside))
    assert facts.planes is not None
    assert {name: column.item() for name, column in facts.planes.columns.items()} == {"delta_t": 3, "exposure": 0.5}


def test_channels() -> None:
    inside = (
        '<Channel ID="a" Name="EGFP" Color="16711935" EmissionWavelength="509.5" ExcitationWavelength="0.488" '
        'ExcitationWavelengthUnit="µm" Fluor="GFP" AcquisitionMode="WideField" ContrastMethod="Fluorescence" '
        'IlluminationType="Epifluorescence" PinholeSize="1" PinholeSizeUnit="mm" NDFilter="0.5"/>'
        '<Channel ID="b" Color="-1" EmissionWavelength="0"/>'
    )
    facts, problems = read(document(inside, sizes="TZCYX=1,1,2,4,6"))
    first, second = to_metadata(facts).channels
    assert first.model_dump(exclude_none=True) == {
        "name": "EGFP", "color": "#00FF00", "excitation_nm": 488.0, "emission_nm": 509.5, "fluor": "GFP",
        "acquisition_mode": "WideField", "contrast_method": "Fluorescence", "illumination": "Epifluorescence",
        "pinhole_um": 1000.0, "nd_filter": 0.5,
    }  # fmt: skip
    assert second.model_dump(exclude_none=True) == {"color": "#FFFFFF"}
    assert problems == ('has EmissionWavelength="0" in Channel, which was taken as unknown',)


@pytest.mark.parametrize(
    ("raw", "color", "is_left"),
    [("65279", "#0000FE", False), ("-2147483648", "#800000", True), ("4294967295", "#FFFFFF", False)],
)
def test_colors_are_packed_rgba(raw: str, color: str, is_left: bool) -> None:  # noqa: FBT001
    facts, _ = read(document(f'<Channel Color="{raw}"/>'))
    assert facts.channels["color"] == (color,)
    pixels = facts.static.original["OME"]["Image"]["Pixels"]
    assert ("Channel" in pixels) is is_left


def test_a_color_that_is_not_given_is_unknown() -> None:
    assert "color" not in read(document('<Channel ID="a"/>'))[0].channels


def test_more_channels_than_the_image_has_are_told() -> None:
    facts, problems = read(document('<Channel Name="a"/>' + '<Channel Name="b"/>' * 6, sizes="TZCYX=1,1,2,4,6"))
    assert facts.channels["name"] == ("a", "b")
    assert problems == ("describes 7 channels, the image has 2: the first were taken",)


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("2010-03-02T15:08:59", True), ("2023-01-06T10:42:50.668", True), ("2010-03-02T15:08:59+02:00", True),
        ("2010-03-02", True), ("20100302T150859", False), ("2010-03-02x15:08:59", False), ("2010-13-40", False),
    ],
)  # fmt: skip
def test_dates(text: str, is_date: bool) -> None:  # noqa: FBT001
    facts, problems = read(document(image=f"<AcquisitionDate>{text}</AcquisitionDate>"))
    assert facts.static.acquired == (text if is_date else None)
    assert bool(problems) is not is_date
    assert to_metadata(facts).acquired is not None or not is_date


def test_the_objective_that_the_image_names() -> None:
    image = '<ObjectiveSettings ID="Objective:1" Medium="Oil"/><StageLabel Name="s" X="1" XUnit="mm" Y="2"/>'
    after = (
        '<Instrument><Objective ID="Objective:0"/><Objective ID="Objective:1" Model="Plan" Manufacturer="Z" '
        'NominalMagnification="20" LensNA="0.8" Immersion="Air" WorkingDistance="0.5" WorkingDistanceUnit="mm" '
        'LotNumber="7"/></Instrument>'
    )
    facts, _ = read(document(image=image, after=after))
    assert facts.static.objective == {
        "name": "Plan", "manufacturer": "Z", "magnification": 20.0, "na": 0.8, "immersion": "Air",
        "working_distance_um": 500.0,
    }  # fmt: skip
    assert facts.static.stage_position == {"X": 1000.0}
    left = facts.static.original["OME"]
    assert left["Instrument"]["Objective"][1]["@LotNumber"] == "7"
    assert left["Image"]["ObjectiveSettings"] == {"@ID": "Objective:1", "@Medium": "Oil"}
    assert left["Image"]["StageLabel"]["@Y"] == "2"


def test_annotations_of_all_kinds_are_kept() -> None:
    notes = (
        '<MapAnnotation ID="1" Namespace="n"><Description>d</Description><Value><M K="k">v</M><M K="k">w</M></Value>'
        '</MapAnnotation><LongAnnotation ID="2"><Value>7</Value></LongAnnotation><DoubleAnnotation ID="3">'
        '<Value>0.5</Value></DoubleAnnotation><BooleanAnnotation ID="4"><Value>true</Value></BooleanAnnotation>'
        '<CommentAnnotation ID="5"><Value>c</Value></CommentAnnotation><ListAnnotation ID="6"><AnnotationRef ID="1"/>'
        '</ListAnnotation><XMLAnnotation ID="7"><Value><a xmlns="u"><b x="&lt;"/>t</a> tail</Value></XMLAnnotation>'
        '<FileAnnotation ID="8"><BinaryFile FileName="f" Size="3"><External href="u" SHA1="0"/></BinaryFile>'
        "</FileAnnotation>"
    )
    facts, _ = read(document(after=f"<StructuredAnnotations>{notes}</StructuredAnnotations>"))
    values = [(note.kind, note.value) for note in to_metadata(facts).annotations]
    assert values[:7] == [
        ("map", [["k", "v"], ["k", "w"]]),
        ("long", 7),
        ("double", 0.5),
        ("boolean", True),
        ("comment", "c"),
        ("list", ["1"]),
        ("xml", '<a xmlns="u"><b x="&lt;"/>t</a> tail'),
    ]
    assert values[7][1]["BinaryFile"]["@FileName"] == "f"
    assert facts.static.annotations[0]["description"] == "d"


def test_xml_of_an_annotation_reads_back_as_itself() -> None:
    inner = '<a xmlns="u" xml:lang="de"><b xmlns="">x</b><c/></a><d>1 &lt; 2</d>'
    note = f"<XMLAnnotation ID='1'><Value>{inner}</Value></XMLAnnotation>"
    data = document(after=f"<StructuredAnnotations>{note}</StructuredAnnotations>")
    once = read(data)[0].static.annotations[0]["value"]
    assert once == inner
    assert read(data.replace(inner.encode(), once.encode()))[0].static.annotations[0]["value"] == once


def test_annotations_of_other_images_are_theirs() -> None:
    pixels = '<Pixels DimensionOrder="XYCZT" Type="uint8" SizeX="1" SizeY="1" SizeZ="1" SizeC="1" SizeT="1"/>'
    images = "".join(f'<Image ID="{n}">{pixels}<AnnotationRef ID="{n}"/></Image>' for n in "ab")
    notes = "".join(f'<TagAnnotation ID="{n}"><Value>{n}</Value></TagAnnotation>' for n in "abc")
    data = f'<OME xmlns="{NAMESPACE}">{images}<StructuredAnnotations>{notes}</StructuredAnnotations></OME>'.encode()
    assert [note["value"] for note in read(data, 0)[0].static.annotations] == ["a", "c"]
    assert [note["value"] for note in read(data, 1)[0].static.annotations] == ["b", "c"]


def test_omios_own_annotation_becomes_facts() -> None:
    packed = json.dumps({"axes": {"X": {"origin": 5.0, "spacing": -0.5}}, "original": {"vendor": {"a": 1}}})
    note = f'<CommentAnnotation ID="1" Namespace="{NATIVE}"><Value>{packed}</Value></CommentAnnotation>'
    data = document(attributes='PhysicalSizeX="0.5"', after=f"<StructuredAnnotations>{note}</StructuredAnnotations>")
    facts, _ = read(data)
    assert facts.axes["X"] == Regular(5.0, -0.5, 6)
    assert facts.static.annotations == ()
    assert dict(facts.static.original) == {"vendor": {"a": 1}}


def test_the_original_is_json_and_pickles_small() -> None:
    facts, _ = read(document('<Channel ID="a"><LightPath/></Channel>', after='<Plate ID="p"><Well Row="1"/></Plate>'))
    assert facts.static.original["OME"]["Plate"] == {"@ID": "p", "Well": {"@Row": "1"}}
    assert pickle.loads(pickle.dumps(facts.static.original)) == facts.static.original  # noqa: S301
    json.dumps(dict(facts.static.original))


@pytest.mark.parametrize("raw", ["0", "-3", "", "2.5", "1e3", "9" * 30, "99999999999"])
def test_sizes_that_cannot_be_are_damage(raw: str) -> None:
    with pytest.raises(DamagedFileError, match="SizeZ is"):
        Pixels.of(only(document(sizes=f"TZCYX=1,{raw},1,4,6")))


def test_an_order_that_is_none_is_damage_where_it_matters() -> None:
    bad = document(sizes="TZCYX=2,2,1,4,6").replace(b"XYCZT", b"XYZZZ")
    with pytest.raises(DamagedFileError, match="DimensionOrder"):
        Pixels.of(only(bad))
    assert Pixels.of(only(bad.replace(b'SizeT="2"', b'SizeT="1"'))).sizes["Z"] == 2


def test_samples_of_rgb_lie_last() -> None:
    rgb = '<Channel SamplesPerPixel="3"/>'
    assert Pixels.of(only(document(rgb, sizes="TZCYX=1,1,3,4,6"))).shape() == (1, 1, 1, 4, 6, 3)
    assert Pixels.of(only(document(rgb * 2, sizes="TZCYX=1,1,6,4,6"))).shape() == (1, 1, 2, 4, 6, 3)
    assert Pixels.of(only(document(rgb, sizes="TZCYX=1,1,3,4,6"))).shape(1) == (1, 1, 3, 4, 6)
    assert Pixels.of(only(document(sizes="TZCYX=1,1,1,4,6"))).shape(4) == (1, 1, 1, 4, 6, 4)


def test_keys_of_scenes_are_names_ids_and_numbered_repeats() -> None:
    pixels = '<Pixels SizeX="1" SizeY="1" SizeZ="1" SizeC="1" SizeT="1"/>'
    heads = ('ID="Image:0" Name="a"', 'ID="Image:1" Name="a"', 'ID="Image:2" Name=" "', "", 'Name="a #2"')
    images = "".join(f"<Image {head}>{pixels}</Image>" for head in heads)
    found = OmeDocument.parse(f'<OME xmlns="{NAMESPACE}">{images}</OME>'.encode())
    assert found.keys == ("a", "a #2", "Image:2", "Image:3", "a #2 #2")


def test_schema_2003() -> None:
    data = (
        b'<OME xmlns="http://www.openmicroscopy.org/XMLschemas/OME/FC/ome.xsd"><Image ID="i" Name="n" PixelSizeX="0.2" '
        b'PixelSizeY="0.2" TimeIncrement="5"><CreationDate>2004-01-05T12:30:00</CreationDate><ObjectiveRef ID="o"/>'
        b'<ChannelInfo Name="DAPI" EmWave="461" ExWave="358" Mode="Wide-field" NDfilter="0.1"><ChannelComponent '
        b'ColorDomain="b" Index="0"/></ChannelInfo><Pixels DimensionOrder="XYZCT" PixelType="Uint8" SizeX="1" '
        b'SizeY="1" SizeZ="1" SizeC="1" SizeT="2"><TiffData/></Pixels></Image><Instrument><Objective ID="o" Model="m">'
        b"<LensNA>1.4"
        b"</LensNA><Magnification>100</Magnification></Objective></Instrument></OME>"
    )
    facts, problems = read(data)
    assert not problems
    assert {dim: axis.spacing for dim, axis in facts.axes.items()} == {"Y": 0.2, "X": 0.2, "T": 5}
    assert {name: values[0] for name, values in facts.channels.items()} == {
        "name": "DAPI", "emission_nm": 461, "excitation_nm": 358, "acquisition_mode": "Wide-field", "nd_filter": 0.1,
        "color": "#0000FF",
    }  # fmt: skip
    assert facts.static.acquired == "2004-01-05T12:30:00"
    assert facts.static.objective == {"name": "m", "na": 1.4, "calibrated_magnification": 100}
    assert Pixels.of(only(data)).dtype == np.uint8

from __future__ import annotations

import codecs

import pytest

from omio.errors import DamagedFileError
from omio.ome.cut import cut
from omio.ome.document import OmeDocument
from omio.ome.text import clean, repaired, to_utf8
from tests.ome.support import NAMESPACE, document, read
from tests.support.clock import within

PLANES = '<TiffData IFD="0"/><Plane TheZ="0" TheT="0" TheC="0" DeltaT="1"/>'


def test_comments_instructions_and_sections_are_taken_out() -> None:
    problems: list[str] = []
    plain, encoding = clean(b"<?xml version='1.0'?><!-- <Plane/> --><a><![CDATA[1 < 2 & 3]]></a>", None, problems)
    assert (plain, encoding) == (b"<a>1 &lt; 2 &amp; 3</a>", "utf-8")
    assert not problems


def test_an_exclamation_mark_within_a_comment_does_not_end_it() -> None:
    assert clean(b"<a><!-- <! <? <![CDATA[ -->x</a>", None, [])[0] == b"<a>x</a>"


@pytest.mark.parametrize("text", [b"<a><!-- no end</a>", b"<a><![CDATA[ no end</a>", b"<!DOCTYPE a [<a/>"])
def test_what_does_not_end_is_damage(text: bytes) -> None:
    with pytest.raises(DamagedFileError, match="does not end"):
        clean(text, "x.ome", [])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("<OME Name='µ'/>".encode("latin-1"), True),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>" + "<OME Name='µ'/>".encode("latin-1"), False),
        ("<OME Name='µ'/>".encode(), False),
        (codecs.BOM_UTF8 + "<OME Name='µ'/>".encode(), False),
        (codecs.BOM_UTF16_LE + "<OME Name='µ'/>".encode("utf-16-le"), False),
        (codecs.BOM_UTF16_BE + "<OME Name='µ'/>".encode("utf-16-be"), False),
        (b"<?xml version='1.0' encoding='rot13'?>" + "<OME Name='µ'/>".encode(), False),
    ],
)
def test_any_encoding_reads_right(data: bytes, told: bool) -> None:  # noqa: FBT001
    found = OmeDocument.parse(data)
    assert found.root.get("Name") == "µ"
    assert bool(found.problems) is told


def test_units_in_latin_1_are_understood() -> None:
    plane = '<Plane TheZ="0" TheT="0" TheC="0" PositionX="3" PositionXUnit="µm"/>'
    facts, _ = read(document(plane).decode().encode("latin-1"))
    assert facts.planes is not None
    assert facts.planes.columns["stage_x"].item() == 3


def test_bytes_that_are_no_utf8_are_told_once() -> None:
    problems: list[str] = []
    assert to_utf8(b"a\xb5m \xc2\xb5m", "utf-8", problems) == "aµm µm".encode()
    assert problems == ["has bytes that are not UTF-8, which were read as Latin-1"]


def test_a_billion_laughs_are_not_told() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE OME [<!ENTITY l0 "ha">{entities}]>'.encode()
    data = document(image="<Description>&l9; &amp;</Description>")
    with within(1):
        facts, problems = read(bomb + data)
    assert facts.static.description == "&l9; &"
    assert any("document type" in problem for problem in problems)


def test_an_entity_that_names_a_file_is_not_followed() -> None:
    bomb = b'<!DOCTYPE OME [<!ENTITY x SYSTEM "file:///etc/hostname"> ]>'
    facts, _ = read(bomb + document(image="<Description>&x;</Description>"))
    assert facts.static.description == "&x;"


def test_forbidden_characters_are_left_out() -> None:
    facts, problems = read(document(image="<Description>a\x01b&#2;c &amp; d & e</Description>"))
    assert facts.static.description == "abc & d & e"
    assert "has characters that XML forbids, which were left out" in problems
    assert repaired(b"&#65; &#x1F; &#11;") == b"&#65;  "


@pytest.mark.parametrize(
    "data", [b"<OME><Image></OME>", b"<a/>", b"", b"<OME" + b"<a>" * 100_000, b"<a>" * 100_000 + b"</a>" * 100_000]
)
def test_what_is_no_ome_xml_is_an_error_with_its_cause(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match=r"x\.ome: OME-XML: "):
        OmeDocument.parse(data, "x.ome")


def test_planes_are_cut_out_and_the_rest_stays() -> None:
    data = document(f'<Channel ID="c"/>{PLANES}<AnnotationRef ID="a"/>')
    parts = cut(data)
    assert parts.runs == (PLANES.encode(),)
    assert parts.head.count(b"<Channel") == parts.head.count(b"<AnnotationRef") == 1
    assert b"Plane " not in parts.head


def test_a_channel_between_planes_is_not_lost() -> None:
    parts = cut(document(f'{PLANES}<Channel ID="c"/>{PLANES}'))
    assert parts.runs == ((PLANES * 2).encode(),)
    assert b'<Channel ID="c"/>' in parts.head


def test_any_prefix_will_do() -> None:
    text = (
        f'<o:OME xmlns:o="{NAMESPACE}"><o:Image ID="i" Name="n"><o:Pixels DimensionOrder="XYCZT" Type="uint8" '
        'SizeX="1" SizeY="1" SizeZ="1" SizeC="1" SizeT="1" PhysicalSizeX="2"><o:Channel Name="a"/>'
        '<o:Plane TheZ="0" TheT="0" TheC="0" ExposureTime="0.5"></o:Plane></o:Pixels></o:Image></o:OME>'
    )
    facts, _ = read(text.encode())
    assert facts.channels["name"] == ("a",)
    assert facts.axes["X"].spacing == 2
    assert facts.planes is not None
    assert facts.planes.columns["exposure"].item() == 0.5


def test_planes_in_a_foreign_annotation_stay_there() -> None:
    note = "<XMLAnnotation ID='a'><Value><Pixels><Plane Of='mine'/></Pixels></Value></XMLAnnotation>"
    facts, _ = read(document(PLANES, after=f"<StructuredAnnotations>{note}</StructuredAnnotations>"))
    assert facts.static.annotations[0]["value"] == "<Pixels><Plane Of='mine'/></Pixels>"
    assert facts.planes is not None
    assert facts.planes.columns["delta_t"].item() == 1


def test_planes_in_a_comment_are_none() -> None:
    facts, _ = read(document(f"<!-- {PLANES} --><TiffData/>"))
    assert facts.planes is None

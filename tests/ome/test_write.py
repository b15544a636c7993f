from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omio.errors import OmioWarning, UnwritableError
from omio.metadata.axes import Listed, Regular
from omio.metadata.facts import Facts, PlaneTable, Static
from omio.metadata.original import Original
from omio.ome import native
from omio.ome.document import OmeDocument
from omio.ome.facts import facts_of
from omio.ome.write import ome_xml
from tests.ome.support import Text
from tests.support.schema import schema_errors
from tests.writers.images import rich_facts

SHAPE = (2, 3, 2, 7, 5)


def read_back(data: bytes, shape: tuple[int, ...]) -> Facts:
    source = Text(data)
    facts, problems = facts_of(OmeDocument.parse(data).images[0], source, shape)
    assert not problems
    return facts


def plain(facts: Facts) -> dict[str, Any]:
    """Return all that must survive, in values that compare."""
    columns = facts.planes.columns if facts.planes is not None else {}
    static = facts.static
    return {
        "axes": {dim: (type(axis).__name__, axis.origin, axis.spacing, axis.size) for dim, axis in facts.axes.items()},
        "positions": {dim: axis.values().tolist() for dim, axis in facts.axes.items() if isinstance(axis, Listed)},
        "channels": dict(facts.channels),
        "planes": {name: column.tolist() for name, column in columns.items()},
        "static": {
            name: getattr(static, name)
            for name in ("name", "description", "acquired", "objective", "stage_position", "annotations", "provenance")
        },
        "original": dict(static.original),
    }


def sample(**changes: Any) -> Facts:
    return Facts.of(SHAPE, **{**rich_facts(), **changes})


def test_a_document_of_everything_is_valid_by_the_schema() -> None:
    assert schema_errors(ome_xml(sample(), np.dtype(np.uint16)).encode()) == []


def test_all_facts_come_back() -> None:
    notes = [note for note in rich_facts()["annotations"] if note["value"] != float("inf")]
    facts = sample(
        annotations=tuple(notes), original=Original({"vendor": {"text": "\x00\x01ü", "list": [1, None]}}.copy)
    )
    document = ome_xml(facts, np.dtype(np.uint16))
    assert document.lost == ()
    assert plain(read_back(document.encode(), SHAPE)) == plain(facts)


def test_a_second_round_trip_adds_nothing() -> None:
    once = ome_xml(read_back(ome_xml(sample(), np.dtype(np.uint16)).encode(), SHAPE), np.dtype(np.uint16))
    twice = ome_xml(read_back(once.encode(), SHAPE), np.dtype(np.uint16))
    assert len(once.text) == len(twice.text)


def test_reversed_and_uneven_axes_come_back() -> None:
    facts = Facts(
        dict(zip("TZCYX", SHAPE, strict=True)),
        {
            "T": Listed(np.array([0.0, 7.25])),
            "Z": Regular(12.0, -1.5, 3),
            "Y": Regular(3.5, 1e-10, 7),
            "X": Listed(np.array([0, 1, 2, 4, 8.0])),
        },
    )
    assert plain(read_back(ome_xml(facts, np.dtype(np.uint8)).encode(), SHAPE)) == plain(facts)


def test_times_of_planes_make_no_axis_that_was_not_there() -> None:
    times = np.arange(12, dtype=float).reshape(2, 3, 2)
    facts = Facts.of(SHAPE, planes=PlaneTable.of({"delta_t": times}))
    back = read_back(ome_xml(facts, np.dtype(np.uint8)).encode(), SHAPE)
    assert "T" not in back.axes
    assert back.planes is not None
    assert back.planes.columns["delta_t"].tolist() == times.tolist()


def test_planes_of_which_nothing_is_known_are_left_out() -> None:
    exposure = np.full((2, 3, 2), np.nan)
    exposure[1, 2, 0] = 0.25
    facts = Facts.of(SHAPE, planes=PlaneTable.of({"exposure": exposure, "delta_t": np.full((2, 3, 2), np.nan)}))
    document = ome_xml(facts, np.dtype(np.uint8))
    assert document.text.count("<Plane ") == 1
    assert '<Plane TheZ="2" TheT="1" TheC="0" ExposureTime="0.25"/>' in document.text


def test_forbidden_characters_are_stripped_and_told() -> None:
    facts = Facts.of(SHAPE, name="a\x00b", description="c\x0bd", channels=[{"name": "e\ufffef"}])
    document = ome_xml(facts, np.dtype(np.uint8))
    assert document.lost == tuple(
        f"{fact}: characters that XML cannot hold" for fact in ("name", "description", "channels[0].name")
    )
    back = read_back(document.encode(), SHAPE)
    assert (back.static.name, back.static.description) == ("ab", "cd")


def test_infinite_values_of_planes_are_told() -> None:
    column = np.zeros((2, 3, 2))
    column[0, 0, 0] = np.inf
    document = ome_xml(Facts.of(SHAPE, planes=PlaneTable.of({"delta_t": column})), np.dtype(np.uint8))
    assert document.lost == ("planes.delta_t: infinite values",)
    assert schema_errors(document.encode()) == []


def test_no_numeric_character_references_are_written() -> None:
    # Bio-Formats reads "&#10;" as "#10;"
    assert "&#" not in ome_xml(sample(name="a\nb\tc\rd"), np.dtype(np.uint8)).text


def test_elements_that_another_program_changed_win() -> None:
    text = ome_xml(sample(), np.dtype(np.uint8)).text
    edited = text.replace('PhysicalSizeX="0.30000000000000004"', 'PhysicalSizeX="0.5"').replace(
        'Name="cells 2"', 'Name="new"'
    )
    back = read_back(edited.encode(), SHAPE)
    assert back.axes["X"].spacing == 0.5
    assert back.static.name == "new"


def test_a_damaged_native_annotation_is_told_and_changes_nothing() -> None:
    facts = Facts.of(SHAPE, name="x")
    for text in ("{", "[1]", "[" * 100_000, '"a"'):
        with pytest.warns(OmioWarning, match="damaged"):
            assert native.apply(text, facts) is facts


@pytest.mark.parametrize(
    "text",
    [
        '{"axes": {"X": {"positions": [1, 2]}, "Q": {"origin": 1, "spacing": 1}, "Z": {"origin": "a", "spacing": []}}}',
        '{"channels": {"lut": [1], "window": "x"}, "planes": {"label": [1]}, "static": [], "annotations": [[1], 5]}',
        '{"provenance": [1, "a"], "sources": [], "original": 5, "ids": 3, "axes": {"Y": {"origin": 0, "spacing": 0}}}',
    ],
)
def test_native_entries_that_do_not_fit_are_ignored(text: str) -> None:
    facts = Facts.of(SHAPE, pixel_size={"Y": 1.0})
    assert plain(native.apply(text, facts)) == plain(facts)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float16"])
def test_dtypes_that_ome_does_not_know_are_an_error(dtype: str) -> None:
    with pytest.raises(UnwritableError, match=dtype):
        ome_xml(Facts.of(SHAPE), np.dtype(dtype))


texts = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
        | st.sampled_from("\n\t\r ")
    )
    | st.none()
)
sizes = st.floats(1e-300, 1e300, allow_nan=False) | st.sampled_from([1.0, 0.1, 488.0])
numbers = st.floats(-1e9, 1e9) | st.integers(-5, 5) | st.none()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda item: st.lists(item) | st.dictionaries(st.text(), item),
    max_leaves=5,
)
dates = st.datetimes().map(datetime.isoformat) | st.none()
channels = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "color": st.from_regex(r"#[0-9A-F]{6}", fullmatch=True),
        "excitation_nm": sizes,
        "emission_nm": sizes | st.just(0.0),
        "fluor": texts,
        "acquisition_mode": st.sampled_from(["WideField", "odd", "Other"]),
        "contrast_method": st.sampled_from(["DIC", "odd"]),
        "pinhole_um": sizes,
        "nd_filter": st.floats(0, 1),
        "window": st.tuples(st.floats(0, 10), st.floats(11, 20)),
        "lut": st.just("ABCDEF" * 256),
    },
)
map_values = st.lists(st.tuples(st.text(), st.text()).map(list))
notes = st.one_of(
    st.fixed_dictionaries({"kind": st.just("map"), "value": map_values}, optional={"id": st.text(min_size=1)}),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["comment", "tag", "term", "xml"]), "value": st.text()},
        optional={"description": st.text(min_size=1), "namespace": st.text(min_size=1)},
    ),
    st.fixed_dictionaries({"kind": st.just("long"), "value": st.integers()}),
    st.fixed_dictionaries({"kind": st.just("double"), "value": st.floats(allow_nan=False, allow_infinity=False)}),
    st.fixed_dictionaries({"kind": st.just("boolean"), "value": st.booleans()}),
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    axes: dict[str, Any] = {}
    for dim, size in zip("TZYX", (2, 3, 7, 5), strict=True):
        if draw(st.booleans()):
            axes[dim] = Regular(draw(st.floats(-1e6, 1e6)), draw(sizes) * draw(st.sampled_from([1, -1])), size)
    rows = draw(st.lists(channels, max_size=2))
    column = np.array(draw(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=12, max_size=12))).reshape(
        2, 3, 2
    )
    planes = PlaneTable.of({"delta_t": column}) if draw(st.booleans()) and not np.isnan(column).all() else None
    base = Facts.of(SHAPE, channels=rows, planes=planes)
    static = Static(
        name=draw(texts),
        description=draw(texts),
        acquired=draw(dates),
        objective=draw(
            st.dictionaries(st.sampled_from(["magnification", "na", "working_distance_um"]), sizes, min_size=1)
            | st.none()
        ),
        stage_position=draw(st.dictionaries(st.sampled_from("XYZ"), st.floats(-1e9, 1e9), min_size=1) | st.none()),
        annotations=tuple(draw(st.lists(notes, max_size=4))),
        provenance=tuple(
            draw(st.lists(st.fixed_dictionaries({"action": st.text(), "detail": json_values}), max_size=2))
        ),
        original=Original(draw(st.dictionaries(st.text(), json_values, max_size=3)).copy),
    )
    return Facts(base.sizes, axes, base.channels, base.planes, static)


@given(facts())
@example(Facts.of(SHAPE))
def test_any_facts_give_a_valid_document_and_come_back_but_for_what_is_told(image: Facts) -> None:
    document = ome_xml(image, np.dtype(np.uint16))
    assert schema_errors(document.encode()) == []
    if not document.lost:
        wanted, found = plain(image), plain(read_back(document.encode(), SHAPE))
        np.testing.assert_equal(found.pop("planes"), wanted.pop("planes"))
        if not wanted["original"]:  # then what the new document itself says may take its place
            assert set(found.pop("original")) <= {"OME"}
            wanted.pop("original")
        assert found == wanted

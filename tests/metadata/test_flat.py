"""Metadata as a flat dict: what changed keys mean."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import MetadataError
from omio.metadata._coords import to_metadata
from omio.metadata.facts import Facts
from omio.metadata.flat import FlatMetadata

SHAPE = (2, 3, 2, 8, 10)


def made(**known: Any) -> FlatMetadata:
    facts = Facts.of(SHAPE, pixel_size={"Y": 0.5, "X": 0.25}, channels=[{"name": "A"}, {"name": "B"}], **known)
    return to_metadata(facts, np.dtype(np.uint16)).to_flat()


def test_unknown_is_none() -> None:
    found = made()
    assert (found["PhysicalSizeZ"], found["PhysicalSizeZUnit"], found["TimeIncrement"]) == (None, None, None)
    assert (found["PhysicalSizeX"], found["PhysicalSizeXUnit"], found["unit"]) == (0.25, "µm", "micron")
    assert (found["axes"], found["shape"], found["Channel_Count"]) == ("TZCYX", SHAPE, 2)


def test_untouched_it_changes_nothing() -> None:
    assert made(time_increment=2.0, description="beads", original={"a": [1]}).changes() == {}


@pytest.mark.parametrize(
    ("keys", "changes"),
    [
        ({"PhysicalSizeZ": 5}, {"pixel_size": {"Z": 5.0}}),
        ({"PhysicalSizeX": None}, {"pixel_size": {"X": None}}),
        ({"PhysicalSizeX": 200, "PhysicalSizeXUnit": "nm"}, {"pixel_size": {"X": 0.2}}),
        ({"PhysicalSizeX": 200, "unit": "nm"}, {"pixel_size": {"X": 0.2}}),
        ({"PhysicalSizeXUnit": "mm"}, {"pixel_size": {"X": 250.0}}),
        ({"unit": "mm"}, {"pixel_size": {"X": 250.0, "Y": 500.0, "Z": None}}),
        ({"unit": "mm", "PhysicalSizeYUnit": "nm"}, {"pixel_size": {"X": 250.0, "Y": 0.0005, "Z": None}}),
        ({"TimeIncrement": 3}, {"time_increment": 3.0}),
        ({"TimeIncrement": 500, "TimeIncrementUnit": "ms"}, {"time_increment": 0.5}),
        ({"Operator": None}, {}),
    ],
)
def test_a_changed_key_is_honoured(keys: dict[str, Any], changes: dict[str, Any]) -> None:
    metadata = made()
    metadata.update(keys)
    found = metadata.changes()
    assert found.keys() == changes.keys()
    for name, value in changes.items():
        assert found[name] == pytest.approx(value)


@pytest.mark.parametrize(
    "keys",
    [
        {"PhysicalSizeX": 1, "PhysicalSizeXUnit": "parsnip"},
        {"PhysicalSizeX": "wide"},
        {"TimeIncrement": 1, "TimeIncrementUnit": "µm"},
    ],
)
def test_what_is_no_size_is_told(keys: dict[str, Any]) -> None:
    metadata = made()
    metadata.update(keys)
    with pytest.raises(MetadataError, match=next(iter(keys))):
        metadata.changes()


def test_annotations_are_fields_originals_and_notes_of_ones_own() -> None:
    metadata = made(description="beads", original={"gain": 3}, annotations=({"kind": "comment", "value": "kept"},))
    notes = metadata["Annotations"]
    assert (notes["description"], notes["original_gain"], notes["channels"][0]["name"]) == ("beads", 3, "A")
    del notes["description"]
    notes |= {"original_gain": 4, "Operator": "Ada", "channels": ["X", "Y"]}
    metadata["Counts"] = [1, 2]
    changes = metadata.changes()
    comment, own = changes.pop("annotations")
    assert changes == {"description": None, "original": {"gain": 4}, "channels": ["X", "Y"]}
    assert comment["value"] == "kept"
    assert own["value"] == [["Operator", "Ada"], ["Counts", "[1, 2]"]]


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.integers()), st.floats(allow_nan=False)))
def test_law_a_key_of_ones_own_comes_back_as_it_was(value: Any) -> None:
    metadata = made()
    metadata["own"] = value
    notes = metadata.changes()["annotations"]
    again = to_metadata(Facts.of(SHAPE, annotations=tuple(notes))).to_flat()
    expected = repr(value) if isinstance(value, float) and not np.isfinite(value) else value
    assert again["Annotations"]["own"] == expected
    assert again.changes() == {}


def test_it_is_a_dict_that_travels() -> None:
    metadata = made(time_increment=2.0)
    metadata["PhysicalSizeZ"] = 5
    copies = (pickle.loads(pickle.dumps(metadata)), copy.copy(metadata), copy.deepcopy(metadata), metadata.copy())  # noqa: S301
    for other in copies:
        assert other == metadata
        assert other.changes() == metadata.changes() == {"pixel_size": {"Z": 5.0}}
    metadata.copy()["Annotations"]["channels"].clear()
    assert metadata["Annotations"]["channels"]
    plain = json.loads(json.dumps(metadata))
    told = FlatMetadata.of(plain).changes()
    assert told["pixel_size"] == {"X": 0.25, "Y": 0.5, "Z": 5.0}
    assert told["time_increment"] == 2.0

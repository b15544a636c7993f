from __future__ import annotations

import json
import math
import pickle
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from omio import MicroscopyDataset
from omio.errors import MetadataError
from omio.metadata._coords import from_metadata, to_metadata
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.metadata.models import Annotation, Axis, Channel, ImageMetadata

PIXEL_SIZE = {"Z": 1.5, "Y": 0.2, "X": 0.1}


@pytest.fixture
def cells() -> MicroscopyDataset:
    return MicroscopyDataset.from_array(
        np.zeros((2, 5, 3, 4, 6), "uint8"), pixel_size=PIXEL_SIZE, time_increment=2.5, channels=["a", "b", "c"]
    )


class TestDirection:
    def test_a_reversed_axis_says_so(self, cells: MicroscopyDataset) -> None:
        known = cells.isel(Z=slice(None, None, -1)).metadata
        assert (known.axis("Z").origin, known.axis("Z").spacing) == (6.0, -1.5)
        assert known.pixel_size == PIXEL_SIZE

    def test_models_and_facts_give_each_other_back(self, cells: MicroscopyDataset) -> None:
        backwards = cells.isel(Z=slice(None, None, -1), T=slice(None, None, -1)).facts
        assert from_metadata(to_metadata(backwards)).axes == backwards.axes
        assert to_metadata(backwards).time_increment == 2.5

    def test_a_new_spacing_keeps_the_direction(self, cells: MicroscopyDataset) -> None:
        backwards = cells.isel(Z=slice(None, None, -1))
        assert backwards.with_metadata(pixel_size={"Z": 1.5}).facts.axes == backwards.facts.axes
        assert backwards.with_metadata(pixel_size={"Z": 3.0}).facts.axes["Z"] == Regular(12.0, -3.0, 5)
        assert cells.isel(T=[1, 0]).with_metadata(time_increment=1.0).facts.axes["T"] == Regular(1.0, -1.0, 2)


class TestFrozen:
    def test_models_are_not_changed_in_place(self, cells: MicroscopyDataset) -> None:
        known: Any = cells.metadata
        for shared in (known.pixel_size, known.sources):
            with pytest.raises(TypeError, match="in place"):
                shared["X"] = 99
        assert cells.pixel_size == PIXEL_SIZE

    def test_they_are_dicts_to_pickle_and_json(self, cells: MicroscopyDataset) -> None:
        known = cells.metadata
        assert pickle.loads(pickle.dumps(known)) == known  # noqa: S301 - our own bytes
        assert json.loads(known.model_dump_json())["pixel_size"] == PIXEL_SIZE
        assert isinstance(known.pixel_size, dict)
        assert ImageMetadata.model_validate_json(known.model_dump_json()) == known


class TestSources:
    def test_what_is_no_longer_known_has_none(self, cells: MicroscopyDataset) -> None:
        assert cells.metadata.sources["pixel_size.Z"] == "user"
        flat = cells.project("Z").metadata
        assert flat.pixel_size["Z"] is None
        assert "pixel_size.Z" not in flat.sources
        assert flat.sources["pixel_size.X"] == "user"
        assert "time_increment" not in cells.with_metadata(time_increment=None).metadata.sources

    def test_sources_of_channels_follow_them(self, cells: MicroscopyDataset) -> None:
        told = {f"channels[{at}].name": f"file: {at}" for at in range(3)} | {"channels[1].color": "file: none"}
        image = MicroscopyDataset(cells.recipe, cells.facts.with_sources(told))
        assert {n: w for n, w in image.isel(C=[2, 1]).metadata.sources.items() if "[" in n} == {
            "channels[0].name": "file: 2",
            "channels[1].name": "file: 1",
        }
        assert image.metadata.sources["channels[2].name"] == "file: 2"


class TestChecks:
    @pytest.mark.parametrize("bad", [{"size": -4}, {"spacing": 0}, {"spacing": math.nan}, {"spacing": math.inf}])
    def test_impossible_axes_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Axis(**{"name": "X", "size": 4, **bad})

    @pytest.mark.parametrize(
        "bad", [{"color": "#zzzzzz"}, {"color": "#12345"}, {"emission_nm": -5}, {"excitation_nm": 0}]
    )
    def test_impossible_channels_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Channel(**bad)
        with pytest.raises(MetadataError, match=next(iter(bad))):
            to_metadata(Facts.of((1, 1, 1, 4, 4), channels=[bad]))

    def test_an_axis_that_is_not_there_is_an_error(self, cells: MicroscopyDataset) -> None:
        with pytest.raises(MetadataError, match=r"no axis 'Q'. There are T, Z, C, Y, X"):
            cells.metadata.axis("Q")

    def test_annotations_hold_what_json_holds(self, cells: MicroscopyDataset) -> None:
        notes = [
            {"kind": "long", "value": np.int64(7)},
            {"kind": "double", "value": math.nan},
            {"kind": "double", "value": -math.inf},
            {"kind": "map", "value": [["a", np.float32(0.5)]]},
        ]
        known = cells.with_metadata(annotations=notes)
        assert json.loads(known.to_xarray().attrs["omio"])["annotations"][0]["value"] == 7
        again = ImageMetadata.model_validate_json(known.metadata.model_dump_json()).annotations
        assert [note.value for note in again][0::2] == [7, -math.inf]
        assert math.isnan(again[1].value)
        assert again[3].value == [["a", 0.5]]
        assert Annotation(value=[1, (2, 3)]).value == [1, [2, 3]]

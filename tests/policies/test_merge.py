from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omio import MicroscopyDataset, OmioWarning, PaddedMerge, StrictMerge
from omio.errors import MergeError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts


def image(*shape: int, dtype: str = "uint16", **known: Any) -> MicroscopyDataset:
    facts = Facts.of(shape, **{"pixel_size": {"X": 0.1, "Y": 0.1, "Z": 1.5}, "time_increment": 2.5, **known})
    return MicroscopyDataset(ArrayRecipe(np.zeros(shape, dtype)), facts.with_step("open", scene="0"))


def conflicts(*parts: MicroscopyDataset, **options: Any) -> str:
    with pytest.raises(MergeError) as caught:
        parts[0].merge(*parts[1:], **options)
    assert len(caught.value.conflicts) == 1, caught.value.conflicts
    return caught.value.conflicts[0]


class TestPadded:
    def test_forgives_lengths_but_no_spacing(self) -> None:
        whole = image(1, 1, 1, 8, 50)
        other = whole.with_metadata(pixel_size={"X": 5.0})
        assert conflicts(whole, other, policy="padded") == "part 2: X spacing: 0.1 µm and 5 µm"

    def test_forgives_no_other_place(self) -> None:
        whole = image(1, 1, 1, 8, 50)
        told = "part 2: X origin: 0 µm and 4 µm"
        assert conflicts(whole.isel(X=slice(0, 10)), whole.isel(X=slice(40, 50)), policy="padded") == told
        assert conflicts(whole, whole.isel(X=slice(40, 50)), policy="padded") == told

    def test_what_begins_alike_is_padded(self) -> None:
        whole = image(1, 3, 1, 8, 50)
        with pytest.warns(OmioWarning, match="part 2 is padded in Z from 1 to 3, X from 10 to 50"):
            merged = whole.merge(whole.isel(X=slice(0, 10), Z=slice(0, 1)), policy="padded")
        assert merged.shape == (2, 3, 1, 8, 50)
        assert merged.facts.axes["X"] == whole.facts.axes["X"]

    def test_a_crop_from_the_center_lies_where_it_did(self) -> None:
        whole = image(1, 1, 1, 8, 50)
        policy = PaddedMerge(pad={"align": "center"})
        with pytest.warns(OmioWarning, match="X from 40 to 50"):
            assert whole.merge(whole.isel(X=slice(5, 45)), policy=policy).sizes["X"] == 50
        assert "X origin: " in conflicts(whole, whole.isel(X=slice(3, 43)), policy=policy)


class TestObjective:
    def test_two_objectives_are_a_conflict(self) -> None:
        parts = [image(1, 1, 1, 4, 4, objective={"magnification": size, "na": 1.4}) for size in (63.0, 10.0)]
        assert conflicts(*parts) == "part 2: objective magnification: 63 and 10"

    def test_an_unknown_one_is_none(self) -> None:
        known, unknown = image(1, 1, 1, 4, 4, objective={"magnification": 63.0}), image(1, 1, 1, 4, 4)
        merged = unknown.merge(known)
        assert merged.metadata.objective is None
        assert merged.metadata.provenance[-1].model_dump()["parts"][1]["objective"] == {"magnification": 63.0}


class TestProvenance:
    def test_what_is_each_parts_own_stays_with_it(self) -> None:
        first, second = (image(1, 1, 1, 4, 4, stage_position={"X": at}, name=f"at {at}") for at in (1.0, 2.0))
        merged = first.merge(second.isel(X=slice(0, 4)).astype("uint16").with_metadata(acquired="2026-11-20T10:00:00"))
        assert merged.facts.static.stage_position == {"X": 1.0}
        one, two = merged.metadata.provenance[-1].model_dump()["parts"]
        assert set(one) == {"scene", "at"}
        assert (two["stage_position"], two["name"]) == ({"X": 2.0}, "at 2.0")
        assert two["acquired"] == "2026-11-20T10:00:00"
        assert [step["action"] for step in two["provenance"]] == ["open", "astype", "with_metadata"]

    def test_a_part_that_was_only_opened_needs_no_more(self) -> None:
        merged = image(1, 1, 1, 4, 4).merge(image(1, 1, 1, 4, 4))
        assert merged.metadata.provenance[-1].model_dump()["parts"] == [
            {"scene": "0", "at": [0, 1]},
            {"scene": "0", "at": [1, 2]},
        ]


class TestPromotion:
    @pytest.mark.parametrize(("a", "b"), [("uint64", "int64"), ("int64", "float32"), ("uint64", "float64")])
    def test_what_would_round_is_refused(self, a: str, b: str) -> None:
        with pytest.raises(MergeError, match=r"float64 does not hold all values of u?int64"):
            image(1, 1, 1, 4, 4, dtype=a).merge(image(1, 1, 1, 4, 4, dtype=b), policy=StrictMerge(dtype="promote"))

    @pytest.mark.parametrize(
        ("a", "b", "both"),
        [
            ("uint8", "int8", "int16"),
            ("uint16", "float32", "float32"),
            ("int32", "float32", "float64"),
            ("bool", "uint8", "uint8"),
            ("float32", "complex64", "complex64"),
            ("uint64", "uint64", "uint64"),
        ],
    )
    def test_what_holds_all_values_is_taken(self, a: str, b: str, both: str) -> None:
        parts = [image(1, 1, 1, 4, 4, dtype=dtype) for dtype in (a, b)]
        assert parts[0].merge(parts[1], policy=StrictMerge(dtype="promote")).dtype == both


class TestTimes:
    def test_uneven_times_that_begin_again_are_a_conflict(self) -> None:
        uneven = image(3, 1, 1, 4, 4, times=np.array([0.0, 1.0, 5.0]))
        told = conflicts(uneven, uneven)
        assert told == 'part 2: T: uneven positions 0 to 5 after 0 to 5; times="restart" keeps them'
        restarted = uneven.merge(uneven, policy=StrictMerge(times="restart"))
        assert restarted.data.time.values.tolist() == [0, 1, 5, 0, 1, 5]

    def test_stamps_need_dates_of_one_kind(self) -> None:
        policy = StrictMerge(times="stamps")
        naive, aware, none, text = (
            image(2, 1, 1, 4, 4, acquired=date)
            for date in ("2026-11-20T10:00:00", "2026-11-20T10:01:00+01:00", None, "last Friday")
        )
        for other in (aware, none, text):
            assert "acquired" in conflicts(naive, other, policy=policy)
        with pytest.raises(MergeError, match="acquired"):
            none.merge(none, policy=policy)
        assert none.merge(none, along="Z", policy=policy).sizes["Z"] == 2

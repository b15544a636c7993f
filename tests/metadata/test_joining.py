from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio import MicroscopyDataset
from omio.metadata.axes import Listed, Regular


def stack(sizes: int = 5, **known: Any) -> MicroscopyDataset:
    pixels = np.zeros((sizes, sizes, 1, 2, 2), "uint8")
    return MicroscopyDataset.from_array(pixels, **{"pixel_size": {"Z": 1.5}, "time_increment": 2.5, **known})


def positions(image: MicroscopyDataset, dim: str = "Z") -> list[float]:
    values: list[float] = image.facts.axes[dim].values().tolist()
    return values


@given(st.permutations(range(6)), st.sets(st.integers(1, 5)), st.sampled_from((1, -1)), st.sampled_from("TZ"))
def test_every_plane_keeps_its_place_wherever_it_is_put(order: list[int], cuts: set[int], step: int, dim: str) -> None:
    whole = stack(6).isel(**{dim: slice(None, None, step)})
    bounds = [0, *sorted(cuts), 6]
    pieces = [whole.isel(**{dim: slice(a, b)}) for a, b in pairwise(bounds)]
    shuffled = [pieces[at] for at in order if at < len(pieces)]
    merged = shuffled[0].merge(*shuffled[1:], along=dim)
    assert positions(merged, dim) == [value for piece in shuffled for value in positions(piece, dim)]


class TestAlongZ:
    def test_parts_keep_their_places(self) -> None:
        whole = stack()
        swapped = whole.isel(Z=slice(3, 5)).merge(whole.isel(Z=slice(0, 3)), along="Z")
        assert positions(swapped) == [4.5, 6, 0, 1.5, 3]
        assert swapped.pixel_size["Z"] is None
        assert positions(whole.isel(Z=0).merge(whole.isel(Z=4), along="Z")) == [0, 6]

    def test_parts_that_go_on_keep_the_spacing(self) -> None:
        whole = stack()
        again = whole.isel(Z=0).merge(whole.isel(Z=slice(1, 4)), whole.isel(Z=4), along="Z")
        assert again.facts.axes["Z"] == Regular(0.0, 1.5, 5)
        backwards = whole.isel(Z=slice(None, None, -1))
        both = backwards.isel(Z=slice(0, 2)).merge(backwards.isel(Z=slice(2, 5)), along="Z")
        assert both.facts.axes["Z"] == Regular(6.0, -1.5, 5)

    def test_single_planes_have_no_direction(self) -> None:
        whole = stack()
        falling = whole.isel(Z=4).merge(whole.isel(Z=3), whole.isel(Z=2), along="Z")
        assert falling.facts.axes["Z"] == Regular(6.0, -1.5, 3)

    def test_merging_one_by_one_is_merging_at_once(self) -> None:
        whole = stack()
        picked = [whole.isel(Z=at) for at in (0, 4, 1, 2)]
        one_by_one = picked[0]
        for part in picked[1:]:
            one_by_one = one_by_one.merge(part, along="Z")
        assert positions(one_by_one) == positions(picked[0].merge(*picked[1:], along="Z")) == [0, 6, 1.5, 3]

    def test_parts_that_all_begin_alike_say_nothing_of_their_order(self) -> None:
        whole = stack()
        assert whole.merge(whole, along="Z").facts.axes["Z"] == Regular(0.0, 1.5, 10)

    def test_dates_move_no_plane(self) -> None:
        dated = [stack().with_metadata(acquired=f"2026-11-20T10:0{minute}:00") for minute in (0, 1)]
        merged = dated[0].merge(dated[1], along="Z", policy={"kind": "strict", "times": "stamps"})
        assert merged.facts.axes["Z"] == Regular(0.0, 1.5, 10)


class TestAlongT:
    @pytest.mark.parametrize(
        ("cuts", "expected"),
        [
            (((0, 2), (2, 5)), [0, 2.5, 5, 7.5, 10]),
            (((0, 2), (3, 5)), [0, 2.5, 7.5, 10]),
            (((3, 5), (0, 2)), [7.5, 10, 0, 2.5]),
            (((0, 2), (0, 2)), [0, 2.5, 5, 7.5]),
        ],
    )
    def test_real_seconds_are_kept(self, cuts: Any, expected: list[float]) -> None:
        parts = [stack().isel(T=slice(*cut)) for cut in cuts]
        assert positions(parts[0].merge(parts[1]), "T") == expected

    def test_uneven_times_that_follow_each_other_are_joined(self) -> None:
        uneven = stack(9).isel(T=[0, 1, 4])
        later = stack(9).isel(T=[5, 6, 8])
        joined = uneven.merge(later).facts.axes["T"]
        assert isinstance(joined, Listed)
        assert joined.values().tolist() == [0, 2.5, 10, 12.5, 15, 20]

    def test_two_frames_with_measured_times_prove_no_interval(self) -> None:
        measured = stack(9).isel(T=[0, 1, 4]).isel(T=[0, 2])
        whole = measured.isel(T=0).merge(measured.isel(T=1))
        assert whole.identical(measured)
        assert whole.metadata.time_increment is None

    def test_single_frames_follow_their_dates(self) -> None:
        frames = [
            MicroscopyDataset.from_array(np.zeros((2, 2), "uint8"), "YX").with_metadata(
                acquired=f"2026-11-20T10:0{m}:00"
            )
            for m in (0, 1, 3)
        ]
        merged = frames[0].merge(*frames[1:], policy={"kind": "strict", "times": "stamps"})
        assert positions(merged, "T") == [0, 60, 180]

    def test_an_empty_part_moves_nothing(self) -> None:
        whole = stack()
        assert positions(whole.isel(T=slice(0, 0)).merge(whole.isel(T=slice(2, 4))), "T") == [5, 7.5]

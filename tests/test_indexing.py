from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.indexing import compose, grouped, hull, is_full, is_run, meet, positions, simplify, to_index, to_numpy, within


@st.composite
def chains(draw: st.DrawFn) -> tuple[int, list[slice | list[int]]]:
    size = length = draw(st.integers(1, 30))
    steps: list[slice | list[int]] = []
    for _ in range(draw(st.integers(1, 4))):
        step: slice | list[int]
        step = draw(st.slices(length) | st.lists(st.integers(-length, length - 1), max_size=length))
        taken = np.arange(length)[step if isinstance(step, slice) else np.array(step, dtype=np.intp)]
        steps.append(step)
        length = len(taken)
        if not length:
            break
    return size, steps


@given(chains())
def test_composed_indexes_select_what_numpy_selects_step_by_step(chain: tuple[int, list[slice | list[int]]]) -> None:
    size, steps = chain
    expected, index = np.arange(size), to_index(slice(None), size)
    for step in steps:
        expected = expected[step if isinstance(step, slice) else np.array(step, dtype=np.intp)]
        index = compose(index, to_index(step, len(index)))
    assert positions(index).tolist() == expected.tolist()
    assert np.arange(size)[to_numpy(index)].tolist() == expected.tolist()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20))
def test_hull_holds_all_positions_and_within_finds_them(values: list[int]) -> None:
    index = simplify(np.array(values, dtype=np.intp))
    run = hull(index)
    assert (run[0], run[-1]) == (min(values), max(values))
    assert positions(run)[within(index, run)].tolist() == values


@given(chains(), st.integers(-5, 35), st.integers(0, 40))
def test_meet_finds_the_places_within_bounds(
    chain: tuple[int, list[slice | list[int]]], start: int, length: int
) -> None:
    size, steps = chain
    index = to_index(slice(None), size)
    for step in steps:
        index = compose(index, to_index(step, len(index)))
    places, inside = meet(index, start, start + length)
    wanted = [(at, value - start) for at, value in enumerate(positions(index)) if start <= value < start + length]
    assert list(zip(positions(places).tolist(), positions(inside).tolist(), strict=True)) == wanted
    assert isinstance(places, range) == isinstance(inside, range) == isinstance(index, range)


def test_even_positions_become_ranges() -> None:
    assert simplify(np.array([3, 5, 7])) == range(3, 9, 2)
    assert simplify(np.array([4, 3, 2])) == range(4, 1, -1)
    assert isinstance(simplify(np.array([1, 2, 4])), np.ndarray)
    assert isinstance(simplify(np.array([2, 2, 2])), np.ndarray)


@given(st.lists(st.integers(-3, 3)))
def test_groups_are_the_places_of_each_value(values: list[int]) -> None:
    found = {values[places[0]]: places.tolist() for places in grouped(np.array(values, dtype=np.intp))}
    assert list(found) == sorted(set(values))
    assert found == {value: [at for at, other in enumerate(values) if other == value] for value in found}


def test_integers_masks_and_lists() -> None:
    assert to_index(-1, 5) == range(4, 5)
    assert positions(to_index(np.array([True, False, True, True]), 4)).tolist() == [0, 2, 3]
    assert positions(to_index([-1, 0], 5)).tolist() == [4, 0]
    assert is_full(to_index(slice(None), 5), 5)
    assert is_run(to_index(slice(1, 3), 5))
    assert not is_run(to_index(slice(None, None, -1), 5))


@pytest.mark.parametrize("bad", [5, -6, [0, 5], np.array([True, False])])
def test_what_lies_outside_is_refused(bad: object) -> None:
    with pytest.raises(IndexError):
        to_index(bad, 5)


def test_what_is_no_indexer_is_refused() -> None:
    with pytest.raises(TypeError):
        to_index("a", 5)
    with pytest.raises(TypeError):
        to_index([0.5], 5)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omio.naming import in_natural_order, natural


@given(st.lists(st.from_regex(r"[at_]{0,2}[0-9]{0,3}[b.]?[0-9]{0,2}", fullmatch=True), max_size=8))
def test_the_short_cut_gives_the_natural_order(names: list[str]) -> None:
    assert in_natural_order(names) == sorted(names, key=natural)


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 99)), max_size=8))
def test_padded_numbers_too(numbers: list[tuple[int, int]]) -> None:
    names = [f"t{t:03d}_z{z:02d}.tif" for t, z in numbers]
    assert in_natural_order(names) == [f"t{t:03d}_z{z:02d}.tif" for t, z in sorted(numbers)]

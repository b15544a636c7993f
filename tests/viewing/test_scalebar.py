"""Lengths of scale bars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.viewing.scalebar import SHARE, length_text, nice_length, scale_bar


@given(st.floats(1e-6, 1e6), st.integers(8, 200_000))
def test_bar_is_about_a_fifth_of_the_width_and_as_long_as_it_says(spacing: float, width: int) -> None:
    bar = scale_bar(spacing, width)
    assert bar is not None
    assert bar.pixels * spacing == pytest.approx(bar.length)
    assert SHARE / 1.6 < bar.pixels / width < SHARE * 1.6
    digits = f"{bar.length:e}".partition("e")[0].rstrip("0").rstrip(".")
    assert digits in ("1", "2", "5")


@given(st.floats(1e-6, 1e6))
def test_no_other_nice_length_is_nearer(wanted: float) -> None:
    found = nice_length(wanted)
    for other in (found / 2, found / 2.5, found * 2, found * 2.5):
        if f"{other:e}"[:3] in ("1.0", "2.0", "5.0"):
            assert max(found / wanted, wanted / found) <= max(other / wanted, wanted / other) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.05, "50 nm"),
        (0.5, "500 nm"),
        (1, "1 µm"),
        (500, "500 µm"),
        (1000, "1 mm"),
        (20_000, "2 cm"),
        (1e-5, "0.01 nm"),
    ],
)
def test_length_is_told_in_a_fitting_unit(length: float, text: str) -> None:
    assert length_text(length) == text


def test_unknown_spacing_has_no_bar() -> None:
    assert scale_bar(None, 512) is None


def test_direction_of_the_axis_does_not_matter() -> None:
    assert scale_bar(-0.5, 512) == scale_bar(0.5, 512)

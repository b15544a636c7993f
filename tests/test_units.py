from __future__ import annotations

import math

import pytest

from omio.units import length_factor, number, positive, time_factor, to_s, to_um


@pytest.mark.parametrize(
    "spelling", ["um", "µm", "μm", "micron", "Microns", "micrometer", "\\u00B5m", "\u00c2\u00b5m", " um\x00"]
)
def test_all_spellings_of_the_micrometre(spelling: str) -> None:
    assert length_factor(spelling) == 1.0


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("nm", 1e-3), ("mm", 1e3), ("cm", 1e4), ("m", 1e6), ("inch", 25400.0), ("Å", 1e-4), ("pm", 1e-6), ("Mm", 1e12)],
)
def test_lengths(unit: str, factor: float) -> None:
    assert length_factor(unit) == pytest.approx(factor)


@pytest.mark.parametrize(("unit", "factor"), [("sec", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0), ("µs", 1e-6)])
def test_times(unit: str, factor: float) -> None:
    assert time_factor(unit) == factor


@pytest.mark.parametrize("unit", [None, "", "pixel", "reference frame", "furlong"])
def test_what_is_no_unit_is_unknown(unit: str | None) -> None:
    assert to_um(1.0, unit) is None
    assert to_s(1.0, unit) is None


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e308])
def test_what_is_not_finite_is_unknown(value: float) -> None:
    assert to_um(value, "m") is None


@pytest.mark.parametrize("value", [None, "", "five", "nan", math.inf, 10**400, [1], {"a": 1}, b"\xff"])
def test_what_is_no_finite_number_is_unknown(value: object) -> None:
    assert number(value) is None
    assert positive(value) is None


def test_numbers_come_from_text_too() -> None:
    assert [number(value) for value in ("0.5", " -2\n", 3)] == [0.5, -2.0, 3.0]
    assert [positive(value) for value in ("0.5", "-2", 0, 3)] == [0.5, None, None, 3.0]

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio import MicroscopyDataset
from omio.metadata.axes import Listed, Regular, positions_of, same_step

SMALL = (1e-3 / 7, 1e-4 / 3, 1e-9, 3.7e-10, 0.1, 1 / 3)


@pytest.mark.parametrize("spacing", SMALL)
def test_a_slice_between_shown_positions_loses_no_pixel(spacing: float) -> None:
    line = np.zeros((1, 1, 1, 1, 144), "uint8")
    image = MicroscopyDataset.from_array(line, pixel_size={"X": spacing})
    shown = image.data.X.values
    sizes = [image.sel(X=slice(shown[at], shown[at + 1])).sizes["X"] for at in range(143)]
    assert sizes == [2] * 143


@pytest.mark.parametrize("spacing", SMALL)
@pytest.mark.parametrize("size", [2, 144, 4096])
def test_shown_positions_give_their_rule_back(spacing: float, size: int) -> None:
    axis = Regular(5 * spacing, spacing, size)
    found = positions_of(axis.values())
    assert isinstance(found, Regular)
    assert found.agrees(axis)
    assert found.spacing == pytest.approx(spacing, rel=1e-7)


@pytest.mark.parametrize("spacing", SMALL)
def test_a_crop_lies_where_its_pixels_lay(spacing: float) -> None:
    axis = Regular(0.0, spacing, 100)
    crop = axis.take(range(17, 60))
    assert crop.agrees(positions_of(axis.values()[17:60]))


def test_typed_decimals_are_met_exactly() -> None:
    assert Regular(0.0, 0.1, 50).values().tolist() == [float(f"{at / 10:.1f}") for at in range(50)]
    assert positions_of(Regular(0.3, 0.1, 50).values()) == Regular(0.3, 0.1, 50)


@given(st.floats(-1e300, 1e300), st.floats(1e-200, 1e6), st.integers(1, 20))
def test_positions_are_finite_wherever_the_axis_lies(origin: float, spacing: float, size: int) -> None:
    axis = Regular(origin, spacing, size)
    assert np.isfinite(axis.values()).all()
    assert math.isclose(axis.values()[0], origin, rel_tol=1e-12, abs_tol=1e-7 * spacing)


def test_listed_positions_keep_their_small_steps() -> None:
    fine = np.array([0.0, 1.4e-10, 5.3e-10, 5.9e-10])
    np.testing.assert_allclose(Listed(fine).values(), fine, rtol=1e-6)
    assert Listed(np.array([0.1 + 0.2, 1.0, np.nan])).values()[0] == 0.3


def test_steps_are_alike_whatever_their_direction() -> None:
    assert same_step(Regular(0, 1.5, 3), Regular(9, -1.5, 1))
    assert not same_step(Regular(0, 1.5, 3), Regular(0, 1.5001, 3))
    assert not same_step(Regular(0, 1.5, 3), Listed(np.array([0.0, 1.5])))

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from omio.lazy import projection
from omio.lazy.projection import Projection, Projector
from omio.lazy.recipe import ArrayRecipe
from omio.testing.keys import pick, sample_keys


@pytest.mark.parametrize("how", get_args(Projector.__value__))
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1, 4])
def test_projections_are_numpys(how: Projector, dtype: str, axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "SLAB_BYTES", 300)
    pixels = np.random.default_rng(0).integers(0, 120, (5, 4, 2, 6, 7)).astype(dtype)
    expected = getattr(pixels, how)(axis=axis, keepdims=True)
    recipe = Projection(ArrayRecipe(pixels), axis, how)
    assert recipe.shape == expected.shape
    assert recipe.dtype == expected.dtype
    for key in sample_keys(recipe.shape):
        np.testing.assert_allclose(recipe.load(key), np.asarray(pick(expected, key), dtype="float64"), rtol=1e-6)


def test_std_of_large_numbers_does_not_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "SLAB_BYTES", 64)
    pixels = 1e9 + np.random.default_rng(0).random((40, 1, 1, 2, 3))
    np.testing.assert_allclose(Projection(ArrayRecipe(pixels), 0, "std").load()[0], pixels.std(0), rtol=1e-6)

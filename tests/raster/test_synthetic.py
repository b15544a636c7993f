"""Synthetic images, which tests of large files stand on."""

from __future__ import annotations

import numpy as np
import pytest

from omio.testing import synthetic
from omio.testing.keys import pick, sample_keys


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "bool"])
def test_parts_equal_the_whole(dtype: str) -> None:
    ds = synthetic((2, 2, 3, 90, 130, 3), dtype=dtype)
    whole = ds.load()
    assert whole.dtype == dtype
    assert len(np.unique(whole)) > 1
    for key in sample_keys(ds.shape):
        assert np.array_equal(ds.recipe.load(key), pick(whole, key))


def test_an_image_larger_than_any_disk_is_read_where_it_is_looked_at() -> None:
    ds = synthetic((10, 1, 2, 1 << 22, 1 << 22), levels=12)
    assert ds.nbytes > 1 << 48
    coarse = ds.levels[11]
    assert coarse.sizes["X"] == 2048
    part = coarse.isel(T=3, Y=slice(100, 110), X=slice(7, 9))
    full = ds.isel(T=3, Y=slice(100 << 11, 110 << 11, 1 << 11), X=slice(7 << 11, 9 << 11, 1 << 11))
    assert np.array_equal(part.load(), full.load())
    assert len(ds.tiles(1024)) == 1 << 24
    assert ds.tiles(1024)[1234, 67].data.shape == (10, 1, 2, 1024, 1024)

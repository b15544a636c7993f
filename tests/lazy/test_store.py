from __future__ import annotations

import numpy as np
import pytest

from omio.lazy.arrays import ArrayRecipe
from omio.lazy.store import virtual_zarr


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u4", "f2", "f4", "f8", "c8", "c16"])
def test_every_dtype_is_served(dtype: str) -> None:
    pixels = (np.arange(2 * 3 * 4 * 5).reshape(2, 1, 3, 4, 5) * (1 - 2j if "c" in dtype else 1)).astype(dtype)
    array = virtual_zarr([ArrayRecipe(pixels)])
    assert array.dtype == pixels.dtype
    np.testing.assert_array_equal(array[1:, :, ::2], pixels[1:, :, ::2])


def test_chunks_are_cut_as_asked() -> None:
    pixels = np.arange(2 * 3 * 40 * 50).reshape(2, 1, 3, 40, 50)
    array = virtual_zarr([ArrayRecipe(pixels)], {"T": 1, "C": 3, "Y": 16, "X": 20})
    assert array.chunks == (1, 1, 3, 16, 20)
    np.testing.assert_array_equal(array[...], pixels)


def test_several_make_a_group() -> None:
    full = np.arange(1 * 1 * 1 * 40 * 50).reshape(1, 1, 1, 40, 50)
    group = virtual_zarr([ArrayRecipe(full), ArrayRecipe(full[..., ::2, ::2])], as_group=True)
    assert sorted(group.array_keys()) == ["0", "1"]
    np.testing.assert_array_equal(group["1"][...], full[..., ::2, ::2])
    with pytest.raises(KeyError):
        group["2"]

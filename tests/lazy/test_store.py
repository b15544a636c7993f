from __future__ import annotations

import numpy as np
import pytest

from omio.lazy.recipe import ArrayRecipe
from omio.lazy.store import to_zarr_array


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u4", "f2", "f4", "f8", "c8", "c16"])
def test_every_dtype_is_served(dtype: str) -> None:
    pixels = (np.arange(2 * 3 * 4 * 5).reshape(2, 1, 3, 4, 5) * (1 - 2j if "c" in dtype else 1)).astype(dtype)
    array = to_zarr_array(ArrayRecipe(pixels))
    assert array.dtype == pixels.dtype
    np.testing.assert_array_equal(array[1:, :, ::2], pixels[1:, :, ::2])

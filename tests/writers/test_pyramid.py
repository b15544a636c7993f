from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omio.writers.pyramid import Spool, auto_count, halve, level_shapes
from tests.writers.images import random_pixels

if TYPE_CHECKING:
    from omio.policies.write import Downsampling

DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "complex64"]
sides = st.integers(1, 9)


def naive(pixels: np.ndarray[Any, Any], how: Downsampling) -> np.ndarray[Any, Any]:
    """Halve a plane pixel by pixel."""
    height, width = pixels.shape
    out = np.empty((-(-height // 2), -(-width // 2)), pixels.dtype)
    for y, x in np.ndindex(out.shape):
        rows, columns = (2 * y, min(2 * y + 1, height - 1)), (2 * x, min(2 * x + 1, width - 1))
        four = [pixels[a, b] for a in rows for b in columns]
        taken = np.sort(four)[1:3] if how == "median" else four
        if how == "nearest":
            out[y, x] = four[0]
        elif how == "mode":
            out[y, x] = Counter(four).most_common(1)[0][0]
        elif how in ("max", "min"):
            out[y, x] = np.sort(four)[-1 if how == "max" else 0]
        elif pixels.dtype.kind in "fc":
            out[y, x] = sum(value / len(taken) for value in taken)
        else:
            out[y, x] = np.floor(sum(int(value) for value in taken) / len(taken) + 0.5)
    return out


@pytest.mark.parametrize("how", ["mean", "nearest", "mode", "median", "max", "min"])
@pytest.mark.parametrize("dtype", DTYPES)
@given(height=sides, width=sides, seed=st.integers(0, 5))
@settings(max_examples=20)
def test_halving(how: Downsampling, dtype: str, height: int, width: int, seed: int) -> None:
    pixels = random_pixels((height, width), dtype, seed)
    if how == "mode" and pixels.dtype.kind in "iu":
        pixels %= 3
    found = halve(pixels[None], how)[0]
    assert found.dtype == pixels.dtype
    np.testing.assert_allclose(found, naive(pixels, how), rtol=1e-6)


def test_samples_are_halved_each_by_itself() -> None:
    pixels = random_pixels((2, 5, 6, 3), np.uint8)
    each = [halve(pixels[..., sample], "mean") for sample in range(3)]
    np.testing.assert_array_equal(halve(pixels, "mean"), np.stack(each, -1))


def test_means_of_extremes_do_not_overflow() -> None:
    for value in (np.finfo(np.float32).max, -np.finfo(np.float32).max):
        assert halve(np.full((1, 2, 2), value, np.float32), "mean")[0, 0, 0] == value


def test_levels_end_at_one_pixel() -> None:
    assert [shape[3:] for shape in level_shapes((1, 1, 1, 5, 3), 9)] == [(5, 3), (3, 2), (2, 1), (1, 1)]


@pytest.mark.parametrize(("side", "count"), [(512, 1), (513, 2), (1024, 2), (1025, 3), (100_000, 9)])
def test_auto_levels_fit_into_a_tile(side: int, count: int) -> None:
    assert auto_count(side, 10, 512) == count


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 20), st.integers(1, 20)),
    st.data(),
)
def test_a_spool_gives_back_what_blocks_brought(shape: tuple[int, ...], data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(["uint16", "bool", "complex64"])))
    samples = data.draw(st.sampled_from([(), (3,)]))
    pixels = random_pixels((*shape, *samples), dtype)
    spool = Spool(level_shapes(pixels.shape, 2)[-1], dtype, "nearest", Path())
    step = data.draw(st.sampled_from([2, 4, 20]))
    for y in range(0, shape[3], step):
        for x in range(0, shape[4], step):
            block = (*map(range, shape[:3]), range(y, min(y + step, shape[3])), range(x, min(x + step, shape[4])))
            spool.add(block, pixels[:, :, :, y : y + step, x : x + step])  # type: ignore[arg-type]
    wanted = pixels[:, :, :, ::2, ::2]
    top, left = data.draw(st.integers(0, wanted.shape[3] - 1)), data.draw(st.integers(0, wanted.shape[4] - 1))
    key = (*map(range, shape[:3]), range(top, wanted.shape[3]), range(left, wanted.shape[4]), *map(range, samples))
    out = np.empty(tuple(map(len, key)), dtype)
    spool.read(key, out)
    np.testing.assert_array_equal(out, wanted[:, :, :, top:, left:])
    spool.close()

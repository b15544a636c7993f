"""Levels do not depend on how the image was cut, and each file is put once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omio.lazy.blank import Blank
from omio.metadata.facts import Facts
from omio.writers.pyramid import halve
from omio.writers.zarr.plan import plan_arrays
from omio.writers.zarr.reduce import Region, gaussian
from tests.writers.images import random_pixels
from tests.writers.zarr.memory import Chunked, write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.policies.write import Downsampling

HOWS: tuple[Downsampling, ...] = ("mean", "nearest", "mode", "median", "max", "min", "gaussian")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def filtered(plane: NDArray[Any]) -> NDArray[Any]:
    """Filter a plane pixel by pixel, in whole numbers that do not overflow."""
    height, width = plane.shape
    out = np.empty((-(-height // 2), -(-width // 2)), plane.dtype)
    for y, x in np.ndindex(out.shape):
        total = sum(
            a * b * int(plane[min(max(2 * y - 1 + j, 0), height - 1), min(max(2 * x - 1 + i, 0), width - 1)])
            for j, a in enumerate((1, 3, 3, 1))
            for i, b in enumerate((1, 3, 3, 1))
        )
        out[y, x] = (total + 32) // 64
    return out


def whole(plane: NDArray[Any], how: Downsampling) -> NDArray[Any]:
    """Return the next level of a whole plane."""
    height, width = plane.shape
    region = Region(plane[None], range(height), range(width)).halved((height, width), how)
    return np.asarray(region.planes[0])


@pytest.mark.parametrize("dtype", INTEGERS)
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 9))
@settings(max_examples=15)
def test_the_gaussian_is_that_of_exact_numbers(dtype: str, height: int, width: int, seed: int) -> None:
    plane = random_pixels((height, width), dtype, seed)

    np.testing.assert_array_equal(whole(plane, "gaussian"), filtered(plane))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "bool", "uint64", "int8"])
def test_the_gaussian_keeps_constants_and_the_dtype(dtype: str) -> None:
    plane = np.ones((7, 6), dtype)

    found = whole(plane, "gaussian")

    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.ones((4, 3), dtype))


def test_the_gaussian_does_not_move_the_image() -> None:
    """A ramp of the level lies where that of the pixels does: at (factor - 1) / 2."""
    ramp = np.broadcast_to(np.arange(0, 160, 10.0), (6, 16))

    np.testing.assert_allclose(whole(ramp, "gaussian")[0, 1:-1], (np.arange(8) * 2 + 0.5)[1:-1] * 10)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_means_of_the_widest_integers_do_not_wrap(dtype: str) -> None:
    limits = np.iinfo(dtype)
    for value in (limits.min, limits.max):
        for how in ("mean", "median"):
            found = halve(np.full((1, 4, 4), value, dtype), how)
            np.testing.assert_array_equal(found, np.full((1, 2, 2), value, dtype))
        np.testing.assert_array_equal(gaussian(np.full((1, 4, 4), value, dtype)), np.full((1, 1, 1), value, dtype))


lengths = st.tuples(*(st.integers(1, top) for top in (2, 3, 2, 8, 8)))


@given(
    shape=st.tuples(*(st.integers(1, top) for top in (2, 3, 2, 21, 21))),
    samples=st.sampled_from([(), (3,)]),
    chunk=lengths,
    unit=lengths,
    shards=st.one_of(st.booleans(), st.tuples(*(st.integers(1, top) for top in (4, 4, 3, 20, 20)))),
    how=st.sampled_from(HOWS),
    count=st.integers(1, 4),
    room=st.integers(1, 4000),
)
@settings(max_examples=60)
def test_levels_are_those_of_the_whole_image(
    shape: tuple[int, ...],
    samples: tuple[int, ...],
    chunk: tuple[int, ...],
    unit: tuple[int, ...],
    shards: Any,
    how: Downsampling,
    count: int,
    room: int,
) -> None:
    pixels = random_pixels((*shape, *samples), "uint16")
    source = Chunked(pixels, unit=(*unit, *samples))
    plan = plan_arrays(source, count, chunk, sharded=shards, block_bytes=room)

    target = write(source, Facts.of(pixels.shape), plan, how)

    planes = np.moveaxis(pixels, 2, 1)
    if samples:
        planes = np.moveaxis(planes, -1, 2).reshape(shape[0], -1, shape[1], *shape[3:])
    flat = planes.reshape(-1, *planes.shape[3:])
    for level in target.levels(len(plan.arrays)):
        np.testing.assert_array_equal(level.reshape(-1, *level.shape[3:]), flat)
        flat = np.stack([whole(plane, how) for plane in flat])


def test_large_units_of_the_source_are_read_in_parts() -> None:
    """A plane that lies in memory is one unit, however large."""
    for side, block in ((5000, (1, 1, 1, 5120, 5120)), (50_000, (1, 1, 1, 2048, 4096))):
        source = Blank((1, 1, 1, side, side), np.dtype("uint16"))
        assert plan_arrays(source, 5, None, sharded=False).stages[0].block == block


def test_a_chunk_deeper_than_a_block_is_put_once() -> None:
    """Small planes share a chunk: those of coarse levels are deeper than a block of fine ones."""
    pixels = random_pixels((1, 13, 1, 1100, 1100), "uint8")
    source = Chunked(pixels, unit=(1, 1, 1, 512, 512))
    plan = plan_arrays(source, 4, None, sharded=False, block_bytes=1 << 20)

    levels = write(source, Facts.of(pixels.shape), plan, "nearest").levels(4)

    assert [array.chunk[1] for array in plan.arrays] == [1, 1, 1, 6]
    assert len(plan.stages) > 1
    np.testing.assert_array_equal(levels[3][0, 0], pixels[0, :, 0, ::8, ::8])

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import DamagedFileError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.patched import Patched
from omio.testing.keys import pick, sample_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key

SHAPE = (2, 1, 2, 8, 9)
UNIT = (1, 1, 1, 4, 5)


class Broken(ArrayRecipe):
    """Chunks that cannot be read: the second of the first plane, and a whole plane."""

    bad = frozenset({(0, 0, 0, 0, 1), *((1, 0, 1, y, x) for y in range(2) for x in range(2))})

    @property
    def chunk(self) -> tuple[int, ...]:
        return UNIT

    def read(self, key: Key, out: NDArray[Any]) -> None:
        met = {tuple(at // unit for at, unit in zip(place, UNIT, strict=True)) for place in np.ndindex(*SHAPE)
               if all(at in index for at, index in zip(place, key, strict=True))}  # fmt: skip
        if met & self.bad:
            raise DamagedFileError("cannot be read", path="a.tif")
        super().read(key, out)


@given(st.integers(0, 1000))
def test_every_selection_reads_what_is_whole_and_the_value_elsewhere(seed: int) -> None:
    pixels = np.arange(1, 1 + np.prod(SHAPE), dtype="uint16").reshape(SHAPE)
    recipe = Patched(Broken(pixels), tuple(sorted(Broken.bad)), 7)
    expected = pixels.copy()
    expected[0, 0, 0, :4, 5:] = 7
    expected[1, 0, 1] = 7

    for key in sample_keys(SHAPE, count=2, seed=seed):
        np.testing.assert_array_equal(recipe.load(key), pick(expected, key))


def test_without_it_reading_fails_and_its_value_is_part_of_its_name() -> None:
    base = Broken(np.zeros(SHAPE, "uint16"))
    with pytest.raises(DamagedFileError):
        base.load()
    patched = Patched(base, ((0, 0, 0, 0, 1),), 0)
    assert patched.token() != Patched(base, ((0, 0, 0, 0, 1),), 1).token()
    assert pickle.loads(pickle.dumps(patched)).token() == patched.token()  # noqa: S301 - our own bytes

from __future__ import annotations

from typing import Any, ClassVar, get_args

import numpy as np
import pytest

from omio.errors import PolicyError
from omio.lazy import projection
from omio.lazy.arrays import ArrayRecipe, DuckRecipe
from omio.lazy.projection import Projection, Projector
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


class Counted(ArrayRecipe):
    """Counts how many planes are decoded: a plane is the unit of reading."""

    planes = 0

    def read(self, key: Any, out: Any) -> None:
        type(self).planes += len(key[0]) * len(key[1]) * len(key[2])
        super().read(key, out)


@pytest.mark.parametrize("axis", range(5))
@pytest.mark.parametrize("how", get_args(Projector.__value__))
def test_each_plane_is_read_once(how: Projector, axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "SLAB_BYTES", 40_000)
    monkeypatch.setattr(Counted, "planes", 0)
    Projection(Counted(np.ones((20, 3, 2, 40, 50), "u2")), axis, how).load()
    assert Counted.planes == 120


def test_slabs_are_whole_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Chunked:
        shape, dtype, chunks = (64, 1, 1, 8, 8), np.dtype("u2"), (8, 1, 1, 8, 8)
        asked: ClassVar[list[tuple[int, int]]] = []

        def __getitem__(self, key: Any) -> Any:
            self.asked.append((key[0].start, key[0].stop))
            return np.ones([len(range(*entry.indices(size))) for entry, size in zip(key, self.shape, strict=True)])

    monkeypatch.setattr(projection, "SLAB_BYTES", 21 * 64 * 2)
    Projection(DuckRecipe(Chunked()), 0, "max").load()
    assert Chunked.asked == [(0, 16), (16, 32), (32, 48), (48, 64)]


@pytest.mark.parametrize("how", get_args(Projector.__value__))
@pytest.mark.parametrize("dtype", ["?", "c8", "c16", "f2", "u8"])
def test_unusual_dtypes(how: Projector, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "SLAB_BYTES", 300)
    values = np.random.default_rng(0).integers(0, 50, (2, 5, 4, 1, 6, 7))
    pixels = (values[0] + (1j * values[1] if "c" in dtype else 0)).astype(dtype)
    recipe = Projection(ArrayRecipe(pixels), 0, how)
    expected = getattr(pixels, how)(axis=0, keepdims=True)
    assert recipe.dtype == expected.dtype
    exact = pixels.astype("f8") if dtype == "f2" else pixels
    wanted = getattr(exact, how)(axis=0, keepdims=True).astype(expected.dtype)
    np.testing.assert_allclose(
        recipe.load(), wanted, rtol=1e-5 if dtype in ("c8", "u8") else 1e-3 if dtype == "f2" else 1e-9
    )


def test_what_cannot_be_projected_is_refused_at_once() -> None:
    pixels = ArrayRecipe(np.ones((3, 1, 1, 4, 5)))
    with pytest.raises(PolicyError, match=r"'median'.*max, min, sum, mean, std"):
        Projection(pixels, 0, "median")  # type: ignore[arg-type]
    empty = ArrayRecipe(np.ones((0, 1, 1, 4, 5)))
    for how in get_args(Projector.__value__):
        with pytest.raises(PolicyError, match="T has no positions"):
            Projection(empty, 0, how)
    assert Projection(empty, 1, "max").load().shape == (0, 1, 1, 4, 5)

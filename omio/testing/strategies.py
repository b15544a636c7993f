"""Hypothesis strategies of facts, datasets and selections."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from omio.dataset.dataset import MicroscopyDataset
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts, PlaneTable

DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
SPACINGS = st.sampled_from((0.1, 0.25, 0.325, 1.0, 2.5, 1 / 3))
NAMES = st.lists(st.sampled_from(("DAPI", "EGFP", "mCherry", "TL")), min_size=4, max_size=4)


@st.composite
def datasets(draw: st.DrawFn, *, samples: bool = False) -> MicroscopyDataset:
    """Draw a small dataset in memory with facts of every kind, some unknown."""
    shape = draw(st.tuples(*(st.integers(1, top) for top in (4, 3, 3, 9, 11))))
    full = (*shape, draw(st.sampled_from((3, 4)))) if samples else shape
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    seed = draw(st.integers(0, 2**16))
    pixels = np.random.default_rng(seed).integers(0, 127, full).astype(dtype)
    facts = Facts.of(
        full,
        pixel_size={dim: draw(st.none() | SPACINGS) for dim in ("Z", "Y", "X")},
        time_increment=draw(st.none() | SPACINGS),
        channels=draw(_channels(full[2])),
        planes=draw(st.none() | st.just(_planes(full[:3], seed))),
        name=draw(st.none() | st.just("cells")),
    )
    return MicroscopyDataset(ArrayRecipe(pixels), facts)


@st.composite
def _channels(draw: st.DrawFn, count: int) -> list[dict[str, Any]]:
    names = draw(NAMES)[:count]
    known = {"name": st.sampled_from(names), "color": st.just("#00FF00"), "emission_nm": st.just(509.0)}
    return [draw(st.fixed_dictionaries({}, optional=known)) for _ in range(count)]


def _planes(shape: tuple[int, ...], seed: int) -> PlaneTable:
    random = np.random.default_rng(seed)
    return PlaneTable.of({"delta_t": random.random(shape), "stage_x": random.random(shape)})


@st.composite
def indexers(draw: st.DrawFn, sizes: dict[str, int]) -> dict[str, Any]:
    """Draw arguments of ``isel``: integers, slices (also reversed and strided), lists and masks, never empty."""
    dims = draw(st.sets(st.sampled_from(tuple(sizes))))
    return {dim: draw(_indexer(sizes[dim])) for dim in sorted(dims)}


def _indexer(size: int) -> st.SearchStrategy[Any]:
    masks = st.lists(st.booleans(), min_size=size, max_size=size).filter(any).map(np.array)
    return st.one_of(
        st.integers(-size, size - 1),
        st.slices(size).filter(lambda cut: len(range(*cut.indices(size))) > 0),
        st.lists(st.integers(-size, size - 1), min_size=1, max_size=2 * size),
        masks,
    )

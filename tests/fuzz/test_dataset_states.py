"""A dataset after any sequence of verbs is what numpy and a table of facts say it is."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import omio
from omio.dataset.levels import Level
from omio.indexing import orthogonal, to_index, to_numpy
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts, PlaneTable
from omio.testing.strategies import indexers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset

NIGHTLY = os.environ.get("OMIO_NIGHTLY") == "1"
LARGEST = 20_000
"""Pixels; verbs that make more wait until a selection has made fewer."""
SPACING = {"Z": 2.0, "Y": 0.5, "X": 0.25}


@dataclass
class Model:
    """What is known of a dataset without it.

    Attributes
    ----------
    pixels
        T Z C Y X.
    names
        Of channels.
    delta_t
        T Z C; NaN where unknown.
    at
        Positions of Z, Y and X in µm.
    """

    pixels: NDArray[Any]
    names: list[str | None]
    delta_t: NDArray[np.float64]
    at: dict[str, NDArray[np.float64]]
    name: str | None = "cells"

    def select(self, key: tuple[Any, ...]) -> Model:
        lists = [to_numpy(index) for index in key]
        places = dict(zip("TZCYX", lists, strict=True))
        names = np.array(self.names, object)[places["C"]].tolist()
        at = {dim: values[places[dim]] for dim, values in self.at.items()}
        return Model(orthogonal(lists, self.pixels), names, orthogonal(lists[:3], self.delta_t), at, self.name)

    def twice(self, dim: str) -> Model:
        """Return what merging with itself gives."""
        axis = "TZC".index(dim)
        pixels, delta_t = (np.concatenate([values, values], axis) for values in (self.pixels, self.delta_t))
        return Model(pixels, self.names * (2 if dim == "C" else 1), delta_t, self.at, self.name)

    def padded(self, before: int, after: int, value: int) -> Model:
        """Return what pads of X before, and of Y behind, give."""
        pixels = np.pad(self.pixels, [(0, 0)] * 3 + [(0, after), (before, 0)], constant_values=value)
        at = {**self.at, "Y": extended(self.at["Y"], 0, after), "X": extended(self.at["X"], before, 0)}
        return Model(pixels, self.names, self.delta_t, at, self.name)


def extended(at: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
    step = at[1] - at[0] if len(at) > 1 else np.nan
    return np.concatenate([at[0] - step * np.arange(before, 0, -1), at, at[-1] + step * np.arange(1, after + 1)])


class Datasets(RuleBasedStateMachine):
    """One dataset, its numpy twin, and what may be done to both."""

    image: MicroscopyDataset
    model: Model
    half: tuple[Any, ...]
    """Rows and columns of the coarser level."""

    @initialize(shape=st.tuples(*(st.integers(1, top) for top in (3, 3, 3, 7, 9))), seed=st.integers(0, 99))
    def draw(self, shape: tuple[int, ...], seed: int) -> None:
        random = np.random.default_rng(seed)
        pixels = random.integers(0, 60_000, shape, dtype=np.uint16)
        delta_t = random.random(shape[:3])
        names: list[str | None] = [f"c{number}" for number in range(shape[2])]
        facts = Facts.of(
            shape,
            pixel_size=SPACING,
            channels=[{"name": name} for name in names],
            planes=PlaneTable.of({"delta_t": delta_t}),
            name="cells",
        )
        self.half = (..., *(slice(None, None, min(2, size)) for size in shape[3:]))  # of one row there is no half
        reduced = Level.of(ArrayRecipe(pixels[self.half].copy()), shape)
        self.image = omio.MicroscopyDataset(ArrayRecipe(pixels), facts, (reduced,))
        at = {dim: np.arange(shape["TZCYX".index(dim)], dtype=np.float64) * step for dim, step in SPACING.items()}
        self.model = Model(pixels, names, delta_t, at)

    @rule(data=st.data())
    def select(self, data: st.DataObject) -> None:
        chosen = data.draw(indexers(dict(self.image.sizes)))
        key = tuple(to_index(chosen.get(dim, slice(None)), size) for dim, size in self.image.sizes.items())
        self.image, self.model = self.image.isel(**chosen), self.model.select(key)

    @rule(data=st.data())
    def select_names(self, data: st.DataObject) -> None:
        known = sorted({name for name in self.model.names if name})
        if not known:
            return
        name = data.draw(st.sampled_from(known))
        places = np.array([place for place, found in enumerate(self.model.names) if found == name])
        key = [to_index(slice(None), size) for size in self.image.shape]
        key[2] = to_index(places, self.image.sizes["C"])
        self.image, self.model = self.image.sel(C=name), self.model.select(tuple(key))

    @rule(dim=st.sampled_from("ZYX"), data=st.data())
    def select_positions(self, dim: str, data: st.DataObject) -> None:
        at = self.model.at[dim]
        if np.isnan(at).any() or not is_regular(at):
            return
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(at) - 1)] * 2)))
        low, high = sorted((float(at[start]), float(at[stop])))
        key = [to_index(slice(None), size) for size in self.image.shape]
        key["TZCYX".index(dim)] = range(start, stop + 1)
        chosen: dict[str, Any] = {dim: slice(low, high)}
        self.image, self.model = self.image.sel(**chosen), self.model.select(tuple(key))

    @precondition(lambda self: self.model.pixels.size <= LARGEST)
    @rule(dim=st.sampled_from("TC"))
    def merge(self, dim: str) -> None:
        self.image, self.model = self.image.merge(self.image, along=dim), self.model.twice(dim)

    @precondition(lambda self: self.model.pixels.size <= LARGEST)
    @rule(before=st.integers(0, 3), after=st.integers(0, 3), value=st.integers(0, 65535))
    def pad(self, before: int, after: int, value: int) -> None:
        if not all(is_regular(self.model.at[dim]) for dim in "YX"):
            return
        policy = omio.ConstantPad(value=value)
        self.image = self.image.pad({"X": (before, 0), "Y": (0, after)}, policy=policy)
        self.model = self.model.padded(before, after, value)

    @rule(name=st.none() | st.sampled_from(("a", "b c", "µ")))
    def rename(self, name: str | None) -> None:
        self.image, self.model.name = self.image.with_metadata(name=name), name

    @rule()
    def send(self) -> None:
        self.image = pickle.loads(pickle.dumps(self.image))  # noqa: S301 - made here

    @invariant()
    def pixels_and_shapes_agree(self) -> None:
        assert self.image.shape == self.model.pixels.shape == self.image.metadata.shape
        assert self.image.dtype == np.uint16
        np.testing.assert_array_equal(self.image.load(), self.model.pixels)

    @invariant()
    def facts_agree(self) -> None:
        metadata = self.image.metadata
        assert metadata.name == self.model.name
        assert [channel.name for channel in metadata.channels] == self.model.names
        coords = self.image.data.coords
        np.testing.assert_array_equal(coords["delta_t"].values, self.model.delta_t)
        for dim, at in self.model.at.items():
            if not np.isnan(at).any():
                np.testing.assert_allclose(coords[dim].values, at, atol=1e-8)

    @invariant()
    def levels_show_the_same(self) -> None:
        for level in self.image.levels[1:]:
            np.testing.assert_array_equal(level.load(), self.model.pixels[self.half])


def is_regular(at: NDArray[np.float64]) -> bool:
    steps = np.diff(at)
    return len(at) > 1 and bool(steps[0]) and np.allclose(steps, steps[0])


TestDatasets = Datasets.TestCase
TestDatasets.settings = settings(max_examples=1000 if NIGHTLY else 25, stateful_step_count=30 if NIGHTLY else 12)

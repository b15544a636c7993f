"""Laws of datasets, by hypothesis."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omio import MicroscopyDataset
from omio.indexing import to_index
from omio.metadata.axes import Regular
from omio.metadata.compare import differences
from omio.testing.keys import pick
from omio.testing.strategies import datasets, indexers


@st.composite
def selections(draw: st.DrawFn) -> tuple[MicroscopyDataset, dict[str, Any]]:
    image = draw(datasets() | datasets(samples=True))
    return image, draw(indexers(dict(image.sizes)))


@given(selections())
def test_selecting_reads_what_numpy_selects(case: tuple[MicroscopyDataset, dict[str, Any]]) -> None:
    image, indexers = case
    chosen = image.isel(**indexers)
    key = tuple(to_index(indexers.get(dim, slice(None)), size) for dim, size in image.sizes.items())
    np.testing.assert_array_equal(chosen.load(), pick(image.load(), key))
    assert chosen.metadata.shape == chosen.shape


@given(selections())
def test_metadata_of_a_selection_is_the_selection_of_metadata(case: tuple[MicroscopyDataset, dict[str, Any]]) -> None:
    image, indexers = case
    chosen = image.isel(**indexers)
    full, part = image.data.coords, chosen.data.coords
    lists = {dim: np.atleast_1d(np.arange(size)[indexers.get(dim, slice(None))]) for dim, size in image.sizes.items()}
    for name, coordinate in part.items():
        source = full[name] if name in full else full["T"] if name == "time" else full["time"]
        expected = source.values
        for axis, dim in enumerate(source.dims):
            expected = np.take(expected, lists[str(dim)], axis)
        if coordinate.dtype.kind == "f":
            np.testing.assert_allclose(coordinate.values, expected, atol=2e-9)
        else:
            assert coordinate.values.tolist() == expected.tolist()
    kept = {"time" if name == "T" else name for name in part}
    dropped = {"time" if name == "T" else name for name in full} - kept
    assert all(_all_unknown(full, name, lists) for name in dropped)


def _all_unknown(coords: Any, name: Any, lists: dict[str, Any]) -> bool:
    values = np.take(coords[name].values, lists["C"])
    return all(value in ("", None) or value != value for value in values.tolist())


@given(selections(), st.data())
def test_selecting_twice_is_selecting_once(case: tuple[MicroscopyDataset, dict[str, Any]], data: st.DataObject) -> None:
    image, first = case
    once = image.isel(**first)
    second = data.draw(indexers(dict(once.sizes)))
    twice = once.isel(**second)
    np.testing.assert_array_equal(
        twice.load(),
        pick(once.load(), tuple(to_index(second.get(dim, slice(None)), size) for dim, size in once.sizes.items())),
    )
    assert type(twice) is type(image)


@given(datasets(), st.sampled_from("TZC"), st.data())
def test_merging_slices_gives_the_whole_back(image: MicroscopyDataset, along: str, data: st.DataObject) -> None:
    size = image.sizes[along]
    cut = data.draw(st.integers(0, size))
    parts = [image.isel(**{along: run}) for run in (slice(0, cut), slice(cut, None))]
    parts = [part for part in parts if part.sizes[along]]
    merged = parts[0].merge(*parts[1:], along=along)
    assert merged.dtype == image.dtype
    np.testing.assert_array_equal(merged.load(), image.load())
    assert differences(image.facts, merged.facts) == ()


@given(datasets(), st.sampled_from("TZC"))
def test_slicing_a_merge_gives_the_parts_back(image: MicroscopyDataset, along: str) -> None:
    merged = image.merge(image, image, along=along)
    size = image.sizes[along]
    part = merged.isel(**{along: slice(0, size)})
    assert part.identical(image)
    last = merged.isel(**{along: slice(2 * size, None)})
    np.testing.assert_array_equal(last.load(), image.load())


@given(datasets(), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["zero", "edge", "reflect"]))
def test_pad_then_crop_is_identity_with_positions(image: MicroscopyDataset, a: int, b: int, policy: str) -> None:
    padded = image.pad({"X": (a, b), "Y": (b, a), "T": (a, 0)}, policy=policy)
    assert padded.dtype == image.dtype
    back = padded.isel(
        X=slice(a, a + image.sizes["X"]), Y=slice(b, b + image.sizes["Y"]), T=slice(a, a + image.sizes["T"])
    )
    assert back.identical(image)


@given(datasets() | datasets(samples=True))
def test_pickling_is_identity(image: MicroscopyDataset) -> None:
    again = pickle.loads(pickle.dumps(image))  # noqa: S301 - our own bytes
    assert again.identical(image)
    assert again.metadata == image.metadata


@given(datasets(), st.data())
def test_a_typed_position_finds_its_pixel(image: MicroscopyDataset, data: st.DataObject) -> None:
    dim = data.draw(st.sampled_from("TZYX"))
    axis = image.facts.axes.get(dim)
    if not isinstance(axis, Regular):
        return
    at = data.draw(st.integers(0, axis.size - 1))
    written = float(f"{axis.origin + at * axis.spacing:.9f}")
    here: dict[str, Any] = {dim: written}
    onwards: dict[str, Any] = {dim: slice(written, None)}
    chosen = image.sel(**here)
    np.testing.assert_array_equal(chosen.load(), image.isel(**{dim: at}).load())
    backwards = image.isel(**{dim: slice(None, None, -1)}).sel(**onwards)
    rest = image.isel(**{dim: slice(at, None)}).isel(**{dim: slice(None, None, -1)})
    np.testing.assert_array_equal(backwards.load(), rest.load())


@given(datasets() | datasets(samples=True))
def test_xarray_there_and_back(image: MicroscopyDataset) -> None:
    again = MicroscopyDataset.from_xarray(image.data)
    np.testing.assert_array_equal(again.load(), image.load())
    for dim, axis in image.facts.axes.items():
        if axis.size > 1:
            assert again.facts.axes[dim].agrees(axis)

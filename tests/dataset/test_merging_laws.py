"""Laws of merging and padding, by hypothesis."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import omio
from omio import CroppedMerge, MicroscopyDataset, OmioWarning, PaddedMerge, StrictMerge
from omio.errors import MergeError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.testing.strategies import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

DTYPES = tuple("?bBhHiIlLefdFD")
ALIGNS = ("start", "center", "end")
PADS = ({"kind": "zero"}, {"kind": "constant", "value": 3}, {"kind": "edge"}, {"kind": "reflect"})
POLICIES = (StrictMerge(), PaddedMerge(pad="edge"), CroppedMerge(align="center"), StrictMerge(times="restart"))


@given(datasets(), st.sampled_from("TZC"), st.sampled_from(POLICIES), st.data())
def test_slicing_a_merge_gives_the_parts_back(
    image: MicroscopyDataset, along: str, policy: omio.MergePolicy, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, image.sizes[along] - 1)), max_size=3)))
    bounds = [0, *(cut for cut in cuts if cut < image.sizes[along]), image.sizes[along]]
    parts = [image.isel(**{along: slice(a, b)}) for a, b in pairwise(bounds)]
    merged = omio.merge(parts, along=along, policy=policy)
    for part, (start, stop) in zip(parts, pairwise(bounds), strict=True):
        assert merged.isel(**{along: slice(start, stop)}).identical(part)


@given(datasets(), st.sampled_from(ALIGNS), st.integers(0, 3), st.integers(0, 3))
def test_a_padded_merge_holds_its_parts(image: MicroscopyDataset, align: Any, rows: int, columns: int) -> None:
    small = image.isel(Y=slice(0, max(1, image.sizes["Y"] - rows)), X=slice(0, max(1, image.sizes["X"] - columns)))
    with warnings.catch_warnings(record=True, action="always") as caught:
        merged = omio.merge([image, small, image], policy=PaddedMerge(pad={"align": align}))
    assert len(caught) == (small.shape != image.shape)
    assert merged.dtype == image.dtype
    count = image.sizes["T"]
    assert merged.isel(T=slice(0, count)).identical(image)
    missing = {dim: image.sizes[dim] - small.sizes[dim] for dim in "YX"}
    starts = {dim: {"start": 0, "center": more // 2, "end": more}[align] for dim, more in missing.items()}
    inner = {dim: slice(start, start + small.sizes[dim]) for dim, start in starts.items()}
    np.testing.assert_array_equal(merged.isel(T=slice(count, 2 * count), **inner).load(), small.load())


@given(datasets(), st.sampled_from(ALIGNS), st.integers(0, 3), st.integers(0, 3))
def test_a_cropped_merge_is_the_merge_of_crops(image: MicroscopyDataset, align: Any, rows: int, columns: int) -> None:
    sizes = {"Y": max(1, image.sizes["Y"] - rows), "X": max(1, image.sizes["X"] - columns)}
    starts = {
        dim: {"start": 0, "center": (image.sizes[dim] - size) // 2, "end": image.sizes[dim] - size}[align]
        for dim, size in sizes.items()
    }
    crop = image.isel(**{dim: slice(start, start + sizes[dim]) for dim, start in starts.items()})
    with warnings.catch_warnings(record=True, action="always") as caught:
        merged = omio.merge([image, crop], policy=CroppedMerge(align=align))
    assert len(caught) == (crop.shape != image.shape)
    assert merged.identical(crop.merge(crop))


@given(datasets(), st.sampled_from(PADS), st.sampled_from(ALIGNS), st.data())
def test_padding_then_cropping_is_the_identity(
    image: MicroscopyDataset, pad: dict[str, Any], align: str, data: st.DataObject
) -> None:
    to = {dim: size + data.draw(st.integers(0, 4)) for dim, size in image.sizes.items()}
    padded = image.pad(to=to, policy={**pad, "align": align})
    assert padded.sizes == to
    assert padded.dtype == image.dtype
    before = {dim: width[0] for dim, width in padded.facts.static.provenance[-1]["widths"].items()}
    back = padded.isel(**{dim: slice(start, start + image.sizes[dim]) for dim, start in before.items()})
    assert back.identical(image)
    for dim, axis in image.facts.axes.items():
        np.testing.assert_allclose(back.facts.axes[dim].values(), axis.values(), atol=1e-9)


def with_axis(dim: str, change: Callable[[Regular], Regular], facts: Facts) -> Facts:
    axis = facts.axes[dim]
    assert isinstance(axis, Regular)
    return replace(facts, axes={**facts.axes, dim: change(axis)})


def with_size(dim: str, facts: Facts) -> Facts:
    """Make a dim a pixel longer."""
    sizes = {**facts.sizes, dim: facts.sizes[dim] + 1}
    return with_axis(dim, lambda axis: replace(axis, size=axis.size + 1), replace(facts, sizes=sizes))


def with_channel(name: str, value: Any, facts: Facts) -> Facts:
    return replace(facts, channels={**facts.channels, name: (value, *facts.channels[name][1:])})


def with_objective(name: str, value: Any, facts: Facts) -> Facts:
    return facts.with_static(objective={**(facts.static.objective or {}), name: value})


DIFFERENCES: dict[str, Callable[[Facts], Facts]] = {
    **{f"{dim} size": partial(with_size, dim) for dim in "ZYX"},
    **{
        f"{dim} spacing": partial(with_axis, dim, lambda axis: replace(axis, spacing=axis.spacing * 2))
        for dim in "TZYX"
    },
    **{f"{dim} origin": partial(with_axis, dim, lambda axis: replace(axis, origin=axis.origin + 40)) for dim in "ZYX"},
    "channel 0 name": partial(with_channel, "name", "other"),
    "channel 0 color": partial(with_channel, "color", "#123456"),
    "channel 0 emission": partial(with_channel, "emission_nm", 700.0),
    "channel 0 excitation": partial(with_channel, "excitation_nm", None),
    "objective magnification": partial(with_objective, "magnification", 10.0),
    "objective na": partial(with_objective, "na", 0.3),
    "dtype": lambda facts: facts,
}
"""Conflict -> how to bring it about, alone."""

BASE = Facts.of(
    (2, 3, 2, 4, 5),
    pixel_size={"Z": 1.5, "Y": 0.1, "X": 0.1},
    time_increment=2.5,
    channels=[{"name": name, "color": "#00FF00", "excitation_nm": 488.0, "emission_nm": 509.0} for name in "ab"],
    objective={"magnification": 63.0, "na": 1.4},
)


@given(st.lists(st.sets(st.sampled_from(sorted(DIFFERENCES))), min_size=1, max_size=4))
@settings(max_examples=200)
def test_every_conflict_is_named_and_no_other(wanted: list[set[str]]) -> None:
    parts = []
    for differences in [set(), *wanted]:
        facts = BASE
        for name in sorted(differences):
            facts = DIFFERENCES[name](facts)
        pixels = np.zeros(facts.shape, "uint8" if "dtype" in differences else "uint16")
        parts.append(MicroscopyDataset(ArrayRecipe(pixels), facts))
    expected = {f"part {number}: {name}" for number, names in enumerate(wanted, start=2) for name in names}
    if not expected:
        assert omio.merge(parts).sizes["T"] == 2 * len(parts)
        return
    with pytest.raises(MergeError) as caught:
        omio.merge(parts)
    assert sorted(text.rpartition(": ")[0] for text in caught.value.conflicts) == sorted(expected)
    assert all(text in str(caught.value) for text in caught.value.conflicts)


@pytest.mark.parametrize(("one", "other"), [pair for pair in product(DTYPES, DTYPES) if pair[0] <= pair[1]])
def test_promotion_keeps_extreme_values_or_refuses(one: str, other: str) -> None:
    images = [MicroscopyDataset.from_array(extremes(np.dtype(kind)), "YX") for kind in (one, other)]
    try:
        merged = omio.merge(images, dtype="promote")
    except MergeError as refused:
        assert "does not hold all values" in str(refused)  # noqa: PT017 - both ends are right, for different pairs
        assert np.result_type(one, other).kind in "fc"
        return
    for part, image in enumerate(images):
        kept, given = merged.isel(T=part).load().ravel().tolist(), image.load().ravel().tolist()
        assert kept == given


def extremes(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return the least and the greatest value of a dtype, and the values next to them."""
    if dtype.kind == "b":
        return np.array([[False, True, False]])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array([[limits.min, limits.max, limits.max - 1]], dtype)
    info = np.finfo(dtype)
    return np.array([[info.min, info.max, 1 + info.eps]], dtype)


@given(datasets(), st.sampled_from(ALIGNS))
def test_what_fits_already_is_left_alone(image: MicroscopyDataset, align: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", OmioWarning)
        merged = [
            image.merge(image, policy=policy)
            for policy in (StrictMerge(), PaddedMerge(pad={"align": align}), CroppedMerge(align=align))
        ]
    assert merged[0].recipe.token() == merged[1].recipe.token() == merged[2].recipe.token()

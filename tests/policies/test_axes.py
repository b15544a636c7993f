from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.backends.axes import name_axes, resolve_axes
from omio.dims import FileDims, Outer
from omio.errors import AxesError, OmioError, PolicyError

STACK = FileDims((("?", 5),), path="stack.tif")
GRID = FileDims((("?", 3), ("?", 4)))
SEQUENCE = FileDims((("Q", 2), ("I", 3)), samples=True)
HALF = FileDims((("T", 3), ("?", 4)))
NAMED = FileDims((("T", 3), ("C", 2)))

POLICIES = (
    omio.RequireNamed(),
    omio.Assume("TYX"),
    omio.Assume("TZCYX", sizes={"Z": 3, "C": 2}),
    omio.LikeImageJ(),
    omio.AsTime(),
    omio.AsDepth(),
    omio.AsChannels(),
)
lengths = st.lists(st.integers(1, 6), max_size=4)
letters = st.lists(st.sampled_from("?QITZC"), min_size=4, max_size=4)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_json_rebuilds_a_policy(policy: omio.AxesPolicy) -> None:
    again = omio.AxesPolicy.resolve(json.loads(json.dumps(policy.describe())))
    assert again == policy
    assert type(again) is type(policy)


def test_a_file_must_name_its_axes_by_default() -> None:
    assert omio.AxesPolicy.resolve(None) == omio.RequireNamed()
    for choice in (None, "require", omio.RequireNamed()):
        with pytest.raises(AxesError, match=r'stack\.tif: 5 pages.*axes="TYX".*axes="time"'):
            name_axes(STACK, choice)
    with pytest.raises(AxesError, match=r'3 x 4 pages.*"TZYX" or "ZCYX"'):
        name_axes(GRID, None)
    with pytest.raises(AxesError, match=r"it calls its axes QIYXS"):
        name_axes(SEQUENCE, None)


@pytest.mark.parametrize("dim", ["T", "Z", "C"])
def test_one_unnamed_axis_gets_the_name_of_the_policy(dim: str) -> None:
    policy = {"T": omio.AsTime(), "Z": omio.AsDepth(), "C": omio.AsChannels()}[dim]
    assert name_axes(STACK, policy) == ((dim, 5),)
    assert name_axes(FileDims((("I", 4), ("?", 1))), policy) == ((dim, 4),)


def test_two_unnamed_axes_are_not_one() -> None:
    for dims in (GRID, SEQUENCE, FileDims((("?", 2), ("T", 3)))):
        with pytest.raises(AxesError, match="not one alone can be T"):
            name_axes(dims, "time")


def test_the_name_that_is_left_goes_to_the_axis_that_has_none() -> None:
    assert name_axes(HALF, "depth") == (("T", 3), ("Z", 4))
    assert name_axes(HALF, "imagej") == (("T", 3), ("Z", 4))
    with pytest.raises(AxesError, match="not one alone can be Z"):
        name_axes(FileDims((("Z", 3), ("?", 4))), "imagej")


def test_repeated_names_are_none() -> None:
    twice = FileDims((("T", 3), ("T", 4)))
    assert not twice.is_named
    with pytest.raises(AxesError, match="it calls its axes TTYX"):
        name_axes(twice, None)
    assert name_axes(twice, "TZYX") == (("T", 3), ("Z", 4))


def test_imagej_has_one_stack_of_slices() -> None:
    assert name_axes(STACK, "imagej") == (("Z", 5),)
    assert name_axes(GRID, "imagej") == (("Z", 12),)
    assert name_axes(SEQUENCE, omio.LikeImageJ()) == (("Z", 6),)


def test_names_are_short_for_assume() -> None:
    for axes in ("TYX", "tyx", "TZYX", "TYXS", "TQX", "YXT", "TTX", "T"):
        assert outcome(STACK, axes) == outcome(STACK, omio.Assume(axes))
        assert outcome(STACK, axes) == outcome(STACK, {"kind": "assume", "axes": axes})


def test_dims_of_length_one_may_be_named_or_not() -> None:
    single = FileDims((("?", 1),))
    assert name_axes(single, "TYX") == (("T", 1),)
    assert name_axes(single, "YX") == ()
    long = FileDims((("?", 1), ("?", 3)))
    assert dict(name_axes(long, "TZYX")) == {"T": 1, "Z": 3}
    assert dict(name_axes(long, "ZYX")) == {"Z": 3}


def test_samples_may_be_named_or_not() -> None:
    assert name_axes(SEQUENCE, "TZYXS") == name_axes(SEQUENCE, "TZYX") == (("T", 2), ("Z", 3))


def test_names_that_do_not_fit_tell_what_the_file_has() -> None:
    with pytest.raises(AxesError, match=r"stack\.tif: axes='TZYX' names 4 axes, the file has 3: 5 pages"):
        name_axes(STACK, "TZYX")
    with pytest.raises(AxesError, match="no samples"):
        name_axes(STACK, "YXS")


def test_pages_are_dealt_out_to_several_dims() -> None:
    pages = FileDims((("?", 24),))
    assert name_axes(pages, omio.Assume("TZCYX", sizes={"Z": 3, "C": 2})) == (("T", 4), ("Z", 3), ("C", 2))
    assert name_axes(pages, omio.Assume("CTYX", sizes={"C": 2, "T": 12})) == (("C", 2), ("T", 12))


@pytest.mark.parametrize(
    ("axes", "sizes", "text"),
    [
        ("TZYX", {"Z": 5}, "24 pages cannot be dealt out as Z 5"),
        ("TZYX", {"Z": 48}, "24 pages cannot be dealt out"),
        ("TZYX", {"Z": 3, "T": 4}, "24 pages cannot be dealt out as Z 3 x T 4"),
        ("TZCYX", {"Z": 3}, "how long each of T, C is"),
        ("TZYXS", {"Z": 3}, "no samples"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(axes: str, sizes: dict[str, int], text: str) -> None:
    with pytest.raises(AxesError, match=text):
        name_axes(FileDims((("?", 24),)), omio.Assume(axes, sizes=sizes))


def test_lengths_belong_to_named_dims_and_are_positive() -> None:
    for fields in ({"sizes": {"Z": 3}}, {"sizes": {"T": 0}}, {"sizes": {"Y": 3}}, {"bogus": 1}):
        with pytest.raises(PolicyError, match="Assume"):
            omio.Assume("TYX", **fields)
        with pytest.raises(PolicyError, match="Assume"):
            omio.AxesPolicy.resolve({"kind": "assume", "axes": "TYX", **fields})
    with pytest.raises(PolicyError, match="Assume: axes"):
        omio.AxesPolicy.resolve("assume")


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.kind != "assume"], ids=lambda p: p.kind)
def test_what_the_file_names_stays(policy: omio.AxesPolicy) -> None:
    assert name_axes(NAMED, policy) == NAMED.outer


def test_the_user_may_call_named_dims_otherwise() -> None:
    assert name_axes(NAMED, omio.Assume("ZCYX")) == (("Z", 3), ("C", 2))


def test_a_word_is_a_kind_and_letters_are_axes() -> None:
    for axes in ("TYX", "zyx", "QYX", "S"):
        assert resolve_axes(axes) == axes
    assert resolve_axes("imagej") == omio.LikeImageJ()
    assert resolve_axes({"kind": "time"}) == omio.AsTime()
    assert resolve_axes(None) is None
    with pytest.raises(PolicyError, match=r"There are assume, .*require"):
        resolve_axes("weeks")


def test_a_policy_of_ones_own_is_found_by_name() -> None:
    class Halves(omio.AxesPolicy):
        kind: ClassVar[str] = "halves-for-this-test"

        def plan(self, dims: FileDims) -> Outer:
            return (("C", 2), ("Z", dims.count // 2))

    assert name_axes(FileDims((("?", 6),)), "halves-for-this-test") == (("C", 2), ("Z", 3))
    assert name_axes(NAMED, "halves-for-this-test") == NAMED.outer
    with pytest.raises(PolicyError, match=r"'halves-for-this-test'.*5 pages"):
        name_axes(STACK, Halves())


@pytest.mark.parametrize(
    "plan",
    [
        None,
        "T",
        5,
        (),
        (("T", 4),),
        (("Q", 5),),
        (("T", 5), ("T", 1)),
        (("T", -5), ("Z", -1)),
        (("T", "x"),),
        (([], 5),),
    ],
)
def test_what_a_policy_plans_is_checked(plan: Any) -> None:
    class Careless(omio.AxesPolicy):
        kind: ClassVar[str] = "careless-for-this-test"

        def plan(self, dims: FileDims) -> Outer:
            return plan  # type: ignore[no-any-return]

    with pytest.raises(PolicyError, match=r"stack\.tif.*careless"):
        name_axes(STACK, Careless())


@given(lengths, letters, st.sampled_from([None, "TYX", "TZYX", "CZTYX", *POLICIES]))
def test_a_plan_holds_every_plane_once_under_names_of_its_own(sizes: list[int], names: list[str], choice: Any) -> None:
    dims = FileDims(tuple(zip(names, sizes, strict=False)))
    try:
        plan = name_axes(dims, choice)
    except OmioError:
        assert choice is not None or not dims.is_named
        return
    assert FileDims(plan).is_named
    assert FileDims(plan).count == dims.count


def outcome(dims: FileDims, choice: Any) -> Any:
    try:
        return name_axes(dims, choice)
    except AxesError as error:
        return str(error)

from __future__ import annotations

import json
from typing import ClassVar

import pytest

import omio
from omio.errors import PolicyError
from omio.policies.merge import MergePolicy, PaddedMerge, StrictMerge
from omio.policies.pad import ConstantPad, EdgePad, PadPolicy, ZeroPad
from omio.policies.write import WritePolicy


@pytest.mark.parametrize(
    "policy",
    [
        PaddedMerge(pad=EdgePad()),
        PaddedMerge(pad=ConstantPad(value=7, align="end"), times="restart"),
        PaddedMerge(pad="reflect"),
        PaddedMerge(),
        StrictMerge(dtype="promote"),
    ],
)
def test_json_rebuilds_a_policy_with_what_is_nested_in_it(policy: MergePolicy) -> None:
    again = MergePolicy.resolve(json.loads(json.dumps(policy.describe())))
    assert again == policy
    assert type(again) is type(policy)


def test_a_family_without_a_kind_resolves_to_its_default() -> None:
    centred = PadPolicy.resolve({"align": "center"})
    assert centred == ZeroPad(align="center")
    assert PadPolicy.resolve(centred.describe()) == centred
    assert PadPolicy.resolve(PadPolicy(align="end").describe()) == ZeroPad(align="end")
    assert MergePolicy.resolve(None) == StrictMerge()
    assert WritePolicy.resolve({"levels": 2}) == WritePolicy(levels=2)


def test_a_subclass_without_a_kind_leaves_its_parent_in_place() -> None:
    class Mine(StrictMerge):
        pass

    assert type(MergePolicy.resolve("strict")) is StrictMerge
    assert type(Mine.resolve(None)) is Mine


def test_a_subclass_with_a_kind_is_found() -> None:
    class Loud(StrictMerge):
        kind: ClassVar[str] = "loud-for-this-test"

    assert type(MergePolicy.resolve("loud-for-this-test")) is Loud


def test_bad_fields_are_an_error_of_policies_whatever_they_are_given_with() -> None:
    for choice in (WritePolicy(), {"kind": "write"}, None, "write"):
        with pytest.raises(PolicyError, match="WritePolicy: bogus"):
            WritePolicy.resolve(choice, bogus=1)
    with pytest.raises(PolicyError, match=r"There are .*constant, .*edge, reflect, .*zero"):
        omio.PadPolicy.resolve("mirror")
    with pytest.raises(PolicyError, match="mirror"):
        MergePolicy.resolve({"kind": "padded", "pad": "mirror"})

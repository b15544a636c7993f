from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from omio.errors import AmbiguousShapeError
from omio.policies.size import FrameCount, InferT, InferZ, RefuseMismatch, SizeMismatch, TruncateT

counts = st.builds(FrameCount, st.integers(1, 500), *[st.integers(1, 8)] * 3, st.integers(0, 3))


@given(counts, st.sampled_from([TruncateT(), InferT(), InferZ()]))
def test_a_plan_never_takes_more_frames_than_there_are(count: FrameCount, policy: SizeMismatch) -> None:
    try:
        points, planes = policy.plan(count)
    except AmbiguousShapeError:
        return
    taken = points * (planes + count.flyback) * count.channels

    assert points > 0
    assert planes > 0
    assert taken <= count.frames


@given(counts)
def test_a_file_as_large_as_promised_is_read_as_promised(count: FrameCount) -> None:
    whole = FrameCount(count.points * count.per_point, count.points, count.planes, count.channels, count.flyback)

    for policy in (TruncateT(), InferT(), InferZ()):
        assert policy.plan(whole) == (count.points, count.planes)


@given(counts)
def test_truncating_adds_nothing_and_leaves_less_than_a_time_point(count: FrameCount) -> None:
    assume(count.frames >= count.per_point)

    points, planes = TruncateT().plan(count)

    assert planes == count.planes
    assert points == count.points or count.frames - points * count.per_point < count.per_point


def test_the_default_refuses() -> None:
    assert SizeMismatch.resolve(None) == RefuseMismatch()
    with pytest.raises(AmbiguousShapeError, match="holds 5 frames, its sidecar promises 8"):
        RefuseMismatch().plan(FrameCount(5, 4, 1, 2))


@pytest.mark.parametrize("policy", [TruncateT(), InferT(), InferZ(), RefuseMismatch()])
def test_json_builds_it_again(policy: SizeMismatch) -> None:
    assert SizeMismatch.resolve(json.loads(json.dumps(policy.describe()))) == policy

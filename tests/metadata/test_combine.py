from __future__ import annotations

import json
import pickle

import numpy as np

from omio import MicroscopyDataset
from omio.metadata.combine import concat_facts
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original
from tests.support.clock import within

SHAPE = (1, 1, 1, 2, 2)


def frame(number: int, notes: int = 0) -> Facts:
    return Facts.of(
        SHAPE,
        time_increment=1.0,
        planes=PlaneTable.of({"delta_t": np.full((1, 1, 1), float(number))}),
        annotations=tuple({"kind": "long", "value": at, "namespace": f"part {number}"} for at in range(notes)),
        original=Original({"number": number}.copy),
    )


def test_what_is_merged_one_by_one_does_not_nest() -> None:
    whole = frame(0)
    for number in range(1, 2000):
        whole = concat_facts([whole, frame(number)], "T")
    assert pickle.loads(pickle.dumps(whole)).sizes["T"] == 2000  # noqa: S301 - our own bytes
    assert whole.static.original == {"parts": [{"number": number} for number in range(2000)]}
    assert whole.planes is not None
    assert whole.planes.columns["delta_t"].ravel().tolist() == list(range(2000))


def test_merging_one_by_one_is_merging_at_once() -> None:
    parts = [frame(number, notes=2) for number in (0, 0, 1, 2)]
    one_by_one = parts[0]
    for part in parts[1:]:
        one_by_one = concat_facts([one_by_one, part], "T")
    at_once = concat_facts(parts, "T")
    assert one_by_one.static.original == at_once.static.original
    assert one_by_one.static.annotations == at_once.static.annotations
    assert len(at_once.static.annotations) == 6
    image = MicroscopyDataset.from_array(np.zeros((4, 2, 2)), "TYX")
    again = [MicroscopyDataset(image.recipe, facts) for facts in (one_by_one, at_once)]
    assert again[0].identical(again[1])


def test_planes_joined_along_another_dim_stay_as_they_are() -> None:
    row = concat_facts([frame(0), frame(1)], "T")
    both = concat_facts([row, row.take((range(2), *map(range, SHAPE[1:])))], "Z")
    assert both.planes is not None
    assert both.planes.columns["delta_t"][:, :, 0].tolist() == [[0, 0], [1, 1]]
    picked = concat_facts([both.take((range(1, 2), range(2), *map(range, SHAPE[2:]))), both], "T")
    assert picked.planes is not None
    assert picked.planes.columns["delta_t"][:, 1, 0].tolist() == [1, 0, 1]


def test_annotations_of_many_parts_join_in_little_time() -> None:
    parts = [frame(number, notes=5) for number in range(1000)]
    with within(0.7):
        merged = concat_facts(parts, "T")
    assert len(merged.static.annotations) == 5000
    assert len({json.dumps(note) for note in merged.static.annotations}) == 5000

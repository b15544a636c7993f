"""Jobs are plain values: JSON and pickle both ways, opened lazily."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.batch import Job, Merge
from omio.batch.running.opening import open_job
from omio.errors import MergeError
from omio.policies.merge import MergePolicy
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

STRICT = Merge("T", MergePolicy.resolve("strict").describe())
JOBS = (
    Job(("a.tif",), "a.ome.tif"),
    Job(("a.czi",), "a_A1.ome.tif", "A1", options={"axes": "TYX"}, labels={"subject": "sub-01"}),
    Job(("t1.tif", "t2.tif"), "t.ome.tif", merge=STRICT, reader="bids", sidecar={"Manufacturer": "Zeiss"}),
)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.destination)
def test_a_job_survives_json_and_pickle(job: Job) -> None:
    assert Job.of(json.loads(json.dumps(job.describe()))) == job
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301 - our own bytes


def test_inputs_are_joined_in_their_order(tmp_path: Path) -> None:
    pixels = makers.cells((2, 1, 1, 16, 16))
    makers.imagej(tmp_path / "t1.tif", pixels)
    makers.imagej(tmp_path / "t2.tif", pixels + 1)
    image = open_job(Job(("t1.tif", "t2.tif"), "t.ome.tif", merge=STRICT), tmp_path)
    np.testing.assert_array_equal(image.load(), np.concatenate([pixels, pixels + 1]))


def test_inputs_that_do_not_fit_are_told(tmp_path: Path) -> None:
    makers.imagej(tmp_path / "t1.tif", makers.cells((1, 1, 1, 16, 16)))
    makers.imagej(tmp_path / "t2.tif", makers.cells((1, 1, 1, 16, 20)))
    with pytest.raises(MergeError, match="X"):
        open_job(Job(("t1.tif", "t2.tif"), "t.ome.tif", merge=STRICT), tmp_path)

"""A project whose images are converted by the workers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import omio
from omio.batch import Project
from omio.testing import makers
from tests.cluster.worker import tasks_given

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("given", ["given", "active"])
def test_each_image_is_a_task(client: Any, tmp_path: Path, given: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    sources = [makers.ome_tiff(folder / f"cells{k}.ome.tif", makers.cells((2, 1, 2, 32, 32))) for k in range(3)]
    project = Project(folder, layout="folder")
    before = client.run(tasks_given)
    with client.as_current():
        report = project.run("omezarr", client=client if given == "given" else None)
    assert (len(report.processed), len(report.failed)) == (3, 0)
    assert client.run(tasks_given) != before
    for source in sources:
        written = project.output / source.path.name.replace(".ome.tif", ".ome.zarr")
        with omio.open(written) as image, omio.open(source.path) as original:
            assert image.identical(original)

"""``omio convert --scheduler``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.cli import main
from omio.testing import makers
from tests.cluster.worker import tasks_given

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["a.ome.zarr", "a.ome.tif"])
def test_workers_convert(client: Any, tmp_path: Path, name: str) -> None:
    source = makers.ome_tiff(tmp_path / "source.ome.tif")
    before = client.run(tasks_given)
    address = client.scheduler.address
    assert main(["convert", str(source.path), "-o", str(tmp_path / name), "--scheduler", address]) == 0
    assert client.run(tasks_given) != before
    with omio.open(tmp_path / name) as written:
        np.testing.assert_array_equal(written.load(), source.pixels)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import omio
from omio.testing import makers

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
pytest.importorskip("starlette", reason="the extra serve is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omio.serve.server import Server


@pytest.fixture(scope="package")
def image(tmp_path_factory: pytest.TempPathFactory) -> omio.MicroscopyDataset:
    """T 3, Z 5, C 2, Y 96, X 128 of 16 bits, in a file."""
    path: Path = tmp_path_factory.mktemp("a secret folder") / "cells.ome.tif"
    makers.ome_tiff(path)
    return omio.open(path)


@pytest.fixture(scope="package")
def server(image: omio.MicroscopyDataset) -> Iterator[Server]:
    from omio.serve import serve

    with serve(image) as running:
        yield running

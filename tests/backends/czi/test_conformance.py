"""The CZI backend passes the suite that is published for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.backends.czi import CziBackend
from omio.testing import BackendTests
from tests.support.czi import Tile, write_czi

if TYPE_CHECKING:
    from pathlib import Path


def tiles(compression: str) -> list[Tile]:
    """Return two scenes of overlapping tiles, two channels and three Z, not in the order of M."""
    random = np.random.default_rng(0)
    found = []
    for scene in range(2):
        for z in range(3):
            for c in range(2):
                for m in (1, 0, 2):
                    at = {"X": -50 + 24 * m, "Y": 1000 * scene, "Z": z, "C": c, "S": scene, "M": m}
                    pixels = random.integers(0, 60000, (40, 32)).astype(np.uint16)
                    found.append(Tile(pixels, at, compression=compression))
    return found


class TestMosaic(BackendTests):
    backend = CziBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return write_czi(tmp_path / "mosaic.czi", tiles("zstd-header"))


class TestRawColour(BackendTests):
    backend = CziBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        pixels = np.random.default_rng(1).integers(0, 255, (30, 50, 3)).astype(np.uint8)
        return write_czi(tmp_path / "colour.czi", [Tile(pixels, {"X": 7, "Y": 9, "C": 0})])

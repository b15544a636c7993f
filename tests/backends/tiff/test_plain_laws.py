"""Plain and ImageJ files obey the published laws of backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from omio.backends.base import OpenOptions
from omio.backends.tiff.imagej import ImageJBackend
from omio.backends.tiff.plain import PlainTiffBackend
from omio.testing import BackendTests
from tests.backends.tiff.made import noise, write

if TYPE_CHECKING:
    from pathlib import Path


class TestPlainStack(BackendTests):
    backend = PlainTiffBackend
    options = OpenOptions(axes="TYX")

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return write(tmp_path / "a.tif", noise(5, 40, 30), compression="zlib", rowsperstrip=8, byteorder=">")


class TestTurnedPyramid(BackendTests):
    backend = PlainTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        pixels = noise(64, 48, 3, dtype="uint8")
        with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
            for step in (1, 2):
                tag = [(274, 3, 1, 8, True)]
                tiff.write(pixels[::step, ::step], tile=(16, 16), photometric="rgb", metadata=None, extratags=tag)
        return tmp_path / "a.tif"


class TestHyperstack(BackendTests):
    backend = ImageJBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        metadata = {"axes": "TZCYX", "unit": "um", "spacing": 0.5, "finterval": 2.0, "Labels": list("abcdefghijkl")}
        return write(tmp_path / "a.tif", noise(2, 3, 2, 40, 30), imagej=True, metadata=metadata, resolution=(4, 4))


class TestImageJPlanesOnPages(BackendTests):
    backend = ImageJBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        pixels = np.asarray(noise(6, 40, 30), "float32")
        return write(tmp_path / "a.tif", pixels, compression="lzw", description="ImageJ=1.54f\nimages=6\nframes=6\n")

"""The example for napari shows points where the pixels are brightest; run where napari is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.testing import makers
from tests.support.examples import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("default", "error::omio.errors.OmioWarning")


class Told:
    """Stands in for a viewer: remembers the layers."""

    def __init__(self) -> None:
        self.layers: dict[str, Any] = {}

    def add_image(self, data: Any, *, name: str, **_: Any) -> None:
        self.layers[name] = data

    def add_points(self, data: Any, *, name: str, **_: Any) -> None:
        self.layers[name] = data


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(FOLDER)
    import in_napari  # type: ignore[import-not-found]

    return in_napari


def test_points_lie_on_the_brightest_pixels(tmp_path: Path, example: Any) -> None:
    image = omio.open(makers.ome_tiff(tmp_path / "cells.ome.tif").path)
    points = example.show(image, Told()).layers["brightest"]
    pixels = makers.cells()[:, :, 0]
    steps = (makers.TIME_INCREMENT, *(makers.PIXEL_SIZE[dim] for dim in "ZYX"))
    values = [pixels[tuple(np.round(point / steps).astype(int))] for point in points]
    assert len(values) == example.POINTS
    assert max(values) == pixels.max()
    assert values == sorted(values, reverse=True)


def test_napari_shows_image_and_points(tmp_path: Path, example: Any, viewer: Any) -> None:
    image = omio.open(makers.ome_tiff(tmp_path / "cells.ome.tif").path)
    example.show(image, viewer)
    assert [layer.name for layer in viewer.layers] == ["cells :: EGFP", "cells :: mCherry", "brightest"]
    pixels, points = viewer.layers[0], viewer.layers["brightest"]
    assert points.units == pixels.units
    assert (points.extent.world[0] >= pixels.extent.world[0]).all()
    assert (points.extent.world[1] <= pixels.extent.world[1]).all()

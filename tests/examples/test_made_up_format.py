"""The backend that the examples show keeps all laws of backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.backends import registry
from omio.testing import BackendTests, makers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def lumen(example: Callable[[str], Any]) -> Iterator[type[omio.Backend]]:
    backend = example("made_up_format").LumenBackend
    yield omio.register_backend(backend)
    registry.unregister(backend.name)


class TestLumen(BackendTests):
    @pytest.fixture(autouse=True)
    def _of_the_example(self, lumen: type[omio.Backend]) -> None:
        type(self).backend = lumen

    @pytest.fixture
    def path(self, example: Callable[[str], Any]) -> Path:
        source: Path = example("made").lumen("cells.ome.tif")[0]
        return source


def test_a_file_opens_as_what_it_says(example: Callable[[str], Any]) -> None:
    source, target = example("made").lumen("cells.ome.tif")
    with omio.open(source) as image:
        np.testing.assert_array_equal(image.load(), makers.cells((2, 3, 2, 48, 64)))
        assert image.pixel_size == makers.PIXEL_SIZE
        assert image.metadata.time_increment == makers.TIME_INCREMENT
        image.to_ometiff(target)
    with omio.open(target) as written:
        assert tuple(channel.name for channel in written.metadata.channels) == makers.CHANNELS

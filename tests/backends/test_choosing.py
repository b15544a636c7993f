"""Which backend reads a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio import backends
from omio.backends.base import Backend, Confidence
from omio.errors import OmioWarning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Broken(Backend):
    """A plug-in with a mistake."""

    name = "broken"

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        raise IndexError("boom")

    def scenes(self) -> tuple[str, ...]:
        raise NotImplementedError

    def array(self, scene: str, level: int = 0) -> Any:
        raise NotImplementedError

    def metadata(self, scene: str) -> Any:
        raise NotImplementedError


@pytest.fixture
def broken() -> Iterator[None]:
    backends.register_backend(Broken)
    yield
    backends.registry.unregister("broken")


@pytest.mark.usefixtures("broken")
def test_a_plug_in_that_cannot_look_at_a_file_does_not_keep_others_from_reading(tmp_path: Path) -> None:
    path = tmp_path / "q.tif"
    tifffile.imwrite(path, np.zeros((4, 5), np.uint8))
    with pytest.warns(OmioWarning, match="'broken' is broken: IndexError: boom"):
        assert omio.open(path).shape == (1, 1, 1, 4, 5)
    with pytest.warns(OmioWarning, match="'broken'"):
        assert "broken: no" in backends.explain(path)

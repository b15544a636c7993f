from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omio.backends.base import OpenOptions
from omio.backends.czi import CziBackend
from omio.lazy.handles import HANDLES
from tests.support.czi import Attached, Tile, write_czi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

type Opener = Callable[..., CziBackend]


@pytest.fixture(autouse=True)
def close_files() -> Iterator[None]:
    yield
    HANDLES.clear()


@pytest.fixture
def made(tmp_path: Path) -> Opener:
    """Write tiles to a file and open it."""

    def make(
        tiles: Sequence[Tile],
        xml: str | None = None,
        attachments: Sequence[Attached] = (),
        *,
        strict: bool = True,
    ) -> CziBackend:
        path = write_czi(tmp_path / "made.czi", tiles, xml, attachments)
        return CziBackend(str(path), OpenOptions(strict=strict))

    return make

"""Processes that are killed while they write: the destination is the old one, the new one, or absent."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from tests.faults.formats import FORMATS, NIGHTLY, pixels
from tests.faults.runs import SHAPE, Writer, found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

KILLS = 200 if NIGHTLY else 20
OLD, NEW = 1, 2

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process a kill needs fork")


@pytest.mark.parametrize("form", ["tiff-zlib-pyramid", "omezarr-0.5", "omezarr-sharded", "omezarr-zip"])
def test_killed_at_any_time(
    form: str, folder: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Half of the kills hit the making of a new file, half the replacement of an old one."""
    old, new = (pixels(seed, SHAPE) for seed in (OLD, NEW))
    chance, counts = random.Random(), Counter[str]()  # noqa: S311 - any moment must do
    kept = FORMATS[form].write(omio.MicroscopyDataset.from_array(old), tmp_path)
    path, scratch = folder / kept.name, tmp_path / "scratch"
    scratch.mkdir()
    with Writer(form, folder, NEW, scratch) as writer:
        span = min(writer.seconds() for _ in range(3))
        for number in range(KILLS):
            is_old = number % 2 == 1
            _put(kept if is_old else None, path)
            writer.begin()
            told = writer.outcome(killed_after=chance.uniform(0, span))
            state = _state(found(form, folder), old, new)
            counts[f"{'over' if is_old else 'fresh'} {state}"] += 1
            assert state == "new" or (told is None and state == ("old" if is_old else "absent"))
            counts["left"] += len(list(folder.iterdir())) - path.exists()
        FORMATS[form].write(omio.MicroscopyDataset.from_array(new), folder)
    record_property("outcomes", dict(counts))
    assert [entry.name for entry in folder.iterdir()] == [path.name]


def _put(kept: Path | None, path: Path) -> None:
    """Make the destination what it was, or nothing."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if kept is not None and kept.is_dir():
        shutil.copytree(kept, path)
    elif kept is not None:
        shutil.copy(kept, path)


def _state(made: NDArray[Any] | None, old: NDArray[Any], new: NDArray[Any]) -> str:
    if made is None:
        return "absent"
    return "old" if np.array_equal(made, old) else "new" if np.array_equal(made, new) else "torn"

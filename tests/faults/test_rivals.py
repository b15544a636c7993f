"""Processes that write to one name or side by side, and sources that change while they are read."""

from __future__ import annotations

import os
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import ChangedFileError
from omio.lazy.leaf import FileRecipe
from omio.store.folders import folder_destination
from tests.faults.formats import FORMATS, NIGHTLY, contents, pixels
from tests.faults.runs import SHAPE, Writer, found

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.indexing import Key

RACES = 50 if NIGHTLY else 5
FORMS = ["tiff-zlib-pyramid", "omezarr-0.5", "omezarr-sharded", "omezarr-zip"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process a race needs fork")
@pytest.mark.parametrize("form", FORMS)
def test_two_writers_at_once_leave_what_one_of_them_wrote(form: str, folder: Path, tmp_path: Path) -> None:
    images = [pixels(seed, SHAPE) for seed in (1, 2)]
    with Writer(form, folder, 1, tmp_path) as one, Writer(form, folder, 2, tmp_path) as other:
        for _ in range(RACES):
            one.begin()
            other.begin()
            told = [one.outcome(), other.outcome()]
            assert "done" in told
            assert all(answer == "done" or FORMATS[form].name in str(answer) for answer in told)
            made = found(form, folder)
            assert made is not None
            assert any(np.array_equal(made, image) for image in images)
            assert [entry.name for entry in folder.iterdir()] == [FORMATS[form].name]


def test_writers_side_by_side_let_each_other_be(folder: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        assert pool.map(write_beside_others, [folder / f"{number}" for number in range(4)]) == [0] * 4


def write_beside_others(name: Path) -> int:
    """Write folders one after the other, and return how many are not whole."""
    return sum(not is_written(name.with_name(f"{name.name}-{number}.zarr")) for number in range(20 * RACES))


def is_written(path: Path) -> bool:
    with folder_destination(path, is_ours=bool) as pending:
        (pending.temp / "mark").write_text("whole")
    return (path / "mark").exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_source_that_changes_meanwhile_leaves_the_old(
    form: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = folder / "source.tif", folder / "output"
    output.mkdir()
    tifffile.imwrite(source, pixels(2), metadata={"axes": "TZCYX"}, ome=True)
    path = FORMATS[form].write(omio.MicroscopyDataset.from_array(pixels(1)), output)
    before, image, read = contents(path), omio.open(source), FileRecipe.read

    def read_and_touch(recipe: FileRecipe, key: Key, out: NDArray[Any]) -> None:
        read(recipe, key, out)
        os.utime(source)

    monkeypatch.setattr(FileRecipe, "read", read_and_touch)
    with pytest.raises(ChangedFileError, match=r"source\.tif"):
        FORMATS[form].write(image, output)
    assert contents(path) == before
    assert [entry.name for entry in output.iterdir()] == [path.name]

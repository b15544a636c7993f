"""An interrupted conversion goes on where it was; the result is right, or there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

import omio
from omio.errors import PolicyError, WriteError
from omio.store.atomic import JOURNAL, leftovers
from omio.writers.zarr import journal
from tests.writers.zarr.images import Counted, dataset

if TYPE_CHECKING:
    from pathlib import Path

    from omio import MicroscopyDataset

SHAPE = (6, 1, 1, 512, 512)
WAY: dict[str, Any] = {"chunks": {"T": 1}, "resume": True}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omio.writers.zarr.plan.BLOCK_BYTES", 1 << 19)


def counted(image: MicroscopyDataset, *, broken: int = 1 << 30) -> tuple[MicroscopyDataset, Counted]:
    """Return the same image, whose pixels say which frames were read."""
    recipe = image.recipe
    source = Counted(recipe.load(), identity="the same pixels", broken=broken)
    return image._replace(_recipe=source, _coarser=()), source


def interrupt(path: Path, **way: Any) -> Path:
    """Write until the third frame; return what was left."""
    image, _ = counted(dataset(SHAPE), broken=3)
    with pytest.raises(WriteError, match="went away"), omio.config(threads=1):
        image.to_omezarr(path, **{**WAY, **way})
    (left,) = leftovers(path)
    return left


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    left = interrupt(tmp_path / "a.ome.zarr")
    assert not (tmp_path / "a.ome.zarr").exists()
    assert (left / JOURNAL).exists()

    image, source = counted(dataset(SHAPE))
    image.to_omezarr(tmp_path / "a.ome.zarr", **WAY)

    assert sorted(source.asked) == [3, 4, 5]
    assert omio.open(tmp_path / "a.ome.zarr").identical(dataset(SHAPE))
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]
    assert not (tmp_path / "a.ome.zarr" / JOURNAL).exists()


@pytest.mark.parametrize("other", [{"compression": "zstd"}, {"downsampling": "nearest"}, {"levels": 2}])
def test_another_policy_starts_afresh(tmp_path: Path, other: dict[str, Any]) -> None:
    interrupt(tmp_path / "a.ome.zarr")
    image, source = counted(dataset(SHAPE))

    image.to_omezarr(tmp_path / "a.ome.zarr", **WAY, **other)

    assert set(range(6)) <= set(source.asked)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_another_source_starts_afresh(tmp_path: Path) -> None:
    interrupt(tmp_path / "a.ome.zarr")
    other = dataset(SHAPE, dtype="int8")

    other.to_omezarr(tmp_path / "a.ome.zarr", **WAY)

    assert omio.open(tmp_path / "a.ome.zarr").identical(other)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_a_torn_line_says_nothing(tmp_path: Path) -> None:
    left = interrupt(tmp_path / "a.ome.zarr")
    lines = (left / JOURNAL).read_text().splitlines()
    assert json.loads(lines[0])["version"] == journal.VERSION
    (left / JOURNAL).write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:-4])

    image, source = counted(dataset(SHAPE))
    image.to_omezarr(tmp_path / "a.ome.zarr", **WAY)

    assert sorted(source.asked) == [2, 3, 4, 5]
    assert omio.open(tmp_path / "a.ome.zarr").identical(dataset(SHAPE))


def test_what_was_left_is_spared_by_others_and_removed_by_a_call_that_does_not_resume(tmp_path: Path) -> None:
    left = interrupt(tmp_path / "a.ome.zarr")

    dataset().to_omezarr(tmp_path / "b.ome.zarr")
    assert left.exists()

    dataset(SHAPE).to_omezarr(tmp_path / "a.ome.zarr")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ome.zarr", "b.ome.zarr"]


def test_zip_files_cannot_be_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="only folders"):
        dataset().to_omezarr(tmp_path / "a.ozx", resume=True)


CONVERT = """
import sys
import omio
from omio.writers.zarr import journal, plan
journal.INTERVAL = 0.0
plan.BLOCK_BYTES = 1 << 19
print("begin", flush=True)
omio.open(sys.argv[1]).to_omezarr(sys.argv[2], levels=3, chunks=(64, 64), resume=True)
"""


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Ten times a process is killed, each a little later; the last one ends what they began."""
    image = dataset((30, 1, 1, 512, 512))
    source, target = tmp_path / "source.ome.tif", tmp_path / "out" / "a.ome.zarr"
    image.to_ometiff(source, compression="none")
    target.parent.mkdir()
    command = [sys.executable, "-c", CONVERT, str(source), str(target)]
    for turn in range(10):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.02 * turn)
            os.kill(process.pid, signal.SIGKILL)
        assert not target.exists() or omio.open(target).identical(image)
    if not target.exists():
        subprocess.run(command, check=True, capture_output=True)

    assert omio.open(target).identical(image)
    assert [path.name for path in target.parent.iterdir()] == ["a.ome.zarr"]

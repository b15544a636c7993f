from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio.writers.zarr import targets
from omio.writers.zarr.places import size_of
from omio.writers.zarr.targets import FolderTarget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("aside", [False, True])
def test_a_file_is_put_into_folders_that_are_made_and_may_be_put_again(tmp_path: Path, *, aside: bool) -> None:
    target = FolderTarget(tmp_path, aside=aside)

    target.put("0/c/3/0", b"a longer chunk")
    target.put("0/c/3/0", b"chunk")

    assert (tmp_path / "0/c/3/0").read_bytes() == b"chunk"


def test_what_another_worker_has_put_stays_whole_where_putting_it_again_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FolderTarget(tmp_path, aside=True).put("0/c/0", b"whole")

    def stopped(descriptor: int, data: bytes, _: int) -> None:
        os.write(descriptor, data[:2])
        raise OSError("stopped")

    monkeypatch.setattr(targets, "write_at", stopped)
    with pytest.raises(OSError, match="stopped"):
        FolderTarget(tmp_path, aside=True).put("0/c/0", b"again")

    assert (tmp_path / "0/c/0").read_bytes() == b"whole"


def test_the_size_of_a_folder_is_that_of_all_files_below_it(tmp_path: Path) -> None:
    for key, length in {"zarr.json": 5, "0/c/0/0": 70, "0/c/1/0": 800}.items():
        FolderTarget(tmp_path).put(key, bytes(length))

    assert size_of(tmp_path) == 875
    assert size_of(tmp_path / "0/c/0/0") == 70


@pytest.mark.parametrize(("times", "sharded"), [(200, False), (201, True)])
def test_more_than_a_thousand_files_and_folders_become_shards(tmp_path: Path, *, times: int, sharded: bool) -> None:
    """A chunk of each time lies in four folders of its own."""
    image = omio.MicroscopyDataset.from_array(np.ones((times, 2, 2), np.uint8), axes="TYX")

    image.to_omezarr(tmp_path / "a.ome.zarr", levels=1)

    (codec, *_) = json.loads((tmp_path / "a.ome.zarr/0/zarr.json").read_text())["codecs"]
    assert (codec["name"] == "sharding_indexed") is sharded
    assert len(list((tmp_path / "a.ome.zarr/0/c").rglob("*"))) == (5 if sharded else 5 * times)

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import fsspec
import numpy as np
import pytest
import zarr

import omio
from omio.backends.zarr.store import MARK
from omio.errors import DestinationExistsError, IncompleteDatasetError, PolicyError, WriteError
from omio.writers.zarr.remote import StoreTarget
from tests.writers.zarr.images import Counted, dataset

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def url() -> Iterator[str]:
    name = f"memory://bucket-{uuid4().hex}/a.ome.zarr"
    yield name
    system, folder = fsspec.filesystem("memory"), name.rpartition("/")[0]
    if system.exists(folder):
        system.rm(folder, recursive=True)


def keys(url: str) -> set[str]:
    system = fsspec.filesystem("memory")
    base = url.removeprefix("memory:/")
    return {key.removeprefix(f"{base}/") for key in system.find(base)}


def test_a_hierarchy_is_put_at_a_url(url: str) -> None:
    image = dataset()

    report = image.to_omezarr(url, levels=3)

    group = zarr.open_group(url, mode="r")
    np.testing.assert_array_equal(group["0"][...], np.moveaxis(image.load(), 2, 1))  # type: ignore[index]
    assert MARK not in keys(url)
    assert report.path == url
    assert report.nbytes == fsspec.filesystem("memory").du(url)


@pytest.mark.parametrize(("version", "last"), [("0.5", ["zarr.json"]), ("0.4", [".zgroup", ".zattrs"])])
def test_the_document_of_the_root_is_put_last(
    url: str, version: str, last: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    put = StoreTarget._put

    def noted(self: StoreTarget, key: str, content: bytes) -> None:
        order.append(key)
        put(self, key, content)

    monkeypatch.setattr(StoreTarget, "_put", noted)

    dataset().to_omezarr(url, version=version)

    assert order[0] == MARK
    assert order[-len(last) :] == last
    assert len(order) > len(last) + 3


def test_a_failure_deletes_what_was_put(url: str) -> None:
    image = dataset((4, 1, 1, 512, 512))
    source = Counted(image.load(), broken=2)

    with pytest.raises(WriteError, match="went away"):
        image._replace(_recipe=source, _coarser=()).to_omezarr(url, chunks={"T": 1}, shards=False)

    assert keys(url) == set()


def test_a_taken_url_is_refused_replaced_or_stepped_aside_from(url: str) -> None:
    dataset().to_omezarr(url)
    before = keys(url)

    with pytest.raises(DestinationExistsError):
        dataset().to_omezarr(url)
    beside = dataset().to_omezarr(url, overwrite="increment")
    dataset((1, 1, 1, 5, 6)).to_omezarr(url, overwrite="replace")

    assert beside.path == url.replace("a.ome.zarr", "a-1.ome.zarr")
    assert keys(beside.path) == before
    assert zarr.open_group(url, mode="r")["0"].shape == (1, 1, 1, 5, 6)  # type: ignore[union-attr]


def test_what_a_killed_process_left_is_replaced_and_nothing_else(url: str) -> None:
    system = fsspec.filesystem("memory")
    system.pipe(f"{url}/thesis.txt", b"years of work")
    with pytest.raises(WriteError, match="nothing that would be written here"):
        dataset().to_omezarr(url, overwrite="replace")
    assert keys(url) == {"thesis.txt"}

    system.rm(f"{url}/thesis.txt")
    system.pipe(f"{url}/{MARK}", b"{}")
    system.pipe(f"{url}/0/c/9", b"stale")
    dataset().to_omezarr(url)

    assert "0/c/9" not in keys(url)


def test_what_is_not_finished_is_not_read(url: str) -> None:
    dataset().to_omezarr(url)
    assert omio.open(url).identical(dataset())
    system = fsspec.filesystem("memory")
    system.rm(f"{url}/zarr.json")
    system.pipe(f"{url}/{MARK}", b"{}")

    with pytest.raises(IncompleteDatasetError, match="not written to its end"):
        omio.open(url)


def test_only_folders_are_gone_on_with(url: str) -> None:
    with pytest.raises(PolicyError, match="only folders"):
        dataset().to_omezarr(url, resume=True)


def test_secrets_are_not_kept(url: str) -> None:
    dataset().to_omezarr(url, storage_options={"skip_instance_cache": True})

    text = fsspec.filesystem("memory").cat(f"{url}/OME/METADATA.ome.xml")
    assert b"skip_instance_cache" not in text

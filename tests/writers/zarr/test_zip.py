from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

import omio
from omio.errors import PolicyError
from tests.writers.zarr.images import dataset, nuclei

if TYPE_CHECKING:
    from pathlib import Path


def test_documents_come_first_and_nothing_twice(tmp_path: Path) -> None:
    dataset().to_omezarr(tmp_path / "a.ozx", labels={"nuclei": nuclei()}, levels=3, chunks=(16, 16))

    with zipfile.ZipFile(tmp_path / "a.ozx") as archive:
        names = archive.namelist()
        documents = [name for name in names if name.endswith("zarr.json")]
        assert names[: len(documents)] == documents
        assert documents[0] == "zarr.json"
        assert [name.count("/") for name in documents] == sorted(name.count("/") for name in documents)
        assert len(set(names)) == len(names)
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        told = json.loads(archive.comment)["ome"]
    assert told == {"version": "0.5", "zipFile": {"centralDirectory": {"jsonFirst": True}}}


def test_chunks_share_shards(tmp_path: Path) -> None:
    dataset().to_omezarr(tmp_path / "a.ozx", chunks=(16, 16))
    dataset().to_omezarr(tmp_path / "b.ozx", chunks=(16, 16), shards=False)

    counts = [len(zipfile.ZipFile(tmp_path / name).namelist()) for name in ("a.ozx", "b.ozx")]

    assert counts[0] < counts[1] / 10
    assert omio.open(tmp_path / "a.ozx").identical(omio.open(tmp_path / "b.ozx"))


def test_zip64_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20_000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)

    report = dataset().to_omezarr(tmp_path / "a.ozx", chunks=(16, 16), levels=3, shards=False)

    content = (tmp_path / "a.ozx").read_bytes()
    assert report.nbytes == len(content) > 20_000
    assert b"PK\x06\x06" in content  # the ZIP64 end of the central directory
    assert omio.open(report.path).identical(dataset())


def test_ome_zarr_04_is_no_ozx(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"\.zarr\.zip"):
        dataset().to_omezarr(tmp_path / "a.ozx", version="0.4")

    dataset().to_omezarr(tmp_path / "a.zarr.zip", version="0.4", levels=2)
    with zipfile.ZipFile(tmp_path / "a.zarr.zip") as archive:
        assert archive.comment == b""
    assert omio.open(tmp_path / "a.zarr.zip").identical(dataset())

"""Files that workers write are those that this process writes, and are there whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import DamagedFileError, MemoryLimitError, PolicyError
from omio.lazy import cluster
from omio.testing import makers
from tests.cluster.sources import slope
from tests.cluster.worker import tasks_given

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

NAMES = ("a.ome.tif", "a.ome.zarr", "a.ozx")


def write(image: omio.MicroscopyDataset, path: Path, client: Any, **fields: Any) -> None:
    verb = image.to_ometiff if path.name.endswith("tif") else image.to_omezarr
    verb(path, client=client, **fields)


def stored(path: Path) -> dict[str, bytes]:
    """Return what is stored under each name; OME-XML, which says when it was made, apart."""
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    elif path.suffix == ".ozx":
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    else:
        with tifffile.TiffFile(path) as file:
            files = {f"level {k}": level.asarray().tobytes() for k, level in enumerate(file.series[0].levels)}
    return {name: content for name, content in files.items() if not name.endswith(".xml")}


@pytest.fixture
def image(tmp_path: Path) -> Iterator[omio.MicroscopyDataset]:
    with omio.open(makers.ome_tiff(tmp_path / "source.ome.tif").path) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_workers_write_what_this_process_writes(
    client: Any, image: omio.MicroscopyDataset, tmp_path: Path, name: str
) -> None:
    for folder, where in (("here", False), ("there", client)):
        (tmp_path / folder).mkdir()
        write(image, tmp_path / folder / name, where, levels=3)
    assert stored(tmp_path / "here" / name) == stored(tmp_path / "there" / name)
    with omio.open(tmp_path / "there" / name) as written:
        assert written.identical(image)
    assert [path.name for path in (tmp_path / "there").iterdir()] == [name]


def test_many_blocks_and_stages(client: Any, tmp_path: Path) -> None:
    image = slope(shape=(2, 1, 1, 700, 900))
    fields: dict[str, Any] = {"chunks": (64, 64), "levels": 5, "downsampling": "gaussian"}
    for folder, where in (("here", False), ("there", client)):
        (tmp_path / folder).mkdir()
        image.to_omezarr(tmp_path / folder / "a.ome.zarr", client=where, **fields)
    assert len(stored(tmp_path / "here")) > 300
    assert stored(tmp_path / "here") == stored(tmp_path / "there")


def test_the_active_client_is_used(client: Any, image: omio.MicroscopyDataset, tmp_path: Path) -> None:
    with client.as_current():
        before = client.run(tasks_given)
        image.to_omezarr(tmp_path / "a.ome.zarr")
        after = client.run(tasks_given)
        image.to_omezarr(tmp_path / "b.ome.zarr", client=False)
        assert before != after == client.run(tasks_given)
    assert cluster.client_in_force() is None


def test_work_on_a_worker_is_not_handed_on(client: Any, tmp_path: Path) -> None:
    source = makers.ome_tiff(tmp_path / "source.ome.tif").path
    assert client.submit(_convert, source, tmp_path / "a.ome.zarr").result(timeout=120) == []
    np.testing.assert_array_equal(omio.open(tmp_path / "a.ome.zarr").load(), omio.open(source).load())


def _convert(source: Path, target: Path) -> list[Any]:
    import distributed

    distributed.get_client()  # from now on this worker has an active client
    with omio.open(source) as image:
        image.to_omezarr(target)
    return [found for found in [cluster.client_in_force()] if found is not None]


def test_what_was_mapped_or_projected_travels(client: Any, image: omio.MicroscopyDataset, tmp_path: Path) -> None:
    image.map(lambda pixels: pixels + 1).to_ometiff(tmp_path / "map.ome.tif", client=client)
    image.project("Z", "max").to_omezarr(tmp_path / "max.ome.zarr", client=client)
    pixels = image.load()
    np.testing.assert_array_equal(omio.open(tmp_path / "map.ome.tif").load(), pixels + 1)
    np.testing.assert_array_equal(omio.open(tmp_path / "max.ome.zarr").load(), pixels.max(1, keepdims=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_that_keeps_failing_leaves_nothing(client: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(DamagedFileError, match="T 13: cannot be read"):
        write(slope(fails_at=13), tmp_path / name, client)
    assert not list(tmp_path.iterdir())


def test_a_unit_that_fails_twice_costs_nothing_but_time(client: Any, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    tries.mkdir()
    slope(fails_at=13, tries=str(tries)).to_omezarr(tmp_path / "a.ome.zarr", client=client)
    np.testing.assert_array_equal(omio.open(tmp_path / "a.ome.zarr").load(), slope().load())


def test_few_pixels_in_memory_travel(client: Any, tmp_path: Path) -> None:
    pixels = makers.cells()
    omio.MicroscopyDataset.from_array(pixels).to_omezarr(tmp_path / "a.ome.zarr", client=client)
    np.testing.assert_array_equal(omio.open(tmp_path / "a.ome.zarr").load(), pixels)


def test_many_pixels_in_memory_do_not(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "TRAVELS", 1000)
    image = omio.MicroscopyDataset.from_array(makers.cells())
    with pytest.raises(MemoryLimitError, match="Write them to a file first"):
        image.to_omezarr(tmp_path / "a.ome.zarr", client=client)
    with client.as_current():
        image.to_omezarr(tmp_path / "b.ome.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["b.ome.zarr"]


def test_what_cannot_travel_is_said(client: Any, tmp_path: Path) -> None:
    image = omio.MicroscopyDataset.from_array(_Held(makers.cells((1, 1, 1, 8, 8))), axes="TZCYX")
    with pytest.raises(PolicyError, match="client=False"):
        image.to_omezarr(tmp_path / "a.ome.zarr", client=client)
    assert not list(tmp_path.iterdir())


class _Held:
    """An array of a library that holds a file open."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key: Any) -> Any:
        return self.array[key]

    def __reduce__(self) -> Any:
        text = "cannot pickle an open file"
        raise TypeError(text)


def test_a_process_without_a_client_does_not_import_distributed(tmp_path: Path) -> None:
    source = makers.ome_tiff(tmp_path / "source.ome.tif").path
    program = (
        "import sys, omio\nwith omio.open(sys.argv[1]) as image:\n"
        "    image.data, image.to_omezarr(sys.argv[2]), image.to_ometiff(sys.argv[3])\n"
        "sys.exit('distributed' in sys.modules)"
    )
    targets = [tmp_path / "a.ome.zarr", tmp_path / "a.ome.tif"]
    assert subprocess.run([sys.executable, "-c", program, source, *targets], check=False).returncode == 0


def test_an_asynchronous_client_is_refused(image: omio.MicroscopyDataset, tmp_path: Path) -> None:
    class Asynchronous:
        asynchronous = True
        submit = None

    with pytest.raises(PolicyError, match="asynchronous"):
        image.to_omezarr(tmp_path / "a.ome.zarr", client=Asynchronous())

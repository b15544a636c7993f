"""Over HTTP, from nginx: how many requests what costs, and what servers answer."""

from __future__ import annotations

import shutil
import socket
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio import errors
from omio.remote import cache, wires
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.remote.nginx import Nginx

pytest.importorskip("aiohttp", reason="aiohttp is not installed")

REGION = {"Y": slice(1000, 1300), "X": slice(1400, 1700)}


@pytest.fixture(scope="module")
def slide(http_server: Nginx) -> str:
    """Return the name of a tiled pyramid of about 2 MB, as other programs write it."""
    rows, columns = np.mgrid[:3072, :3072]
    pixels = ((np.sin(rows / 97) + np.cos(columns / 61)) * 60 + 120).astype(np.uint8)
    pixels[:, ::29] ^= 1
    path = http_server.files / "slide.ome.tif"
    with tifffile.TiffWriter(path) as writer:
        common = {"tile": (128, 128), "compression": "zlib"}
        writer.write(pixels, subifds=4, metadata={"axes": "YX"}, **common)  # type: ignore[arg-type]
        for level in range(1, 5):
            writer.write(pixels[:: 2**level, :: 2**level], subfiletype=1, **common)  # type: ignore[arg-type]
    assert 1.5e6 < path.stat().st_size < 3.5e6
    return path.name


def cost(http: Nginx) -> tuple[int, int]:
    asked = http.requests()
    return len(asked), sum(request.nbytes for request in asked)


def test_a_region_of_a_pyramid_costs_few_requests(http: Nginx, slide: str) -> None:
    image = omio.open(f"{http.url}/{slide}")
    region = image.isel(**REGION).load()
    requests, nbytes = cost(http)
    assert requests <= 10
    assert nbytes <= 200_000
    np.testing.assert_array_equal(region, omio.open(http.files / slide).isel(**REGION).load())


def test_the_same_region_again_costs_nothing(http: Nginx, slide: str) -> None:
    image = omio.open(f"{http.url}/{slide}")
    image.isel(**REGION).load()
    http.requests()
    image.isel(**REGION).load()
    assert cost(http) == (0, 0)


def test_a_whole_read_takes_each_byte_about_once(http: Nginx, slide: str) -> None:
    image = omio.open(f"{http.url}/{slide}")
    np.testing.assert_array_equal(image.load(), omio.open(http.files / slide).load())
    requests, nbytes = cost(http)
    assert requests < 25
    assert nbytes < 1.1 * (http.files / slide).stat().st_size


def test_pages_in_even_distance_are_looked_for_at_the_same_time(http: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    with tifffile.TiffWriter(http.files / "stack.tif") as writer:
        for number in range(200):
            writer.write(np.full((128, 256), number, np.uint8), metadata=None, contiguous=False)
    waits: list[int] = []
    fetch = wires.HttpWire.fetch

    def counted(self: wires.HttpWire, ranges: Sequence[wires.Range], version: str) -> list[bytes]:
        waits.append(len(ranges))
        return fetch(self, ranges, version)

    monkeypatch.setattr(wires.HttpWire, "fetch", counted)
    image = omio.open(f"{http.url}/stack.tif", axes="TYX")
    assert image.isel(T=190).load().max() == 190
    assert len(waits) <= 30


def test_a_block_of_omezarr_costs_its_documents_and_chunks(http: Nginx, slide: str) -> None:
    omio.open(http.files / slide).to_omezarr(http.files / "slide.ome.zarr", overwrite="replace", shards=False)
    image = omio.open(f"{http.url}/slide.ome.zarr")
    assert cost(http)[0] <= 12
    region = image.isel(**REGION).load()
    assert cost(http)[0] == 4
    np.testing.assert_array_equal(region, omio.open(http.files / slide).isel(**REGION).load())


def test_czi_costs_its_directory_and_the_sub_blocks_that_are_met(http: Nginx) -> None:
    path = real("czi-cd-t3c2z5.czi")
    shutil.copy(path, http.files / "cells.czi")
    image = omio.open(f"{http.url}/cells.czi")
    plane = image.isel(T=1, Z=2, C=0).load()
    requests, nbytes = cost(http)
    assert requests <= 8
    assert nbytes < path.stat().st_size / 3
    np.testing.assert_array_equal(plane, omio.open(path).isel(T=1, Z=2, C=0).load())
    np.testing.assert_array_equal(image.load(), omio.open(path).load())


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("secret/a.tif", errors.FileAccessError),
        ("nothing.tif", errors.FileMissingError),
        ("busy/a.tif", errors.RemoteError),
    ],
)
def test_what_servers_refuse(http: Nginx, place: str, kind: type[errors.OmioError]) -> None:
    with pytest.raises(kind):
        omio.open(f"{http.url}/{place}")


def test_a_server_without_ranges_gives_small_files_whole_once(http: Nginx, slide: str) -> None:
    with pytest.warns(omio.OmioWarning, match="gives no parts"):
        image = omio.open(f"{http.url}/whole/{slide}")
    np.testing.assert_array_equal(image.load(), omio.open(http.files / slide).load())
    assert cost(http)[0] == 1


def test_large_files_are_not_taken_whole(http: Nginx, slide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "LARGEST_WHOLE", 1000)
    with pytest.raises(errors.RemoteError, match=r"no parts of files.*Download it first"):
        omio.open(f"{http.url}/whole/{slide}")


def test_another_version_is_refused_by_the_range_itself(http: Nginx, slide: str) -> None:
    path = http.files / "changing.tif"
    shutil.copy(http.files / slide, path)
    image = omio.open(f"{http.url}/changing.tif")
    path.write_bytes(path.read_bytes() + b"\0")
    assert cache.KEPT_SECONDS > 1, "the last look still counts"
    with pytest.raises(errors.ChangedFileError, match="Open it again"):
        image.load()


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        held: list[socket.socket] = []
        threading.Thread(target=_accept, args=(server, held), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def _accept(server: socket.socket, held: list[socket.socket]) -> None:
    try:
        while True:
            held.append(server.accept()[0])
    except OSError:
        return


def test_a_server_that_does_not_answer_is_told(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "ANSWER_SECONDS", 0.1)
    with pytest.raises(errors.RemoteError, match="after 4 tries"):
        omio.open(f"{silent}/a.tif")


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(errors.RemoteError, match="after 4 tries"):
        omio.open("http://127.0.0.1:9/a.tif")

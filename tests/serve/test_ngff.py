"""Every image as OME-Zarr: the same pixels, read by programs that know nothing of omio."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.indexing import to_index
from omio.serve import serve
from omio.serve.halved import Halved, down_to
from omio.serve.ngff import COARSEST, LARGEST, Hierarchy, chunk_of
from omio.testing import makers
from tests.serve.client import Answer, ask, first_id
from tests.support.readers import asked
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.serve.server import Server

VERSIONS = ("0.4", "0.5")


def in_order(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return T Z C Y X [S] as t c z y x."""
    if pixels.ndim == 5:
        return pixels.transpose(0, 2, 1, 3, 4)
    t, z, c, y, x, s = pixels.shape
    return pixels.transpose(0, 2, 5, 1, 3, 4).reshape(t, c * s, z, y, x)


def open_level(url: str, level: int = 0) -> Any:
    """Open a level with zarr-python over HTTP."""
    pytest.importorskip("aiohttp", reason="zarr-python reads HTTP with aiohttp")
    import zarr

    return zarr.open_group(url, mode="r")[str(level)]


def whole(url: str, level: int = 0) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # fsspec leaves its session to the interpreter
        return np.asarray(open_level(url, level)[...])


@pytest.mark.parametrize("version", VERSIONS)
def test_zarr_python_reads_the_same_pixels(image: omio.MicroscopyDataset, server: Server, version: Any) -> None:
    assert np.array_equal(whole(server.zarr(version=version)), in_order(image.load()))


@pytest.mark.parametrize("version", VERSIONS)
def test_omio_reads_the_same_image(image: omio.MicroscopyDataset, server: Server, version: Any) -> None:
    pytest.importorskip("aiohttp", reason="the extra cloud is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with omio.open(server.zarr(version=version)) as read:
            assert read.identical(image)


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_are_valid(server: Server, version: Any) -> None:
    from yaozarrs import v04, v05

    base = f"zarr/{first_id(server)}/{version}/0.ome.zarr"
    if version == "0.5":
        document = ask(server, f"{base}/zarr.json")
        assert v05.OMEZarrGroupJSON.model_validate_json(document.body)
    else:
        document = ask(server, f"{base}/.zattrs")
        assert v04.Image.model_validate_json(document.body)
    assert document.headers["content-type"] == "application/json"
    xml = ask(server, f"{base}/OME/METADATA.ome.xml")
    assert xml.headers["content-type"] == "application/xml"
    assert b'SizeC="2"' in xml.body


@pytest.mark.parametrize(
    "key",
    [
        "0/c/3/0/0/0/0",
        "0/c/0/0/0/0/00",
        "0/c/0/0/0/0/-1",
        "0/c/0/0/0/0/1",
        "0/c/0/0/0/0",
        "0/c/0/0/0/0/0/0",
        "0/c/0/0/0/0/9999999999999999999999",
        "9/c/0/0/0/0/0",
        "0/0/0/0/0/0",
        "0/c/0/0/0/0/٠",
        "c/0/0/0/0/0",
        "0",
        "0/c",
        "zarr.json/",
        "2/zarr.json",
        ".zattrs",
    ],
)
def test_what_is_no_key_is_not_there(server: Server, key: str) -> None:
    quoted = "".join(char if char.isascii() else "".join(f"%{byte:02x}" for byte in char.encode()) for char in key)
    assert ask(server, f"zarr/{first_id(server)}/0.5/0.ome.zarr/{quoted}").status == 404


@pytest.mark.parametrize("place", ["0.6/0", "0.5/1", "zarr/0"])
def test_other_versions_and_scenes_are_not_there(server: Server, place: str) -> None:
    assert ask(server, f"zarr/{first_id(server)}/{place}.ome.zarr/zarr.json").status in (400, 404)


def chunk(server: Server, **headers: Any) -> Answer:
    return ask(server, f"zarr/{first_id(server)}/0.5/0.ome.zarr/0/c/0/0/0/0/0", **headers)


def test_ranges_of_a_chunk(server: Server) -> None:
    full = chunk(server)
    size = len(full.body)
    assert (full.status, full.headers["accept-ranges"]) == (200, "bytes")
    for text, expected in {
        "bytes=0-9": full.body[:10],
        "bytes=5-": full.body[5:],
        "bytes=-7": full.body[-7:],
        f"bytes=0-{size * 9}": full.body,
        f"bytes=-{size * 9}": full.body,
    }.items():
        part = chunk(server, Range=text)
        assert (part.status, part.body) == (206, expected), text
        assert part.headers["content-range"].endswith(f"/{size}")
        assert part.headers["etag"] == full.headers["etag"]
    beyond = chunk(server, Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("text", ["bytes=0-1,4-5", "bytes=5-1", "bytes=-", "lines=0-1", "bytes=a-b", "nonsense"])
def test_other_ranges_give_the_whole(server: Server, text: str) -> None:
    assert chunk(server, Range=text).status == 200


def test_a_range_of_an_older_chunk_gives_the_whole(server: Server) -> None:
    full = chunk(server)
    assert chunk(server, Range="bytes=0-9", If_Range=full.headers["etag"]).status == 206
    assert chunk(server, Range="bytes=0-9", If_Range='"older"').body == full.body


def test_a_chunk_that_the_client_has_is_not_made(server: Server) -> None:
    tag = chunk(server).headers["etag"]
    known = chunk(server, If_None_Match=f'"other", W/{tag}')
    assert (known.status, known.body, known.headers["etag"]) == (304, b"", tag)
    assert chunk(server, If_None_Match='"other"').status == 200


def test_samples_are_channels(tmp_path: Path) -> None:
    makers.rgb(tmp_path / "stained.tif")
    with omio.open(tmp_path / "stained.tif") as image, serve(image) as running:
        assert np.array_equal(whole(running.zarr_url), in_order(image.load()))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "complex64"])
def test_every_dtype(dtype: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 2, (1, 2, 1, 30, 40)).astype(dtype)
    with serve(omio.MicroscopyDataset.from_array(pixels)) as running:
        found = whole(running.zarr_url)
    assert (found.dtype, found.tobytes()) == (pixels.dtype, in_order(pixels).tobytes())


def test_levels_that_no_file_holds_are_those_that_omio_writes(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 60_000, (1, 1, 2, 1301, 777)).astype("uint16")
    image = omio.MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.5})
    image.to_omezarr(tmp_path / "written.ome.zarr", levels="auto")
    written = omio.open(tmp_path / "written.ome.zarr")
    assert len(written.levels) == 3
    with serve(image) as running:
        attributes = ask(running, f"zarr/{first_id(running)}/0.5/0.ome.zarr/zarr.json").json["attributes"]
        found = [whole(running.zarr_url, level) for level in range(3)]
    assert all(np.array_equal(a, in_order(b.load())) for a, b in zip(found, written.levels, strict=True))
    document = json.loads((tmp_path / "written.ome.zarr" / "zarr.json").read_bytes())["attributes"]
    assert attributes["ome"]["multiscales"] == document["ome"]["multiscales"]


@given(
    shape=st.tuples(*(st.integers(1, size) for size in (2, 2, 2, 40, 40))),
    data=st.data(),
    dtype=st.sampled_from(["uint8", "int16", "float32", "bool"]),
)
def test_halving_does_not_depend_on_how_it_is_read(shape: tuple[int, ...], data: st.DataObject, dtype: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 99, shape).astype(dtype)
    level = Halved(Halved(omio.MicroscopyDataset.from_array(pixels).recipe))
    full = level.load()
    assert full.shape == (*shape[:3], -(-shape[3] // 4), -(-shape[4] // 4))
    cuts = [data.draw(st.slices(size)) for size in full.shape]
    key = tuple(to_index(cut, size) for cut, size in zip(cuts, full.shape, strict=True))
    assert np.array_equal(level.load(key), full[tuple(cuts)])


def test_halving_takes_the_mean_of_four() -> None:
    pixels = np.arange(12, dtype="uint16").reshape(3, 4)
    level = Halved(omio.MicroscopyDataset.from_array(pixels).recipe)
    assert level.load()[0, 0, 0].tolist() == [[3, 5], [9, 11]]  # halves up; the last row counts twice


def test_levels_go_down_until_one_is_small() -> None:
    image = omio.MicroscopyDataset.from_array(np.zeros((5000, 40), "uint8"))
    shapes = [level.shape[3:] for level in down_to([image.recipe], COARSEST)]
    assert shapes == [(5000, 40), (2500, 20), (1250, 10), (625, 5), (313, 3)]


@given(st.tuples(*(st.integers(1, size) for size in (9, 9, 9, 9000, 9000))))
def test_no_chunk_is_larger_than_is_sensible(shape: tuple[int, ...]) -> None:
    image = omio.MicroscopyDataset.from_array(np.broadcast_to(np.uint16(1), shape))
    lengths = chunk_of(image.recipe)
    assert 1 <= int(np.prod(lengths)) * 2 <= LARGEST
    assert all(length <= size for length, size in zip(lengths, shape, strict=True))


def test_stored_levels_are_served_as_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(4).integers(0, 200, (1, 1, 1, 1100, 900)).astype("uint8")
    omio.MicroscopyDataset.from_array(pixels).to_ometiff(tmp_path / "p.ome.tif", levels=3, downsampling="nearest")
    with omio.open(tmp_path / "p.ome.tif") as image:
        hierarchy = Hierarchy(image, "0.5")
        assert [level.shape for level in hierarchy._levels] == [level.shape for level in image.levels]


@pytest.mark.parametrize(
    ("reader", "version", "name"),
    [
        ("ome-zarr", "0.5", "czi-cd-t3c2z5.czi"),
        ("napari-ome-zarr", "0.4", "gen/ometiff-pyramid-tzc.ome.tif"),
    ],
)
def test_other_readers_open_the_url(reader: str, version: Any, name: str) -> None:
    with omio.open_collection(real(name)) as scenes, serve(scenes) as running:
        found = asked(reader, running.zarr(version=version))
        image = scenes[0]
        assert found["sum"] == int(image.load().sum(dtype="int64"))
        assert [shape[-2:] for shape in found["shapes"]] == [list(level.shape[3:5]) for level in image.levels]
        assert found["channels"] == [channel.name for channel in image.metadata.channels]
        assert found["scale"][-2:] == pytest.approx([image.pixel_size["Y"], image.pixel_size["X"]])


@pytest.mark.parametrize(
    "name",
    [
        "czi-nuc-small.czi",
        "czi-rgb8.czi",
        "czi-tileregion.czi",
        "gen/ometiff-pyramid-tzc.ome.tif",
        "svs-cmu1-small.svs",
        "thor-raw-mouse-kidney/2p/Untitled_001/Image_0001_0001.raw",
    ],
)
def test_real_files(name: str) -> None:
    with omio.open_collection(real(name)) as scenes, serve(scenes) as running:
        for number, image in enumerate(scenes.values()):
            for version in VERSIONS:
                url = running.zarr(scene=number, version=version)  # type: ignore[arg-type]
                assert np.array_equal(whole(url), in_order(image.load()))

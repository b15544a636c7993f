"""OME-XML files that hold their pixels."""

from __future__ import annotations

import base64
import bz2
import hashlib
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

import omio
from omio.backends import candidates
from omio.backends.omexml import OmeXmlBackend
from omio.errors import DamagedFileError, OmioError, OmioWarning, UnsupportedFormatError
from omio.testing.backend_tests import BackendTests
from tests.ome.support import NAMESPACE
from tests.support.facts import pixels_of
from tests.support.real import REAL, real

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLES = sorted((REAL / "omexml-schema-samples").glob("*/*.xml"))
PIXELS = np.arange(2 * 3 * 2 * 4 * 6, dtype=np.uint16).reshape(2, 3, 2, 4, 6)


def as_is(data: bytes) -> bytes:
    return data


def binary(
    planes: Iterable[NDArray[Any]],
    attributes: str = "",
    order: Literal["<", ">"] = "<",
    compress: Callable[[bytes], bytes] = as_is,
) -> str:
    """Write one BinData a plane, in lines of 76 characters as some writers do."""
    texts = (
        base64.encodebytes(compress(plane.astype(plane.dtype.newbyteorder(order)).tobytes())).decode()
        for plane in planes
    )
    return "".join(f'<BinData Length="0" {attributes}>{text}</BinData>' for text in texts)


def write(
    path: Path, blocks: str, *, dtype: str = "uint16", pixels: str = "", channel: str = "", sizes: str = "2 3 2 4 6"
) -> Path:
    t, z, c, y, x = sizes.split()
    path.write_text(
        f'<?xml version="1.0"?><!-- <BinData>none</BinData> --><OME xmlns="{NAMESPACE}"><Image ID="i" Name="n"><Pixels '
        f'DimensionOrder="XYCZT" Type="{dtype}" SizeX="{x}" SizeY="{y}" SizeZ="{z}" SizeC="{c}" SizeT="{t}" {pixels}>'
        f"{channel}{blocks}</Pixels></Image></OME>"
    )
    return path


def planes(pixels: NDArray[Any] = PIXELS) -> NDArray[Any]:
    return pixels.reshape(-1, *pixels.shape[3:])


class TestOmeXml(BackendTests):
    backend = OmeXmlBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return write(tmp_path / "image.ome", binary(planes()))


@pytest.mark.parametrize(
    ("attributes", "order", "compress"),
    [
        ('BigEndian="false"', "<", as_is),
        ('BigEndian="true"', ">", as_is),
        ('BigEndian="true" Compression="zlib"', ">", zlib.compress),
        ('BigEndian="false" Compression="bzip2"', "<", bz2.compress),
        ('BigEndian="false" Compression="none"', "<", as_is),
    ],
)
def test_pixels(tmp_path: Path, attributes: str, order: Literal["<", ">"], compress: Callable[[bytes], bytes]) -> None:
    path = write(tmp_path / "x.ome.xml", binary(planes(), attributes, order, compress))
    assert candidates(path)[0] == "omexml"
    image = omio.open(path)
    np.testing.assert_array_equal(np.asarray(image), PIXELS)
    np.testing.assert_array_equal(np.asarray(image.isel(Z=[2, 0], Y=slice(None, None, -1))), PIXELS[:, [2, 0], :, ::-1])


def test_byte_order_said_once(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ome", binary(planes(), order=">"), pixels='BigEndian="true"')
    np.testing.assert_array_equal(np.asarray(omio.open(path)), PIXELS)


def test_one_block_for_all_planes(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ome", binary([PIXELS]))
    np.testing.assert_array_equal(np.asarray(omio.open(path)), PIXELS)


@pytest.mark.parametrize(
    ("blocks", "interleaved"),
    [
        (lambda rgb: binary(np.moveaxis(rgb, -1, 0)), "false"),
        (lambda rgb: binary([np.moveaxis(rgb, -1, 0)]), "false"),
        (lambda rgb: binary([rgb]), "true"),
    ],
)
def test_rgb(tmp_path: Path, blocks: Callable[[NDArray[Any]], str], interleaved: str) -> None:
    rgb = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    how = {"channel": '<Channel SamplesPerPixel="3"/>', "pixels": f'Interleaved="{interleaved}"'}
    path = write(tmp_path / "x.ome", blocks(rgb), dtype="uint8", sizes="1 1 3 4 6", **how)
    np.testing.assert_array_equal(np.asarray(omio.open(path)), rgb[None, None, None])


@pytest.mark.parametrize(
    ("blocks", "cause"),
    [
        (binary(planes()[:5]), "5 BinData hold 12 planes"),
        (binary(planes()).replace("<BinData", "<BinData Compression='zlib'"), "Error -3 while decompressing"),
        (binary(planes()[:11]) + "<BinData>AAAA</BinData>", "3 bytes, its pixels need 48"),
        (binary(planes()[:11]) + f"<BinData>{'A' * 9000}</BinData>", "9000 characters"),
        (binary(planes()[:11]) + "<BinData>A</BinData>", "BinData 11"),
    ],
)
def test_damage_is_an_error_or_filled(tmp_path: Path, blocks: str, cause: str) -> None:
    path = write(tmp_path / "x.ome", blocks)
    with pytest.raises(DamagedFileError, match=cause):
        np.asarray(omio.open(path))
    with pytest.warns(OmioWarning, match=cause):
        found = np.asarray(omio.open(path, strict=False))
    assert not found[1, 2, 1].any()


def test_a_bomb_does_not_go_off(tmp_path: Path) -> None:
    bomb = binary([np.zeros(1 << 24, np.uint8)], 'Compression="zlib"', compress=zlib.compress)
    path = write(tmp_path / "x.ome", bomb, dtype="uint8", sizes="1 1 1 100 200")
    image = omio.open(path)
    tracemalloc.start()
    assert not np.asarray(image).any()
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_memory_is_a_plane_however_many_there_are(tmp_path: Path) -> None:
    plane = np.zeros((1, 512, 512), np.uint16)
    path = write(tmp_path / "x.ome", binary(plane) * 40, sizes="40 1 1 512 512")
    tracemalloc.start()
    with omio.config(threads=1):
        np.asarray(omio.open(path).isel(T=7))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 4


def test_a_block_without_end(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ome", binary(planes()))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(DamagedFileError, match="does not end"):
        omio.open(path)


@pytest.mark.parametrize(
    ("blocks", "dtype"), [(binary(planes(), 'Compression="J2K"'), "uint16"), (binary(planes()), "bit")]
)
def test_what_is_not_read_is_named(tmp_path: Path, blocks: str, dtype: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=r"j2k|'bit'"):
        np.asarray(omio.open(write(tmp_path / "x.ome", blocks, dtype=dtype)))


def test_metadata_alone_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormatError, match="metadata only"):
        omio.open(write(tmp_path / "x.ome", "<MetadataOnly/>"))


def test_the_real_file() -> None:
    name = "omexml-18x24y5z5t2c8b-text.ome"
    pixels = np.asarray(omio.open(real(name)))
    assert list(pixels.shape) == pixels_of(name)["shape"]
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == pixels_of(name)["sha256"]


@pytest.mark.filterwarnings("ignore:.*taken as unknown:omio.errors.OmioWarning")
@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.name}-{path.name.split('.')[0]}" for path in SAMPLES])
def test_samples_open_or_say_why(path: Path) -> None:
    try:
        scenes = omio.open_collection(path)
        read = [np.asarray(scenes[key]).size for key in scenes]
    except OmioError as error:
        read = []
        cause = str(error)
    assert all(read) if read else path.name in cause and ("metadata only" in cause or "BinData hold" in cause)

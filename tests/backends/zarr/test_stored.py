"""Arrays as zarr-python writes them: omio reads what zarr-python reads."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ShardingCodec,
    TransposeCodec,
    ZstdCodec,
)

import omio
from omio.backends.zarr.codecs import layout_of
from omio.backends.zarr.reader import ArrayPlace, ZarrReader, is_chunk
from omio.errors import DamagedFileError, OmioWarning

DTYPES = ("u1", "<u2", ">u2", "<i4", ">f4", "<f8", "?", "<c8")
COMPRESSORS_3: dict[str, Any] = {
    "none": None,
    "blosc": BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
    "lz4": BloscCodec(cname="lz4", shuffle="shuffle"),
    "zstd": ZstdCodec(level=1),
    "gzip": GzipCodec(level=1),
    "checked": [ZstdCodec(), Crc32cCodec()],
}
COMPRESSORS_2: dict[str, Any] = {
    "none": None,
    "blosc": numcodecs.Blosc("lz4"),
    "zstd": numcodecs.Zstd(),
    "gzip": numcodecs.GZip(),
    "zlib": numcodecs.Zlib(),
    "bz2": numcodecs.BZ2(),
    "lzma": numcodecs.LZMA(),
}


@st.composite
def arrays(draw: st.DrawFn) -> dict[str, Any]:
    """Return arguments of `zarr.create_array` for an array of 2 to 5 dims with names in any order."""
    names = draw(st.permutations("tczyx").filter(lambda order: {"y", "x"} <= set(order)))
    count = draw(st.integers(2, 5))
    names = [name for name in names if name in "yx"] + [name for name in names if name not in "yx"][: count - 2]
    names = draw(st.permutations(names))
    shape = tuple(draw(st.integers(1, 7)) for _ in names)
    chunks = tuple(draw(st.integers(1, 4)) for _ in names)
    zarr_format = draw(st.sampled_from([2, 3]))
    said: dict[str, Any] = {"shape": shape, "chunks": chunks, "zarr_format": zarr_format, "fill_value": 1}
    said["dtype"] = draw(st.sampled_from(DTYPES))
    if zarr_format == 2:
        said |= {"compressors": COMPRESSORS_2[draw(st.sampled_from(sorted(COMPRESSORS_2)))]}
        said |= {"order": draw(st.sampled_from("CF")), "attributes": {"_ARRAY_DIMENSIONS": list(names)}}
        said |= {"chunk_key_encoding": {"name": "v2", "separator": draw(st.sampled_from("./"))}}
        return said
    said |= {"dimension_names": list(names), "compressors": COMPRESSORS_3[draw(st.sampled_from(sorted(COMPRESSORS_3)))]}
    if draw(st.booleans()):
        said["shards"] = tuple(length * draw(st.integers(1, 2)) for length in chunks)
    if draw(st.booleans()):
        said["filters"] = [TransposeCodec(order=draw(st.permutations(range(len(names)))))]
    return said


def filled(array: zarr.Array[Any]) -> None:
    """Write everything but a corner, so that some chunks are absent."""
    values = np.arange(1, array.size + 1).reshape(array.shape).astype(array.dtype)
    array[...] = values
    array[tuple(slice(0, size // 2) for size in array.shape)] = 1


@settings(max_examples=150)
@given(said=arrays(), data=st.data())
def test_pixels_are_those_that_zarr_reads(said: dict[str, Any], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # complex numbers and the like have no specification yet
        array = zarr.create_array(Path(folder) / "a.zarr", **said)
        filled(array)
        names = said.get("dimension_names") or said["attributes"]["_ARRAY_DIMENSIONS"]

        image = omio.open(Path(folder) / "a.zarr")

        expected = as_tzcyx(np.asarray(array[...]), names)
        assert image.dtype == expected.dtype.newbyteorder("=")
        assert image.dtype.isnative
        np.testing.assert_array_equal(image.load(), expected)
        picked = {dim: data.draw(some(size), label=dim) for dim, size in image.sizes.items()}
        np.testing.assert_array_equal(image.isel(**picked).load(), expected[np.ix_(*picked.values())])


def some(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, size - 1), min_size=1, max_size=6)


def as_tzcyx(array: np.ndarray[Any, Any], names: list[str]) -> np.ndarray[Any, Any]:
    order = [names.index(name) for name in "tzcyx" if name in names]
    sizes = dict(zip(names, array.shape, strict=True))
    return array.transpose(order).reshape([sizes.get(name, 1) for name in "tzcyx"])


@pytest.mark.parametrize("name", sorted(COMPRESSORS_3))
@pytest.mark.parametrize("sharded", [False, True])
def test_common_codecs_are_decoded_here(tmp_path: Path, name: str, *, sharded: bool) -> None:
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(8, 8), chunks=(4, 4), shards=(8, 8) if sharded else None, dtype="u2",
        compressors=COMPRESSORS_3[name],
    )  # fmt: skip

    layout = layout_of(array)

    assert layout is not None
    assert layout.codec.shape == (4, 4)


@pytest.mark.parametrize(
    "said",
    [
        {"zarr_format": 2, "compressors": numcodecs.BZ2()},
        {"zarr_format": 2, "filters": [numcodecs.Delta("u2")]},
        {"compressors": [Crc32cCodec(), ZstdCodec()]},
        {"filters": [TransposeCodec(order=(1, 0)), TransposeCodec(order=(1, 0))]},
        {"serializer": ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec()]), "compressors": [ZstdCodec()]},
    ],
)
@pytest.mark.filterwarnings("ignore:Combining a `sharding_indexed` codec")
def test_other_codecs_are_left_to_zarr(tmp_path: Path, said: dict[str, Any]) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", shape=(8, 8), chunks=(4, 4), dtype="u2", **said)
    array[...] = np.arange(64).reshape(8, 8)

    assert layout_of(array) is None
    np.testing.assert_array_equal(omio.open(tmp_path / "a.zarr").load()[0, 0, 0], np.arange(64).reshape(8, 8))


def test_index_of_a_shard_at_its_start(tmp_path: Path) -> None:
    sharding = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), ZstdCodec()], index_location="start")
    array = zarr.create_array(tmp_path / "a.zarr", shape=(8, 8), chunks=(4, 4), dtype="u2", serializer=sharding,
                              compressors=None)  # fmt: skip
    array[:4] = 7

    layout = layout_of(array)

    assert layout is not None
    assert layout.shards is not None
    assert layout.shards.index_first
    np.testing.assert_array_equal(omio.open(tmp_path / "a.zarr").load()[0, 0, 0], array[...])


def test_chunks_of_shards_are_read_alone(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((8, 8), "u2"), chunks=(2, 4), shards=(8, 8))

    assert omio.open(tmp_path / "a.zarr").recipe.chunk == (1, 1, 1, 2, 4)


@pytest.mark.parametrize("damage", [b"", b"\xff" * 40])
def test_a_damaged_chunk_is_filled_where_asked(tmp_path: Path, damage: bytes) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.full((8, 8), 5, "u2"), chunks=(4, 4), fill_value=3)
    (tmp_path / "a.zarr/c/1/0").write_bytes(damage)
    with pytest.raises(DamagedFileError, match="c/1/0"):
        omio.open(tmp_path / "a.zarr").load()

    image = omio.open(tmp_path / "a.zarr", strict=False)

    with pytest.warns(OmioWarning, match="filled with 3: c/1/0"):
        pixels = image.load()[0, 0, 0]
    assert (pixels[4:, :4] == 3).all()
    assert (pixels[:4] == 5).all()
    np.testing.assert_array_equal(image.load()[0, 0, 0], pixels)  # and is told of once


def test_a_flipped_bit_is_seen_where_there_is_a_checksum(tmp_path: Path) -> None:
    checked: Any = [BloscCodec(), Crc32cCodec()]
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 4), "u2"), chunks=(4, 4), compressors=checked, fill_value=0)
    file = tmp_path / "a.zarr/c/0/0"
    content = bytearray(file.read_bytes())
    content[-6] ^= 1
    file.write_bytes(content)

    with pytest.raises(DamagedFileError, match="checksum"):
        omio.open(tmp_path / "a.zarr").load()


def test_a_folder_in_place_of_a_chunk_is_damage(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 4), "u2"), chunks=(4, 4), fill_value=0)
    (tmp_path / "a.zarr/c/0/0").unlink()
    (tmp_path / "a.zarr/c/0/0").mkdir()

    with pytest.raises(DamagedFileError, match="c/0/0: is a folder"):
        omio.open(tmp_path / "a.zarr").load()


def test_recipes_carry_the_document_of_their_array(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 4), "u2"), chunks=(4, 4))
    document = {"zarr_format": 3, "node_type": "array", **array.metadata.to_dict(), "attributes": {"long": "x" * 9999}}

    where = ArrayPlace.of("", ("Y", "X"), document)

    assert len(where.document) < 1000
    reader = ZarrReader(str(tmp_path / "a.zarr"))
    assert reader.array(where).shape == (4, 4)
    assert reader.count(where) == 1
    reader.close()


@pytest.mark.parametrize("key", ["zarr.json", ".zattrs", "c/0", "c/0/0/0", "c/2/0", "0/x"])
def test_what_is_no_chunk_is_not_counted(key: str) -> None:
    assert not is_chunk(key, (2, 2))

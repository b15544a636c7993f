from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import PolicyError, UnwritableError, WriteError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.recipe import Recipe
from omio.policies.write import WritePolicy
from omio.writers.codecs import CODECS, Codec, Encoder
from omio.writers.cut import BLOCK_BYTES, Grid, block_lengths, blocks, grid_of
from omio.writers.stream import Counted, encoded
from tests.writers.images import random_pixels

COPY = Encoder(CODECS["none"], None, 1)

sizes = st.integers(1, 40)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), sizes, sizes)


def grid(height: int, width: int, **policy: object) -> Grid:
    chosen = WritePolicy.resolve(None, **policy)
    return grid_of(chosen, CODECS[chosen.compression], height, width, 2, is_bits=False)


@given(shapes, shapes, st.sampled_from([(16, 16), (32, 16), None]), st.integers(100, 1 << 14))
def test_segments_are_those_of_the_planes_in_order_however_they_are_read(
    shape: tuple[int, ...], chunk: tuple[int, ...], tile: tuple[int, int] | None, job: int
) -> None:
    pixels = random_pixels(shape, np.uint16)
    cut = grid(shape[3], shape[4], tile=tile)
    planes = pixels.reshape(-1, *shape[3:])
    wanted = [segment.tobytes() for segment in cut.segments_of(planes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("omio.writers.cut.JOB_BYTES", job)
        patch.setattr("omio.writers.cut.BLOCK_BYTES", 2 * job)
        patch.setattr("omio.writers.stream.BLOCK_BYTES", 2 * job)
        patch.setattr("omio.writers.stream.JOB_BYTES", job)
        found = list(encoded(Chunked(ArrayRecipe(pixels), chunk), cut, COPY))
    assert found == wanted
    assert len(found) == len(planes) * cut.segments


class Chunked(Recipe):
    """An array with chunks, which counts how often each is read."""

    def __init__(self, base: ArrayRecipe, chunk: tuple[int, ...]) -> None:
        self.base = base
        self.unit = chunk
        self.shape = base.shape
        self.dtype = base.dtype
        self.reads: dict[tuple[int, ...], int] = {}

    @property
    def chunk(self) -> tuple[int, ...]:
        return self.unit

    def read(self, key, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        met = [sorted({int(place) // unit for place in index}) for index, unit in zip(key, self.unit, strict=True)]
        for place in np.stack(np.meshgrid(*met, indexing="ij"), -1).reshape(-1, len(met)).tolist():
            self.reads[tuple(place)] = self.reads.get(tuple(place), 0) + 1
        self.base.read(key, out)

    def token(self) -> tuple[object, ...]:
        return self.base.token()

    def parts(self) -> tuple[Recipe, ...]:
        return ()


@pytest.mark.parametrize(
    ("shape", "chunk"),
    [
        ((3, 1, 1, 700, 900), (1, 1, 1, 700, 900)),
        ((1, 1, 1, 3000, 2000), (1, 1, 1, 3000, 2000)),  # one strip, larger than a block
        ((1, 1, 1, 3000, 2000), (1, 1, 1, 7, 2000)),
        ((1, 1, 1, 2048, 2048), (1, 1, 1, 256, 256)),
        ((4, 6, 2, 32, 32), (4, 3, 1, 32, 32)),
    ],
)
def test_each_chunk_of_the_source_is_read_once(shape: tuple[int, ...], chunk: tuple[int, ...]) -> None:
    source = Chunked(ArrayRecipe(np.zeros(shape, np.uint16)), chunk)
    for _ in encoded(source, grid(shape[3], shape[4]), COPY):
        pass
    edges = math.prod(-(-size // unit) for size, unit in zip(shape, chunk, strict=True))
    assert len(source.reads) == edges
    # rows of strips that do not divide rows of tiles are met by both
    assert sum(source.reads.values()) <= edges * 1.2


@given(shapes, shapes)
def test_blocks_cover_every_pixel_once(shape: tuple[int, ...], chunk: tuple[int, ...]) -> None:
    seen = np.zeros(shape, int)
    for block in blocks(shape, block_lengths(shape, chunk, 2, grid(shape[3], shape[4], tile=(16, 16)))):
        seen[np.ix_(*block)] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("chunk", [(1, 1, 1, 1, 100_000), (1, 1, 1, 100_000, 100_000), (1, 1, 1, 512, 512)])
def test_blocks_of_a_huge_plane_stay_small(chunk: tuple[int, ...]) -> None:
    shape = (1, 1, 1, 100_000, 100_000)
    lengths = block_lengths(shape, chunk, 2, grid(100_000, 100_000))
    assert math.prod(lengths) * 2 <= BLOCK_BYTES


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns", "is_tiled"),
    [
        (2048, 2048, 512, 512, True),
        (600, 700, 304, 352, True),  # as few tiles, little left over
        (512, 512, 512, 512, False),
        (100, 5000, 112, 512, True),
        (100_000, 10, 26_208, 10, False),
    ],
)
def test_planes_are_cut_so_that_little_is_left_over(
    height: int,
    width: int,
    rows: int,
    columns: int,
    is_tiled: bool,  # noqa: FBT001
) -> None:
    assert grid(height, width) == Grid(height, width, rows, columns, is_tiled)


def test_uncompressed_planes_lie_in_one_piece() -> None:
    assert grid(3000, 4000, compression="none") == Grid(3000, 4000, 3000, 4000, is_tiled=False)


def test_a_tile_larger_than_the_plane_is_cut_down() -> None:
    assert grid(100, 40, tile=(512, 256)) == Grid(100, 40, 112, 48, is_tiled=True)


@pytest.mark.parametrize("tile", [(100, 100), (0, 16), (16, 24)])
def test_tiles_are_multiples_of_16(tile: tuple[int, int]) -> None:
    with pytest.raises(PolicyError, match="multiples of 16"):
        grid(100, 100, tile=tile)


def test_bits_lie_in_strips() -> None:
    codec: Codec = CODECS["zlib"]
    assert not grid_of(WritePolicy(), codec, 2000, 2000, 1, is_bits=True).is_tiled
    with pytest.raises(UnwritableError, match="strips"):
        grid_of(WritePolicy(tile=(16, 16)), codec, 2000, 2000, 1, is_bits=True)


def test_missing_and_surplus_segments_are_errors() -> None:
    short = Counted(iter([b"a"]), 2)
    assert next(short) == b"a"
    with pytest.raises(WriteError, match="1 segments are missing"):
        next(short)
    long = Counted(iter([b"a", b"b"]), 1)
    assert next(long) == b"a"
    with pytest.raises(WriteError, match="not the one of the plan"):
        long.finish()

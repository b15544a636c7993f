"""`TiffPlan`: all that is decided before a TIFF is written; no pixel is read to make it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.errors import UnwritableError
from omio.writers.codecs import Encoder, check, codec_of, predictor_of
from omio.writers.cut import TILE, Grid, grid_of
from omio.writers.pyramid import auto_count, level_shapes
from omio.writers.source import check_not_empty

if TYPE_CHECKING:
    import numpy as np

    from omio.image import Image
    from omio.policies.write import WritePolicy

CLASSIC_LIMIT = (1 << 32) - (1 << 24)
"""Bytes up to which a classic TIFF is chosen."""
PAGE_BYTES = 640
"""Of the tags of a page, at most."""


@dataclass(frozen=True)
class TiffPlan:
    """How a TIFF will be written.

    Attributes
    ----------
    shapes
        Of each level, T Z C Y X [S].
    dtype
        Of the pixels, native.
    grids
        How planes of each level are cut.
    encoder
        Codec, level and predictor.
    bigtiff
        True or False where the policy says so; None where the size decides.
    lost
        What the layout and the codec lose.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtype: np.dtype[Any]
    grids: tuple[Grid, ...]
    encoder: Encoder
    bigtiff: bool | None
    lost: tuple[str, ...]

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return math.prod(self.shapes[0][5:])

    @property
    def pages(self) -> int:
        """Planes of a level."""
        return math.prod(self.shapes[0][:3])

    @property
    def pixel_bytes(self) -> int:
        """Bytes of all levels, uncompressed."""
        pixel = self.samples * self.dtype.itemsize
        return sum(self.pages * grid.pixels * pixel for grid in self.grids)

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the reduced levels take beside the file while it is written."""
        reduced = (math.prod(shape) * self.dtype.itemsize for shape in self.shapes[1:3])
        return sum(reduced)

    def is_big(self, text: bytes) -> bool:
        """Whether it needs to be a BigTIFF: by an upper bound of its size, never by a sample."""
        if self.bigtiff is not None:
            return self.bigtiff
        segments = sum(self.pages * grid.segments for grid in self.grids)
        tables = 24 * segments + PAGE_BYTES * self.pages * len(self.grids)
        # each segment may also carry a head of its own
        bound = self.pixel_bytes * self.encoder.codec.growth + 64 * segments + tables + 2 * len(text)
        return bound > CLASSIC_LIMIT

    def details(self) -> dict[str, Any]:
        """Describe the file for the report."""
        encoder, grid = self.encoder, self.grids[0]
        level = encoder.codec.level if encoder.level is None else encoder.level
        return {
            "compression": encoder.codec.name,
            "compression_level": level,
            "predictor": {1: None, 2: "horizontal", 3: "floating point"}[encoder.predictor],
            "tile" if grid.is_tiled else "strip": (grid.rows, grid.columns),
            "levels": len(self.shapes),
            "dtype": str(self.dtype),
        }


def plan_tiff(image: Image, policy: WritePolicy, dtype: np.dtype[Any]) -> TiffPlan:
    """Decide on codec, predictor, tiles and levels.

    Raises
    ------
    UnwritableError, PolicyError
        Where the policy and the image do not go together.
    """
    shape = tuple(image.sizes.values())
    check_not_empty(shape)
    codec = codec_of(policy)
    samples = math.prod(shape[5:])
    check(codec, dtype, samples)
    encoder = Encoder(codec, policy.compression_level, predictor_of(policy, codec, dtype))
    shapes = tuple(level_shapes(shape, _count(image, policy)))
    pixel, is_bits = samples * dtype.itemsize, dtype.kind == "b"
    if is_bits and codec.name not in ("none", "zlib", "zstd", "lzw", "lzma", "packbits"):
        raise UnwritableError(f"{codec.name} holds no 1-bit pixels", remedy='Use compression="zlib", or cast="uint8".')
    grids = tuple(grid_of(policy, codec, level[3], level[4], pixel, is_bits=is_bits) for level in shapes)
    return TiffPlan(shapes, dtype, grids, encoder, policy.bigtiff, tuple(_lost(image, dtype, encoder)))


def _count(image: Image, policy: WritePolicy) -> int:
    if policy.levels == "auto":
        tile = max(policy.tile) if isinstance(policy.tile, tuple) else TILE
        return auto_count(image.sizes["Y"], image.sizes["X"], tile)
    return len(image.levels) if policy.levels is None else policy.levels


def _lost(image: Image, dtype: np.dtype[Any], encoder: Encoder) -> list[str]:
    lost = []
    if image.dtype != dtype:
        lost.append(f"dtype: {image.dtype} was cast to {dtype}")
    if image.sizes.get("S") == 1:
        lost.append("dims: S of length 1")
    if dtype.kind == "b":
        lost.append("dtype: bool reads back as uint8 of 0 and 1")
    if encoder.codec.is_lossy:
        lost.append(f"pixels: {encoder.codec.name} changes them")
    return lost

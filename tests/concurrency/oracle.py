"""Files of every kind of reader, and what their pixels are, read by nobody else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import omio
from omio.testing.keys import pick, sample_keys
from tests.fuzz.seeds import seeds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset

KINDS = {
    "raw TIFF": ("tiff", 0),
    "compressed TIFF": ("tiff", 1),
    "JPEG TIFF": ("tiff", 6),
    "OME-TIFF": ("ome-tiff", 0),
    "OME-TIFF of two files": ("ome-tiff", 3),
    "ImageJ": ("imagej", 0),
    "LSM": ("lsm", 1),
    "STK": ("stk", 0),
    "slide": ("svs", 0),
    "NDTiff": ("micromanager", 1),
    "CZI": ("czi", 1),
    "CZI mosaic": ("czi", 4),
    "RAW": ("thorlabs", 0),
    "TIFF series": ("thorlabs", 1),
    "OME-Zarr": ("ome-zarr", 1),
    "zipped OME-Zarr": ("ome-zarr", 2),
    "sharded Zarr": ("zarr", 1),
    "references": ("references", 1),
    "GIF": ("pictures", 4),
    "PNG": ("pictures", 0),
}
"""Name -> family and number of a seed."""


def lay(kind: str, folder: Path) -> MicroscopyDataset:
    """Write a file and open it."""
    seed = _seed(kind)
    return omio.open(seed.lay(folder), **seed.options)


@cache
def _seed(kind: str) -> Any:
    family, number = KINDS[kind]
    return seeds(family)[number]


def wrong(image: MicroscopyDataset, truth: NDArray[Any], seed: int) -> int:
    """Read planes and regions in an order that `seed` draws; return how many are not as in `truth`."""
    keys = sample_keys(image.shape, 6, seed)
    return sum(not np.array_equal(image.recipe.load(key), pick(truth, key)) for key in keys)

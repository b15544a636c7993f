"""Small TIFF files of many kinds, written by tifffile, and a recipe over the pages of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.where import Affine, Where
from omio.lazy.leaf import FileRecipe, FileStamp

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

type Pixels = NDArray[Any]


def write(path: Path, pixels: Pixels, **options: Any) -> Path:
    """Write pixels with tifffile, without a description unless asked."""
    options.setdefault("photometric", "minisblack")
    options.setdefault("metadata", None)
    tifffile.imwrite(path, pixels, **options)
    return path


def noise(*shape: int, dtype: str = "uint16", seed: int = 0) -> Pixels:
    """Make compressible noise that uses the range of the dtype."""
    values = np.random.default_rng(seed).normal(0, 40, shape).cumsum(axis=-1)
    if dtype == "bool":
        return values > 0
    if np.dtype(dtype).kind == "c":
        return (values + 1j * values[..., ::-1]).astype(dtype)
    return values.astype("int64").astype(dtype) if np.dtype(dtype).kind in "iu" else values.astype(dtype)


def pages_of(path: Path, count: int, *, strict: bool = True, **where: Any) -> FileRecipe:
    """Make the recipe of `count` pages, first page by page, as T."""
    document = TiffDocument(str(path))
    layout = document.layout()
    document.close()
    samples = (layout.samples,) if layout.samples > 1 else ()
    shape = (count, 1, 1, layout.height, layout.width, *samples)
    place = Where(Affine(0, (1, 0, 0)), layout.frame, strict=strict, **where)
    unit = (1, 1, 1, *layout.chunk, *samples)
    return FileRecipe(TiffDocument, FileStamp.of(path), (), place, shape, layout.dtype, unit)

"""A recipe as a dask array: blocks of 8 to 16 MB, named by what they read, so that equal reads are shared."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.settings import tell_dask

if TYPE_CHECKING:
    from types import ModuleType

    from omio.lazy.chunks import Chunks
    from omio.lazy.recipe import Recipe


def import_libraries() -> ModuleType:
    """Import dask.array and xarray, and return the latter; Python looks for no garbage meanwhile.

    Nearly all objects that they make stay; going through them again and again is a tenth of the time.
    """
    is_collecting = gc.isenabled() and "dask.array" not in sys.modules
    if is_collecting:
        gc.disable()
    try:
        import dask.array  # noqa: F401
        import xarray
    finally:
        if is_collecting:
            gc.enable()
    return xarray


def to_dask(recipe: Recipe, chunks: Chunks) -> Any:
    """Wrap a recipe; nothing is read. The graph holds the recipe once, whatever the number of blocks."""
    import dask.array as da

    tell_dask()
    return da.from_array(  # type: ignore[no-untyped-call]
        recipe,
        chunks=chunks,
        name=f"omio-{recipe.digest}-{hash(chunks) & 0xFFFFFFFF:08x}",
        lock=False,
        asarray=False,
        fancy=True,
        meta=np.empty((0,) * recipe.ndim, recipe.dtype),
    )

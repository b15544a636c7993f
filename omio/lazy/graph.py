"""A recipe as a dask array: blocks of 8 to 16 MB, named by what they read, so that equal reads are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omio.settings import tell_dask

if TYPE_CHECKING:
    from omio.lazy.chunks import Chunks
    from omio.lazy.recipe import Recipe


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

"""Reading back what was just written: a level is made of the one before, as a reader would get it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from omio.dims import DIMS, SAMPLES
from omio.errors import WriteError
from omio.lazy.arranged import arranged
from omio.lazy.tree import JoinSamples

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe
    from omio.writers.zarr.plan import ZarrPlan
    from omio.writers.zarr.stream import Cutter

_STORED = ("T", "C", "Z", "Y", "X")
"""Dims of arrays in the order of OME-Zarr."""


def written(cutter: Cutter, number: int, plan: ZarrPlan) -> Recipe:
    """Return level `number` as a recipe of T Z C Y X [S]; all its chunks must be there.

    Raises
    ------
    WriteError
        Its document is not there.
    """
    import zarr
    from zarr.storage import MemoryStore, StorePath

    from omio.backends.zarr.codecs import layout_of
    from omio.backends.zarr.stored import StoredArray

    place = cutter.below(str(number))
    fetch = cutter.target.fetch
    document = fetch(f"{place}/{'zarr.json' if cutter.version == 3 else '.zarray'}")
    if document is None:
        raise WriteError("what was written is gone", path=fetch.path, place=place)
    array = zarr.Array(zarr.AsyncArray.from_dict(StorePath(MemoryStore(), place), json.loads(document)))
    layout = layout_of(array)
    if layout is None:
        raise WriteError("what was written cannot be read back", path=fetch.path, place=place)
    stored = StoredArray(array=array, place=place, layout=layout, fetch=fetch)
    samples = plan.arrays[0].shape[5:]
    if cutter.own_order:
        return arranged(stored, (*DIMS, *((SAMPLES,) if samples else ())))
    levels = arranged(stored, _STORED)
    return JoinSamples(levels, plan.samples) if samples else levels

"""`MicroscopyDataset.cached`: the same image, read from a copy on a local disk."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio import __version__
from omio.backends.discovery import stem
from omio.errors import FileAccessError, OmioError, SelectionError
from omio.lazy.copied import Copied
from omio.remote.urls import base_name, is_url
from omio.store.cache.identity import Identity
from omio.store.cache.making import Wanted, provide

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.chunks import ChunkChoice
    from omio.lazy.leaf import FileRecipe
    from omio.lazy.recipe import Recipe
    from omio.store.cache.entries import Check, Entry
    from omio.writers.zarr.encode import ChunkCodec
    from omio.writers.zarr.plan import ZarrPlan

CODEC = "blosc-zstd"
UNNAMED = "image"
"""Stem of copies of images whose files are all missing, and filled."""


def cached[D: MicroscopyDataset](
    image: D,
    folder: str | os.PathLike[str] | None,
    *,
    chunks: ChunkChoice | None,
    levels: int | None,
) -> D:
    """Return the image with its pixels, and those of its coarser levels, in a copy; see `MicroscopyDataset.cached`."""
    count = len(image.levels) if levels is None else levels
    if not 1 <= count <= len(image.levels):
        raise SelectionError(f"{count} levels are asked for, and there are {len(image.levels)}", place="cached")
    coarser = image._coarser
    recipes = (image.recipe, *(level.recipe for level in coarser[: count - 1]))
    entry = copy_of(image, recipes, folder, chunks=chunks)
    full, *others = (Copied(recipe, _leaf(entry, at)) for recipe, at in zip(recipes, entry.arrays, strict=True))
    copied = (replace(level, recipe=other) for level, other in zip(coarser, others, strict=False))
    return image._replace(_recipe=full, _coarser=(*copied, *coarser[count - 1 :]))


def copy_of(
    image: MicroscopyDataset,
    recipes: Sequence[Recipe],
    folder: str | os.PathLike[str] | None,
    *,
    chunks: ChunkChoice | None = None,
    reuse: bool = True,
) -> Entry:
    """Return the copy of the levels `recipes` of an image, made where there is none; see `omio.store.cache.making`."""
    plans = [_plan(recipe, chunks) for recipe in recipes]
    made = {"omio": __version__, "chunks": [list(plan.arrays[0].chunk) for plan in plans]}
    identity = Identity.of(recipes, made)
    source = identity.sources[0]["path"] if identity.sources else None
    arrays = [str(number) for number in range(len(plans))] if len(plans) > 1 else [""]
    wanted = Wanted(
        stem=stem(base_name(source)) if source else image.name or UNNAMED,
        identity=identity,
        nbytes=sum(recipe.nbytes for recipe in recipes),
        fill=partial(_fill, recipes=recipes, plans=plans, arrays=arrays),
        about={"arrays": arrays, "shape": list(image.shape), "dtype": str(image.dtype), "scenes": _scenes(image)},
    )
    return provide(wanted, _home(folder, source), reuse=reuse)


def _home(folder: str | os.PathLike[str] | None, source: str | None) -> Path | None:
    if folder is not None:
        return Path(folder)
    return None if source is None or is_url(source) else Path(source).parent


def _scenes(image: MicroscopyDataset) -> list[str]:
    steps = image.facts.static.provenance
    return [str(step["scene"]) for step in steps if step["action"] == "open" and "scene" in step]


def _plan(recipe: Recipe, chunks: ChunkChoice | None) -> ZarrPlan:
    from omio.lazy.chunks import planned_lengths
    from omio.writers.zarr.plan import plan_arrays

    lengths = None if chunks is None else planned_lengths(recipe, chunks)[:5]
    return plan_arrays(recipe, 1, lengths, sharded=True)


def _fill(
    folder: Path, *, recipes: Sequence[Recipe], plans: Sequence[ZarrPlan], arrays: Sequence[str]
) -> Mapping[str, Check]:
    """Write all levels, block by block in omio's threads: an array at the root, or a group of arrays."""
    from omio.writers.zarr.checked import CheckedTarget, LevelCutter
    from omio.writers.zarr.stream import write_levels

    codec, target = _codec(), CheckedTarget(folder)
    if len(arrays) > 1:
        target.put("zarr.json", _group())
    for recipe, plan, place in zip(recipes, plans, arrays, strict=True):
        cutter = LevelCutter(target, codec, codec.level, 3, own_order=True, place=place)
        target.put(cutter.below("zarr.json"), _document(plan, codec))
        write_levels(recipe, plan, cutter, "nearest")
    return target.files


def _codec() -> ChunkCodec:
    """Return Blosc with a checksum behind: damage is an error when a chunk is read, not other pixels."""
    import google_crc32c
    from zarr.codecs import Crc32cCodec

    from omio.writers.zarr.encode import CODECS

    base = CODECS[CODEC]

    def encode(chunk: Any, level: int) -> bytes:
        content = base.encode(chunk, level)
        return content + struct.pack("<I", google_crc32c.value(content))

    return replace(base, encode=encode, describe=lambda *way: [*base.describe(*way), Crc32cCodec()])


def _document(plan: ZarrPlan, codec: ChunkCodec) -> bytes:
    import zarr
    from zarr.storage import MemoryStore

    from omio.dims import dims_of

    kept: dict[str, Any] = {}
    (array,) = plan.arrays
    samples = array.shape[5:]
    zarr.create_array(
        MemoryStore(kept),
        shape=array.shape,
        chunks=(*array.chunk, *samples),
        shards=(*array.unit, *samples),
        dtype=plan.dtype.newbyteorder("<"),
        compressors=codec.describe(codec.level, plan.dtype.itemsize, 3),
        fill_value=0,
        dimension_names=dims_of(len(array.shape)),
    )
    return bytes(kept["zarr.json"].to_bytes())


def _group() -> bytes:
    return json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}).encode()


def _leaf(entry: Entry, place: str) -> FileRecipe:
    """Return the recipe of an array of a copy."""
    from omio.backends.zarr.reader import ArrayPlace
    from omio.backends.zarr.store import StoreStamp
    from omio.backends.zarr.whole import WholeReader
    from omio.dims import dims_of
    from omio.lazy.leaf import FileRecipe, lease

    try:
        stamp = StoreStamp.of_store(str(entry.path))
        document = json.loads((entry.path / place / "zarr.json").read_text(encoding="utf-8"))
    except OSError as error:
        if isinstance(error, OmioError):
            raise
        raise FileAccessError(f"the copy cannot be read: {error.strerror}", path=entry.path) from error
    where = ArrayPlace.of(place, dims_of(len(document["shape"])), document)
    with lease(WholeReader, stamp) as reader:
        array = reader.recipe(where)
    return FileRecipe(WholeReader, stamp, (), where, array.shape, array.dtype, array.chunk)

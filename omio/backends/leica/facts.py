"""What Leica's XML says of an image, as facts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from omio.backends.leica.document import LENS, read_image
from omio.backends.leica.times import order_of, seconds, stamps_in
from omio.dims import PLANE_DIMS, dims_of
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original
from omio.ome.markup import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.leica.document import Description
    from omio.metadata.facts import Columns


def facts_of(path: str, said: Description, shape: tuple[int, ...]) -> Facts:
    """Return the facts of an image of T Z C Y X [S] `shape`, of those dims that are as long as the XML says."""
    sizes = dict(zip(dims_of(len(shape)), shape, strict=True))
    agreed = {dim for dim, size in sizes.items() if said.sizes.get(dim, 1) == size}
    axes = {dim: Regular(0.0, step, sizes[dim]) for dim, step in said.spacing.items() if dim in agreed}
    channels = said.channels if "C" in agreed and len(shape) == 5 else ()
    planes = _plane_times(path, said, sizes) if agreed >= set(PLANE_DIMS) else None
    name = PurePath(path).name
    told = {_fact(dim): f"DimensionDescription {dim}" for dim in axes}
    told |= {f"objective.{field}": LENS[field] for field in said.objective or ()}
    told |= {"acquired": "TimeStampList"} if said.acquired else {}
    told |= {"planes.delta_t": "TimeStampList"} if planes else {}
    told |= {"channels": "ChannelDescription"} if channels else {}
    facts = Facts.of(
        shape,
        channels=channels,
        planes=planes,
        acquired=said.acquired,
        objective=said.objective,
        original=Original(partial(_load_original, path, () if planes is None else ("TimeStampList",))),
        sources={fact: f"file: {name} {element}" for fact, element in told.items()},
    )
    return replace(facts, axes=axes)


def _plane_times(path: str, said: Description, sizes: Mapping[str, int]) -> PlaneTable | None:
    order = order_of(sizes, said.strides, said.stamps)
    if order is None:
        return None
    return PlaneTable(partial(_load_times, path, order, sizes), (sizes["T"], sizes["Z"], sizes["C"]))


def _fact(dim: str) -> str:
    return "time_increment" if dim == "T" else f"pixel_size.{dim}"


def _load_times(path: str, order: tuple[str, ...], sizes: Mapping[str, int]) -> Columns:
    return {"delta_t": seconds(stamps_in(read_image(path)), order, sizes)}


def _load_original(path: str, skip: tuple[str, ...]) -> dict[str, Any]:
    """Read the whole XML, but not what the planes have."""
    return {"Leica": to_json(read_image(path), skip)}

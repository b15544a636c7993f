"""What Leica's XML says of an image, as facts."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends.leica.document import describe, read_image
from omio.backends.leica.names import PROPERTIES, Member, file_names, is_called, series_name
from omio.backends.leica.times import order_of, seconds, stamps_in
from omio.dims import PLANE_DIMS, dims_of
from omio.errors import DamagedFileError, OmioWarning
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original
from omio.ome.markup import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.backends.leica.document import Description
    from omio.metadata.facts import Columns


def describe_series(paths: Sequence[str], shape: tuple[int, ...]) -> Facts | None:
    """Return what the XML beside exported files says of the image that they make up.

    Parameters
    ----------
    paths
        Files of one series, such as ``leica_stack_Series014_z000_ch00.tif``.
    shape
        T Z C Y X [S] of the image that they make up.

    Returns
    -------
    Facts or None
        Of dims as long as the XML says: spacing, times, channels; besides objective, date, and the whole XML in
        ``original``. None where there is no XML, or one that cannot be used, which a warning tells.
    """
    found = xml_of(paths[0]) if paths else None
    if found is None:
        return None
    try:
        said = describe(read_image(str(found)))
        told = (said.sizes.get("Y"), said.sizes.get("X"))
        trouble = None if told == shape[3:5] else f"describes images of Y x X {told}, not {shape[3:5]}"
    except DamagedFileError as error:
        trouble = error.cause
    if trouble is None:
        return facts_of(str(found), said, shape)
    warnings.warn(f"{found}: {trouble}; nothing is taken from it", OmioWarning, stacklevel=2)
    return None


def xml_of(path: str) -> Path | None:
    """Return the XML beside an exported file: that of the longer name, and rather the precise one."""
    member = Member.of(Path(path).name)
    if member is None:
        return None
    folder = Path(path).parent
    named = [folder / name for name in file_names(folder) if name.lower().endswith(".xml")]
    fitting = [found for found in named if is_called(member.series, series_name(found))]
    fitting.sort(key=lambda found: (len(series_name(found)), not found.stem.lower().endswith(PROPERTIES)))
    return fitting[-1] if fitting else None


def facts_of(path: str, said: Description, shape: tuple[int, ...]) -> Facts:
    """Return the facts of an image of T Z C Y X [S] `shape`, of those dims that are as long as the XML says."""
    sizes = dict(zip(dims_of(len(shape)), shape, strict=True))
    agreed = {dim for dim, size in sizes.items() if said.sizes.get(dim, 1) == size}
    axes = {dim: Regular(0.0, step, sizes[dim]) for dim, step in said.spacing.items() if dim in agreed}
    channels = said.channels if "C" in agreed and len(shape) == 5 else ()
    planes = _plane_times(path, said, sizes) if agreed >= set(PLANE_DIMS) else None
    name = Path(path).name
    told = {_fact(dim): f"file: {name} DimensionDescription {dim}" for dim in axes}
    facts = Facts.of(
        shape,
        channels=channels,
        planes=planes,
        acquired=said.acquired,
        objective=said.objective,
        original=Original(partial(_load_original, path, () if planes is None else ("TimeStampList",))),
        sources={**told, **({"channels": f"file: {name} ChannelDescription"} if channels else {})},
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

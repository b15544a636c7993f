"""Facts of merged and padded images."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import PLANE_DIMS
from omio.metadata.axes import Regular
from omio.metadata.facts import CHANNEL_FIELDS, Columns, Facts, PlaneTable
from omio.metadata.joining import join_axis, stamp_shifts
from omio.metadata.sharing import shared
from omio.metadata.sources import moved_channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from omio.metadata.axes import AxisPositions
    from omio.metadata.joining import Times
    from omio.metadata.sharing import Sharing


JOINED: Mapping[str, Sharing] = {"annotations": "union", "original": "union"}
"""What is joined unless told otherwise; the first part says the rest."""


def concat_facts(
    parts: Sequence[Facts], along: str, times: Times = "continue", words: Mapping[str, Sharing] = JOINED
) -> Facts:
    """Describe parts that stand one after another along a dim.

    Parameters
    ----------
    times
        How the positions along T join, see `omio.metadata.joining.join_axis`.
    words
        What the parts say together, see `omio.metadata.sharing`; the rest is as the first says.
    """
    first = shared(parts, words)
    axes = {dim: axis for dim, axis in first.axes.items() if dim != along}
    joined = join_axis(parts, along, times)
    if joined is not None:
        axes[along] = joined
    merged = replace(
        first,
        sizes={**first.sizes, along: sum(part.sizes[along] for part in parts)},
        axes=axes,
        planes=_join_planes(parts, along, stamp_shifts(parts) if along == "T" and times == "stamps" else None),
    )
    if along != "C":
        return merged
    return replace(merged, channels=_join_channels(parts)).with_static(sources=_join_sources(parts))


def _join_channels(parts: Sequence[Facts]) -> Mapping[str, tuple[Any, ...]]:
    def column(name: str) -> tuple[Any, ...]:
        return tuple(value for part in parts for value in part.channels.get(name, (None,) * part.sizes["C"]))

    known = {name for part in parts for name in part.channels}
    return {name: column(name) for name in CHANNEL_FIELDS if name in known}


def _join_sources(parts: Sequence[Facts]) -> dict[str, str]:
    starts = np.cumsum([0, *(part.sizes["C"] for part in parts)]).tolist()
    sources = dict(parts[0].static.sources)
    for part, start in zip(parts[1:], starts[1:], strict=False):
        sources |= moved_channels(part.static.sources, start)
    return sources


def _join_planes(parts: Sequence[Facts], along: str, shifts: Sequence[float] | None) -> PlaneTable | None:
    if along not in PLANE_DIMS or all(part.planes is None for part in parts):
        return parts[0].planes if along not in PLANE_DIMS else None
    axis = PLANE_DIMS.index(along)
    shapes = [tuple(part.sizes[dim] for dim in PLANE_DIMS) for part in parts]
    shape = list(shapes[0])
    shape[axis] = sum(item[axis] for item in shapes)
    pieces = [
        piece
        for part, size, shift in zip(parts, shapes, shifts or (0.0,) * len(parts), strict=True)
        for piece in _pieces(part.planes, size, axis, shift)
    ]
    return PlaneTable(partial(_load_joined, tuple(pieces), axis), (shape[0], shape[1], shape[2]))


type _Piece = tuple[PlaneTable | None, tuple[int, ...], float]
"""A part's table, its shape, and the seconds that are added to its times."""


def _pieces(table: PlaneTable | None, shape: tuple[int, ...], axis: int, shift: float) -> Iterable[_Piece]:
    """Take a table that was joined along the same axis apart again: joined one by one, tables must not nest."""
    loader = None if table is None or table.key is not None else table.loader
    if isinstance(loader, partial) and loader.func is _load_joined and loader.args[1] == axis:
        return ((inner, size, moved + shift) for inner, size, moved in loader.args[0])
    return ((table, shape, shift),)


def _load_joined(pieces: tuple[_Piece, ...], axis: int) -> Columns:
    loaded = [{} if table is None else _shifted(table.columns, shift) for table, _, shift in pieces]
    kinds = {name: values.dtype for columns in loaded for name, values in columns.items()}
    return {
        name: np.concatenate(
            [
                columns[name] if name in columns else blank_column(shape, kind)
                for columns, (_, shape, _) in zip(loaded, pieces, strict=True)
            ],
            axis=axis,
        )
        for name, kind in kinds.items()
    }


def _shifted(columns: Columns, shift: float) -> Columns:
    return {**columns, "delta_t": columns["delta_t"] + shift} if shift and "delta_t" in columns else columns


def blank_column(shape: tuple[int, ...], kind: np.dtype[Any]) -> Any:
    """Return a column of unknowns: NaN for numbers, empty for text."""
    return np.full(shape, np.nan) if kind.kind == "f" else np.full(shape, "", dtype=kind)


def pad_facts(facts: Facts, widths: Mapping[str, tuple[int, int]]) -> Facts:
    """Describe an image with pixels added: origins move so that positions stay true; new planes know nothing."""
    sizes = {dim: size + sum(widths.get(dim, (0, 0))) for dim, size in facts.sizes.items()}
    axes = {dim: axis for dim, axis in ((d, _extend(a, *widths.get(d, (0, 0)))) for d, a in facts.axes.items()) if axis}
    before, after = widths.get("C", (0, 0))
    channels = {name: (None,) * before + values + (None,) * after for name, values in facts.channels.items()}
    return replace(facts, sizes=sizes, axes=axes, channels=channels, planes=_pad_planes(facts.planes, widths))


def _extend(axis: AxisPositions, before: int, after: int) -> AxisPositions | None:
    if not before and not after:
        return axis
    return axis.extend(before, after) if isinstance(axis, Regular) else None


def _pad_planes(planes: PlaneTable | None, widths: Mapping[str, tuple[int, int]]) -> PlaneTable | None:
    around = tuple(widths.get(dim, (0, 0)) for dim in PLANE_DIMS)
    if planes is None or not any(map(any, around)):
        return planes
    shape = tuple(size + sum(width) for size, width in zip(planes.sizes, around, strict=True))
    return PlaneTable(partial(_load_padded, planes, around), (shape[0], shape[1], shape[2]))


def _load_padded(planes: PlaneTable, around: tuple[tuple[int, int], ...]) -> Columns:
    padded = {}
    for name, values in planes.columns.items():
        target = blank_column(tuple(n + sum(w) for n, w in zip(values.shape, around, strict=True)), values.dtype)
        inner = tuple(slice(before, before + n) for (before, _), n in zip(around, values.shape, strict=True))
        target[inner] = values
        padded[name] = target
    return padded

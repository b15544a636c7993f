"""Facts of merged and padded images."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import PLANE_DIMS
from omio.metadata.axes import Regular
from omio.metadata.facts import CHANNEL_FIELDS, Columns, Facts, PlaneTable
from omio.metadata.joining import join_axis
from omio.metadata.original import Original, jsonable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from omio.metadata.axes import AxisPositions
    from omio.metadata.joining import Times


def concat_facts(parts: Sequence[Facts], along: str, times: Times = "continue") -> Facts:
    """Describe parts that stand one after another along a dim; the first says what they share.

    Parameters
    ----------
    times
        How the positions along T join, see `omio.metadata.joining.join_axis`.
    """
    first = parts[0]
    total = sum(part.sizes[along] for part in parts)
    axes = {dim: axis for dim, axis in first.axes.items() if dim != along}
    joined = join_axis(parts, along, times)
    if joined is not None:
        axes[along] = joined
    channels = _join_channels(parts) if along == "C" else first.channels
    merged = replace(
        first,
        sizes={**first.sizes, along: total},
        axes=axes,
        channels=channels,
        planes=_join_planes(parts, along),
    )
    return merged.with_static(annotations=_union(parts), original=_join_originals(parts))


def _join_channels(parts: Sequence[Facts]) -> Mapping[str, tuple[Any, ...]]:
    def column(name: str) -> tuple[Any, ...]:
        return tuple(value for part in parts for value in part.channels.get(name, (None,) * part.sizes["C"]))

    known = {name for part in parts for name in part.channels}
    return {name: column(name) for name in CHANNEL_FIELDS if name in known}


def _join_planes(parts: Sequence[Facts], along: str) -> PlaneTable | None:
    if along not in PLANE_DIMS or all(part.planes is None for part in parts):
        return parts[0].planes if along not in PLANE_DIMS else None
    axis = PLANE_DIMS.index(along)
    shapes = [tuple(part.sizes[dim] for dim in PLANE_DIMS) for part in parts]
    shape = list(shapes[0])
    shape[axis] = sum(item[axis] for item in shapes)
    pieces = [piece for part, size in zip(parts, shapes, strict=True) for piece in _pieces(part.planes, size, axis)]
    tables, sizes = zip(*pieces, strict=True)
    return PlaneTable(partial(_load_joined, tables, sizes, axis), (shape[0], shape[1], shape[2]))


def _pieces(table: PlaneTable | None, shape: tuple[int, ...], axis: int) -> Iterable[tuple[PlaneTable | None, Any]]:
    """Take a table that was joined along the same axis apart again: joined one by one, tables must not nest."""
    loader = None if table is None or table.key is not None else table.loader
    if isinstance(loader, partial) and loader.func is _load_joined and loader.args[2] == axis:
        return zip(loader.args[0], loader.args[1], strict=True)
    return ((table, shape),)


def _load_joined(tables: tuple[PlaneTable | None, ...], shapes: tuple[tuple[int, ...], ...], axis: int) -> Columns:
    loaded = [{} if table is None else table.columns for table in tables]
    kinds = {name: values.dtype for columns in loaded for name, values in columns.items()}
    return {
        name: np.concatenate(
            [
                columns[name] if name in columns else blank_column(shape, kind)
                for columns, shape in zip(loaded, shapes, strict=True)
            ],
            axis=axis,
        )
        for name, kind in kinds.items()
    }


def blank_column(shape: tuple[int, ...], kind: np.dtype[Any]) -> Any:
    """Return a column of unknowns: NaN for numbers, empty for text."""
    return np.full(shape, np.nan) if kind.kind == "f" else np.full(shape, "", dtype=kind)


def _union(parts: Sequence[Facts]) -> tuple[Mapping[str, Any], ...]:
    shared = {id(part.static.annotations): part.static.annotations for part in parts}
    found = {json.dumps(jsonable(note), sort_keys=True): note for notes in shared.values() for note in notes}
    return tuple(found.values())


def _join_originals(parts: Sequence[Facts]) -> Original:
    pieces = [piece for part in parts for piece in _originals(part.static.original)]
    return Original(partial(_load_originals, tuple(pieces)))


def _originals(original: Original) -> tuple[Original, ...]:
    """Take what was joined apart again, so that it does not nest."""
    loader = original.loader
    if isinstance(loader, partial) and loader.func is _load_originals:
        return tuple(loader.args[0])
    return (original,)


def _load_originals(originals: tuple[Original, ...]) -> Mapping[str, Any]:
    first = originals[0]
    if all(other == first for other in originals[1:]):
        return first
    return {"parts": [dict(original) for original in originals]}


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

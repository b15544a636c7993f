"""Facts of planes (``Plane``): times, exposures and stage positions as arrays over (T, Z, C)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from omio.indexing import distinct
from omio.metadata.facts import PlaneTable
from omio.ome import columns
from omio.ome.document import OmeImage, Source, document_of
from omio.ome.text import decoded
from omio.units import length_factor, time_factor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from omio.metadata.facts import Columns

type PlaneShape = tuple[int, int, int]

_PLACES = ("TheT", "TheZ", "TheC")


class Quantity(NamedTuple):
    """How an attribute of ``Plane`` is read: its name, the schema's default unit, and what one unit is."""

    attribute: str
    unit: str
    factor: Callable[[str | None], float | None]


QUANTITIES = {
    "delta_t": Quantity("DeltaT", "s", time_factor),
    "exposure": Quantity("ExposureTime", "s", time_factor),
    "stage_x": Quantity("PositionX", "reference frame", length_factor),
    "stage_y": Quantity("PositionY", "reference frame", length_factor),
    "stage_z": Quantity("PositionZ", "reference frame", length_factor),
}
"""Plane fact -> where OME says it; a position without unit is in the stage's own frame, so its µm are unknown."""


def plane_table(image: OmeImage, source: Source, shape: PlaneShape, samples: int) -> PlaneTable | None:
    """Return the facts of planes, read when asked; None where no plane says anything."""
    run = image.run
    if not any(run.find(quantity.attribute.encode() + b"=") >= 0 for quantity in QUANTITIES.values()):
        return None
    return PlaneTable(partial(load_planes, source, image.number, shape, samples), shape)


def load_planes(source: Source, number: int, shape: PlaneShape, samples: int) -> Columns:
    """Read the ``Plane`` elements of an image, as `planes_of` does."""
    return planes_of(document_of(source).images[number], shape, samples)


def planes_of(image: OmeImage, shape: PlaneShape, samples: int = 1) -> Columns:
    """Return fact -> (T, Z, C) array, NaN where unknown; facts that nobody knows are absent."""
    _, found = columns.read(image.run, b"Plane")
    if not found:
        return {}
    where = plane_index(found, _PLACES, shape, samples)
    rows = np.flatnonzero(where >= 0)
    table: Columns = {}
    for fact, quantity in QUANTITIES.items():
        values = _in_base_unit(found, quantity)
        if values is not None and not np.isnan(values[rows]).all():
            column = np.full(shape, np.nan)
            column.ravel()[where[rows]] = values[rows]
            table[fact] = column
    return table


def plane_index(
    found: columns.Columns, names: tuple[str, str, str], shape: tuple[int, int, int], samples: int = 1
) -> NDArray[np.int64]:
    """Return for each element the flat position of its plane in an array of `shape`; -1 where it lies outside.

    The names end with the letter of their dim; an index that is absent is 0. Some writers count samples in C, and
    some count from one: both are seen by indices that all fit then and not otherwise.
    """
    count = len(next(iter(found.values())))
    flat, inside = np.zeros(count, dtype=np.int64), np.ones(count, dtype=bool)
    for name, size in zip(names, shape, strict=True):
        index = columns.integers(found[name], 0, _ignore) if name in found else np.zeros(count, dtype=np.int64)
        if index.min() == 1 and index.max() == size:
            index = index - 1
        if name[-1] == "C" and index.max() >= size and not (index % samples).any():
            index = index // samples
        inside &= (index >= 0) & (index < size)
        flat = flat * size + np.clip(index, 0, size - 1)
    return np.where(inside, flat, -1)


def _ignore(_: str) -> None:
    """Take no notice: what is no number is NaN, and stays among what no field holds."""


def _in_base_unit(found: columns.Columns, quantity: Quantity) -> NDArray[np.float64] | None:
    """Return seconds or µm; None where the attribute is absent."""
    if quantity.attribute not in found:
        return None
    values = columns.floats(found[quantity.attribute], _ignore)
    units = found.get(f"{quantity.attribute}Unit", ())
    kinds = set(units) or {None}
    factors = {kind: quantity.factor(quantity.unit if kind is None else decoded(kind)) for kind in kinds}
    known = {kind: np.nan if factor is None else factor for kind, factor in factors.items()}
    if len(known) == 1:
        return values * next(iter(known.values()))
    scaled: NDArray[np.float64] = values * np.array([known[unit] for unit in units])
    return scaled


def frame_times(image: OmeImage, shape: PlaneShape) -> NDArray[np.float64] | None:
    """Return the seconds of the first plane of each frame, where they are complete and strictly increasing."""
    if shape[0] < 2 or b"DeltaT=" not in image.run:
        return None
    count, found = columns.read(image.run, b"Plane", {"TheZ": b"0", "TheC": b"0"})
    if count != shape[0]:
        table = planes_of(image, shape).get("delta_t")
        return None if table is None else increasing(table[:, 0, 0])
    index = plane_index(found, _PLACES, (shape[0], 1, 1))
    values = _in_base_unit(found, QUANTITIES["delta_t"])
    if values is None or len(distinct(index)) != count or index.min() < 0:
        return None
    return increasing(values[np.argsort(index)])


def increasing(times: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the times where each is later than the one before; None else, or where one is unknown."""
    return times if bool((np.diff(times) > 0).all()) and not np.isnan(times).any() else None


def unheld(image: OmeImage) -> dict[str, list[str | None]]:
    """Return what ``Plane`` elements say that no fact holds: attribute -> one value an element, as in the file."""
    _, found = columns.read(image.run, b"Plane")
    rest = {name: _decoded(values) for name, values in found.items() if not _is_held(name, found)}
    if not rest:
        return {}
    return {name: _decoded(found[name]) for name in _PLACES if name in found} | rest


def _decoded(values: Sequence[bytes | None]) -> list[str | None]:
    return [None if value is None else decoded(value) for value in values]


def _is_held(name: str, found: columns.Columns) -> bool:
    if name in _PLACES:
        return True
    named = (quantity for quantity in QUANTITIES.values() if name in (quantity.attribute, f"{quantity.attribute}Unit"))
    quantity = next(named, None)
    if quantity is None or quantity.attribute not in found:
        return False
    units = set(found.get(f"{quantity.attribute}Unit", (None,)))
    if any(quantity.factor(quantity.unit if unit is None else decoded(unit)) != 1 for unit in units):
        return False
    troubled: list[str] = []
    columns.floats(found[quantity.attribute], troubled.append)
    return not troubled

"""Plates as their files list them; wells are not looked into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class WellPlace:
    """A well of a plate: its path, such as ``"A/1"``, and the names of its row and column."""

    path: str
    row: str
    column: str


@dataclass(frozen=True)
class Acquisition:
    """One imaging of a plate, of which it can have several; `original` is all that the file says of it."""

    id: int | None
    name: str | None = None
    original: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlateLayout:
    """A plate as its file lists it: names of rows and columns, the wells that were imaged, and the acquisitions."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    wells: tuple[WellPlace, ...]
    acquisitions: tuple[Acquisition, ...] = ()
    name: str | None = None

"""Facts of one image of an OME-XML document."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.dims import SPATIAL
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.ome import channels, native
from omio.ome.annotations import native_texts, notes_of
from omio.ome.document import document_of
from omio.ome.ledger import Ledger
from omio.ome.markup import child, text_of
from omio.ome.optics import objective, stage_position
from omio.ome.planes import frame_times, plane_table
from omio.ome.remainder import remainder
from omio.units import to_s, to_um

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.ome.document import OmeImage, Source

_DATES = ("AcquisitionDate", "AcquiredDate", "CreationDate")
"""Schemas from 2011-06, from 2009-09, and before."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
"""XML Schema's dateTime, of which seconds may lack: `datetime.fromisoformat` takes more than `ImageMetadata` does."""


def facts_of(image: OmeImage, source: Source, shape: tuple[int, ...]) -> tuple[Facts, tuple[str, ...]]:
    """Return the facts of an image of T Z C Y X [S] `shape`, and what was wrong with the document, for a warning.

    Facts of planes and what no field holds are read from `source` when asked.
    """
    found, ledger = described(image, source, shape)
    facts = Facts.of(
        shape,
        **found,
        annotations=notes_of(image),
        original=Original(partial(load_original, source, image.number, shape)),
        sources=ledger.sources,
    )
    for text in native_texts(image):
        facts = native.apply(text, facts)
    return facts, (*image.document.problems, *ledger.problems)


def described(image: OmeImage, source: Source, shape: tuple[int, ...]) -> tuple[dict[str, Any], Ledger]:
    """Return arguments of `Facts.of`, and the book of how they were read."""
    ledger = Ledger()
    samples = shape[5] if len(shape) > 5 else 1
    elements = channels.channel_elements(image)
    if len(elements) > shape[2]:
        ledger.problems.append(f"describes {len(elements)} channels, the image has {shape[2]}: the first were taken")
    increment = _time_increment(image, ledger)
    times = _times(image, shape, ledger) if increment is None else None
    found = {
        "pixel_size": _pixel_size(image, ledger),
        "time_increment": increment,
        "times": times,
        "channels": channels.rows(elements[: shape[2]], ledger),
        "planes": plane_table(image, source, (shape[0], shape[1], shape[2]), samples),
        "name": ledger.text(image.element, "Name", "name"),
        "description": _child_text(image, "Description", "description", ledger),
        "acquired": _acquired(image, ledger),
        "objective": objective(image, ledger),
        "stage_position": stage_position(image, ledger),
    }
    if found["planes"] is not None:
        ledger.sources["planes"] = "file: OME Plane"
    return found, ledger


def load_original(source: Source, number: int, shape: tuple[int, ...]) -> dict[str, Any]:
    """Read what no fact of an image holds."""
    image = document_of(source).images[number]
    return remainder(image, described(image, source, shape)[1])


def _pixel_size(image: OmeImage, ledger: Ledger) -> dict[str, float | None]:
    return {
        dim: _size(image, dim, f"PhysicalSize{dim}", ledger) or _size(image, dim, f"PixelSize{dim}", ledger)
        for dim in SPATIAL
    }


def _size(image: OmeImage, dim: str, name: str, ledger: Ledger) -> float | None:
    # PixelSizeX is an attribute of Image in schema 2003
    holder = image.pixels if name.startswith("Physical") else image.element
    return ledger.quantity(holder, name, f"pixel_size.{dim}", convert=to_um, unit="µm", spacing=True)


def _time_increment(image: OmeImage, ledger: Ledger) -> float | None:
    holder = image.pixels if "TimeIncrement" in image.pixels.attrib else image.element
    return ledger.quantity(holder, "TimeIncrement", "time_increment", convert=to_s, unit="s", spacing=True)


def _times(image: OmeImage, shape: tuple[int, ...], ledger: Ledger) -> NDArray[Any] | None:
    times = frame_times(image, (shape[0], shape[1], shape[2]))
    if times is not None:
        ledger.sources["time"] = "file: Plane DeltaT"
    return times


def _child_text(image: OmeImage, name: str, fact: str, ledger: Ledger) -> str | None:
    text = text_of(child(image.element, name))
    if text is not None:
        ledger.take(image.element, name, fact)
    return text


def _acquired(image: OmeImage, ledger: Ledger) -> str | None:
    for name in _DATES:
        text = text_of(child(image.element, name))
        if text is not None and not _is_date(text):
            ledger.problem(image.element, name, text)
        elif text is not None:
            ledger.take(image.element, name, "acquired")
            return text
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None

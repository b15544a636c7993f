"""The objective and the stage position of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.ome.markup import child, text_of
from omio.units import number, to_um

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from omio.ome.document import OmeImage
    from omio.ome.ledger import Ledger

_TEXTS = {"name": "Model", "manufacturer": "Manufacturer", "immersion": "Immersion", "correction": "Correction"}
_NUMBERS = {
    "magnification": "NominalMagnification",
    "calibrated_magnification": "CalibratedMagnification",
    "na": "LensNA",
}
_OLD_NAMES = {"calibrated_magnification": "Magnification"}
"""What schema 2003 calls it; all schemas before 2009 give these as child elements."""


def objective(image: OmeImage, ledger: Ledger) -> Mapping[str, Any] | None:
    """Return the fields of the objective that the image names; None where it names none."""
    reference = child(image.element, "ObjectiveSettings", "ObjectiveRef")
    element = image.document.by_id.get(reference.get("ID", "")) if reference is not None else None
    if element is None:
        return None
    found: dict[str, Any] = {}
    for field, name in _TEXTS.items():
        found[field] = ledger.text(element, name, f"objective.{field}") or _child_text(element, field, name, ledger)
    for field, name in _NUMBERS.items():
        found[field] = _number(element, field, name, ledger)
    found["working_distance_um"] = _working_distance(element, ledger)
    known = {name: value for name, value in found.items() if value is not None}
    return known or None


def _child_text(element: Element, field: str, name: str, ledger: Ledger) -> str | None:
    for spelled in (name, _OLD_NAMES.get(field, name)):
        text = text_of(child(element, spelled))
        if text is not None:
            ledger.take(element, spelled, f"objective.{field}")
            return text
    return None


def _number(element: Element, field: str, name: str, ledger: Ledger) -> float | None:
    if name in element.attrib:
        return ledger.quantity(element, name, f"objective.{field}")
    return number(_child_text(element, field, name, ledger))


def _working_distance(element: Element, ledger: Ledger) -> float | None:
    fact, name = "objective.working_distance_um", "WorkingDistance"
    if name in element.attrib:
        return ledger.quantity(element, name, fact, convert=to_um, unit="µm")
    return number(_child_text(element, "working_distance_um", name, ledger))


def stage_position(image: OmeImage, ledger: Ledger) -> Mapping[str, float] | None:
    """Return where the stage stood, in µm, as far as the file gives a unit (the schema's default has none)."""
    label = child(image.element, "StageLabel")
    if label is None:
        return None
    found = {
        dim: ledger.quantity(label, dim, f"stage_position.{dim}", convert=to_um, unit="reference frame", signed=True)
        for dim in "XYZ"
    }
    known = {dim: value for dim, value in found.items() if value is not None}
    return known or None

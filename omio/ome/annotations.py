"""Structured annotations: what the authors of a file attached to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omio.ome.cut import MARKER
from omio.ome.markup import child, children, inner_xml, local, text_of, to_json, whole
from omio.ome.native import NAMESPACE
from omio.ome.text import decoded
from omio.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from omio.ome.document import OmeDocument, OmeImage

type Note = dict[str, Any]

KINDS = {
    "MapAnnotation": "map",
    "XMLAnnotation": "xml",
    "LongAnnotation": "long",
    "DoubleAnnotation": "double",
    "BooleanAnnotation": "boolean",
    "CommentAnnotation": "comment",
    "StringAnnotation": "comment",
    "TagAnnotation": "tag",
    "TermAnnotation": "term",
    "TimestampAnnotation": "timestamp",
    "ListAnnotation": "list",
    "FileAnnotation": "file",
}
"""Element -> kind of `omio.Annotation`."""

_NATIVE_FAMILY = NAMESPACE.rpartition("/")[0] + "/"
_REFERENCE = re.compile(rb"""AnnotationRef\s[^<>]*?ID\s*=\s*["']([^"'<]*)""")
_MARKER = re.compile(rf'<{MARKER}(?: xmlns="[^"]*")? n="(\d+)"/>')


def notes_of(image: OmeImage) -> tuple[Note, ...]:
    """Return the annotations of an image: all of the document's but those that only other images refer to."""
    return tuple(_note(element, image.document) for element in _mine(image) if not _is_native(element))


def native_texts(image: OmeImage) -> tuple[str, ...]:
    """Return the texts of omio's own annotations of an image."""
    texts = (text_of(child(element, "Value")) for element in _mine(image) if _is_native(element))
    return tuple(text for text in texts if text)


def _is_native(element: Element) -> bool:
    return (element.get("Namespace") or "").startswith(_NATIVE_FAMILY)


def _mine(image: OmeImage) -> Iterator[Element]:
    """Yield the document's annotations but those that only other images refer to."""
    notes = [element for element in image.document.annotations() if local(element.tag) in KINDS]
    others = [other for other in image.document.images if other.element is not image.element]
    if notes and others:
        elsewhere = set().union(*(_referred(other) for other in others)) - _referred(image)
        notes = [element for element in notes if element.get("ID", "") not in elsewhere]
    yield from notes


def _referred(image: OmeImage) -> set[str]:
    found = {part.get("ID", "") for part in image.element.iter() if local(part.tag) == "AnnotationRef"}
    if b"AnnotationRef" in image.run:
        found |= {decoded(name) for name in _REFERENCE.findall(image.run)}
    return found


def _note(element: Element, document: OmeDocument) -> Note:
    kind = KINDS[local(element.tag)]
    note = {
        "kind": kind,
        "value": _value(kind, element, document),
        "namespace": element.get("Namespace"),
        "description": text_of(child(element, "Description")),
        "id": element.get("ID"),
    }
    return {name: value for name, value in note.items() if value is not None}


def _value(kind: str, element: Element, document: OmeDocument) -> Any:
    value = child(element, "Value")
    if kind == "map":
        return [[entry.get("K", ""), entry.text or ""] for entry in children(value, "M")]
    if kind == "list":
        return [reference.get("ID", "") for reference in children(element, "AnnotationRef")]
    if kind == "file":
        return to_json(element, ("Description", "Value", "AnnotationRef"))
    if kind == "xml":
        return None if value is None else _MARKER.sub(lambda found: _run(document, found[1]), inner_xml(value))
    return _scalar(kind, text_of(value))


def _scalar(kind: str, text: str | None) -> Any:
    if kind == "long":
        return text if (exact := whole(text)) is None else exact
    if kind == "double":
        return text if (finite := number(text)) is None else finite
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get((text or "").lower(), text)
    return text


def _run(document: OmeDocument, number_text: str) -> str:
    number = int(number_text)
    return decoded(document.runs[number]) if number < len(document.runs) else ""

"""What a document says of an image and no fact holds, as JSON: the content of `original`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.ome.annotations import KINDS
from omio.ome.cut import MARKER
from omio.ome.markup import local, text_of, to_json
from omio.ome.planes import unheld

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from omio.ome.document import OmeImage
    from omio.ome.ledger import Ledger

type Json = dict[str, Any]

_NOT_FACTS = ("schemaLocation", "noNamespaceSchemaLocation")
_HELD = ("@ID", "@Namespace")
_SIZES = ("SizeX", "SizeY", "SizeZ", "SizeC", "SizeT")


def remainder(image: OmeImage, ledger: Ledger) -> Json:
    """Return ``{"OME": …}``: the document without what the book's facts hold, and without other images."""
    found = _Remainder(image, ledger).root()
    planes = unheld(image)
    if planes:
        found["Plane"] = planes
    return {"OME": found} if found else {}


class _Remainder:
    def __init__(self, image: OmeImage, ledger: Ledger) -> None:
        self._image = image
        self._taken = ledger.taken

    def root(self) -> Json:
        """Return what is left of the document."""
        root = self._image.document.root
        found: Json = {f"@{local(name)}": value for name, value in root.attrib.items() if local(name) not in _NOT_FACTS}
        for part in root:
            if local(part.tag) == "Image" and part is not self._image.element:
                continue
            self._add(found, part)
        return found

    def _add(self, found: Json, element: Element) -> None:
        left = self._left(element)
        if left in ({}, "", None):
            return
        name = local(element.tag)
        if isinstance(found.get(name), list):
            found[name].append(left)
        else:
            found[name] = [found[name], left] if name in found else left

    def _left(self, element: Element) -> Any:
        name = local(element.tag)
        if name == MARKER or (name == "Pixels" and element is not self._image.pixels):
            return None
        if name in KINDS:
            return self._annotation(element)
        taken = self._taken.get(element, set())
        skipped = _SIZES if element is self._image.pixels else ()
        found: Json = {
            f"@{local(attribute)}": value
            for attribute, value in element.attrib.items()
            if attribute not in taken and attribute not in skipped
        }
        for part in element:
            if local(part.tag) not in taken:
                self._add(found, part)
        text = text_of(element)
        if text and "#text" not in taken:
            return {**found, "#text": text} if found or element.attrib else text
        return found

    def _annotation(self, element: Element) -> Json | None:
        """Return what `omio.Annotation` does not hold: who annotated, and annotations of the annotation."""
        kind = KINDS[local(element.tag)]
        left = to_json(element, ("Value", "Description", "AnnotationRef" if kind == "list" else ""))
        rest = {name: value for name, value in left.items() if name not in _HELD} if isinstance(left, dict) else {}
        return {"@ID": element.get("ID"), **rest} if rest and kind != "file" else None

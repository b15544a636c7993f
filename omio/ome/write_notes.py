"""Annotations as elements of ``StructuredAnnotations``; those that no element gives back exactly stay apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from omio.ome.markup import inner_xml
from omio.ome.native import ID_PREFIX
from omio.ome.pen import Pen, element, keeps_attribute, keeps_text
from omio.ome.vocabulary import SCHEMA
from omio.ome.writable import as_text, is_date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

type Note = Mapping[str, Any]

_ID = re.compile(r"(urn:lsid:([\w\-.]+\.[\w\-.]+)+:Annotation:\S+)|(Annotation:\S+)")
_SAFE = r"(?:[\w.~/@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_URI = re.compile(
    r"(?:"
    rf"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z][\w.-]*(?::\d{{1,5}})?(?:/(?:{_SAFE}|:)*)?"  # a URL
    rf"|[A-Za-z][A-Za-z0-9+.-]*:(?!//)(?:{_SAFE}|:)+"  # a URN and the like
    rf"|(?!//){_SAFE}+"  # a relative path
    rf")(?:\?(?:{_SAFE}|[:?])*)?(?:#(?:{_SAFE}|[:?])*)?",
    re.ASCII,
)
"""Namespaces that every validator takes for an anyURI."""
_FIELDS = {"kind", "value", "namespace", "description", "id"}
_ELEMENTS = {
    "map": "MapAnnotation",
    "xml": "XMLAnnotation",
    "long": "LongAnnotation",
    "double": "DoubleAnnotation",
    "boolean": "BooleanAnnotation",
    "comment": "CommentAnnotation",
    "tag": "TagAnnotation",
    "term": "TermAnnotation",
    "timestamp": "TimestampAnnotation",
    "list": "ListAnnotation",
    "file": "FileAnnotation",
}


class Notes:
    """The annotations of an image, ready to be written.

    Attributes
    ----------
    elements
        XML of those that an element gives back exactly.
    names
        Their IDs, for the references of the image.
    ids
        ID that was made -> the annotation's own, which the schema does not allow.
    apart
        ``[position, annotation]`` of those that no element holds.
    """

    def __init__(self, notes: Sequence[Note]) -> None:
        self.elements: list[str] = []
        self.names: list[str] = []
        self.ids: dict[str, str] = {}
        self.apart: list[list[Any]] = []
        self._allowed = {str(note.get("id")) for note in notes if _is_id(note.get("id"))}
        for position, note in enumerate(notes):
            body = self._body({name: value for name, value in note.items() if value is not None})
            if body is None:
                self.apart.append([position, dict(note)])
            else:
                self._add(note, body)

    def _add(self, note: Note, body: str) -> None:
        own, pen = note.get("id"), Pen()
        name = str(own)
        if not _is_id(own) or own in self.names:
            name = f"{ID_PREFIX}{len(self.names)}"
            if own is not None:
                self.ids[name] = str(own)
        namespace, description = note.get("namespace"), note.get("description")
        attributes = {"ID": pen.attribute(name, ""), "Namespace": namespace and pen.attribute(namespace, "")}
        head = element("Description", {}, pen.text(description, "")) if description else ""
        self.elements.append(element(_ELEMENTS[note.get("kind", "map")], attributes, head, body))
        self.names.append(name)

    def _body(self, note: Note) -> str | None:
        """Return the inside of the element; None where reading it would not give the same annotation."""
        kind, value = note.get("kind", "map"), note.get("value")
        if not set(note) <= _FIELDS or not _is_uri(note.get("namespace", "x")):
            return None
        if not _is_kept(note.get("description", "x")):
            return None
        if kind == "list":
            return self._references(value)
        if kind == "file" and not (_is_id(note.get("id")) and _names_itself(value, note)):
            return None
        write = _WRITERS.get(kind)
        return None if write is None else write(value)

    def _references(self, value: Any) -> str | None:
        if not isinstance(value, list | tuple) or not all(name in self._allowed for name in value):
            return None
        return "".join(element("AnnotationRef", {"ID": Pen().attribute(name, "")}) for name in value)


def _is_id(value: Any) -> bool:
    if not isinstance(value, str) or value.startswith(ID_PREFIX) or not keeps_attribute(value):
        return False
    return _ID.fullmatch(value) is not None


def _names_itself(value: Any, note: Note) -> bool:
    given = (value.get("@ID"), value.get("@Namespace")) if isinstance(value, dict) else None
    return given == (note.get("id"), note.get("namespace"))


def _is_uri(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and _URI.fullmatch(text) is not None


def _is_kept(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and keeps_text(text)


def _value(text: str) -> str:
    return element("Value", {}, text)


def _map(value: Any) -> str | None:
    if not isinstance(value, list | tuple):
        return None
    rows = []
    for row in value:
        if not isinstance(row, list | tuple) or len(row) != 2:
            return None
        key, text = row
        if not (isinstance(key, str) and isinstance(text, str) and keeps_attribute(key) and keeps_text(f"|{text}|")):
            return None
        rows.append(element("M", {"K": Pen().attribute(key, "")}, Pen().text(text, "")))
    return _value("".join(rows))


def _xml(value: Any) -> str | None:
    if not isinstance(value, str) or not keeps_text(value) or "&#" in value:
        return None
    whole = f'<Value xmlns="{SCHEMA}">{value}</Value>'
    try:
        # what omio itself read or a caller made; the parser resolves nothing outside
        read = inner_xml(ElementTree.fromstring(whole))  # noqa: S314
    except ElementTree.ParseError:
        return None
    return _value(value) if read == value and value.startswith("<") else None


def _text(value: Any) -> str | None:
    return _value(Pen().text(value, "")) if _is_kept(value) else None


def _long(value: Any) -> str | None:
    exact = isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63
    return _value(str(value)) if exact else None


def _double(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = as_text(float(value)) if number else "NaN"
    return _value(text) if text not in ("NaN", "INF", "-INF") else None


def _boolean(value: Any) -> str | None:
    return _value(as_text(value)) if isinstance(value, bool) else None


def _timestamp(value: Any) -> str | None:
    return _value(value) if is_date_time(value) else None


def _file(value: Any) -> str | None:
    binary = value.get("BinaryFile") if isinstance(value, dict) else None
    if not isinstance(binary, dict) or not {"@FileName", "@Size"} <= set(binary):
        return None
    return _from_json("BinaryFile", binary) if set(value) <= {"@ID", "@Namespace", "BinaryFile"} else None


def _from_json(name: str, value: Any) -> str | None:
    """Write what `omio.ome.markup.to_json` made of an element; None where it made something else."""
    if isinstance(value, str):
        return element(name, {}, Pen().text(value, "")) if keeps_text(value) else None
    if not isinstance(value, dict) or not all(isinstance(part, str | dict) for part in value.values()):
        return None
    if not all(keeps_attribute(part) for part in value.values() if isinstance(part, str)):
        return None
    attributes = {key[1:]: Pen().attribute(str(part), "") for key, part in value.items() if key.startswith("@")}
    inside = [_from_json(key, part) for key, part in value.items() if key[0] not in "@#"]
    text = Pen().text(str(value.get("#text", "")), "")
    return None if None in inside else element(name, attributes, text, *(part for part in inside if part))


_WRITERS: dict[str, Callable[[Any], str | None]] = {
    "map": _map,
    "xml": _xml,
    "long": _long,
    "double": _double,
    "boolean": _boolean,
    "comment": _text,
    "tag": _text,
    "term": _text,
    "timestamp": _timestamp,
    "file": _file,
}

"""The metadata document: parsed quickly for what omio uses, whole for `original`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from omio import units

if TYPE_CHECKING:
    from collections.abc import Iterable

type Element = ElementTree.Element

_BULKY = (b"Experiment", b"HardwareSetting")
"""The planned experiment and the microscope's settings: nine tenths of most documents, and no fact of the image.

In this order: an experiment holds hardware settings of its own.
"""
_NEEDED = ("Information", "Scaling", "DisplaySetting")


class MalformedXmlError(ValueError):
    """The document is no XML, or declares entities."""


def parse(data: bytes) -> Element:
    """Parse a whole document.

    Raises
    ------
    MalformedXmlError
        It is no well-formed XML or has a document type, which CZI metadata never has.
    """
    text = data.rstrip(b"\0 \r\n\t")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise MalformedXmlError("it declares a document type")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 (no document type, so no entities)
    except (ElementTree.ParseError, ValueError) as error:
        raise MalformedXmlError(str(error)) from error


def parse_image(data: bytes) -> Element:
    """Parse what is said of the image: the document without its bulky settings, where they can be cut out safely."""
    short = data
    for name in _BULKY:
        short = _without(short, name)
    try:
        root = parse(short)
    except MalformedXmlError:
        if len(short) == len(data):
            raise
        return parse(data)
    lost = any(root.find(f"Metadata/{name}") is None and b"<" + name.encode() in data for name in _NEEDED)
    return parse(data) if lost and len(short) < len(data) else root


def _without(data: bytes, name: bytes) -> bytes:
    """Drop the first element of a name, up to the last end tag of that name."""
    start = re.search(rb"<" + name + rb"[\s>]", data)
    end = data.rfind(b"</" + name + b">")
    if start is None or end < start.start():
        return data
    return data[: start.start()] + data[end + len(name) + 3 :]


def to_dict(element: Element) -> Any:
    """Turn an element into text, or a dict of attributes (``@name``), children and text (``#text``).

    Children of one name become a list.
    """
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    content: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        value = to_dict(child)
        if child.tag not in content:
            content[child.tag] = value
        elif isinstance(content[child.tag], list):
            content[child.tag].append(value)
        else:
            content[child.tag] = [content[child.tag], value]
    if text:
        content["#text"] = text
    return content


def number(element: Element | None, path: str) -> float | None:
    """Return a finite number at a path; None where there is none."""
    return as_number(None if element is None else element.findtext(path))


def as_number(text: str | None) -> float | None:
    """Read a finite number; a decimal comma is taken as point."""
    return units.number((text or "").replace(",", "."))


def words(element: Element | None, *paths: str) -> str | None:
    """Return the first text that is not empty."""
    if element is None:
        return None
    for path in paths:
        text = (element.findtext(path) or "").strip()
        if text:
            return text
    return None


def numbers(text: str | None) -> list[float] | None:
    """Read numbers separated by blanks; None where one is none."""
    found = [as_number(part) for part in (text or "").split()]
    known = [value for value in found if value is not None]
    return known if known and len(known) == len(found) else None


def all_at(root: Element | None, path: str) -> Iterable[Element]:
    """Return the elements at a path; none without a root."""
    return () if root is None else root.findall(path)

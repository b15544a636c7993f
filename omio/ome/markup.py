"""Small helpers over parsed elements: local names, children, plain numbers, and elements as JSON or text again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from omio.errors import DamagedFileError
from omio.ome.entities import escape, quoteattr
from omio.ome.text import repaired

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from xml.etree.ElementTree import Element

OME_HOSTS = ("http://www.openmicroscopy.org/", "https://www.openmicroscopy.org/", "http://openmicroscopy.org/")
"""How the namespaces of all OME schemas begin."""

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


def parse(text: bytes, path: str | None, problems: list[str]) -> Element:
    """Parse cleaned text; what only forbidden characters make ill-formed is repaired and told in `problems`.

    The text holds no document type (`omio.ome.text.clean` sees to it), so the parser knows no entities to expand.

    Raises
    ------
    DamagedFileError
        Where it is not well-formed, or nested beyond all reason.
    """
    try:
        return _checked(text)
    except ElementTree.ParseError as error:
        mended = repaired(text)
        if mended == text:
            raise DamagedFileError(f"is not well-formed: {error}", path=path, place="OME-XML") from None
    try:
        element = _checked(mended)
    except ElementTree.ParseError as error:
        raise DamagedFileError(f"is not well-formed: {error}", path=path, place="OME-XML") from None
    problems.append("has characters that XML forbids, which were left out")
    return element


MAX_DEPTH = 200
"""Elements within elements; the OME model needs about twelve."""


def _checked(text: bytes) -> Element:
    root = ElementTree.fromstring(text)  # noqa: S314 - no document type is left in it
    level, depth = list(root), 1
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ElementTree.ParseError(f"more than {MAX_DEPTH} elements within each other")
        level = [child for element in level for child in element]
    return root


def local(name: str) -> str:
    """Return a tag or attribute name without its namespace."""
    return name.rpartition("}")[2]


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """Yield the children of any of these local names."""
    if element is not None:
        for child in element:
            if local(child.tag) in names:
                yield child


def child(element: Element | None, *names: str) -> Element | None:
    """Return the first child of any of these local names."""
    return next(children(element, *names), None)


def text_of(element: Element | None) -> str | None:
    """Return the text of an element, stripped; None where there is none."""
    text = element.text.strip() if element is not None and element.text else ""
    return text or None


def whole(text: str | None) -> int | None:
    """Read a whole number of at most 20 digits; None for anything else."""
    stripped = (text or "").strip()
    digits = stripped.lstrip("+-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20 or len(stripped) - len(digits) > 1:
        return None
    return int(stripped)


def to_json(element: Element, skip: Container[str] = ()) -> Any:
    """Return an element as JSON: ``@`` marks attributes, ``#text`` the text beside them; repeated children are lists.

    An element with nothing but text is that text. Children whose local name is in `skip` are left out.
    """
    found: dict[str, Any] = {f"@{local(name)}": value for name, value in element.attrib.items()}
    for part in element:
        name = local(part.tag)
        if name not in skip:
            _append(found, name, to_json(part, skip))
    text = text_of(element)
    if not found:
        return text or ""
    return {**found, "#text": text} if text else found


def _append(found: dict[str, Any], name: str, value: Any) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def inner_xml(element: Element) -> str:
    """Return what an element holds as XML text.

    Elements of an OME schema carry no prefix and no namespace; where another begins it is declared. So the text can
    stand in any OME document and reads back as itself.
    """
    return (escape(element.text or "") + "".join(_xml(part, "") for part in element)).strip()


def _xml(element: Element, inherited: str) -> str:
    namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else "-"
    namespace = "" if namespace.startswith(OME_HOSTS) else namespace
    name = local(element.tag)
    declared = "" if namespace == inherited else f" xmlns={quoteattr('' if namespace == '-' else namespace)}"
    inside = escape(element.text or "") + "".join(_xml(part, namespace) for part in element)
    opening = name + declared + _attributes(element)
    body = f"<{opening}>{inside}</{name}>" if inside else f"<{opening}/>"
    return body + escape(element.tail or "")


def _attributes(element: Element) -> str:
    written, prefixes = [], 0
    for name, value in element.attrib.items():
        namespace = name[1:].partition("}")[0] if name.startswith("{") else ""
        if namespace == XML_NAMESPACE:
            written.append(f" xml:{local(name)}={quoteattr(value)}")
        elif namespace:
            written.append(f" xmlns:n{prefixes}={quoteattr(namespace)} n{prefixes}:{local(name)}={quoteattr(value)}")
            prefixes += 1
        else:
            written.append(f" {local(name)}={quoteattr(value)}")
    return "".join(written)

"""Whether a text is OME-XML: well-formed, and as the schema says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.ome.document import OmeDocument
from omio.ome.markup import OME_HOSTS

if TYPE_CHECKING:
    from omio.checks.report import Findings

PLACE = "OME-XML"
CHECKED = "2016-06"
"""The schema that ome-types brings; what older documents say is not held to theirs."""
BINARY = b"BinData"
"""Element that holds pixels."""
FOLLOWS = "No precomputed value available"
"""What libxml2 adds to an error that it has told of."""
LONGEST = 64 << 20
"""Bytes of a document that are compared with the schema: parsed, it takes ten times as much memory."""


def check_file(path: str, findings: Findings) -> bool:
    """Check a file that is OME-XML itself; return whether it should hold pixels."""
    with findings.watched():
        data = Path(path).read_bytes()
        check_xml(data, findings)
        if BINARY not in data:
            findings.warning("", "holds metadata only, and no pixels")
            return False
    return True


def check_xml(data: bytes, findings: Findings, place: str = PLACE) -> None:
    """Check a document.

    Raises
    ------
    DamagedFileError
        It is not well-formed, or no OME-XML.
    """
    text = data.rstrip(b"\0 \t\r\n")
    document = OmeDocument.parse(text, findings.path)
    for problem in document.problems:
        findings.error(place, problem)
    namespace = document.root.tag[1:].partition("}")[0] if document.root.tag.startswith("{") else ""
    if not namespace.startswith(OME_HOSTS):
        findings.error(place, f"the namespace of its root is {namespace!r}, none of OME")
    elif document.schema != CHECKED:
        checked = f"well-formed; only documents of {CHECKED} are compared with their schema"
        findings.warning(place, f"is of the schema {document.schema}: {checked}")
    elif len(text) > LONGEST:
        findings.warning(place, f"{len(text)} bytes are too many to be compared with the schema")
    elif not document.problems:
        findings.errors([(f"{place}, line {line}", wrong) for line, wrong in schema_errors(text)])


def schema_errors(text: bytes) -> list[tuple[int, str]]:
    """Return what the schema 2016-06 finds wrong with a well-formed document without a document type: line and text."""
    from lxml import etree

    # BinData can be longer than libxml2 thinks wise; no document type means no entities to expand
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    schema = _schema()
    schema.validate(etree.fromstring(text, parser))
    log: Any = schema.error_log  # the stubs do not know that it can be iterated
    return [(entry.line, _readable(entry.message)) for entry in log if FOLLOWS not in entry.message]


def _readable(message: str) -> str:
    """Leave out the namespace that libxml2 puts before every name."""
    return message.replace("{http://www.openmicroscopy.org/Schemas/OME/2016-06}", "")


@cache
def _schema() -> Any:
    import ome_types
    from lxml import etree

    return etree.XMLSchema(etree.parse(Path(ome_types.__file__).with_name("ome-2016-06.xsd")))

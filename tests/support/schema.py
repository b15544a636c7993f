"""The OME 2016-06 schema as a second opinion on OME-XML, stricter than Bio-Formats on unknown attributes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import ome_types
import tifffile
from lxml import etree


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(ome_types.__file__).with_name("ome-2016-06.xsd")))


def schema_errors(xml: bytes) -> list[str]:
    """Return what the schema finds wrong; empty when valid."""
    schema = _schema()
    schema.validate(etree.fromstring(xml))
    log: Any = schema.error_log  # the stubs do not know that it can be iterated
    return [f"line {entry.line}: {entry.message}" for entry in log]


def ome_xml_of(path: Path) -> bytes:
    """Return the OME-XML of a TIFF as its bytes lie in the file."""
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags[270]
        tif.filehandle.seek(tag.valueoffset)
        return tif.filehandle.read(tag.count).rstrip(b"\0")

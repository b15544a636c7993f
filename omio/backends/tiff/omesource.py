"""Where the OME-XML of a file lies: in the first page of a TIFF, or the file is XML itself."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omio.backends.tiff.dialects import MAGIC
from omio.backends.tiff.document import TiffDocument
from omio.errors import DamagedFileError
from omio.lazy.leaf import FileStamp, lease

if TYPE_CHECKING:
    from collections.abc import Buffer

DESCRIPTION = 270
LONGEST = 1 << 30
"""Bytes of OME-XML that are read at once; 100 times more than any writer was seen to write."""

_ROOT = re.compile(rb"<(?:[\w.-]+:)?OME(?=[\s>])[^<>]*")
_UUID = re.compile(rb"""\sUUID\s*=\s*["']([^"'<>]+)["']""")
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<")
_HOLDER = re.compile(rb"<(?:[\w.-]+:)?(TiffData|BinData|BinaryOnly)(?=[\s/>])")

type XmlKind = Literal["tiffdata", "bindata", "neither"]


@dataclass(frozen=True)
class XmlSource:
    """The document of a TIFF or XML file; hashable and picklable."""

    stamp: FileStamp

    @property
    def path(self) -> str:
        """The file."""
        return self.stamp.path

    def read(self) -> bytes:
        """Return its bytes.

        Raises
        ------
        ChangedFileError
            Where the file is no longer the one that was opened.
        """
        if is_tiff(self.path):
            with lease(TiffDocument, self.stamp) as document:
                return description_bytes(document)
        self.stamp.check()
        if self.stamp.size > LONGEST:
            raise DamagedFileError(f"{self.stamp.size} bytes of XML are more than can be read", path=self.path)
        return Path(self.path).read_bytes()


def is_tiff(path: str) -> bool:
    """Whether a file begins as a TIFF does."""
    with Path(path).open("rb") as file:
        return file.read(4).startswith(MAGIC)


def description_bytes(document: TiffDocument, most: int = LONGEST) -> bytes:
    """Return the ImageDescription of the first page as it lies in the file, at the most so many bytes of it."""
    tag = document.first.tags.get(DESCRIPTION)
    if tag is None:
        return b""
    if tag.count > LONGEST:
        raise DamagedFileError(f"{tag.count} bytes of ImageDescription", path=document.path, place="page 0")
    return document.file.read(min(tag.count, most), tag.valueoffset)


def uuid_of(document: TiffDocument) -> str | None:
    """Return the UUID that the OME-XML of a file gives the file; None where it gives none."""
    root = _ROOT.search(description_bytes(document, 1 << 14))
    found = _UUID.search(root[0]) if root else None
    return found[1].decode("utf-8", "replace").strip() if found else None


def looks_like_ome_xml(head: bytes) -> bool:
    """Whether a file begins as an OME-XML document does."""
    return _XML.match(head) is not None and (_ROOT.search(head) is not None or b"O\0M\0E" in head)


def xml_kind(path: str) -> XmlKind:
    """Say whether an OME-XML file refers to TIFF files or holds pixels itself, by the first element that does."""
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return first_holder(data)
    except (OSError, ValueError):  # an empty file cannot be mapped
        return "neither"


def first_holder(data: Buffer) -> XmlKind:
    """Return what the first element that says where pixels are is about."""
    found = _HOLDER.search(data)
    if found is None:
        return "neither"
    return "bindata" if found[1] == b"BinData" else "tiffdata"

"""Where the OME-XML of a file lies: in the first page of a TIFF, or the file is XML itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omio.backends.rawfile import first_bytes
from omio.backends.tiff.dialects import MAGIC
from omio.backends.tiff.document import TiffDocument
from omio.errors import DamagedFileError
from omio.lazy.leaf import FileStamp, lease

DESCRIPTION = 270
LONGEST = 1 << 30
"""Bytes of OME-XML that are read at once; 100 times more than any writer was seen to write."""

_ROOT = re.compile(rb"<(?:[\w.-]+:)?OME(?=[\s>])[^<>]*")
_UUID = re.compile(rb"""\sUUID\s*=\s*["']([^"'<>]+)["']""")


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
        return first_bytes(self.path, self.stamp.size)


def is_tiff(path: str) -> bool:
    """Whether a file begins as a TIFF does."""
    return first_bytes(path, 4).startswith(MAGIC)


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

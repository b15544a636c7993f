"""Looking into OME-XML files without reading them whole: what they hold, and where their pixels lie."""

from __future__ import annotations

import mmap
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omio.errors import DamagedFileError
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.lazy.leaf import FileStamp

OFFSET, LENGTH = "omio-offset", "omio-length"
"""Attributes that say where the content of a ``BinData`` lies that was left out."""

_PREFIX = rb"(?:[\w.-]+:)?"
_ROOT = re.compile(rb"<" + _PREFIX + rb"OME(?=[\s>])")
_START = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_HOLDER = re.compile(rb"<" + _PREFIX + rb"(TiffData|BinData|BinaryOnly)(?=[\s/>])")
_SKIPPED = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>"
_PIXELS = rb"<(?P<closing>/?)" + _PREFIX + rb"Pixels(?=[\s/>])"
_BINDATA = rb"<" + _PREFIX + rb"""BinData(?=[\s/>])(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+(?P<end>>)"""
_TOKEN = re.compile(b"|".join((_SKIPPED, _PIXELS, _BINDATA)), re.DOTALL)

type XmlKind = Literal["tiffdata", "bindata", "neither"]


def looks_like_ome_xml(head: bytes) -> bool:
    """Whether a file begins as an OME-XML document does."""
    return _START.match(head) is not None and (_ROOT.search(head) is not None or b"O\0M\0E\0" in head)


def xml_kind(path: str) -> XmlKind:
    """Say whether an OME-XML file refers to TIFF files or holds pixels itself, by the first element that does."""
    try:
        with _mapped(path) as data:
            found = _HOLDER.search(data)
            name = found[1] if found else b""
    except (OSError, ValueError):  # an empty file cannot be mapped
        return "neither"
    return "bindata" if name == b"BinData" else "tiffdata" if name else "neither"


@contextmanager
def _mapped(path: str) -> Iterator[mmap.mmap | bytes]:
    if isinstance(path, Url):
        from omio.remote.looks import content_of

        yield content_of(path)
        return
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


@dataclass(frozen=True)
class BinDataSource:
    """The document of an OME-XML file, without the pixels in it; hashable and picklable."""

    stamp: FileStamp

    @property
    def path(self) -> str:
        """The file."""
        return self.stamp.path

    def read(self) -> bytes:
        """Return the document; each ``BinData`` of pixels is empty and says where its content lies.

        Memory is bounded by the rest of the document.

        Raises
        ------
        DamagedFileError
            Where a ``BinData`` does not end.
        ChangedFileError
            Where the file is no longer the one that was opened.
        """
        self.stamp.check()
        if not self.stamp.size:
            raise DamagedFileError("the file is empty", path=self.path)
        with _mapped(self.path) as data:
            return b"".join(_without_pixels(data, self.path))


def _without_pixels(data: mmap.mmap | bytes, path: str) -> Iterator[bytes]:
    kept = position = 0
    inside = False
    while found := _TOKEN.search(data, position):
        position = found.end()
        if found["closing"] is not None:
            inside = not found["closing"]
        elif found["end"] is not None and inside and data[position - 2 : position - 1] != b"/":
            stop = data.find(b"<", position)
            if stop < 0:
                raise DamagedFileError("a BinData does not end", path=path, place=f"byte {found.start()}")
            yield data[kept : position - 1]
            yield f' {OFFSET}="{position}" {LENGTH}="{stop - position}">'.encode()
            kept = position = stop
    yield data[kept:]

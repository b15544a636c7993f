"""`OmeDocument`: an OME-XML document of any schema from 2003 to 2016-06, parsed but for the elements of planes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from omio.errors import DamagedFileError
from omio.ome.cut import MARKER, cut
from omio.ome.markup import child, children, local, parse, whole
from omio.ome.text import clean, to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element


class Source(Protocol):
    """Where the bytes of a document lie: hashable and picklable, so that what needs more of it can read it again."""

    @property
    def path(self) -> str:
        """The file, for messages."""
        ...

    def read(self) -> bytes:
        """Return the bytes of the document."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class OmeImage:
    """One ``Pixels`` of one ``Image``: what omio calls a scene.

    Attributes
    ----------
    document
        Where it stands.
    number
        Position among the images of the document.
    element, pixels
        Its ``Image`` and ``Pixels``.
    """

    document: OmeDocument
    number: int
    element: Element
    pixels: Element

    @property
    def place(self) -> str:
        """Name for messages."""
        return self.element.get("ID") or f"Image {self.number}"

    @property
    def run(self) -> bytes:
        """Text of its elements of planes: ``TiffData``, ``BinData``, ``Plane``."""
        marker = child(self.pixels, MARKER)
        number = whole(marker.get("n")) if marker is not None else None
        runs = self.document.runs
        return runs[number] if number is not None and 0 <= number < len(runs) else b""


@dataclass(frozen=True, eq=False)
class OmeDocument:
    """A parsed document.

    Attributes
    ----------
    root
        The ``OME`` element, without the elements of planes.
    runs
        The text of those, one run a ``Pixels``.
    path
        The file, for messages.
    problems
        What was mended while reading it.
    """

    root: Element
    runs: tuple[bytes, ...]
    path: str | None = None
    problems: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes, path: str | None = None) -> OmeDocument:
        """Read a document.

        Raises
        ------
        DamagedFileError
            Where it is no OME-XML or not well-formed.
        """
        problems: list[str] = []
        plain, encoding = clean(data, path, problems)
        parts = cut(plain)
        root = parse(to_utf8(parts.head, encoding, problems), path, problems)
        if local(root.tag) != "OME":
            raise DamagedFileError(f"the root element is {local(root.tag)!r}, not OME", path=path, place="OME-XML")
        return cls(root, parts.runs, path, problems)

    @cached_property
    def images(self) -> tuple[OmeImage, ...]:
        """All images, in file order; one for each ``Pixels`` (before 2009 an ``Image`` could have several)."""
        pairs = [(image, pixels) for image in children(self.root, "Image") for pixels in children(image, "Pixels")]
        return tuple(OmeImage(self, number, *pair) for number, pair in enumerate(pairs))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """One name an image: its Name, else its ID, else ``Image:<number>``; ``#2``, ``#3`` … where it is taken."""
        taken: dict[str, None] = {}
        for image in self.images:
            stem = (image.element.get("Name") or "").strip() or image.element.get("ID") or f"Image:{image.number}"
            key, count = stem, 1
            while key in taken:
                count += 1
                key = f"{stem} #{count}"
            taken[key] = None
        return tuple(taken)

    @property
    def schema(self) -> str:
        """Version of the schema, such as ``2016-06``; empty where the root has no namespace."""
        namespace = self.root.tag[1:].partition("}")[0] if self.root.tag.startswith("{") else ""
        return namespace.removesuffix("/ome.xsd").rpartition("/")[2]

    @property
    def uuid(self) -> str | None:
        """UUID of the file that the document describes."""
        return self.root.get("UUID")

    @property
    def binary_only(self) -> tuple[str, str | None] | None:
        """File name and UUID of the metadata file, where this document only refers to one."""
        element = child(self.root, "BinaryOnly")
        name = element.get("MetadataFile") if element is not None else None
        return (name, element.get("UUID")) if element is not None and name else None

    @cached_property
    def by_id(self) -> dict[str, Element]:
        """Parts of instruments by their ID."""
        parts = (part for instrument in children(self.root, "Instrument") for part in instrument)
        return {part.get("ID", ""): part for part in parts}

    def annotations(self) -> Iterator[Element]:
        """Yield the elements of ``StructuredAnnotations``, wherever a schema put them."""
        for holder in (self.root, *children(self.root, "Image")):
            for group in children(holder, "StructuredAnnotations"):
                yield from group


def document_of(source: Source) -> OmeDocument:
    """Return the document that lies there; the last ones are kept."""
    return _RECENT.document(source)


KEPT, KEPT_BYTES = 4, 1 << 20
"""Documents that are kept however long they are, and the length up to which further ones are: a merge of many files
asks for each of theirs again."""


class _Recent:
    """The documents that were parsed last."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, with a lock that nobody holds."""
        self._kept: OrderedDict[Source, tuple[OmeDocument, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._nbytes = 0

    def document(self, source: Source) -> OmeDocument:
        """Return a document, parsed where it is not kept."""
        with self._lock:
            if source in self._kept:
                self._kept.move_to_end(source)
                return self._kept[source][0]
        data = source.read()
        document = OmeDocument.parse(data, source.path)
        self._keep(source, document, len(data))
        return document

    def _keep(self, source: Source, document: OmeDocument, nbytes: int) -> None:
        with self._lock:
            if source not in self._kept:
                self._kept[source] = document, nbytes
                self._nbytes += nbytes
            while len(self._kept) > KEPT and self._nbytes > KEPT_BYTES:
                _, (_, length) = self._kept.popitem(last=False)
                self._nbytes -= length


_RECENT = _Recent()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_RECENT.forget)

"""OME-TIFF sets: one image in several files, found from any of them, and kept within their folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.members import MISSING, FileSet, Member
from omio.backends.tiff.omesource import XmlSource, uuid_of
from omio.indexing import orthogonal, to_numpy
from omio.lazy.leaf import lease
from omio.ome.document import document_of
from omio.ome.tiffdata import FileReference, PlaneMap, plane_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.tiff.faults import Faults
    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.members import Folder, Located, UrlFolder
    from omio.backends.tiff.where import Where
    from omio.indexing import Index


def same_uuid(one: str | None, other: str | None) -> bool:
    """Whether two UUIDs are given and equal."""
    return one is not None and other is not None and one.lower() == other.lower()


def find_member(reference: FileReference, home: XmlSource, own_uuid: str | None, folder: Folder | UrlFolder) -> Member:
    """Find the file that a ``TiffData`` means: the document's own, one of that name, or a renamed one by its UUID."""
    name = reference.name or reference.uuid or Path(home.path).name
    if reference == (None, None) or same_uuid(reference.uuid, own_uuid):
        return Member(name, None, home.stamp)
    found, trouble = folder.look(reference.name) if reference.name else (None, MISSING)
    if found is None and reference.uuid:
        found = folder.by_uuid.get(reference.uuid.lower())
    if found is None:
        return Member(name, reference.uuid, None, trouble)
    return Member(name, reference.uuid, found)


@dataclass(frozen=True)
class SetPlan:
    """An image of a set, in a few picklable words.

    Attributes
    ----------
    source
        The document.
    number
        Of the image in it.
    order, sizes, samples
        Order of planes, lengths of T, Z, C, and samples of a channel.
    members
        The files, in the order in which the document names them.
    strict
        Whether planes that no page holds are an error.
    """

    source: XmlSource
    number: int
    order: str
    sizes: tuple[int, int, int]
    samples: int
    members: tuple[Member, ...]
    strict: bool

    def map(self) -> PlaneMap:
        """Read which IFD of which file holds which plane."""
        image = document_of(self.source).images[self.number]
        sizes = dict(zip("TZC", self.sizes, strict=True))
        return plane_map(image, self.order, sizes, self._pages, self.samples)

    def _pages(self, number: int) -> int:
        stamp = self.members[number].stamp
        if stamp is None:
            return 0
        with lease(TiffDocument, stamp) as document:
            return document.page_count


class OmeSet(FileSet):
    """Reads the planes of a `SetPlan`; what recipes of sets open."""

    def __init__(self, path: str, plan: SetPlan) -> None:
        super().__init__(path, plan.members)
        self.planes = plan.map()

    def located(self, where: Where, t: Index, z: Index, c: Index) -> Located:
        """Return the file and the IFD of each plane, as the document says."""
        del where
        key = [to_numpy(index) for index in (t, z, c)]
        return orthogonal(key, self.planes.file), orthogonal(key, self.planes.page)

    def pages(self, document: TiffDocument, member: Member, places: Integers, faults: Faults) -> NDArray[np.intp]:
        """Take the IFDs as they are; none of them where the file is another than the document means."""
        found = document.memo(uuid_of) if member.uuid else None
        if found is None or same_uuid(found, member.uuid):
            return places
        faults.add("OME-XML", f"its UUID is {found}, the set names {member.uuid}")
        return np.full_like(places, -1)

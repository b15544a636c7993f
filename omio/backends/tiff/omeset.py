"""OME-TIFF sets: one image in several files, found from any of them, and kept within their folder."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omio.backends.tiff.dialects import MAGIC
from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.faults import Faults
from omio.backends.tiff.omesource import XmlSource, uuid_of
from omio.backends.tiff.ranges import pages_of, table_of_pages
from omio.backends.tiff.reader import read_planes
from omio.errors import DamagedFileError, FileMissingError, OmioError
from omio.indexing import distinct, positions
from omio.lazy import pool
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileStamp, lease
from omio.lazy.ranges import overlaid
from omio.ome.document import document_of
from omio.ome.tiffdata import FileReference, PlaneMap, plane_map
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.backends.tiff.where import Where
    from omio.indexing import Key
    from omio.lazy.ranges import ChunkTable

MISSING = "is missing"

MOST_SEARCHED = 10_000
"""Files of a folder that are looked into for a renamed member."""


@dataclass(frozen=True)
class Member:
    """A file of a set.

    Attributes
    ----------
    name
        How the document names it.
    uuid
        The UUID that the document gives for it.
    stamp
        The file; None where it is not to be had.
    trouble
        Why not.
    """

    name: str
    uuid: str | None
    stamp: FileStamp | None
    trouble: str = ""


@dataclass(frozen=True)
class Folder:
    """Where members may lie.

    Attributes
    ----------
    path
        Folder of the document.
    roots
        Real paths of it and of the folders that the user allowed.
    """

    path: Path
    roots: tuple[str, ...]

    @classmethod
    def of(cls, document: str, allowed: Sequence[str]) -> Folder | UrlFolder:
        """Take the folder of a file, where it is named and where it really lies."""
        if isinstance(document, Url):
            return UrlFolder(document)
        here = Path(os.path.abspath(document)).parent
        roots = (str(here), str(Path(os.path.realpath(document)).parent), *allowed)
        return cls(here, tuple(dict.fromkeys(os.path.realpath(root) for root in roots)))

    def look(self, name: str) -> tuple[FileStamp | None, str]:
        """Return the regular file of that name within the roots, or why there is none."""
        trouble = MISSING
        for spelled in dict.fromkeys((name, re.split(r"[\\/]", name)[-1])):
            try:
                real = Path(os.path.realpath(self.path / spelled))
                mode = real.stat().st_mode
            except (OSError, ValueError):
                continue
            if not any(real.is_relative_to(root) for root in self.roots):
                trouble = "lies outside of the folder"
            elif not stat.S_ISREG(mode):
                trouble = "is no regular file"
            else:
                return FileStamp.of(self.path / spelled), ""
        return None, trouble

    @cached_property
    def by_uuid(self) -> dict[str, FileStamp]:
        """The TIFF files of the folder that have a UUID."""
        found: dict[str, FileStamp] = {}
        with os.scandir(self.path) as entries:
            names = sorted(entry.name for entry in entries if ".tif" in entry.name.lower())[:MOST_SEARCHED]
        for name in names:
            stamp, _ = self.look(name)
            uuid = _uuid(stamp) if stamp is not None else None
            if stamp is not None and uuid is not None:
                found.setdefault(uuid.lower(), stamp)
        return found


@dataclass(frozen=True)
class UrlFolder:
    """Where members of a remote set may lie: in the folder of its document and below, on the same host."""

    document: Url
    by_uuid: ClassVar[dict[str, FileStamp]] = {}
    """None: folders are not listed."""

    def look(self, name: str) -> tuple[FileStamp | None, str]:
        """Return the file of that name, or why there is none."""
        url = self.document.beside(name)
        if url is None:
            return None, "lies outside of the folder"
        try:
            return FileStamp.of(url), ""
        except FileMissingError:
            return None, MISSING


def _uuid(stamp: FileStamp) -> str | None:
    try:
        with Path(stamp.path).open("rb") as file:
            if not file.read(4).startswith(MAGIC):
                return None
        with lease(TiffDocument, stamp) as document:
            return uuid_of(document)
    except (OmioError, OSError):
        return None


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


class OmeSet:
    """Reads the planes of a `SetPlan`; what recipes of sets open."""

    def __init__(self, path: str, plan: SetPlan) -> None:
        self.path = path
        self.plan = plan
        self.planes = plan.map()

    def close(self) -> None:
        """Close the members."""
        for member in self.plan.members:
            if member.stamp is not None:
                HANDLES.retire((TiffDocument, member.stamp))

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects, file by file."""
        t, z, c = (positions(index) for index in key[:3])
        files = self.planes.file[t][:, z][:, :, c].ravel()
        pages = self.planes.page[t][:, z][:, :, c].ravel()
        targets = [out[index] for index in np.ndindex(out.shape[:3])]

        def read_file(number: int) -> None:
            rows = np.flatnonzero(files == number)
            self._read_member(self.plan.members[number], where, pages[rows], key[3:], [targets[row] for row in rows])

        pool.run_all(read_file, [int(number) for number in distinct(files)])

    def ranges(self, where: Where, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return where the segments lie in the members, as the chunks of a virtual Zarr."""
        del stamp
        tables = []
        for number, member in enumerate(self.plan.members):
            inside = (self.planes.file == number) & (self.planes.page >= 0)
            if member.stamp is not None and inside.any():
                with lease(TiffDocument, member.stamp) as document:
                    pages = pages_of(document, where, self.planes.page[inside])
                tables.append(table_of_pages(pages, member.stamp, shape, inside))
        return overlaid(tables)

    def _read_member(
        self, member: Member, where: Where, pages: NDArray[np.int64], key: Key, targets: list[NDArray[Any]]
    ) -> None:
        if member.stamp is None:
            for target in targets:
                target[...] = 0
            return
        with lease(TiffDocument, member.stamp) as document:
            faults = Faults(document, strict=where.strict)
            found = document.memo(uuid_of) if member.uuid else None
            if found is not None and not same_uuid(found, member.uuid):
                faults.add("OME-XML", f"its UUID is {found}, the set names {member.uuid}")
                pages = np.full_like(pages, -1)
            read_planes(document, where, pages, key, targets)
            faults.report()


def check_members(members: Sequence[Member], path: str) -> None:
    """Raise `FileMissingError` or `DamagedFileError` listing the members that are not to be had."""
    lacking = [member for member in members if member.stamp is None]
    if lacking:
        only_missing = all(member.trouble == MISSING for member in lacking)
        raise (FileMissingError if only_missing else DamagedFileError)(
            f"{len(lacking)} of the {len(members)} files of the set cannot be read: {listed(lacking)}",
            path=path,
            remedy="Put them beside it, name their folder in allow_outside=, or fill with 0 by strict=False.",
        )


def listed(members: Sequence[Member], most: int = 20) -> str:
    """Name the files and what is the matter with each."""
    names = [f"{member.name} {member.trouble}" for member in members[:most]]
    return "; ".join(names + ([f"and {len(members) - most} more"] if len(members) > most else []))

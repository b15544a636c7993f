"""Images whose planes lie in several TIFF files: where these may lie, and how they are read together."""

from __future__ import annotations

import os
import re
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omio.backends.tiff.dialects import MAGIC
from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.faults import Faults
from omio.backends.tiff.omesource import uuid_of
from omio.backends.tiff.ranges import pages_of, table_of_pages
from omio.backends.tiff.reader import read_planes
from omio.errors import DamagedFileError, FileMissingError, OmioError
from omio.indexing import grouped
from omio.lazy import pool
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileStamp, lease
from omio.lazy.ranges import overlaid
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.backends.tiff.ifd import Integers
    from omio.backends.tiff.where import Where
    from omio.indexing import Index, Key
    from omio.lazy.ranges import ChunkTable

    type Located = tuple[NDArray[np.integer[Any]], Integers]
    """Number of the file of each plane, and its place there, both of shape (T, Z, C)."""

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


class FileSet(ABC):
    """Reads planes that lie in several files; what recipes of sets open.

    Attributes
    ----------
    path
        The file that the set was opened by.
    members
        Its files.
    """

    def __init__(self, path: str, members: Sequence[Member]) -> None:
        self.path = path
        self.members = members

    @abstractmethod
    def located(self, where: Where, t: Index, z: Index, c: Index) -> Located:
        """Return which file holds each plane, by its number in `members` (-1: none), and where in that file."""

    @abstractmethod
    def pages(self, document: TiffDocument, member: Member, places: Integers, faults: Faults) -> NDArray[np.intp]:
        """Return the pages of these places in a file; -1 for those that it has not."""

    def close(self) -> None:
        """Close the files."""
        for stamp in self.stamps():
            HANDLES.retire((TiffDocument, stamp))

    def stamps(self) -> list[FileStamp]:
        """Return the files that are to be had."""
        return [member.stamp for member in self.members if member.stamp is not None]

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects, file by file."""
        files, places = self.located(where, *key[:3])
        files, places = files.ravel(), places.ravel()
        targets = [out[index] for index in np.ndindex(out.shape[:3])]

        def read_file(rows: NDArray[np.intp]) -> None:
            self._read(int(files[rows[0]]), where, places[rows], key[3:], [targets[row] for row in rows])

        pool.run_all(read_file, grouped(files))

    def _read(self, number: int, where: Where, places: Integers, key: Key, targets: list[NDArray[Any]]) -> None:
        member = self.members[number] if number >= 0 else None
        if member is None or member.stamp is None:
            for target in targets:
                target[...] = 0
            return
        with lease(TiffDocument, member.stamp) as document:
            faults = Faults(document, strict=where.strict)
            pages = self.pages(document, member, places, faults)
            faults.report()
            read_planes(document, where, pages, key, targets)

    def ranges(self, where: Where, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return where the segments lie in the files, as the chunks of a virtual Zarr."""
        del stamp
        files, places = self.located(where, *(range(size) for size in shape[:3]))
        tables = []
        for number, member in enumerate(self.members):
            inside = (files == number) & (places >= 0)
            if member.stamp is not None and inside.any():
                with lease(TiffDocument, member.stamp) as document:
                    faults = Faults(document, strict=where.strict)
                    found = pages_of(document, where, self.pages(document, member, places[inside], faults))
                tables.append(table_of_pages(found, member.stamp, shape, inside))
        return overlaid(tables)


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

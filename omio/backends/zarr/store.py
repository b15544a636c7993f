"""Folders, zip files and references that hold a Zarr hierarchy."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends import read_head
from omio.backends.references.look import PARQUET, is_reference
from omio.backends.zarr.archive import ARCHIVE_FAULTS, check_room, open_archive
from omio.errors import DamagedFileError
from omio.lazy.leaf import FileStamp
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarr.storage import StorePath

DOCUMENTS = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
"""Zarr 3 keeps one document a node; Zarr 2 keeps attributes apart from what a node is."""

MARK = ".omio-incomplete"
"""Lies at the root of a hierarchy at a URL, whose document is put last, until that is there."""

ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class StoreStamp(FileStamp):
    """Which state of a folder was opened: that of its first document; chunks may be added beside it.

    Attributes
    ----------
    document
        Name of that document; empty for a zip file and a reference, which are stamped themselves.
    outside
        Folders besides the hierarchy that its paths and links may lead to.
    state
        The stamp of the document of a remote hierarchy.
    """

    document: str = ""
    outside: tuple[str, ...] = ()
    state: FileStamp | None = None

    @classmethod
    def of_store(cls, path: str, outside: tuple[str, ...] = ()) -> StoreStamp:
        """Look at the documents of a folder, or at a zip file."""
        document = root_document(path)
        if isinstance(path, Url):
            state = FileStamp.of(path.child(document))
            return cls(path, state.size, state.mtime_ns, document, outside, state)
        stamp = FileStamp.of(Path(path) / document)
        return cls(FileStamp.of(path).path, stamp.size, stamp.mtime_ns, document, outside)

    def check(self) -> None:
        """Check the document."""
        (self.state or FileStamp(str(Path(self.path) / self.document), self.size, self.mtime_ns)).check()


def root_document(path: str | os.PathLike[str]) -> str:
    """Return the name of the first document of a folder; empty where it has none.

    Raises
    ------
    FileMissingError, FileAccessError, RemoteError
        A URL at which nothing can be read.
    """
    where = os.fspath(path)
    if isinstance(where, Url):
        from omio.remote.looks import entry_of

        return entry_of(where, DOCUMENTS)
    return next((name for name in (*DOCUMENTS, PARQUET) if (Path(where) / name).is_file()), "")


def is_zip(path: Path, head: bytes) -> bool:
    """Whether the first bytes are those of a zip file with a Zarr hierarchy."""
    if not head.startswith(ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return zip_root(archive) is not None
    except ARCHIVE_FAULTS:
        return False


def zip_root(archive: zipfile.ZipFile) -> str | None:
    """Return where in a zip file the hierarchy begins: at its root, or in its one top folder, as ``cells.zarr``."""
    names = archive.NameToInfo
    if any(name in names for name in DOCUMENTS):
        return ""
    tops = {name.partition("/")[0] for name in names}
    top = next(iter(tops), "")
    return top if len(tops) == 1 and any(f"{top}/{name}" in names for name in DOCUMENTS) else None


def is_hierarchy(path: Path, head: bytes) -> bool:
    """Whether a folder, a zip file or a reference holds a Zarr hierarchy."""
    if not head and root_document(path):
        return True
    return not isinstance(os.fspath(path), Url) and (is_zip(path, head) or is_reference(path, head))


def open_store(path: str, outside: tuple[str, ...] = ()) -> StorePath:
    """Open a folder, a zip file or a reference for reading: a store, and where in it the hierarchy begins.

    What a folder's paths and links lead to is read only within it, and within the folders `outside`.

    Raises
    ------
    DamagedFileError
        A zip file that is not whole.
    """
    from zarr.storage import StorePath

    if isinstance(path, Url):
        from omio.remote.stores import open_remote

        return StorePath(open_remote(path))
    if _is_reference(Path(path)):
        from omio.backends.references.store import ReferenceStore

        return StorePath(ReferenceStore(path, outside))
    if Path(path).is_dir():
        from omio.backends.zarr.local import InnerStore

        return StorePath(InnerStore(path, outside=outside))
    from omio.backends.zarr.zipped import ZipMembers

    with open_archive(path) as archive:
        root = zip_root(archive)
    return StorePath(ZipMembers(path), root or "")


def root_attributes(path: Path) -> dict[str, Any]:
    """Return the attributes of the root without importing zarr; empty where it has none.

    Raises
    ------
    DamagedFileError
        A document that is no JSON object.
    """
    for name in DOCUMENTS[:2]:
        text = _document(path, name)
        if text is not None:
            found = parsed(text, path, name)
            return attributes_in(found) if name == "zarr.json" else found
    return {}


def _is_reference(path: Path) -> bool:
    return is_reference(path, b"" if path.is_dir() else read_head(path))


def _document(path: Path, name: str) -> bytes | None:
    where = os.fspath(path)
    if isinstance(where, Url):
        from omio.remote.looks import content_of

        return content_of(where.child(name)) if root_document(where) == name else None
    if _is_reference(path):
        from omio.backends.references.store import entries_of

        found = entries_of(str(path))[name]
        return found if isinstance(found, bytes) else None
    if path.is_dir():
        file = path / name
        return file.read_bytes() if file.is_file() else None
    with open_archive(path) as archive:
        key = "/".join(filter(None, (zip_root(archive), name)))
        if (info := archive.NameToInfo.get(key)) is None:
            return None
        check_room(info.file_size, path, key)
        return archive.read(info)


def parsed(text: bytes, path: str | Path, place: str) -> dict[str, Any]:
    """Return a document, which must be a JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"is no JSON: {error}", path=path, place=place) from None
    if not isinstance(found, dict):
        raise DamagedFileError("is no JSON object", path=path, place=place)
    return found


def attributes_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that a ``zarr.json`` holds."""
    found = document.get("attributes")
    return found if isinstance(found, dict) else {}

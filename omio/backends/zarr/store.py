"""Folders, zip files and references that hold a Zarr hierarchy."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends import read_head
from omio.backends.references.look import is_reference
from omio.errors import DamagedFileError
from omio.lazy.leaf import FileStamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarr.storage import StorePath

DOCUMENTS = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
"""Zarr 3 keeps one document a node; Zarr 2 keeps attributes apart from what a node is."""

ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class StoreStamp(FileStamp):
    """Which state of a folder was opened: that of its first document; chunks may be added beside it.

    Attributes
    ----------
    document
        Name of that document; empty for a zip file, which is stamped itself.
    outside
        Folders besides the hierarchy that its paths and links may lead to.
    """

    document: str = ""
    outside: tuple[str, ...] = ()

    @classmethod
    def of_store(cls, path: str, outside: tuple[str, ...] = ()) -> StoreStamp:
        """Look at the documents of a folder, or at a zip file."""
        document = next((name for name in DOCUMENTS if (Path(path) / name).is_file()), "")
        stamp = FileStamp.of(Path(path) / document)
        return cls(FileStamp.of(path).path, stamp.size, stamp.mtime_ns, document, outside)

    def check(self) -> None:
        """Check the document."""
        FileStamp(str(Path(self.path) / self.document), self.size, self.mtime_ns).check()


def is_zip(path: Path, head: bytes) -> bool:
    """Whether the first bytes are those of a zip file with a Zarr hierarchy."""
    if not head.startswith(ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return zip_root(archive) is not None
    except (zipfile.BadZipFile, OSError):
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
    if not head and any((path / name).is_file() for name in DOCUMENTS):
        return True
    return is_zip(path, head) or is_reference(path, head)


def open_store(path: str, outside: tuple[str, ...] = ()) -> StorePath:
    """Open a folder, a zip file or a reference for reading: a store, and where in it the hierarchy begins.

    What a folder's paths and links lead to is read only within it, and within the folders `outside`.

    Raises
    ------
    DamagedFileError
        A zip file without its directory, which lies at its end.
    """
    from zarr.storage import StorePath, ZipStore

    if _is_reference(Path(path)):
        from omio.backends.references.store import ReferenceStore

        return StorePath(ReferenceStore(path, outside))
    if Path(path).is_dir():
        from omio.backends.zarr.local import InnerStore

        return StorePath(InnerStore(path, outside=outside))
    try:
        with zipfile.ZipFile(path) as archive:
            root = zip_root(archive)
    except zipfile.BadZipFile as error:
        raise DamagedFileError(f"is no whole zip file: {error}", path=path) from None
    return StorePath(ZipStore(path, mode="r", read_only=True), root or "")


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
    if _is_reference(path):
        from omio.backends.references.store import entries_of

        found = entries_of(str(path))[name]
        return found if isinstance(found, bytes) else None
    if path.is_dir():
        file = path / name
        return file.read_bytes() if file.is_file() else None
    with zipfile.ZipFile(path) as archive:
        key = "/".join(filter(None, (zip_root(archive), name)))
        return archive.read(key) if key in archive.NameToInfo else None


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

"""Where a hierarchy is written: a folder or a zip file that appears when it is whole, or a URL."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.errors import PolicyError
from omio.remote.urls import is_url
from omio.store.atomic import destination
from omio.store.folders import folder_destination
from omio.writers.zarr.journal import Journal, is_of
from omio.writers.zarr.remote import store_destination
from omio.writers.zarr.targets import FolderTarget, ZipTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omio.lazy.leaf import FileStamp
    from omio.policies.write import Overwrite
    from omio.writers.zarr.targets import Target

ZIP_ENDINGS = (".ozx", ".zip")
DOCUMENTS = ("zarr.json", ".zgroup", ".zarray")


@dataclass
class Opening:
    """A destination that is open.

    Attributes
    ----------
    target
        Takes documents and chunks.
    path
        The name, final when the ``with`` block has ended.
    journal
        Of a conversion that can go on later.
    nbytes
        Bytes of all files, when the ``with`` block has ended.
    """

    target: Target
    path: str
    journal: Journal | None = None
    nbytes: int = 0


def is_zip_name(path: str) -> bool:
    """Whether a name asks for a zip file."""
    return path.lower().endswith(ZIP_ENDINGS)


@contextmanager
def opened(
    path: str,
    stamps: tuple[FileStamp, ...],
    overwrite: Overwrite,
    *,
    options: Mapping[str, Any] | None = None,
    comment: str | None = None,
    resume: dict[str, Any] | None = None,
    size: int | None = None,
    many: bool = False,
) -> Iterator[Opening]:
    """Open a destination.

    Parameters
    ----------
    stamps
        Files that are read meanwhile.
    options
        ``storage_options`` of a URL.
    comment
        Of a zip file: the version of OME-Zarr, which RFC-9 wants in its comment; None where it is none of that.
    resume
        The header of a `Journal`: what an earlier call left of the same is taken up.
    size
        Bytes it will need, where known; see `omio.store.atomic.destination`.
    many
        Whether several processes put chunks.

    Raises
    ------
    PolicyError
        What cannot be resumed.
    """
    if resume is not None and (is_zip_name(path) or is_url(path)):
        raise PolicyError("resume=True: only folders can be gone on with", remedy="Write to a folder.")
    if is_url(path):
        with store_destination(path, overwrite, options or {}) as opening:
            yield opening
        return
    common = {"overwrite": overwrite, "sources": stamps, "size": size}
    with _zip(path, comment, **common) if is_zip_name(path) else _folder(path, resume, many=many, **common) as opening:
        yield opening
    opening.nbytes = size_of(Path(opening.path))


@contextmanager
def _zip(path: str, comment: str | None, **common: Any) -> Iterator[Opening]:
    with (
        destination(path, **common) as file,
        zipfile.ZipFile(file.file, "w", zipfile.ZIP_STORED) as archive,
    ):
        opening = Opening(ZipTarget(archive), str(file.path))
        yield opening
        if comment is not None:
            archive.comment = _comment(comment)
    opening.path = str(file.path)


def _comment(version: str) -> bytes:
    """Return the comment of a zip file whose ``zarr.json`` come first; RFC-9 of OME-NGFF, "ZIP comment"."""
    told = {"ome": {"version": version, "zipFile": {"centralDirectory": {"jsonFirst": True}}}}
    return json.dumps(told, separators=(",", ":")).encode()


@contextmanager
def _folder(path: str, resume: dict[str, Any] | None, *, many: bool, **common: Any) -> Iterator[Opening]:
    goes_on = None if resume is None else lambda folder: is_of(folder, resume)
    with (
        folder_destination(path, is_ours=is_zarr, goes_on=goes_on, **common) as pending,
        ExitStack() as journals,
    ):
        opening = Opening(FolderTarget(pending.temp, aside=many), str(pending.path))
        if resume is not None:
            opening.journal = journals.enter_context(Journal(pending.temp, resume))
        yield opening
    opening.path = str(pending.path)


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr hierarchy, which may be replaced by another."""
    return any((folder / name).is_file() for name in DOCUMENTS)


def size_of(path: str | os.PathLike[str]) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    try:
        entries = os.scandir(path)  # a third of the time of Path.rglob, and four folders a chunk are usual
    except NotADirectoryError:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    with entries:
        return sum(size_of(entry.path) if entry.is_dir() else entry.stat().st_size for entry in entries)

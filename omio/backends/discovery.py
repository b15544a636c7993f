"""Which files of a folder are images, each image once."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from omio import backends
from omio.backends.base import OpenOptions
from omio.errors import FileMissingError, OmioError
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OWN_FOLDERS = (".omio_cache",)
"""Folders that omio makes beside sources; they hold no sources."""


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return the ending of a name that a backend knows, the longest; empty where none does.

    >>> suffix_of("exp.001.ome.tif"), suffix_of("notes.txt")
    ('.ome.tif', '')
    """
    name = Path(path).name.lower()
    endings = (e for known in backends.names() for e in backends.registry.spec(known).extensions if name.endswith(e))
    found = max(endings, key=len, default="")
    return Path(path).name[len(name) - len(found) :] if found else ""


def stem(path: str | os.PathLike[str]) -> str:
    """Return the name of an image without folders and its known ending; dots within it stay.

    >>> stem("run 1/exp.001.tif"), stem("cells.ome.tiff")
    ('exp.001', 'cells')
    """
    return Path(path).name.removesuffix(suffix_of(path)) or Path(path).name


def image_files(
    folder: str | os.PathLike[str], *, pattern: str | None = None, recursive: bool = False
) -> tuple[str, ...]:
    """List the images of a folder in natural order; a set of files that is one image counts once.

    Parameters
    ----------
    folder
        Hidden files, and folders that omio made, are passed over.
    pattern
        A glob for the names, such as ``"*.czi"``; by default every name whose ending a backend knows.
    recursive
        Also in its folders, at any depth. A folder that is itself an image is taken as one and not entered.

    Raises
    ------
    FileMissingError
        There is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileMissingError("no such folder", path=folder)
    found = sorted(
        _walk(root, pattern, recursive=recursive), key=lambda path: natural(path.relative_to(root).as_posix())
    )
    return sets_once([str(path) for path in found])


def _walk(folder: Path, pattern: str | None, *, recursive: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in OWN_FOLDERS:
            continue
        wanted = fnmatch(path.name, pattern) if pattern else bool(suffix_of(path))
        if path.is_dir():
            if wanted and is_image_folder(path):
                yield path
            elif recursive:
                yield from _walk(path, pattern, recursive=True)
        elif wanted:
            yield path


def is_image_folder(folder: Path) -> bool:
    """Whether a folder is itself an image, such as an NDTiff dataset."""
    return bool(backends.candidates(folder))


def sets_once(paths: Sequence[str]) -> tuple[str, ...]:
    """Keep one path of each image whose files are several: the one that names the most files, else the first.

    A file that no backend can open stays: opening it will say why.
    """
    claims = {path: _files(path) for path in paths}
    known = {os.path.realpath(path): path for path in paths}
    dropped: set[str] = set()
    for path in sorted(paths, key=lambda path: -len(claims[path])):  # a stable sort: the first of equals
        if path not in dropped:
            own = {known[member] for member in _real(claims[path]) if member in known}
            dropped |= own - {path}
    return tuple(path for path in paths if path not in dropped)


def _real(paths: Iterable[str]) -> Iterator[str]:
    return (os.path.realpath(path) for path in paths)


def _files(path: str) -> tuple[str, ...]:
    try:
        return backends.choose(path)(path, OpenOptions()).files()
    except (OmioError, OSError):
        return (path,)

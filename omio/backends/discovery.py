"""Which files of a folder are images, each image once."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from omio import backends
from omio.backends.base import OpenOptions
from omio.errors import FileAccessError, FileMissingError, OmioError, OmioWarning
from omio.lazy.leaf import FileStamp
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from omio.backends.base import Backend

OUTPUT = "omio_converted"
"""Name of output folders where none is given: not searched for images, wherever one lies."""
OWN_FOLDERS = (".omio_cache", OUTPUT)
"""Folders that omio makes beside sources; they hold no sources."""
REPORT_NAME = "omio-report.jsonl"
"""The report of runs, at the root of an output folder: a folder that has one holds outputs, and no sources."""
DESCRIPTIONS = "MetaData"
"""A folder beside exported planes, with the XML that joins them to one image."""


@dataclass(frozen=True)
class Found:
    """An image on the disk.

    Attributes
    ----------
    path
        The file, or the one that stands for a set.
    files
        All its files.
    scenes
        Keys of its scenes; empty where no backend can open it.
    """

    path: str
    files: tuple[str, ...]
    scenes: tuple[str, ...]


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return the ending of a name that a backend knows, the longest; empty where none does.

    >>> suffix_of("exp.001.ome.tif"), suffix_of("notes.txt")
    ('.ome.tif', '')
    """
    name = Path(path).name.lower()
    found = max((ending for ending in _endings() if name.endswith(ending)), key=len, default="")
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
    """List the paths of `images_in` a folder."""
    return tuple(image.path for image in images_in(folder, pattern=pattern, recursive=recursive))


def images_in(
    folder: str | os.PathLike[str], *, pattern: str | None = None, recursive: bool = False
) -> tuple[Found, ...]:
    """List the images of a folder in natural order; a set of files that is one image counts once.

    Exported planes are one image also where the XML that says so lies in `DESCRIPTIONS` beside them; it stands for all.

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
    FileMissingError, FileAccessError
        There is no such folder, or it may not be read.
    """
    root = Path(folder)
    found = set(walk(root, named([pattern] if pattern else []), enter=lambda _: recursive))
    if not pattern:
        found.update(_describing(root, found))
    return look([str(root / name) for name in sorted(found, key=natural)])


def _describing(root: Path, found: Iterable[str]) -> list[str]:
    """List the descriptions of files among `found`, all as paths relative to the root."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in found:
        folder, sign, name = path.rpartition("/")
        folders[folder + sign].append(name)
    return [path for folder, names in folders.items() for path in _described_in(root, folder + DESCRIPTIONS, names)]


def _described_in(root: Path, folder: str, names: Iterable[str]) -> list[str]:
    if not (root / folder).is_dir():
        return []
    from omio.backends.leica.names import describing  # late: it brings the backend

    beside = [entry.name for entry in _entries(os.fspath(root / folder)) if not entry.name.startswith(".")]
    return [f"{folder}/{name}" for name in describing(beside, names) if _is_leica(root / folder / name)]


def _is_leica(file: Path) -> bool:
    try:
        return "leica-tiff" in backends.candidates(file)
    except OmioError:
        return True  # it cannot be read, and opening it will tell why


def named(patterns: Sequence[str] = ()) -> Callable[[str], bool]:
    """Return what tells the names that fit one of these globs; without any, those whose ending a backend knows."""
    if patterns:
        return lambda name: any(fnmatch(name, pattern) for pattern in patterns)
    endings = _endings()
    return lambda name: name.lower().endswith(endings)


def _endings() -> tuple[str, ...]:
    return tuple({ending for name in backends.names() for ending in backends.registry.spec(name).extensions})


def walk(root: Path, wanted: Callable[[str], bool], *, enter: Callable[[str], bool] = lambda _: True) -> Iterator[str]:
    """Yield the images below a folder as paths relative to it with forward slashes, in no order.

    Hidden entries and folders that omio made are passed over; links are followed, but never in a circle.

    Parameters
    ----------
    wanted
        Of the names of files, and of folders that may be images themselves.
    enter
        Whether to go into a folder, by its relative path.

    Raises
    ------
    FileMissingError, FileAccessError
        A folder that is not there, or may not be read.
    """
    if not root.is_dir():
        raise FileMissingError("no such folder", path=root)
    return _walk(os.fspath(root), "", wanted, enter, (os.path.realpath(root),))


def _walk(
    folder: str, prefix: str, wanted: Callable[[str], bool], enter: Callable[[str], bool], above: tuple[str, ...]
) -> Iterator[str]:
    for entry in _entries(folder):
        if entry.name.startswith(".") or entry.name in OWN_FOLDERS:
            continue
        path = prefix + entry.name
        if not entry.is_dir():
            if wanted(entry.name):
                yield path
        elif wanted(entry.name) and is_image_folder(Path(entry.path)):
            yield path
        elif enter(path) and not _is_output(entry.path) and (real := os.path.realpath(entry.path)) not in above:
            yield from _walk(entry.path, f"{path}/", wanted, enter, (*above, real))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError as error:
        raise FileAccessError(f"cannot be listed: {error.strerror}", path=folder) from None


def _is_output(folder: str) -> bool:
    return Path(folder, REPORT_NAME).is_file()


def is_image_folder(folder: Path) -> bool:
    """Whether a folder is itself an image, such as an NDTiff dataset."""
    return bool(backends.candidates(folder))


def look(paths: Sequence[str]) -> tuple[Found, ...]:
    """Read the headers of files and return the images that they are, in the order given.

    Of an image whose files are several, that file stands for it that names the most of them; of equals the one that
    names itself first, else the first. Nothing is filled or judged here: what is missing or strange is told when the
    image is opened.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OmioWarning)
        images = dict(zip(paths, map(_Looker(), paths), strict=True))
    known = {os.path.realpath(path): path for path in paths}
    dropped: set[str] = set()
    for path in sorted(paths, key=lambda path: _rank(images[path])):  # a stable sort: the first of equals
        if path not in dropped and len(images[path].files) > 1:
            dropped |= {known[member] for member in _real(images[path].files) if member in known} - {path}
    return tuple(images[path] for path in paths if path not in dropped)


def _rank(image: Found) -> tuple[int, bool]:
    return -len(image.files), os.path.abspath(image.path) != os.path.abspath(image.files[0])


class _Looker:
    """Reads headers; a file that says in its first bytes what the one before it said is not read further."""

    def __init__(self) -> None:
        self._last: Backend | None = None
        self._scenes: tuple[str, ...] = ()

    def __call__(self, path: str) -> Found:
        try:
            if self._is_alike(path):
                return Found(path, (path,), self._scenes)
            self._last = None
            reader = backends.choose(path)(path, OpenOptions(strict=False))
            found = Found(path, reader.files(), reader.scenes())
        except (OmioError, OSError):
            return Found(path, (path,), ())
        if len(found.files) == len(found.scenes) == 1:
            self._last, self._scenes = reader, found.scenes
        return found

    def _is_alike(self, path: str) -> bool:
        last = self._last
        if last is None or last.path.rpartition(".")[2] != path.rpartition(".")[2]:
            return False
        return last.sibling(self._scenes[0], FileStamp.of(path)) is not None


def _real(paths: Iterable[str]) -> Iterator[str]:
    return (os.path.realpath(path) for path in paths)

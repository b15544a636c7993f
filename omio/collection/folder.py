"""The images of a folder, and of folders that repeat one another."""

from __future__ import annotations

import operator
import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from omio.backends.discovery import image_files
from omio.collection.base import SHOWN, Entries
from omio.dataset.opening import choose_scene
from omio.errors import FileMissingError, OmioError, SceneError
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omio.backends.base import Backend
    from omio.collection.scenes import Opening
    from omio.dataset.dataset import MicroscopyDataset

_REPEAT = re.compile(r"(.+_[^_]*?)([0-9]+)")


class _Look(NamedTuple):
    """What a look into a file told: its scenes (none where it is damaged), and the files that belong to it."""

    scenes: tuple[str, ...]
    files: tuple[str, ...]


class FolderImages(Entries):
    """Entries that are the images of a folder.

    A key is the path relative to the folder, with forward slashes; ``path#scene`` where a file has several scenes. To
    know how many it has its headers must be read. That happens when its turn comes in a loop, or when it is asked for,
    so a folder opens at the cost of listing it, and a damaged file keeps the others from nothing: it has its own key,
    and asking for that raises its own error.

    Parameters
    ----------
    root
        What keys are relative to.
    paths
        The images, each below `root`.
    opening
        How each is opened.
    scene
        The scene to take of every file; keys then are paths alone.
    """

    backend = None

    def __init__(self, root: str, paths: Sequence[str], opening: Opening, scene: str | int | None = None) -> None:
        self.path = root
        self._paths = {Path(path).relative_to(root).as_posix(): path for path in paths}
        self._opening = opening
        self._scene = scene
        self._looks: dict[str, _Look] = {}
        self._latest: tuple[str, Backend] | None = None

    def keys(self) -> Iterator[str]:
        """Yield the keys in natural order of the paths, scenes in file order."""
        for file in self._paths:
            yield from self._keys_of(file)

    def find(self, key: str | int) -> str:
        """Return the key that is meant; only the file that it names is looked into."""
        if not isinstance(key, str):
            return self._numbered(operator.index(key))
        file, _ = self._split(key)
        keys = self._keys_of(file) if file in self._paths else ()
        if key in keys:
            return key
        cause = f"has {len(keys)} scenes" if key == file and keys else f"no image {key!r}"
        raise SceneError(cause, path=self.path, place=key if keys else None, remedy=_remedy(keys or self.names()))

    def _numbered(self, number: int) -> str:
        keys = list(self.keys()) if number < 0 else list(islice(self.keys(), number + 1))
        if not -len(keys) <= number < len(keys):
            raise SceneError(f"no image number {number}", path=self.path, remedy=f"There are {len(keys)}.")
        return keys[number]

    def open(self, key: str) -> MicroscopyDataset:
        """Open the file of a key."""
        file, scene = self._split(key)
        reader = self._reader(file)
        return self._opening.image(reader, choose_scene(reader, self._scene if scene is None else scene))

    def details(self, key: str) -> Mapping[str, Any]:
        """Return how its file stores an entry."""
        file, scene = self._split(self.find(key))
        reader = self._reader(file)
        return reader.details(choose_scene(reader, self._scene if scene is None else scene))

    def files(self) -> tuple[str, ...]:
        """Return all files of all images; every one is looked into."""
        return tuple(dict.fromkeys(member for file in self._paths for member in self._look(file).files))

    def names(self) -> tuple[str, ...]:
        """Return the paths of the files."""
        return tuple(self._paths)

    def _split(self, key: str) -> tuple[str, str | None]:
        """Return the file that a key names, and the scene; names of files may hold the mark as well."""
        marks = [match.start() for match in re.finditer("#", key)]
        file = next((key[:mark] for mark in reversed(marks) if key[:mark] in self._paths), None)
        return (key, None) if key in self._paths or file is None else (file, key[len(file) + 1 :])

    def _keys_of(self, file: str) -> tuple[str, ...]:
        scenes = () if self._scene is not None else self._look(file).scenes
        return tuple(f"{file}#{scene}" for scene in scenes) if len(scenes) > 1 else (file,)

    def _look(self, file: str) -> _Look:
        if file not in self._looks:
            try:
                reader = self._reader(file)
                self._looks[file] = _Look(reader.scenes(), reader.files())
            except (OmioError, OSError):  # opening it will say why
                self._looks[file] = _Look((), (self._paths[file],))
        return self._looks[file]

    def _reader(self, file: str) -> Backend:
        """Return the backend of a file; the latest is kept, so that a loop reads each file's headers once."""
        latest = self._latest
        if latest is None or latest[0] != file:
            latest = self._latest = file, self._opening.reader(self._paths[file])
        return latest[1]


def _remedy(keys: Sequence[str]) -> str:
    shown = ", ".join(repr(key) for key in keys[:SHOWN])
    return f"There are {shown}{f', … ({len(keys)} in all)' if len(keys) > SHOWN else ''}."


def folder_images(
    folder: str | os.PathLike[str], *, pattern: str | None = None, recursive: bool = False, stack: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Return what keys are relative to, and the images.

    Raises
    ------
    FileMissingError
        There is no such folder, or no image in it; the text says what was looked for.
    """
    folders = folder_stack(folder) if stack else (os.fspath(folder),)
    found = tuple(path for one in folders for path in image_files(one, pattern=pattern, recursive=recursive))
    if not found:
        wanted = f"names like {pattern!r}" if pattern else "names whose ending a backend knows"
        where = "in the folder and those below" if recursive else "in the folder"
        remedy = "Give another pattern=, or look into the folders below with recursive=True."
        raise FileMissingError(f"no image {where}; looked for {wanted}", path=folder, remedy=remedy)
    return str(Path(folders[0]).parent) if stack else folders[0], found


def folder_stack(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """List the folders that repeat one acquisition: siblings whose names differ in nothing but the last number.

    The number must end the last ``_``-separated token: ``FOV1_001`` has the siblings ``FOV1_002`` and ``FOV1_010``, and
    neither ``FOV10_001`` nor ``FOV1_001_old``; ``FOV1_t1`` has ``FOV1_t2``. In natural order.

    Raises
    ------
    FileMissingError
        There is no such folder, or its name ends in no number.
    """
    folder = Path(os.path.abspath(path))  # not resolved: a link keeps its name
    if not folder.is_dir():
        raise FileMissingError("no such folder", path=path)
    match = _REPEAT.fullmatch(folder.name)
    if match is None:
        raise FileMissingError(
            "name ends in no number, as those of a stack do",
            path=path,
            remedy="Name one of the folders <TAG>_001, <TAG>_002, ….",
        )
    siblings = (path for path in folder.parent.iterdir() if path.is_dir())
    found = [path.name for path in siblings if _repeats(path.name, match[1])]
    return tuple(str(folder.parent / name) for name in sorted(found, key=natural))


def _repeats(name: str, tag: str) -> bool:
    match = _REPEAT.fullmatch(name)
    return match is not None and match[1] == tag

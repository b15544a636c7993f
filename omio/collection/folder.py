"""The images of a folder, and of folders that repeat one another."""

from __future__ import annotations

import operator
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends.discovery import images_in
from omio.collection.base import Entries
from omio.dataset.opening import choose_scene
from omio.errors import FileMissingError, SceneError
from omio.naming import natural, some

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from omio.backends.base import Backend
    from omio.backends.discovery import Found
    from omio.collection.scenes import Opening
    from omio.dataset.dataset import MicroscopyDataset

_REPEAT = re.compile(r"(.+_[^_]*?)([0-9]+)")


class FolderImages(Entries):
    """Entries that are the images of a folder.

    A key is the path relative to the folder, with forward slashes; ``path#scene`` where a file has several scenes. What
    scenes there are is known from the one look into each file that tells which files are one image. A file that cannot
    be opened keeps the others from nothing: its path is its key, and asking for it raises its own error.

    Parameters
    ----------
    root
        What keys are relative to.
    images
        The images, each below `root`.
    opening
        How each is opened.
    scene
        The scene to take of every file; keys then are paths alone.
    """

    backend = None

    def __init__(self, root: str, images: Sequence[Found], opening: Opening, scene: str | int | None = None) -> None:
        self.path = root
        self._opening = opening
        self._files = tuple(dict.fromkeys(os.path.abspath(file) for image in images for file in image.files))
        self._places: dict[str, tuple[str, str | int | None]] = {}
        for image in images:
            name = Path(image.path).relative_to(root).as_posix()
            if scene is None and len(image.scenes) > 1:
                self._places |= {f"{name}#{one}": (image.path, one) for one in image.scenes}
            else:
                self._places[name] = image.path, scene
        self._latest: Backend | None = None

    def keys(self) -> Collection[str]:
        """Return the keys in natural order of the paths, scenes in file order."""
        return self._places.keys()

    def find(self, key: str | int) -> str:
        """Return the key that is meant."""
        if isinstance(key, str):
            if key in self._places:
                return key
            scenes = [known for known in self._places if known.startswith(f"{key}#")]
            cause = f"{key!r} has {len(scenes)} scenes" if scenes else f"no image {key!r}"
            raise SceneError(cause, path=self.path, remedy=f"There are {some(scenes or self.keys())}.")
        number, keys = operator.index(key), tuple(self._places)
        if not -len(keys) <= number < len(keys):
            raise SceneError(f"no image number {number}", path=self.path, remedy=f"There are {len(keys)}.")
        return keys[number]

    def open(self, key: str) -> MicroscopyDataset:
        """Open the file of a key."""
        return self._opening.image(*self._read(key))

    def details(self, key: str) -> Mapping[str, Any]:
        """Return how its file stores an entry."""
        reader, scene = self._read(self.find(key))
        return reader.details(scene)

    def files(self) -> tuple[str, ...]:
        """Return all files of all images."""
        return self._files

    def _read(self, key: str) -> tuple[Backend, str]:
        """Return the backend and the scene of a key; the scenes of one file are opened by one look into it."""
        path, scene = self._places[key]
        reader = self._latest
        if reader is None or reader.path != path:
            reader = self._latest = self._opening.reader(path)
        return reader, choose_scene(reader, scene)


def folder_images(
    folder: str | os.PathLike[str], *, pattern: str | None = None, recursive: bool = False, stack: bool = False
) -> tuple[str, tuple[Found, ...]]:
    """Return what keys are relative to, and the images.

    Raises
    ------
    FileMissingError
        There is no such folder, or no image in it; the text says what was looked for.
    """
    folders = folder_stack(folder) if stack else (os.path.abspath(folder),)
    found = tuple(image for one in folders for image in images_in(one, pattern=pattern, recursive=recursive))
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

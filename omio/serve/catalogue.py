"""The images that a server shows: registered by the process that runs it, known to clients by ids that say nothing."""

from __future__ import annotations

import secrets
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omio.backends.discovery import images_in
from omio.collection import MicroscopyCollection, open_collection
from omio.dataset import MicroscopyDataset
from omio.dataset.folders import is_plain_folder
from omio.dataset.opening import is_sequence
from omio.dataset.opening import open as open_dataset
from omio.errors import OptionError, SceneError
from omio.serve.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    type Scenes = Mapping[str, MicroscopyDataset]

type Source = MicroscopyDataset | MicroscopyCollection | str | Path
"""What can be shown."""


class Entry:
    """One image, or all scenes of one file; opened when it is first asked for.

    Parameters
    ----------
    name
        As people know it: no folder.
    opener
        Opens it.
    own
        Whether nobody but the server has what it opens.
    """

    def __init__(self, name: str, opener: Callable[[], Scenes], *, own: bool = False) -> None:
        self.id = secrets.token_hex(8)
        self.name = name
        self._opener = opener
        self._own = own
        self._scenes: Scenes | None = None
        self._shown: dict[int, Shown] = {}
        self._lock = threading.RLock()

    @property
    def scenes(self) -> Scenes:
        """Its scenes; called from several threads."""
        with self._lock:
            if self._scenes is None:
                self._scenes = self._opener()
            return self._scenes

    def scene(self, number: int) -> Shown:
        """Return a scene by its number.

        Raises
        ------
        SceneError
            There is none.
        """
        with self._lock:
            keys = tuple(self.scenes)
            if not 0 <= number < len(keys):
                raise SceneError(f"no scene number {number}", remedy=f"There are {len(keys)}.")
            if number not in self._shown:
                self._shown[number] = Shown(self.scenes[keys[number]])
            return self._shown[number]

    def close(self) -> None:
        """Release the files of what was shown, if it is the server's own."""
        for shown in self._shown.values() if self._own else ():
            shown.image.close()


class Catalogue:
    """All images of a server, in order. A folder is looked through when the images are first asked for.

    Parameters
    ----------
    sources
        Datasets, collections, or paths of files, folders and patterns. Files are opened at once, so that what cannot be
        shown is told where the server is started.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        if not sources:
            raise OptionError("nothing to show", remedy="Name at least one image.")
        self._parts = [_part(source) for source in sources]
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] | None = None

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Id -> image; called from several threads."""
        with self._lock:
            if self._entries is None:
                self._entries = {entry.id: entry for part in self._parts for entry in part()}
            return self._entries

    def close(self) -> None:
        """Release the files that were opened here."""
        for entry in (self._entries or {}).values():
            entry.close()


def _part(source: Source) -> Callable[[], Iterator[Entry]]:
    """Return what gives the images of a source."""
    if isinstance(source, MicroscopyDataset):
        name = source.name or "image"
        return partial(iter, [Entry(name, lambda: {name: source})])
    if isinstance(source, MicroscopyCollection):
        return partial(_collected, source)
    path = str(source)
    if is_sequence(path, {}):
        image = open_dataset(path)
        return partial(iter, [Entry(_base(path), lambda: {_base(path): image}, own=True)])
    if is_plain_folder(path):
        return partial(_found, path)
    opened = open_collection(path)
    return partial(iter, [Entry(_base(path), lambda: opened, own=True)])


def _collected(images: MicroscopyCollection) -> Iterator[Entry]:
    """Yield one entry for the scenes of a file, and one for each image of a folder."""
    if images.backend is not None:
        yield Entry(_base(images.path), lambda: images)
        return
    for key in images:
        yield Entry(key, partial(_one, images, key))


def _one(images: MicroscopyCollection, key: str) -> Scenes:
    return {key: images[key]}


def _found(folder: str) -> Iterator[Entry]:
    """Yield the images of a folder and of those below it."""
    for image in images_in(folder, recursive=True):
        name = Path(image.path).relative_to(folder).as_posix()
        yield Entry(name, partial(open_collection, image.path), own=True)


def _base(path: str) -> str:
    """Return the last part of a path or URL."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]

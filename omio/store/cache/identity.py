"""What a copy is of: the content of files and the recipe that is read from them; where they lie does not count."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.errors import LayoutError
from omio.lazy.leaf import FileStamp
from omio.lazy.pool import map_window
from omio.lazy.tokens import name_of
from omio.remote.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.lazy.recipe import Recipe

VERSION = 2
"""Of the manifest, and of how identities are made."""
EDGE_BYTES = 1 << 16
SAMPLES, SAMPLE_BYTES = 32, 1 << 12
_UNKEYED = frozenset(("path", "inode", "ctime_ns"))
"""What is recorded of a file and does not belong to its content."""

_NAMELESS = ("array", "duck")
"""First words of tokens that name an object of this process."""

type Source = Mapping[str, Any]
"""A file as it was looked at: path, size, mtime_ns, content, inode, ctime_ns; of a folder path and content."""


@dataclass(frozen=True)
class Identity:
    """What a copy is of.

    Attributes
    ----------
    sources
        The files; of a folder its content is the names, sizes and times of what lies in it.
    made
        What is made of them, as JSON holds it.
    stamps
        The files, folders apart, in the state that they were looked at.
    """

    sources: tuple[Source, ...]
    made: Mapping[str, Any]
    stamps: tuple[FileStamp, ...] = ()

    @classmethod
    def of(cls, recipes: Sequence[Recipe], made: Mapping[str, Any]) -> Identity:
        """Look at the files that recipes are read from.

        Raises
        ------
        LayoutError
            Pixels in memory, or made by a function: nothing on disk tells whether they are the same.
        FileMissingError
            A file is no longer there.
        """
        stamps: dict[FileStamp, int] = {}
        tokens = tuple(_numbered(recipe.token(), stamps) for recipe in recipes)
        places = {str(place) for stamp in stamps for place in (Path(stamp.path), *Path(stamp.path).parents)}
        text = repr(_unplaced(tokens, places))
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        sources = dict(zip(stamps, map_window(source_of, stamps), strict=True))
        files = tuple(stamp for stamp, source in sources.items() if "size" in source)
        return cls(tuple(sources.values()), {**made, "recipe": digest}, files)

    @property
    def key(self) -> str:
        """Eight hexadecimal digits."""
        return key_of(self.sources, self.made)


def key_of(sources: Sequence[Source], made: Mapping[str, Any]) -> str:
    """Return eight hexadecimal digits of what counts."""
    text = json.dumps([[keyed(source) for source in sources], made, VERSION], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def keyed(source: Source) -> dict[str, Any]:
    """Return what counts of a file."""
    return {name: value for name, value in source.items() if name not in _UNKEYED}


def source_of(stamp: FileStamp) -> Source:
    """Look at a file: its first and last 64 KiB, and 4 KiB at each of 32 places in between.

    Of a remote file its version stands for the content, or where none is told, its address.
    """
    path, found = Path(stamp.path), {"path": stamp.path, "size": stamp.size, "mtime_ns": stamp.mtime_ns}
    if is_url(stamp.path):
        return {**found, "content": getattr(stamp, "version", "") or stamp.path}
    if path.is_dir():
        return {"path": stamp.path, "content": _listing(path)}
    stamp.check()
    stat = path.stat()
    return {**found, "content": _samples(path, stamp.size), "inode": stat.st_ino, "ctime_ns": stat.st_ctime_ns}


def _samples(path: Path, size: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    step = max(SAMPLE_BYTES, (size - 2 * EDGE_BYTES) // SAMPLES)
    with path.open("rb") as file:
        digest.update(file.read(EDGE_BYTES))
        for place in range(EDGE_BYTES, size - EDGE_BYTES, step):
            file.seek(place)
            digest.update(file.read(SAMPLE_BYTES))
        file.seek(max(0, size - EDGE_BYTES))
        digest.update(file.read(EDGE_BYTES))
    return digest.hexdigest()


def _listing(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = file.stat()
        digest.update(repr((file.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()


def _numbered(value: Any, stamps: dict[FileStamp, int]) -> Any:
    """Put into a token, for each file, the number of its source."""
    stamp = _stamp_in(value)
    if stamp is not None:
        return ("file", stamps.setdefault(stamp, len(stamps)))
    if not isinstance(value, tuple):
        return value
    if len(value) == 2 and value[0] in _NAMELESS:
        remedy = "Write them, with to_omezarr() for instance, and open what was written."
        raise LayoutError("pixels in memory, or made by a function, are not known by any file", remedy=remedy)
    return tuple(_numbered(item, stamps) for item in value)


def _stamp_in(value: Any) -> FileStamp | None:
    """Return the stamp that a part of a token is, or that it says field by field.

    Remote files that it says field by field count by their addresses.
    """
    if isinstance(value, FileStamp):
        return value if is_url(value.path) else FileStamp(value.path, value.size, value.mtime_ns)
    if isinstance(value, tuple) and len(value) > 3 and value[0] in _stamp_names(FileStamp):
        return None if "://" in value[1] else FileStamp(*value[1:4])
    return None


def _stamp_names(kind: type[FileStamp]) -> set[str]:
    return {name_of(kind)}.union(*map(_stamp_names, kind.__subclasses__()))


def _unplaced(value: Any, places: set[str]) -> Any:
    """Leave out of a token the folders in which the files lie."""
    if isinstance(value, tuple):
        return tuple(_unplaced(item, places) for item in value)
    return "" if isinstance(value, str) and value in places else value


def is_same_file(recorded: Source, now: Source, path: str | os.PathLike[str]) -> bool:
    """Whether a file is in the state that was recorded.

    Where it is the very file, at the place `path` that was recorded, its change time counts too: this tells of edits
    after which size and time were set back.
    """
    if keyed(recorded) != keyed(now):
        return False
    is_there = os.path.realpath(path) == os.path.realpath(now["path"])
    is_it = is_there and recorded.get("inode") == now.get("inode")
    return not is_it or recorded.get("ctime_ns") == now.get("ctime_ns")

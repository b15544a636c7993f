"""Copies that are there: whose they are, whether they are whole, and removing them.

An entry ``<stem>-<8 hexadecimal digits>.zarr`` is a Zarr array, or a group of arrays ``0``, ``1``, … where levels are
copied too. With it lie ``omio-files.txt``, size and CRC32C of each file, and, written last, ``omio.json``: the manifest
that names the sources and what was made of them. What has no manifest of its own name is never touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from omio.errors import OmioError, WriteError
from omio.lazy.leaf import FileStamp
from omio.lazy.pool import map_window
from omio.remote.urls import is_url
from omio.store.atomic import temporary_name
from omio.store.cache.identity import VERSION, is_same_file, key_of, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omio.store.cache.identity import Identity, Source

type State = Literal["whole", "incomplete", "stale"]

FOLDER = ".omio_cache"
MANIFEST = "omio.json"
FILES = "omio-files.txt"
DOCUMENT = "zarr.json"
"""No chunk is read to find that it is damaged, but this one says how they are to be read."""
PATTERN = "*-????????.zarr"
KIND = "omio cache entry"
_MADE = re.compile(rf"(\d+/)?(zarr\.json|c(/\d+)+)|{re.escape(MANIFEST)}|{re.escape(FILES)}", re.ASCII)
"""Files of an entry."""
_LITTER = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
"""What file managers leave in folders that were looked at."""


class Check(NamedTuple):
    """What a file must be: its length and the CRC32C of its bytes."""

    size: int
    crc: int

    @classmethod
    def of(cls, content: bytes) -> Check:
        """Take the measures of a file's bytes."""
        import google_crc32c

        return cls(len(content), google_crc32c.value(content))


@dataclass(frozen=True)
class Entry:
    """One copy that omio made."""

    path: Path
    manifest: Mapping[str, Any]

    @cached_property
    def files(self) -> Mapping[str, Check]:
        """Name -> check of all files but the manifest; empty where that list is lost."""
        with contextlib.suppress(OSError, ValueError):
            return _parsed((self.path / FILES).read_text(encoding="utf-8"))
        return {}

    @property
    def arrays(self) -> tuple[str, ...]:
        """Where in it the levels lie, finest first."""
        return tuple(self.manifest["arrays"])

    @property
    def used(self) -> float:
        """When it was made or last asked for, in seconds since 1970."""
        with contextlib.suppress(OSError):  # removed meanwhile
            return (self.path / MANIFEST).stat().st_mtime
        return 0.0

    @property
    def nbytes(self) -> int:
        """Bytes on disk."""
        return int(self.manifest["content"][1])

    def sources(self) -> list[tuple[str, Source]]:
        """Return where each source should lie, by its real path or its address, and what was recorded of it."""
        home = self.path.parent.parent
        found = ((source["path"], source) for source in self.manifest["sources"])
        return [(path if is_url(path) else os.path.realpath(home / path), source) for path, source in found]

    def is_of(self, file: Path) -> bool:
        """Whether it was made of a file, in whatever state that is now."""
        return os.path.realpath(file) in (path for path, _ in self.sources())

    def fits(self, identity: Identity) -> bool:
        """Whether it is a copy of just that."""
        if self.manifest["version"] != VERSION or self.manifest["key"] != identity.key:
            return False
        found = self.sources()
        if self.manifest["made"] != identity.made or len(found) != len(identity.sources):
            return False
        return all(is_same_file(old, now, path) for (path, old), now in zip(found, identity.sources, strict=True))

    def is_whole(self) -> bool:
        """Whether all that was written is still there, by count and sizes, and the documents as they were."""
        sizes = [check.size for check in self.files.values()]
        if [len(sizes), sum(sizes)] != self.manifest["content"]:
            return False
        if any(_size(self.path / name) != check.size for name, check in self.files.items()):
            return False
        return not any(self._damage_of(name) for name in self.files if name.endswith(DOCUMENT))

    def state(self) -> State:
        """Say whether it can be used; ``"stale"``: a source changed or is gone, or another version of omio wrote it."""
        if not self.is_whole():
            return "incomplete"
        is_known = self.manifest["version"] == VERSION
        return "whole" if is_known and all(map(_is_current, self.sources())) else "stale"

    def damage(self) -> Iterator[str]:
        """Read all files and yield what is wrong."""
        if self.manifest["version"] != VERSION:
            yield f"{MANIFEST}: has version {self.manifest['version']}, and {VERSION} is known"
        elif self.manifest["key"] != key_of(self.manifest["sources"], self.manifest["made"]):
            yield f"{MANIFEST}: is not what was written"
        sizes = [check.size for check in self.files.values()]
        if [len(sizes), sum(sizes)] != self.manifest["content"]:
            yield f"{FILES}: is not what was written"
        yield from filter(None, map_window(self._damage_of, self.files))

    def _damage_of(self, name: str) -> str | None:
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            return f"{name}: {error.strerror}"
        return None if Check.of(content) == self.files[name] else f"{name}: is not what was written"

    def strangers(self) -> list[str]:
        """Return the files in it that omio did not write."""
        files = (file for file in self.path.rglob("*") if file.is_symlink() or not file.is_dir())
        names = (file.relative_to(self.path).as_posix() for file in files if file.name not in _LITTER)
        return sorted(name for name in names if not _MADE.fullmatch(name))

    def remove(self) -> None:
        """Delete it: it goes out of sight first, so that nobody finds half an entry.

        Raises
        ------
        WriteError
            It holds files that omio did not write, or the system does not let it be removed.
        """
        if strangers := self.strangers():
            listed = ", ".join(strangers[:5])
            raise WriteError(f"holds what omio did not write: {listed}", path=self.path, remedy="Move that away.")
        aside = self.path.with_name(temporary_name(self.path.name))
        try:
            self.path.rename(aside)
        except FileNotFoundError:  # somebody else removed it
            return
        except OSError as error:
            raise WriteError(f"cannot be removed: {error.strerror}", path=self.path) from error
        shutil.rmtree(aside, ignore_errors=True)


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries of a cache folder; whatever else lies there is passed over."""
    return (entry for path in sorted(folder.glob(PATTERN)) if (entry := entry_at(path)) is not None)


def unreadable(folder: Path) -> list[Path]:
    """Return what is named like an entry and has a manifest that cannot be read."""
    named = (path for path in sorted(folder.glob(PATTERN)) if (path / MANIFEST).is_file())
    return [path for path in named if _manifest(path) is None]


def entry_at(path: Path) -> Entry | None:
    """Return the entry of that name; None where omio did not make it, under this very name."""
    manifest = _manifest(path)
    if manifest is None or not path.name.endswith(f"-{manifest['key']}.zarr"):
        return None
    return Entry(path, manifest)


def seal(path: Path, identity: Identity, files: Mapping[str, Check], home: Path, **about: Any) -> Mapping[str, Any]:
    """Write the list of files, and the manifest, which says that the entry is whole; return the manifest.

    Paths of sources near `home`, the folder of the cache folder, are relative to it, so both may move together.
    """
    with (path / FILES).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{check.size} {check.crc:08x} {name}\n" for name, check in sorted(files.items()))
    manifest = {
        "kind": KIND,
        "version": VERSION,
        "key": identity.key,
        "sources": [{**source, "path": _near(source["path"], home)} for source in identity.sources],
        "made": identity.made,
        "content": [len(files), sum(check.size for check in files.values())],
        **about,
    }
    (path / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _parsed(text: str) -> dict[str, Check]:
    rows = (line.split(" ", 2) for line in text.splitlines())
    return {name: Check(int(size), int(crc, 16)) for size, crc, name in rows}


def _manifest(path: Path) -> dict[str, Any] | None:
    if path.is_symlink():
        return None
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return dict(found) if _is_manifest(found) else None
    return None


def _is_manifest(found: Mapping[str, Any]) -> bool:
    """Whether a document says all that is asked of it; raises where it has not even the form.

    Version 1 told of no arrays and scenes.
    """
    numbers = [found["version"], *found["content"]]
    paths = [source["path"] for source in found["sources"]]
    names = [*paths, *found.get("arrays", ()), *found.get("scenes", ()), found["key"]]
    return (
        found["kind"] == KIND
        and len(numbers) == 3
        and all(isinstance(number, int) for number in numbers)
        and all(isinstance(name, str) for name in names)
        and isinstance(found["sources"], list)
        and isinstance(found["made"], dict)
    )


def _is_current(source: tuple[str, Source]) -> bool:
    """Whether a source is as it was; remote ones are not looked at."""
    path, recorded = source
    if is_url(path):
        return True
    try:
        return is_same_file(recorded, source_of(FileStamp.of(path)), path)
    except (OmioError, OSError):
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _near(path: str, home: Path) -> str:
    if is_url(path):
        return path
    with contextlib.suppress(ValueError):
        return Path(os.path.realpath(path)).relative_to(os.path.realpath(home)).as_posix()
    return path

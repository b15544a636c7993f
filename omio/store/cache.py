"""Copies of images on disk, for repeated access: Zarr arrays in a folder ``.omio_cache`` beside the source.

An entry ``<stem>-<8 hexadecimal digits>.zarr`` holds one Zarr array and, written last, ``omio.json``: the manifest that
names the source, its identity and what was made of it. The digits are those of the identity, never of a name. Entries
appear whole or not at all, and what has no manifest of its own name is somebody else's and never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.lazy.leaf import FileStamp
from omio.store.atomic import LOCK, temporary_name
from omio.store.folders import folder_destination

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omio.lazy.recipe import Recipe

FOLDER = ".omio_cache"
MANIFEST = "omio.json"
KIND, VERSION = "omio cache entry", 1
EDGE_BYTES = 1 << 16
CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class Identity:
    """What an entry is a copy of.

    Attributes
    ----------
    sources
        For each file its path, size, time of change, and a hash of its first and last 64 KiB; of a folder one of the
        names, sizes and times of its files.
    made
        Scene, options and whatever else decides the pixels, as JSON holds it.
    """

    sources: tuple[Mapping[str, Any], ...]
    made: Mapping[str, Any]

    @classmethod
    def of(cls, stamps: Iterable[FileStamp], made: Mapping[str, Any]) -> Identity:
        """Look at the files."""
        return cls(tuple(_source(stamp) for stamp in stamps), made)

    def stamps(self) -> tuple[FileStamp, ...]:
        """Return the files in the state that they were looked at; a folder's readers look themselves."""
        files = (found for found in self.sources if Path(found["path"]).is_file())
        return tuple(FileStamp(found["path"], found["size"], found["mtime_ns"]) for found in files)

    @property
    def key(self) -> str:
        """Eight hexadecimal digits; the paths do not count."""
        contents = [{name: value for name, value in source.items() if name != "path"} for source in self.sources]
        text = json.dumps([contents, self.made, VERSION], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One copy that omio made."""

    path: Path
    manifest: Mapping[str, Any]

    def is_of(self, file: Path) -> bool:
        """Whether it was made of a file, in whatever state that is now."""
        folder = self.path.parent.parent
        named = (os.path.realpath(folder / source["path"]) for source in self.manifest["sources"])
        return os.path.realpath(file) in named

    def is_whole(self) -> bool:
        """Whether all that was written is still there."""
        return bool(self.manifest["content"] == _content(self.path))

    def remove(self) -> None:
        """Delete it: it goes out of sight first, so that nobody finds half an entry."""
        aside = self.path.with_name(temporary_name(self.path.name))
        self.path.rename(aside)
        shutil.rmtree(aside)


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries of a cache folder; whatever else lies there is passed over."""
    for path in sorted(folder.glob("*-????????.zarr")):
        if (entry := _entry(path)) is not None:
            yield entry


def is_entry(path: Path) -> bool:
    """Whether omio made the folder as a copy, under this very name."""
    return _entry(path) is not None


def _entry(path: Path) -> Entry | None:
    manifest = _manifest(path)
    named = manifest is not None and path.name.endswith(f"-{manifest['key']}.zarr")
    return Entry(path, manifest) if manifest is not None and named else None


def stored(recipe: Recipe, folder: Path, stem: str, identity: Identity, *, reuse: bool) -> Path:
    """Return the entry of a recipe's pixels, made anew unless `reuse` finds it whole.

    Parameters
    ----------
    recipe
        T Z C Y X [S]; streamed in blocks.
    folder
        The cache folder; made where it is missing.
    stem
        Of the entry's name.
    identity
        What the entry is a copy of.

    Raises
    ------
    WriteError
        No room, or a folder that cannot be written.
    """
    path = folder / f"{stem}-{identity.key}.zarr"
    present = _entry(path)
    if present is not None and reuse and _same(present, identity) and present.is_whole():
        return path
    with folder_destination(path, is_ours=is_entry, overwrite="replace", sources=identity.stamps()) as pending:
        _fill(recipe, pending.temp)
        _seal(pending.temp, identity, folder.parent)
    return path


def usable(folder: Path) -> bool:
    """Whether a cache folder is there or could be made, and may be written."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


def _source(stamp: FileStamp) -> dict[str, Any]:
    path = Path(stamp.path)
    digest = _listing(path) if path.is_dir() else _edges(path)
    return {"path": stamp.path, "size": stamp.size, "mtime_ns": stamp.mtime_ns, "content": digest}


def _edges(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.blake2b(file.read(EDGE_BYTES), digest_size=16)
        file.seek(max(0, file.seek(0, os.SEEK_END) - EDGE_BYTES))
        digest.update(file.read(EDGE_BYTES))
    return digest.hexdigest()


def _listing(folder: Path) -> str:
    """Digest names, sizes and times of all files of an image that is a folder."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = file.stat()
        digest.update(repr((file.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()


def _manifest(path: Path) -> dict[str, Any] | None:
    if path.is_symlink():
        return None
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if found["kind"] == KIND and {"key", "sources", "content", "version"} <= set(found):
            return dict(found)
    return None


def _same(entry: Entry, identity: Identity) -> bool:
    found = [{**source, "path": None} for source in entry.manifest["sources"]]
    wanted = [{**source, "path": None} for source in identity.sources]
    return entry.manifest["version"] == VERSION and found == wanted and entry.manifest["made"] == identity.made


def _content(path: Path) -> list[int]:
    """Count files and bytes of an entry, the manifest apart."""
    files = (file for file in path.rglob("*") if file.is_file() and file.name not in (MANIFEST, LOCK))
    sizes = [file.stat().st_size for file in files]
    return [len(sizes), sum(sizes)]


def _fill(recipe: Recipe, path: Path) -> None:
    import zarr

    from omio.dims import dims_of
    from omio.indexing import to_numpy
    from omio.lazy.blocks import blocks, grow

    chunk = grow(recipe, CHUNK_BYTES)
    array = zarr.create_array(
        path, shape=recipe.shape, dtype=recipe.dtype, chunks=chunk, dimension_names=dims_of(recipe.ndim)
    )
    for key in blocks(recipe.shape, chunk):
        array[tuple(to_numpy(index) for index in key)] = recipe.load(key)


def _seal(path: Path, identity: Identity, home: Path) -> None:
    """Write the manifest, which says that the entry is whole; paths near it are relative, so the folder may move."""
    sources = [{**source, "path": _near(source["path"], home)} for source in identity.sources]
    manifest = {"kind": KIND, "version": VERSION, "key": identity.key, "sources": sources, "made": identity.made}
    with (path / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump({**manifest, "content": _content(path)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _near(path: str, home: Path) -> str:
    with contextlib.suppress(ValueError):
        return Path(os.path.realpath(path)).relative_to(os.path.realpath(home)).as_posix()
    return path

"""References: a virtual Zarr, whose chunks are runs of bytes in other files.

Source: kerchunk's specification of reference files, version 1, in which a key has the text of a small file (in base64
where that is none) or ``[path, offset, length]``.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from omio.errors import MissingDependencyError, UnwritableError
from omio.lazy.ranges import ABSENT, ChunkTable
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from omio.lazy.leaf import FileStamp

type Entry = str | tuple[str, int, int]
"""Text of a small file, or where its bytes lie in another."""

RECORD = 10_000
"""References of a Parquet file."""
METADATA = ".zmetadata"
"""Holds all documents beside Parquet files."""


@dataclass(frozen=True)
class VirtualArray:
    """An array of a virtual Zarr.

    Attributes
    ----------
    key
        Where it lies, such as ``image`` or ``0/image``.
    table
        Its chunks, in the order of its dims.
    version
        Of Zarr, which says how chunks are named.
    """

    key: str
    table: ChunkTable
    version: Literal[2, 3]

    def entries(self, names: Mapping[FileStamp, str]) -> Iterator[tuple[str, Entry]]:
        """Yield key and place of each chunk that a file holds."""
        table = self.table
        paths = [names[stamp] for stamp in table.stamps]
        separator, start = ("/", f"{self.key}/c/") if self.version == 3 else (".", f"{self.key}/")
        for place in np.argwhere(table.file != ABSENT):
            at = tuple(place)
            run = (paths[table.file[at]], int(table.offset[at]), int(table.length[at]))
            yield start + separator.join(map(str, place)), run


@dataclass(frozen=True)
class References:
    """A virtual Zarr.

    Attributes
    ----------
    files
        Documents and coordinates, whole.
    arrays
        What lies in other files.
    """

    files: Mapping[str, bytes]
    arrays: tuple[VirtualArray, ...]

    @property
    def stamps(self) -> tuple[FileStamp, ...]:
        """The files that are referred to, each once."""
        return tuple(dict.fromkeys(stamp for array in self.arrays for stamp in array.table.stamps))

    def entries(self, name_of: Callable[[FileStamp], str]) -> Iterator[tuple[str, Entry]]:
        """Yield all keys, documents first."""
        for key, content in self.files.items():
            yield key, _inline(content)
        names = {stamp: name_of(stamp) for stamp in self.stamps}
        for array in self.arrays:
            yield from array.entries(names)

    def write_json(self, file: IO[bytes], name_of: Callable[[FileStamp], str]) -> None:
        """Write kerchunk's JSON, version 1, key by key."""
        file.write(b'{\n"version": 1,\n"refs": {')
        for number, (key, entry) in enumerate(self.entries(name_of)):
            file.write(f"{',' if number else ''}\n{json.dumps(key)}: {json.dumps(entry)}".encode())
        file.write(b"\n}\n}\n")

    def write_parquet(self, folder: Path, name_of: Callable[[FileStamp], str]) -> None:
        """Write Parquet, as fsspec's LazyReferenceMapper reads it; of Zarr 2 only.

        Raises
        ------
        MissingDependencyError
            pyarrow is not installed.
        """
        documents = {key: json.loads(content) for key, content in self.files.items() if _is_document(key)}
        about = {"metadata": documents, "record_size": RECORD}
        chunks = (item for item in self.entries(name_of) if not _is_document(item[0]))
        for (field, record), items in groupby(_numbered(chunks, documents), lambda item: item[:2]):
            rows = {row: entry for *_, row, entry in items}
            (folder / field).mkdir(parents=True, exist_ok=True)
            _write_table(folder / field / f"refs.{record}.parq", [rows.get(row) for row in range(max(rows) + 1)])
        (folder / METADATA).write_text(json.dumps(about))


def _is_document(key: str) -> bool:
    return key.rpartition("/")[2] in (".zgroup", ".zattrs", ".zarray")


def _numbered(
    chunks: Iterable[tuple[str, Entry]], documents: Mapping[str, Any]
) -> Iterator[tuple[str, int, int, Entry]]:
    """Yield array, table and row of each chunk: they are numbered in C order."""
    for key, entry in chunks:
        field, _, place = key.rpartition("/")
        array = documents[f"{field}/.zarray"]
        counts = [-(-size // length) for size, length in zip(array["shape"], array["chunks"], strict=True)]
        record, row = divmod(int(np.ravel_multi_index(tuple(map(int, place.split("."))), counts)), RECORD)
        yield field, record, row, entry


def _write_table(path: Path, entries: Sequence[Entry | None]) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependencyError(
            "Parquet needs pyarrow", path=path, remedy="pip install 'omio[parquet]'"
        ) from error
    runs = [entry if isinstance(entry, tuple) else (None, 0, 0) for entry in entries]
    columns = {
        "path": pa.array([run[0] for run in runs], pa.string()),
        "offset": pa.array([run[1] for run in runs], pa.int64()),
        "size": pa.array([run[2] for run in runs], pa.int64()),
        "raw": pa.array([_bytes(entry) if isinstance(entry, str) else None for entry in entries], pa.binary()),
    }
    parquet.write_table(pa.table(columns), path, compression="zstd")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.removeprefix("base64:")) if text.startswith("base64:") else text.encode()


def _inline(content: bytes) -> str:
    """Return a small file as text; in base64 where it is none, or would be taken for it."""
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        text = "base64:"
    return f"base64:{base64.b64encode(content).decode()}" if text.startswith("base64:") else text


@dataclass(frozen=True)
class Names:
    """How files are called in references.

    Attributes
    ----------
    base
        Folder that names are counted from.
    url
        What is put before them; None: they are relative to the folder of the reference file.
    """

    base: Path
    url: str | None = None

    def __call__(self, stamp: FileStamp) -> str:
        """Return the name of a file; that of a remote one is its address.

        Raises
        ------
        UnwritableError
            It does not lie below `base`, and has no name there on a server.
        """
        if isinstance(stamp.path, Url):
            return str(stamp.path)
        try:
            relative = Path(os.path.relpath(stamp.path, self.base)).as_posix()
        except ValueError:  # another drive of Windows
            relative = ".."
        if self.url is None and relative != "..":
            return relative
        if relative.split("/")[0] == "..":
            remedy = "Name the folder that holds all files in base=."
            raise UnwritableError(f"does not lie below {self.base}", path=stamp.path, remedy=remedy)
        return f"{(self.url or '').rstrip('/')}/{relative}"

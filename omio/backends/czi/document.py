"""`CziDocument`: an open CZI file, as the handle cache holds it."""

from __future__ import annotations

import threading
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.czi.attachments import Picture, read_picture
from omio.backends.czi.catalog import Content, Part, catalog
from omio.backends.czi.checks import check_directory, check_header
from omio.backends.czi.directory import Directory, parse_entries, read_directory
from omio.backends.czi.layout import Grid, Layout, full_layout
from omio.backends.czi.levels import make_levels
from omio.backends.czi.reading import Drawing
from omio.backends.czi.segments import Container
from omio.backends.czi.subblocks import SubBlocks
from omio.backends.rawfile import open_raw
from omio.errors import DamagedFileError, DamagedFileWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.leaf import FileStamp
    from omio.lazy.ranges import ChunkTable

METADATA_KIND = "ZISRAWMETADATA"
_METADATA_HEAD = 256


def open_document(path: str, base: int, size: int, strict: bool) -> CziDocument:  # noqa: FBT001 (a key of the cache)
    """Open a file, or the CZI of `size` bytes that begins at `base` within it (size 0: to the end).

    Raises
    ------
    OmioError
        It is no CZI file, or a damaged one.
    """
    raw = open_raw(path)
    try:
        return CziDocument(Container(raw, path, base, size or raw.size - base), strict=strict)
    except BaseException:
        raw.close()
        raise


class CziDocument:
    """Directory and layouts of an open file; reads pixels and metadata by position, from several threads.

    Parameters
    ----------
    file
        The open container, which belongs to the document from now on.
    strict
        Whether damage is an error; else what is whole is read, and one warning tells the rest.
    """

    def __init__(self, file: Container, *, strict: bool) -> None:
        self.file = file
        self.strict = strict
        self.header = file.header()
        check_header(file, self.header)
        self.columns = self._directory()
        check_directory(file, self.columns)
        self.parts: dict[Part, Content] = catalog(file, self.columns)
        self.blocks = SubBlocks(file, self.columns)
        self._layouts: dict[Part, tuple[Grid, Layout]] = {}
        self._levels: dict[Part, tuple[Layout, ...]] = {}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Release the file."""
        self.file.raw.close()

    def _directory(self) -> Directory:
        try:
            return read_directory(self.file, self.header.directory)
        except DamagedFileError as error:
            if self.strict:
                remedy = "Open it with strict=False to search the file for sub-blocks."
                raise self.file.damaged(error.cause, error.place or "", remedy) from error
            return self._search(error)

    def _search(self, error: DamagedFileError) -> Directory:
        """List the sub-blocks that lie in the file, whose directory is damaged or was never written."""
        kept, positions = [], []
        for segment in self.file.walk():
            inside = segment.offset + segment.allocated <= self.file.size
            if segment.kind == "ZISRAWSUBBLOCK" and inside:
                kept.append(self.file.read(segment.offset + 16, 32, "sub-block"))
                positions.append(segment.offset)
        entries = [self._entry(position, head) for position, head in zip(positions, kept, strict=True)]
        text = f"{error.path}: {error.place}: {error.cause}; {len(entries)} sub-blocks were found by searching the file"
        warnings.warn(text, DamagedFileWarning, stacklevel=2)
        found = parse_entries(self.file, b"".join(entries), len(entries))
        found.position = np.array([position - 32 for position in positions], np.int64)
        return found

    def _entry(self, position: int, head: bytes) -> bytes:
        count = min(max(0, int.from_bytes(head[28:32], "little", signed=True)), 33)
        return head + self.file.read(position + 48, 20 * count, "sub-block")

    def layout(self, part: Part, level: int = 0) -> Layout:
        """Return where the tiles of an image lie; found once."""
        with self._lock:
            if part not in self._layouts:
                place = f"scene {part.scene}"
                self._layouts[part] = full_layout(self.file, self.columns, self.parts[part], part, place)
            grid, full = self._layouts[part]
            if level == 0:
                return full
            if part not in self._levels:
                self._levels[part] = make_levels(self.columns, self.parts[part], part, grid, full)
            return self._levels[part][level - 1]

    def grid(self, part: Part) -> Grid:
        """Return the T, Z, C and box of an image."""
        self.layout(part)
        return self._layouts[part][0]

    def level_count(self, part: Part) -> int:
        """Return how many levels an image has, full size included."""
        self.layout(part)
        if not len(self.parts[part].reduced.row):
            return 1
        with self._lock:
            if part not in self._levels:
                self._levels[part] = make_levels(self.columns, self.parts[part], part, *self._layouts[part])
            return 1 + len(self._levels[part])

    def read(self, where: tuple[Part, int] | Picture, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects of a part and level, or of an attached picture."""
        if isinstance(where, Picture):
            read_picture(self.file, where, key, out)
            return
        layout = self.layout(*where)
        if out.size:
            Drawing(self.blocks, layout, self.strict).read(key, out)

    def ranges(self, where: tuple[Part, int] | Picture, shape: tuple[int, ...], stamp: FileStamp) -> ChunkTable:
        """Return where the sub-blocks lie, as the chunks of a virtual Zarr."""
        from omio.backends.czi.ranges import ranges_of
        from omio.lazy.ranges import refusal

        del shape
        if isinstance(where, Picture):
            raise refusal("it is an attached picture, a file of its own", stamp.path)
        return ranges_of(self.blocks, self.layout(*where), stamp)

    @cached_property
    def xml(self) -> bytes:
        """The metadata document; empty where the file has none.

        Raises
        ------
        DamagedFileError
            The segment is not whole.
        """
        if not self.header.metadata:
            return b""
        place = "metadata"
        segment = self.file.segment(self.header.metadata, METADATA_KIND, place)
        size = int.from_bytes(self.file.read(segment.offset, 4, place), "little", signed=True)
        return self.file.read(segment.offset + _METADATA_HEAD, size, place)

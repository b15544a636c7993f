"""The tags of all pages, and which pages are stored alike."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.ifd import INTEGERS, TYPE_SIZES, equal_rows
from omio.errors import DamagedFileError
from omio.indexing import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.backends.rawfile import RawFile
    from omio.backends.tiff.chain import Walk
    from omio.backends.tiff.ifd import IfdGroup, Integers, TiffHeader

LAYOUT_TAGS = (
    256, 257, 258, 259, 262, 266, 274, 277, 278, 284, 317, 322, 323, 338, 339, 347, 530, 32997, 32998,
)  # fmt: skip
"""Tags that say how pixels are stored; pages that agree in them are decoded alike."""


class IfdTable:
    """The IFDs of all pages, or of the k-th SubIFD of all pages."""

    def __init__(self, file: RawFile, header: TiffHeader, walk: Walk, path: str) -> None:
        self._file, self._header, self._path = file, header, path
        self.offsets: Integers = np.frombuffer(walk.offsets, dtype=np.int64)
        self.problem = walk.problem
        self.groups = walk.groups()
        self.group_of = np.full(len(self), -1, dtype=np.intp)
        self.row_of = np.zeros(len(self), dtype=np.intp)
        for number, group in enumerate(self.groups):
            self.group_of[group.pages] = number
            self.row_of[group.pages] = np.arange(len(group.pages))

    def __len__(self) -> int:
        return len(self.offsets)

    def has(self, page: int, code: int) -> bool:
        """Whether a page has a tag."""
        group = int(self.group_of[page])
        return group >= 0 and code in self.groups[group].columns

    def integers(self, page: int, code: int) -> Integers | None:
        """Return the integers of one tag of one page; None where it has none.

        Raises
        ------
        DamagedFileError
            Where the values lie outside the file or are no integers.
        """
        if not self.has(page, code):
            return None
        group = self.groups[self.group_of[page]]
        kind, count = group.kind_of(code)
        if kind not in INTEGERS:
            raise self._damaged(page, code, f"values of type {kind} where integers belong")
        number = np.dtype(self._header.order + INTEGERS[kind])
        data = self._value_bytes(group, page, code, number.itemsize * count)
        return np.frombuffer(data, number, count).astype(np.int64)

    def column(self, pages: NDArray[np.intp], code: int) -> Integers | None:
        """Return the integers of one tag of pages of one group, (pages, count), in few steps.

        None where the pages are of several groups, the tag is absent or holds no integers.
        """
        numbers = distinct(self.group_of[pages])
        group = self.groups[numbers[0]] if len(numbers) == 1 and numbers[0] >= 0 else None
        if group is None or code not in group.columns or group.kind_of(code)[0] not in INTEGERS:
            return None
        rows = self.row_of[pages]
        if group.is_inline(code):
            inline: Integers = group.numbers(code, rows)
            return inline
        kind, count = group.kind_of(code)
        number = np.dtype(self._header.order + INTEGERS[kind])
        size, pointers = number.itemsize * count, group.pointers(code, rows)
        if pointers.min() < 0 or pointers.max() > self._file.size - size:
            return None
        if self._file.is_remote:
            self._file.ahead((pointer, pointer + size) for pointer in pointers.tolist())
        data = b"".join([self._file.read(size, pointer) for pointer in pointers.tolist()])
        if len(data) != size * len(pages):
            return None
        return np.frombuffer(data, number).reshape(len(pages), count).astype(np.int64)

    def _value_bytes(self, group: IfdGroup, page: int, code: int, size: int) -> bytes:
        inline: bytes = group.fields(code)[self.row_of[page]].tobytes()
        if size <= len(inline):
            return inline[:size]
        offset = int(self._header.offset_format.unpack(inline)[0])
        if offset + size > self._file.size:
            raise self._damaged(page, code, f"{size} bytes of values at offset {offset} lie outside the file")
        return self._file.read(size, offset)

    def _damaged(self, page: int, code: int, cause: str) -> DamagedFileError:
        return DamagedFileError(cause, path=self._path, place=f"page {page}, tag {code}")

    @cached_property
    def kinds(self) -> NDArray[np.intp]:
        """Number of each page's way of storing pixels: equal numbers mean equal values of all `LAYOUT_TAGS`."""
        known: dict[tuple[tuple[int, bytes], ...], int] = {}
        kinds = np.full(len(self), -1, dtype=np.intp)
        for group in self.groups:
            for rows, signature in self._signatures(group):
                kinds[group.pages[rows]] = known.setdefault(signature, len(known))
        return kinds

    def _signatures(self, group: IfdGroup) -> Iterator[tuple[NDArray[np.intp], tuple[tuple[int, bytes], ...]]]:
        codes = [code for code in LAYOUT_TAGS if code in group.columns]
        inline = [code for code in codes if group.is_inline(code)]
        varying = [group.fields(code) for code in inline if group.fields(code).strides[0]]
        table = np.concatenate([np.empty((len(group.pages), 0), np.uint8), *varying], axis=1)
        far = [code for code in codes if code not in inline]
        for rows in equal_rows(table):
            near = tuple((code, group.fields(code)[rows[0]].tobytes()) for code in inline)
            parts: dict[tuple[tuple[int, bytes], ...], list[int]] = {}
            for row in rows if far else ():
                parts.setdefault(self._far_values(group, int(row), far), []).append(int(row))
            if not far:
                yield rows, near
            for values, members in parts.items():
                yield np.array(members, dtype=np.intp), near + values

    def _far_values(self, group: IfdGroup, row: int, codes: list[int]) -> tuple[tuple[int, bytes], ...]:
        page, found = int(group.pages[row]), []
        for code in codes:
            kind, count = group.kind_of(code)
            found.append((code, self._value_bytes(group, page, code, TYPE_SIZES.get(kind, 1) * count)))
        return tuple(found)

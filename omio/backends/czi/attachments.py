"""Files that a CZI carries: time stamps, pictures, whole CZI files.

Directory entries and attachments are 128 bytes of schema ``A1``: position, GUID, content type, name.
"""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.indexing import orthogonal, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.czi.segments import Container
    from omio.indexing import Key

PLACE = "attachment directory"
MAX_ATTACHMENTS = 10_000
MAX_PICTURE_PIXELS = 1 << 28
_ENTRY = struct.Struct("<2s10sqi16s8s80s")
_LIST_HEAD = 256
_DATA_AT = 256
_UNSAFE = re.compile(r"[^\w .()+-]|^\.+")
PICTURES = ("JPG", "BMP", "PNG", "TIF")


class Attachment(NamedTuple):
    """One attached file: its name, content type such as ``JPG`` or ``CZTIMS``, and where its bytes lie."""

    name: str
    kind: str
    offset: int
    size: int

    @property
    def safe_name(self) -> str:
        """The name without anything that could mean a folder."""
        return _UNSAFE.sub("_", self.name) or "attachment"


class Picture(NamedTuple):
    """Where an attached picture lies, and its height, width and samples."""

    offset: int
    size: int
    shape: tuple[int, int, int]


def list_attachments(file: Container, position: int) -> list[Attachment]:
    """Return what is attached; none where `position` is 0.

    Raises
    ------
    DamagedFileError
        The directory or an attachment is not whole.
    """
    if not position:
        return []
    segment = file.segment(position, "ZISRAWATTDIR", PLACE)
    count = int.from_bytes(file.read(segment.offset, 4, PLACE), "little", signed=True)
    if not 0 <= count <= MAX_ATTACHMENTS:
        raise file.damaged(f"{count} attachments are claimed", PLACE)
    data = file.read(segment.offset + _LIST_HEAD, count * _ENTRY.size, PLACE)
    return [_attachment(file, data, index) for index in range(count)]


def _attachment(file: Container, data: bytes, index: int) -> Attachment:
    schema, _, position, _, _, kind, name = _ENTRY.unpack_from(data, index * _ENTRY.size)
    place = f"{PLACE} entry {index}"
    if schema != b"A1":
        raise file.damaged(f"it has schema {schema!r}, not A1", place)
    segment = file.segment(position, "ZISRAWATTACH", place)
    size = int.from_bytes(file.read(segment.offset, 4, place), "little", signed=True)
    offset = segment.offset + _DATA_AT
    if size < 0 or offset + size > file.size:
        raise file.damaged(f"{size} bytes at {offset} do not lie in the file", place)
    return Attachment(_text(name), _text(kind), offset, size)


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("utf-8", "replace")


def time_stamps(file: Container, attached: list[Attachment]) -> NDArray[np.float64] | None:
    """Return the stamps of attachment ``TimeStamps`` as they are; None where there are none.

    They are seconds since the beginning, or days since 1899-12-30, depending on the program that wrote them.
    """
    for item in attached:
        if item.name == "TimeStamps" and item.kind == "CZTIMS" and item.size >= 8:
            data = file.read(item.offset, item.size, "attachment TimeStamps")
            count = int.from_bytes(data[4:8], "little", signed=True)
            if 0 < count <= (item.size - 8) // 8:
                return np.frombuffer(data, "<f8", count, 8).astype(np.float64)
    return None


def find_picture(file: Container, item: Attachment) -> Picture:
    """Look at the head of an attached picture.

    Raises
    ------
    DamagedFileError
        It is no picture, or one far too large for its bytes.
    """
    from PIL import Image, UnidentifiedImageError

    place = f"attachment {item.safe_name}"
    try:
        with Image.open(io.BytesIO(file.read(item.offset, item.size, place))) as image:
            width, height = image.size
            samples = 1 if image.mode in ("L", "1") else 3
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise file.damaged(f"is no picture: {error}", place) from error
    if width * height > MAX_PICTURE_PIXELS:
        raise file.damaged(f"a picture of {width} x {height} pixels in {item.size} bytes", place)
    return Picture(item.offset, item.size, (height, width, samples))


def read_picture(file: Container, picture: Picture, key: Key, out: NDArray[Any]) -> None:
    """Decode an attached picture and give what `key` selects.

    Raises
    ------
    DamagedFileError
        It cannot be decoded.
    """
    from PIL import Image

    place = f"attachment at {picture.offset}"
    data = file.read(picture.offset, picture.size, place)
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("L" if picture.shape[2] == 1 else "RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise file.damaged(f"cannot be decoded: {error}", place) from error
    whole = pixels.reshape(1, 1, 1, *picture.shape[: 2 + (picture.shape[2] > 1)])
    out[...] = orthogonal((to_numpy(index) for index in key), whole)

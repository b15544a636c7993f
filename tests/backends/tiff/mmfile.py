"""Micro-Manager datasets made by hand: NDTiff with its index, and the multi-page TIFF with its index map."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NOTE = 51123
PIXEL_TYPES = {("uint8", 1): 0, ("uint16", 1): 1, ("uint8", 3): 2}

type Images = Sequence[tuple[NDArray[Any], Mapping[str, Any]]]


@dataclass
class NdTiff:
    """A dataset that grows image by image."""

    folder: Path
    summary: Mapping[str, Any] = field(default_factory=dict)
    images: list[tuple[dict[str, Any], NDArray[Any], dict[str, Any], str]] = field(default_factory=list)

    def add(self, axes: dict[str, Any], pixels: NDArray[Any], file: str = "a_NDTiffStack.tif", **note: Any) -> None:
        """Add an image; keywords are its metadata, with ``_`` for ``-``."""
        text = {name.replace("_ms", "-ms"): value for name, value in note.items()}
        self.images.append((axes, pixels, {"Axes": axes, **text}, file))

    def write(self) -> Path:
        """Write the files and the index; returns the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = dict.fromkeys(file for *_, file in self.images)
        (self.folder / "NDTiff.index").write_bytes(b"".join(self._write_file(name) for name in names))
        return self.folder

    def _write_file(self, name: str) -> bytes:
        mine = [image for image in self.images if image[3] == name]
        summary = json.dumps(dict(self.summary)).encode()
        header = struct.pack("<5I", 483729, 3, 2, 2355492, len(summary)) + summary
        data, places, _ = _file(header, [(pixels, note) for _, pixels, note, _ in mine])
        (self.folder / name).write_bytes(data)
        lengths = [len(json.dumps(note)) for _, _, note, _ in mine]
        return b"".join(
            _entry(axes, name, place, pixels, length)
            for (axes, pixels, _, _), place, length in zip(mine, places, lengths, strict=True)
        )


def _entry(axes: dict[str, Any], name: str, place: int, pixels: NDArray[Any], note: int) -> bytes:
    spelled = json.dumps(axes).encode()
    kind = PIXEL_TYPES[pixels.dtype.name, _samples(pixels)]
    where = struct.pack("<IiiiiIii", place, pixels.shape[1], pixels.shape[0], kind, 0, place + pixels.nbytes, note, 0)
    return struct.pack("<I", len(spelled)) + spelled + struct.pack("<I", len(name)) + name.encode() + where


def _samples(pixels: NDArray[Any]) -> int:
    return pixels.shape[2] if pixels.ndim == 3 else 1


def _file(header: bytes, images: Images) -> tuple[bytearray, list[int], list[int]]:
    """Return a TIFF with `header` behind its own, and the offsets of pixels and of IFDs."""
    data, places, ifds, link = bytearray(struct.pack("<2sHI", b"II", 42, 0) + header), [], [], 4
    for pixels, note in images:
        text = json.dumps(dict(note)).encode()
        places.append(len(data))
        data += pixels.tobytes() + text
        ifds.append(len(data))
        data[link : link + 4] = struct.pack("<I", len(data))
        entries = _entries(pixels, places[-1], len(text), len(data))
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        link = len(data)
        data += struct.pack("<I3H", 0, *[8 * pixels.itemsize] * 3)
    return data, places, ifds


def _entries(pixels: NDArray[Any], place: int, note: int, at: int) -> list[tuple[int, int, int, int]]:
    height, width = pixels.shape[:2]
    rgb = _samples(pixels) == 3
    bits = (258, 3, 3, at + 2 + 12 * 10 + 4) if rgb else (258, 3, 1, 8 * pixels.itemsize)
    return [
        (256, 4, 1, width), (257, 4, 1, height), bits, (259, 3, 1, 1), (262, 3, 1, 2 if rgb else 1),
        (273, 4, 1, place), (277, 3, 1, _samples(pixels)), (278, 4, 1, height), (279, 4, 1, pixels.nbytes),
        (NOTE, 2, note, place + pixels.nbytes),
    ]  # fmt: skip


def write_stack(
    path: Path, images: Images, places: Sequence[tuple[int, int, int, int]] | None, summary: Mapping[str, Any]
) -> Path:
    """Write a multi-page TIFF; `places` are (channel, slice, frame, position), None leaves the index map out."""
    spelled = json.dumps(dict(summary)).encode()
    header = struct.pack("<8I", 54773648 if places else 0, 0, 0, 0, 0, 0, 2355492, len(spelled)) + spelled
    data, _, ifds = _file(header, images)
    data[12:16] = struct.pack("<I", len(data))
    rows = [(*place, ifd) for place, ifd in zip(places or (), ifds, strict=False)]
    data += struct.pack("<2I", 3453623, len(rows)) + b"".join(struct.pack("<5I", *row) for row in rows)
    path.write_bytes(data)
    return path

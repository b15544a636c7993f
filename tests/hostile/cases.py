"""Hostile files that are made: good files and what is done to them, each with what may become of it.

A module that makes some lists them by `case` or `add`; `CASES` holds all.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

type Pixels = NDArray[np.uint16]
type Maker = Callable[[Path], Path]

PAGE: Pixels = (np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) * 61) % 4001
STACK: Pixels = np.stack([PAGE, PAGE + 7, PAGE + 19])
SECRET: Pixels = np.full((32, 32), 42424, np.uint16)
"""Pixels of files that must not be read; the probe looks for the value."""


@dataclass(frozen=True)
class Case:
    """A hostile file.

    Attributes
    ----------
    make
        Writes it (and what belongs to it) into a folder of its own, and returns what to open.
    accept
        See `tests.hostile.judge.Rule`.
    pixels
        The right ones, where ``"oracle"`` is accepted.
    spacing
        What X must be, in µm.
    """

    make: Maker
    accept: frozenset[str]
    pixels: Pixels | None = None
    spacing: float | None = None


CASES: dict[str, Case] = {}


def add(name: str, make: Maker, *accept: str, pixels: Pixels | None = None, spacing: float | None = None) -> None:
    """List a case."""
    assert name not in CASES, name
    CASES[name] = Case(make, frozenset(accept), pixels, spacing)


def case(*accept: str, pixels: Pixels | None = None) -> Callable[[Maker], Maker]:
    """List a function as the maker of a case of its name."""

    def listed(make: Maker) -> Maker:
        add(make.__name__, make, *accept, pixels=pixels)
        return make

    return listed


def patched(data: bytes, offset: int, pattern: str, *values: Any) -> bytes:
    """Return bytes with numbers written over them."""
    changed = bytearray(data)
    struct.pack_into(pattern, changed, offset, *values)
    return bytes(changed)


def retag(path: Path, code: int, value: Any, *, page: int = 0, dtype: int | None = None) -> Path:
    """Overwrite a tag of a TIFF."""
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages[page].tags[code]  # type: ignore[union-attr]
        tag.overwrite(value, dtype=dtype or tag.dtype)
    return path


def secret(folder: Path, name: str = "secret.tif") -> Path:
    """Write a file that lies outside of the opened one's folder."""
    path = folder.parent / f"{folder.name}-outside" / name
    path.parent.mkdir(exist_ok=True)
    tifffile.imwrite(path, SECRET, photometric="minisblack", metadata=None)
    return path

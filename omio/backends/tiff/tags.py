"""Tags of a page that speak of the image rather than of its storage."""

from __future__ import annotations

import math
import re
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.units import length_factor, positive

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tifffile import TiffPage

STORAGE = frozenset({
    254, 255, 256, 257, 258, 259, 266, 273, 277, 278, 279, 284, 288, 289, 292, 317, 320, 322, 323, 324, 325, 330, 339,
    347, 513, 514, 519, 520, 521, 530, 531, 50838,
})  # fmt: skip
"""Tags that only say how pixels are stored; all others go to ``original``."""

PRINTER_DPI = (72, 96, 150, 200, 300, 600, 1200)
PRINTER_TOLERANCE = 0.005
LONGEST = 1 << 20
"""Bytes of one value that ``original`` holds in full."""

_UNITS = {2: "inch", 3: "cm", 4: "mm", 5: "µm"}  # 4 and 5 are tifffile's and ImageJ plug-ins' extension


def describe_tags(page: TiffPage) -> dict[str, Any]:
    """Return name -> value of all tags that are no mere storage, JSON-able; very long values are named by length."""
    found: dict[str, Any] = {}
    with np.errstate(divide="ignore", invalid="ignore"):  # tifffile divides the fractions of MetaMorph's tags
        for tag in page.tags:
            if tag.code not in STORAGE and not (tag.code == 262 and tag.value in (1, 2)):
                name = tag.name if tag.name and not tag.name.isdigit() else str(tag.code)
                found[name if name not in found else f"{name} ({tag.code})"] = _plain(tag.value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist() if value.nbytes <= LONGEST else f"{value.dtype} array of {value.shape}"
    if isinstance(value, bytes) and len(value) > LONGEST:
        return f"{len(value)} bytes"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def resolution(page: TiffPage) -> tuple[dict[str, float], dict[str, str]]:
    """Return µm per pixel of Y and X that the resolution tags state, and where each came from.

    Without a unit the tags state nothing; 72 dpi and the like are what programs write for printers (within 0.5 %).
    """
    unit = page.tags.valueof(296, default=2)
    factor = length_factor(_UNITS.get(int(unit)) if isinstance(unit, int) else None)
    sizes, sources = {}, {}
    for dim, code, name in (("Y", 283, "YResolution"), ("X", 282, "XResolution")):
        distance = inverse(page.tags.valueof(code))
        if factor is None or distance is None:
            continue
        size = factor * distance
        if math.isfinite(size) and size > 0 and not is_printer(size):
            sizes[dim] = size
            sources[f"pixel_size.{dim}"] = f"file: TIFF {name}"
    return sizes, sources


def inverse(value: Any) -> float | None:
    """Return one over a RATIONAL tag, divided once, so that 40/13 is 0.325; None where it is absent or zero.

    >>> inverse((40, 13)), inverse((0, 1))
    (0.325, None)
    """
    if isinstance(value, tuple) and len(value) == 2:
        above, below = value
        return below / above if above and below else None
    found = positive(value) if isinstance(value, int | float) else None
    return None if found is None else 1 / found


def is_printer(size_um: float) -> bool:
    """Whether a pixel size is the usual resolution of a screen or printer."""
    dpi = length_factor("inch") or 0.0
    return any(abs(dpi / size_um - usual) <= PRINTER_TOLERANCE * usual for usual in PRINTER_DPI)


def acquired(page: TiffPage) -> str | None:
    """Return the DateTime tag in ISO 8601; None where it is absent or no date."""
    text = page.tags.valueof(306)
    if not isinstance(text, str):
        return None
    parts = re.match(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)", text.strip("\0 "))
    if parts is None:
        return None
    try:
        return datetime(*map(int, parts.groups())).isoformat()  # type: ignore[arg-type]
    except ValueError:
        return None


def lut_text(table: NDArray[Any]) -> str:
    """Write a (3, 256) table of 8-bit values as RRGGBB text."""
    return np.ascontiguousarray(np.asarray(table, dtype=np.uint8).T).tobytes().hex().upper()


def palette(page: TiffPage) -> str | None:
    """Return the ColorMap of a palette page as a table of 256 entries; None where the page has none."""
    colors = page.tags.valueof(320) if page.photometric == 3 else None
    if colors is None:
        return None
    table = np.asarray(colors, dtype=np.uint32).reshape(3, -1)
    if table.shape[1] > 256:
        table = table[:, :: table.shape[1] // 256][:, :256]
    full = np.zeros((3, 256), dtype=np.uint32)
    # a few writers store 8-bit values in the 16-bit map
    full[:, : table.shape[1]] = table >> 8 if table.max() > 255 else table
    return lut_text(full)

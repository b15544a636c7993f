"""What ImageJ writes besides pixels: the ``key=value`` description and the IJMetadata tag.

Format facts: ImageJ's `FileInfo.getDescriptionString`, `TiffDecoder` and `FileOpener.decodeDescriptionString`.
``unit`` is that of x, y and ``spacing`` unless ``yunit`` or ``zunit`` say otherwise; ``finterval`` is in ``tunit``,
seconds by default; pixels per unit lie in XResolution and YResolution whatever ResolutionUnit says.
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.tiff.tags import describe_tags, inverse, lut_text
from omio.units import length_factor, time_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from tifffile import TiffPage

IJ_METADATA = 50839
SCREEN_DPI = 72
SANE_UM = (1e-7, 1e9)
"""Pixel sizes outside of this are no measurements (LSM and ImageJ files were seen with 1e-19)."""

ORDERS = {"czt": "TZC", "default": "TZC", "ctz": "ZTC", "zct": "TCZ", "ztc": "CTZ", "tcz": "ZCT", "tzc": "CZT"}
"""``order`` of SCIFIO's files, fastest dim first, as dims slowest first."""


@dataclass(frozen=True)
class Calibration:
    """Distances of pixels in µm and s, where each came from, and what was stated but cannot be."""

    pixel_size: dict[str, float] = field(default_factory=dict)
    interval: float | None = None
    sources: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def parse_description(text: str) -> dict[str, str]:
    """Return the ``key=value`` lines; values stay text."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def whole(entries: Mapping[str, str], key: str, default: int = 1) -> int:
    """Return a positive whole number; `default` where there is none."""
    text = entries.get(key, "")
    return int(text) if re.fullmatch(r"\d{1,9}", text) and int(text) > 0 else default


def number(entries: Mapping[str, str], key: str) -> float | None:
    """Return a number; None where there is none."""
    try:
        return float(entries[key])
    except (KeyError, ValueError):
        return None


def calibration(entries: Mapping[str, str], page: TiffPage) -> Calibration:
    """Convert pixel width, height, depth and frame interval to µm and s."""
    found = Calibration()
    unit = entries.get("unit")
    _lateral(found, "X", unit, page.tags.valueof(282), "XResolution")
    _lateral(found, "Y", entries.get("yunit", unit), page.tags.valueof(283), "YResolution")
    spacing = number(entries, "spacing")
    if spacing is not None:
        _accept(found, "Z", spacing, entries.get("zunit", unit), "spacing")
    interval, source = _interval(entries)
    if interval is None:
        return found
    if not math.isfinite(interval) or interval < 0:
        found.refused[source] = repr(interval)
    elif interval:
        found.sources["time_increment"] = f"file: ImageJ {source}"
        return Calibration(found.pixel_size, interval, found.sources, found.refused)
    return found


def _lateral(found: Calibration, dim: str, unit: str | None, tag: Any, name: str) -> None:
    size = inverse(tag)
    inches = unit is not None and length_factor(unit) == length_factor("inch")
    # ImageJ itself takes 72 per inch for "not calibrated"
    if size is not None and not (inches and abs(1 / size - SCREEN_DPI) < 0.5):
        _accept(found, dim, size, unit, name)


def _accept(found: Calibration, dim: str, size: float, unit: str | None, name: str) -> None:
    factor = length_factor(unit)
    if factor is None:
        return
    low, high = SANE_UM
    if low < size * factor < high:
        found.pixel_size[dim] = size * factor
        found.sources[f"pixel_size.{dim}"] = f"file: ImageJ {name}"
    elif size:
        found.refused[name] = f"{size!r} {unit}"


def _interval(entries: Mapping[str, str]) -> tuple[float | None, str]:
    interval = number(entries, "finterval")
    if interval:
        factor = time_factor(entries.get("tunit", "sec"))
        return (None if factor is None else interval * factor), "finterval"
    rate = number(entries, "fps")
    return (1 / rate if rate else None), "fps"


def read_extras(page: TiffPage) -> dict[str, Any]:
    """Return the content of the IJMetadata tag: Info, Labels, Ranges, LUTs, ROI, Overlays, Properties, …."""
    value = page.tags.valueof(IJ_METADATA)
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a value that tifffile unwraps when there is only one as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def channel_rows(entries: Mapping[str, str], extras: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Return LUT, colour and display window of each channel, as far as known."""
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    tables = [np.asarray(table) for table in as_list(extras.get("LUTs"))]
    if len(tables) == count and all(table.shape == (3, 256) for table in tables):
        for row, table in zip(rows, tables, strict=True):
            row["lut"], row["color"] = lut_text(table), ramp_color(table)
    ranges = as_list(extras.get("Ranges"))
    if not ranges and count == 1 and "min" in entries and "max" in entries:
        ranges = [number(entries, "min"), number(entries, "max")]
    if len(ranges) == 2 * count:
        for row, low, high in zip(rows, ranges[::2], ranges[1::2], strict=True):
            if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
                row["window"] = (float(low), float(high))
    return rows


def ramp_color(table: NDArray[Any]) -> str | None:
    """Return ``#RRGGBB`` where a colour table runs evenly from black to one colour, else None."""
    top = table[:, 255].astype(np.float64)
    ramp = np.arange(256) / 255 * top[:, None]
    if not top.any() or np.abs(table - ramp).max() > 1:
        return None
    return "#" + bytes(top.astype(np.uint8).tolist()).hex().upper()


def original(page: TiffPage, entries: Mapping[str, str], refused: Mapping[str, str], *, labels: bool) -> dict[str, Any]:
    """Return all that no other field holds: other tags, the description's entries, Info, ROIs, overlays.

    `labels` says whether the labels are to be kept here, because they are no facts of planes.
    """
    found = {name: value for name, value in describe_tags(page).items() if name not in ("IJMetadata",)}
    found.pop("ImageDescription", None)
    found["ImageJ"] = dict(entries)
    for name, value in read_extras(page).items():
        if name in ("LUTs", "Ranges") or (name == "Labels" and not labels):
            continue
        found[name] = [_text(item) for item in value] if isinstance(value, list) else _text(value)
    if refused:
        found["refused"] = dict(refused)
    return found


def _text(value: Any) -> Any:
    """Write ImageJ's binary ROIs, overlays and plots as base64."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value

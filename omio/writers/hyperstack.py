"""What an ImageJ hyperstack says of an image, and what it cannot say.

Format facts: ImageJ's `FileInfo`, `TiffEncoder` and `FileOpener`; omio's own reading is `omio.backends.tiff.ijmeta`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.axes import Regular
from omio.metadata.facts import channel_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from omio.metadata.facts import Facts

MOST = 2**32 - 1
"""The largest integer of a TIFF rational."""
COMPOSITE_CHANNELS = 7
"""ImageJ shows up to so many channels at once."""
_HELD = ("color", "window", "lut")


@dataclass
class Hyperstack:
    """Arguments of ``TiffWriter.write``, and one line for each fact that they leave out.

    Attributes
    ----------
    metadata
        Entries of the description and of the IJMetadata tag.
    tags
        Resolution and date.
    lost
        What reading back lacks.
    """

    metadata: dict[str, Any] = field(default_factory=lambda: {"axes": "TZCYX"})
    tags: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def hyperstack(facts: Facts) -> Hyperstack:
    """Say in ImageJ's words what is known of an image."""
    found = Hyperstack()
    if facts.sizes.get("S", 1) > 1:
        found.metadata["axes"] += "S"
    _add_distances(facts, found)
    _add_interval(facts, found)
    _add_channels(facts, found)
    _add_labels(facts, found)
    _add_date(facts, found)
    info = _info(facts)
    if info:
        found.metadata["Info"] = info
    found.lost += _unsaid(facts)
    return found


def _per_micrometre(spacing: float) -> tuple[int, int]:
    """Return pixels a µm as the two integers of a TIFF rational: exactly those of the decimal number, if they hold it.

    >>> _per_micrometre(0.325), _per_micrometre(2.5)
    ((40, 13), (2, 5))
    """
    meant = Fraction(repr(float(spacing)))
    share = min(meant, 1 / meant).limit_denominator(MOST) or Fraction(1, MOST)
    return (share.denominator, share.numerator) if meant < 1 else (share.numerator, share.denominator)


def _add_distances(facts: Facts, found: Hyperstack) -> None:
    known = {dim: axis for dim, axis in facts.axes.items() if isinstance(axis, Regular) and dim != "T"}
    if {"X", "Y"} <= known.keys():
        found.metadata["unit"] = "micron"  # ImageJ shows µm; the description is ASCII
        found.tags["resolution"] = tuple(_per_micrometre(abs(known[dim].spacing)) for dim in "XY")
        if "Z" in known:
            found.metadata["spacing"] = abs(known["Z"].spacing)
    else:
        # a distance of one axis would give the others a distance of 1
        found.lost += [f"pixel_size.{dim}" for dim in known]
    for dim, axis in known.items():
        if axis.origin:
            found.lost.append(f"axes.{dim}: its origin {axis.origin}")
        if axis.spacing < 0:
            found.lost.append(f"axes.{dim}: its direction")


def _add_interval(facts: Facts, found: Hyperstack) -> None:
    axis = facts.axes.get("T")
    if isinstance(axis, Regular):
        found.metadata["finterval"] = abs(axis.spacing)
        if axis.origin or axis.spacing < 0:
            found.lost.append("axes.T: its origin and direction")
    elif axis is not None:
        found.lost.append("axes.T: uneven times")


def _add_channels(facts: Facts, found: Hyperstack) -> None:
    rows = channel_rows(facts)
    if 1 < len(rows) <= COMPOSITE_CHANNELS and "S" not in facts.sizes:
        found.metadata["mode"] = "composite"
    tables = [_table(row) for row in rows]
    if any(table is not None for table in tables):
        found.metadata["LUTs"] = [_ramp("#FFFFFF") if table is None else table for table in tables]
    windows = [row.get("window") for row in rows]
    if all(windows):
        found.metadata |= _windows(windows)
    elif any(windows):
        found.lost.append("channels.window: ImageJ needs all or none")
    for number, row in enumerate(rows):
        kept = _HELD if row.get("lut") is None or row.get("color") is None or _is_ramp(row) else _HELD[1:]
        found.lost += [
            f"channels[{number}].{name}" for name, value in row.items() if value is not None and name not in kept
        ]


def _windows(windows: list[Any]) -> dict[str, Any]:
    if len(windows) == 1:
        return {"min": float(windows[0][0]), "max": float(windows[0][1])}
    return {"Ranges": [float(end) for window in windows for end in window]}


def _table(row: Mapping[str, Any]) -> NDArray[np.uint8] | None:
    """Return the (3, 256) colours of a channel."""
    if row.get("lut") is not None:
        return np.frombuffer(bytes.fromhex(row["lut"]), np.uint8).reshape(256, 3).T.copy()
    return None if row.get("color") is None else _ramp(row["color"])


def _ramp(color: str) -> NDArray[np.uint8]:
    top = np.array(list(bytes.fromhex(color[1:])), dtype=np.float64)
    return np.rint(top[:, None] * np.arange(256) / 255).astype(np.uint8)


def _is_ramp(row: Mapping[str, Any]) -> bool:
    table = _table(row)
    return table is not None and bool((np.abs(table.astype(int) - _ramp(row["color"]).astype(int)) <= 1).all())


def _add_labels(facts: Facts, found: Hyperstack) -> None:
    columns = facts.planes.columns if facts.planes is not None else {}
    if "label" in columns:
        labels = columns["label"].ravel().tolist()
        found.metadata["Labels"] = ["" if label is None else str(label) for label in labels]
    found.lost += [f"planes.{name}" for name in columns if name != "label"]


def _add_date(facts: Facts, found: Hyperstack) -> None:
    text = facts.static.acquired
    if text is None:
        return
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        found.lost.append("acquired")
        return
    found.tags["datetime"] = date.strftime("%Y:%m:%d %H:%M:%S")
    if date.replace(microsecond=0, tzinfo=None).isoformat() != text:
        found.lost.append("acquired: parts of a second and the time zone")


def _info(facts: Facts) -> str:
    """Return the text that ImageJ shows as Info: that of the source if it was ImageJ's, else what is worth reading."""
    info = facts.static.original.get("Info")
    if isinstance(info, str):
        return info
    return "\n".join(_readable(facts))


def _readable(facts: Facts) -> Iterator[str]:
    static = facts.static
    yield from (text for text in (static.name, static.description) if text)
    for number, name in enumerate(facts.channels.get("name", ()), 1):
        if name is not None:
            yield f"channel {number}: {name}"
    for name, value in (static.objective or {}).items():
        yield f"objective {name}: {value}"


def _unsaid(facts: Facts) -> Iterator[str]:
    static = facts.static
    yield from (name for name in ("name", "description", "objective", "stage_position") if getattr(static, name))
    yield from (name for name in ("provenance", "annotations") if getattr(static, name))
    if set(static.original) - {"Info"}:
        yield "original: all but Info"

"""How a dataset shows itself as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.dims import UNITS
from omio.lazy.chunks import planned_lengths
from omio.metadata.axes import axis_ends

if TYPE_CHECKING:
    from omio.dataset.dataset import MicroscopyDataset
    from omio.metadata.axes import AxisPositions


def bytes_text(count: int) -> str:
    """Write a number of bytes as people read it."""
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):  # noqa: B007 - the unit that fits is used below
        if size < 1000:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"


def summary(image: MicroscopyDataset) -> str:
    """Return eight lines: what it is, its dims with spacing and extent, channels, levels, chunks, source."""
    return "\n".join(f"{label:<9} {value}" if label else value for label, value in rows(image))


def rows(image: MicroscopyDataset) -> list[tuple[str, str]]:
    """Return the lines of the summary as label and text."""
    chunks = " × ".join(map(str, planned_lengths(image._recipe, image._choice)))
    sizes = "  ".join(f"{dim} {size}" for dim, size in image.sizes.items())
    return [
        ("", f"<{type(image).__name__} {' '.join((image.name or 'unnamed').split())}>"),
        ("pixels", f"{sizes}   {image.dtype}, {bytes_text(image.nbytes)} (read when asked)"),
        ("spacing", _spacing(image)),
        ("extent", _extent(image)),
        ("channels", _channels(image)),
        ("levels", ", ".join(f"{level.sizes['Y']} × {level.sizes['X']}" for level in image.levels)),
        ("chunks", chunks),
        ("source", image._source.name if image._source else "memory"),
    ]


def _spacing(image: MicroscopyDataset) -> str:
    return "  ".join(f"{dim} {step_text(image.facts.axes.get(dim), unit)}" for dim, unit in UNITS.items())


def step_text(axis: AxisPositions | None, unit: str) -> str:
    """Write the distance of neighbours."""
    if axis is None:
        return "unknown"
    return "uneven" if axis.spacing is None else f"{abs(axis.spacing):.6g} {unit}"


def _extent(image: MicroscopyDataset) -> str:
    told = ((dim, extent_text(image.facts.axes.get(dim), unit)) for dim, unit in UNITS.items())
    return "  ".join(f"{dim} {text}" for dim, text in told if text) or "unknown"


def extent_text(axis: AxisPositions | None, unit: str) -> str:
    """Write the first and the last position; nothing where there are none."""
    if axis is None or not axis.size:
        return ""
    first, last = axis_ends(axis)
    return f"{first:.6g} to {last:.6g} {unit}"


def _channels(image: MicroscopyDataset) -> str:
    count = image.sizes["C"]
    names = image.facts.channels.get("name", (None,) * count)
    emission = image.facts.channels.get("emission_nm", (None,) * count)
    told = [
        (name or "unnamed") + (f" ({nm:g} nm)" if nm is not None else "")
        for name, nm in zip(names[:8], emission[:8], strict=True)
    ]
    return ", ".join(told) + (f", … ({count})" if count > 8 else "")

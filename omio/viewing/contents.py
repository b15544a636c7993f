"""Collections and plates as HTML for notebooks: a table of what they hold, with small pictures of the first."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from omio.dataset.text import bytes_text
from omio.dims import SPATIAL
from omio.errors import OmioError
from omio.viewing.notebook import figure, framed, section, table, text
from omio.viewing.projections import spacing
from omio.viewing.thumbnails import PNG_BYTES, thumbnails

if TYPE_CHECKING:
    from omio.collection import MicroscopyCollection
    from omio.collection.plate import Plate

MOST = 12
"""Entries that are opened; of the others the key is told."""
MOST_KEYS = 100
SECONDS = 0.5
"""After which no further entry is opened."""
_EDGES = (56, 40)
_HEADS = ("key", "", "size", "dtype", "pixel size, µm", "bytes")


def collection_html(collection: MicroscopyCollection) -> str:
    """Return a collection as a table, a row an image."""
    keys = list(collection)
    head = _head(repr(collection).split(":")[0].strip("<"), f"{len(keys)} images")
    begun = time.monotonic()
    rows: list[tuple[str, ...]] = []
    for key in keys[:MOST]:
        if rows and time.monotonic() - begun > SECONDS:
            break
        rows.append(_row(key, collection))
    return framed(repr(collection), (head, table(_HEADS, rows, escaped=True), _others(keys[len(rows) :])))


def plate_html(plate: Plate) -> str:
    """Return a plate as the grid of its wells; those that were imaged have a dot."""
    imaged = {(well.row, well.column) for well in plate.wells.values()}
    wells = (["●" if (row, column) in imaged else "·" for column in plate.columns] for row in plate.rows)
    rows = ((row, *places) for row, places in zip(plate.rows, wells, strict=True))
    grid = f'<div class="omio-plate">{table(("", *plate.columns), rows)}</div>'
    size = f"{len(plate.rows)} × {len(plate.columns)} wells, {len(plate.wells)} imaged"
    return framed(repr(plate), (_head(f"Plate {plate.name or ''}", size), grid))


def _head(title: str, about: str) -> str:
    return f'<p class="omio-head"><b>{text(title)}</b> <span class="omio-soft">· {text(about)}</span></p>'


def _others(keys: list[str]) -> str:
    """List the keys of what was not opened."""
    more = f", … ({len(keys)} in all)" if len(keys) > MOST_KEYS else ""
    listed = text(f"{', '.join(keys[:MOST_KEYS])}{more}", longest=4000)
    return section(f"{len(keys)} more", f"<p>{listed}</p>") if keys else ""


def _row(key: str, collection: MicroscopyCollection) -> tuple[str, ...]:
    """Return key, picture, sizes, dtype, pixel size and bytes of an image, as HTML; or why it could not be opened."""
    try:
        image = collection[key]
    except OmioError as error:
        return text(key), "", f'<span class="omio-soft">{text(error.cause)}</span>'
    seen = thumbnails(image, edges=_EDGES, most=PNG_BYTES // MOST)
    picture = figure(replace(seen.pictures[-1], label=""), edge=_EDGES[0]) if seen.pictures else ""
    sizes = "  ".join(f"{dim} {size}" for dim, size in image.sizes.items() if size > 1 or dim in "YX")
    steps = ((dim, spacing(image, dim)) for dim in SPATIAL)
    known = "  ".join(f"{dim} {step:.4g}" for dim, step in steps if step is not None) or "unknown"
    size = bytes_text(image.nbytes).replace(" ", "\N{NO-BREAK SPACE}")
    return text(key), picture, *map(text, (sizes, image.dtype, known, size))

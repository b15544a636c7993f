"""What the bands of an image are: its channels, or the samples of RGB."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.facts import channel_rows
from omio.raster.contrast import check_real
from omio.raster.histogram import NOTHING, counter

if TYPE_CHECKING:
    from omio.image import Image

MOST = 2048
"""Longest side, in pixels, of the planes that statistics are taken from."""

SAMPLES = {1: ("gray",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
"""What samples are, by their number; others are not known."""


def band_info(image: Image, *, statistics: bool = False) -> dict[int, dict[str, Any]]:
    """Describe the bands; see `omio.dataset.pictures.Pictures.band_info`."""
    count = image.sizes.get("S", 1)
    words = SAMPLES.get(count, (None,) * count)
    rows = channel_rows(image.facts)
    places = [(c, s) for c in range(len(rows)) for s in range(count)]
    found = {}
    for number, (c, s) in enumerate(places, 1):
        band = {"interpretation": words[s], "channel": c, "sample": s, "name": rows[c].get("name")}
        found[number] = band | (_statistics(image, c, s) if statistics else {})
    return found


def _statistics(image: Image, c: int, s: int) -> dict[str, Any]:
    from omio.raster.thumbnail import overview

    check_real(image.dtype)
    sizes = image.sizes
    if not all(sizes.values()):
        return asdict(NOTHING)
    pixels = overview(image, MOST, t=sizes["T"] // 2, z=sizes["Z"] // 2, c=c)
    counted = counter(image.dtype)
    counted.add(pixels[..., s] if pixels.ndim == 3 else pixels)
    return {name: np.asarray(value).item() for name, value in asdict(counted.statistics()).items()}

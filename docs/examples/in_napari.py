"""Open an image in napari with what an analysis found on it: here the brightest points of a channel.

Run it as: python in_napari.py [IMAGE]

Needs a screen, and `pip install "omio[napari]"`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import made
import numpy as np

import omio

POINTS = 20


def brightest(image: omio.MicroscopyDataset) -> np.ndarray:
    """Return T, Z, Y, X of the brightest pixels of the first channel, in seconds and µm; at most one a tile."""
    channel = image.isel(C=0)
    found = []
    for tile in channel.tiles(16):
        pixels = tile.data[:, :, 0]
        place = np.unravel_index(pixels.argmax(), pixels.shape)
        found.append((pixels[place], *place[:2], tile.y + place[2], tile.x + place[3]))
    chosen = np.array(sorted(found, reverse=True)[:POINTS])[:, 1:]
    axes = [channel.metadata.axis(dim) for dim in "TZYX"]
    return np.stack([axis.origin + chosen[:, n] * axis.spacing for n, axis in enumerate(axes)], -1)


def show(image: omio.MicroscopyDataset, viewer: Any = None) -> Any:
    """Show the image, whose planes are read as they are looked at, and the points where they are."""
    viewer = image.view(viewer, blocking=False)
    units = ("second", "micrometer", "micrometer", "micrometer")
    viewer.add_points(brightest(image), name="brightest", units=units, size=3, symbol="ring")
    return viewer


if __name__ == "__main__":
    import napari

    source = sys.argv[1] if len(sys.argv) > 1 else made.cells("")[0]
    show(omio.open(Path(source)))
    napari.run()

"""Segment an image of any size tile by tile, and write it to OME-Zarr with its objects as labels.

Run it as: python segment.py [IMAGE RESULT.ome.zarr]

Tiles overlap, so that each object lies whole in one of them: in the one that owns its centre. Needs SciPy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import made
import numpy as np
from scipy import ndimage

import omio

TILE, OVERLAP = 64, 40
"""Pixels; the overlap is longer than two objects, and a real tile a thousand pixels or more."""
THRESHOLD = 2500
"""One for the whole image: a tile that chose its own would not agree with its neighbours."""


def objects(pixels: np.ndarray, own: tuple[slice, slice]) -> np.ndarray:
    """Number the objects of a plane from 1 whose centres lie in the part that the tile owns."""
    found, count = ndimage.label(pixels > THRESHOLD)
    centres = ndimage.center_of_mass(found > 0, found, range(1, count + 1))
    kept = [all(s.start <= place < s.stop for s, place in zip(own, centre, strict=True)) for centre in centres]
    numbers = np.concatenate([[0], np.cumsum(kept) * kept])
    return numbers[found].astype("uint32")


def segment(source: Path, target: Path) -> int:
    """Segment the middle depth of the first channel; return how many objects there are."""
    total = 0
    with omio.open(source) as image:
        plane = image.isel(T=0, C=0, Z=image.sizes["Z"] // 2)
        canvas = omio.TileCanvas(dtype="uint32", shape=plane.shape, pixel_size=plane.pixel_size)
        for tile in plane.tiles(TILE, OVERLAP):
            labels = objects(tile.plane(), tile.own)
            numbered = np.where(labels > 0, labels + np.uint32(total), labels)
            canvas.add_tile(numbered, tile.x, tile.y, mask=labels > 0)
            total += int(labels.max())
        plane.to_omezarr(target, labels={"nuclei": canvas.to_dataset()}, levels=2, overwrite="replace")
    return total


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:] or made.cells("nuclei.ome.zarr"))
    print(f"{segment(source, target)} nuclei in {target}/labels/nuclei")

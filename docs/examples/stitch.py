"""Put the tiles of a folder where the stage stood when they were taken, and write one image with coarser levels.

Run it as: python stitch.py [FOLDER RESULT.ome.tif]
"""

from __future__ import annotations

import sys
from pathlib import Path

import made

import omio


def stitch(folder: Path, target: Path) -> omio.WriteReport:
    """Place each tile to the nearest pixel, the first on top; nothing is registered, and no tile is held in memory."""
    with omio.open_folder(folder) as tiles:
        whole = tiles.merge(along="M", policy=omio.MosaicMerge(overlap="first"))
        for name, part in zip(tiles, whole.metadata.provenance[-1].parts, strict=True):
            print(name, part["at"])
        return whole.to_ometiff(target, levels=3, overwrite="replace")


if __name__ == "__main__":
    folder, target = map(Path, sys.argv[1:] or made.tiles("whole.ome.tif"))
    print(stitch(folder, target).path)

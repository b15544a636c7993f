"""Project a stack to its brightest depths: an OME-TIFF that keeps its scale, and a figure with a scale bar.

Run it as: python max_projection.py [STACK RESULT.ome.tif]
"""

from __future__ import annotations

import sys
from pathlib import Path

import made

import omio


def project(source: Path, target: Path) -> Path:
    """Write the projection, and beside it a figure of its first frame."""
    with omio.open(source) as stack:
        flat = stack.project("Z", how="max")
        flat.to_ometiff(target, overwrite="replace")
        figure = flat.plot("composite", t=0)
    picture = target.with_name(f"{target.name.partition('.')[0]}.png")
    figure.savefig(picture, dpi=150, bbox_inches="tight")
    return picture


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:] or made.cells("projection.ome.tif"))
    print(f"{project(source, target)} shows {target}")

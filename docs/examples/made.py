"""Small files for these examples, each call in a new folder: ``[source, target]`` where a script is given no paths."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import tifffile

from omio.testing import makers

STEP = (40, 52)
"""Rows and columns from one tile to the next; tiles are larger, so they overlap."""
EXTENT = (56, 76)
BACKGROUND = 100
RATIOS = (1.0, 1.5, 2.0, 1.25)


def cells(target: str) -> list[Path]:
    """Two channels, five depths, three times."""
    folder = _folder()
    makers.ome_tiff(folder / "cells.ome.tif")
    return [folder / "cells.ome.tif", folder / target]


def calcium(target: str) -> list[Path]:
    """Fura-2: what is lit at 340 nm is `RATIOS` times what is lit at 380 nm, over a background."""
    folder = _folder()
    light = makers.cells((1, 1, 1, 96, 128))[0, 0, 0].astype(float)
    frames = [[[BACKGROUND + ratio * light], [BACKGROUND + light]] for ratio in RATIOS]
    pixels = np.round(np.array(frames)).astype("u2").swapaxes(1, 2)
    channels = {"Name": ["F340", "F380"], "ExcitationWavelength": [340.0, 380.0]}
    sizes = {"TimeIncrement": 0.5, "PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65}
    metadata = {"axes": "TZCYX", "Channel": channels, **sizes}
    tifffile.imwrite(folder / "fura.ome.tif", pixels, photometric="minisblack", metadata=metadata)
    return [folder / "fura.ome.tif", folder / target]


def tiles(target: str) -> list[Path]:
    """Cut an image into four tiles that overlap, with the position of the stage in each."""
    folder, size = _folder(), makers.PIXEL_SIZE["X"]
    (folder / "tiles").mkdir()
    whole = makers.cells((1, 1, 1, STEP[0] + EXTENT[0], STEP[1] + EXTENT[1]))[0, 0, 0]
    for row, column in np.ndindex(2, 2):
        top, left = row * STEP[0], column * STEP[1]
        plane = {"PositionX": [left * size], "PositionY": [top * size]}
        plane |= {"PositionXUnit": ["µm"], "PositionYUnit": ["µm"]}
        metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size, "Plane": plane}
        tile = whole[top : top + EXTENT[0], left : left + EXTENT[1]]
        tifffile.imwrite(folder / "tiles" / f"tile{row}{column}.ome.tif", tile, metadata=metadata)
    return [folder / "tiles", folder / target]


def mice(target: str) -> list[Path]:
    """Two mice on two days, in folders of subjects and experiments."""
    folder = _folder()
    for mouse in ("mouse-1", "mouse-2"):
        for day in ("day01", "day02"):
            (folder / "mice" / mouse / day).mkdir(parents=True)
            makers.ome_tiff(folder / "mice" / mouse / day / "brain.ome.tif")
    return [folder / "mice", folder / target]


def project(target: str) -> list[Path]:
    """Images of several formats, and one file that was cut off."""
    folder = _folder()
    makers.project(folder / "project")
    (folder / "project" / "broken.tif").write_bytes(b"II*\0 and no more")
    return [folder / "project", folder / target]


def lumen(target: str) -> list[Path]:
    """A file of the format that `made_up_format.py` reads."""
    folder = _folder()
    pixels = makers.cells((2, 3, 2, 48, 64))
    header = {
        "shape": pixels.shape,
        "pixel_size": makers.PIXEL_SIZE,
        "time_increment": makers.TIME_INCREMENT,
        "channels": [{"name": name} for name in makers.CHANNELS],
    }
    (folder / "cells.lumen").write_bytes(b"LUMEN\n" + json.dumps(header).encode() + b"\n" + pixels.tobytes())
    return [folder / "cells.lumen", folder / target]


def _folder() -> Path:
    return Path(mkdtemp(prefix="omio-example-"))

"""Fura-2: the ratio of two excitations over time, on the workers of a dask cluster.

Run it as: python ratio_on_cluster.py [MOVIE RESULT.ome.zarr]

`Client("tcp://scheduler:8786")` instead of `Client()` does the same on machines elsewhere that see the files.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import made
from distributed import Client

import omio

if TYPE_CHECKING:
    import xarray

BACKGROUND = 100.0
"""What the camera counts in the dark."""
DIMMEST = 200.0
"""Light that is too faint to divide by."""


def quotient(movie: xarray.DataArray) -> xarray.DataArray:
    """Divide what is lit at 340 nm by what is lit at 380 nm; NaN where there are no cells."""
    light = movie.astype("float32") - BACKGROUND
    above, below = light.sel(C="F340", drop=True), light.sel(C="F380", drop=True)
    return (above / below).where(below > DIMMEST)


def ratio(source: Path, target: Path, client: Client) -> xarray.DataArray:
    """Write the ratio image, and return its mean over the cells of each frame, along T in seconds."""
    with omio.open(source, chunks="time") as movie:
        result = movie.map(quotient, step="F340 / F380").with_metadata(channels=["ratio"])
        result.to_omezarr(target, overwrite="replace", client=client)
    with omio.open(target) as written:
        return written.data.mean(("Z", "C", "Y", "X")).compute(scheduler=client)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:] or made.calcium("ratio.ome.zarr"))
    with Client() as client:
        means = ratio(source, target, client)
    for seconds, mean in zip(means.coords["T"].values, means.values, strict=True):
        print(f"{seconds:6.2f} s  {mean:.3f}")
    print(target)

"""What is written in the tests of faults, and how one sees whether it is whole."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import omio

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NIGHTLY = bool(os.environ.get("OMIO_NIGHTLY"))
"""Whether there is time for all combinations, and for many kills."""
SHAPE = (2, 1, 2, 64, 96)


def pixels(seed: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint16]:
    """Return pixels that no codec makes much smaller."""
    return np.random.default_rng(seed).integers(0, 60_000, shape, dtype=np.uint16)


@dataclass(frozen=True)
class Format:
    """A way of writing an image.

    Attributes
    ----------
    verb
        Method of the dataset.
    name
        What is written.
    options
        Its keywords.
    """

    verb: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Whether what an interrupted call left waits for the next one."""
        return "resume" in self.options

    def write(self, image: omio.MicroscopyDataset, folder: Path, **options: Any) -> Path:
        """Write an image into a folder, over what lies there."""
        path = folder / self.name
        getattr(image, self.verb)(path, overwrite="replace", **self.options, **options)
        return path

    def holds(self, path: Path, wanted: NDArray[Any]) -> bool:
        """Whether all pixels are there; raises where it cannot be read."""
        return np.array_equal(omio.open(path).load(), wanted)


FORMATS = {
    "tiff": Format("to_ometiff", "a.ome.tif", {"compression": "none"}),
    "tiff-zlib-pyramid": Format("to_ometiff", "a.ome.tif", {"compression": "zlib", "levels": 2, "tile": (32, 32)}),
    "imagej": Format("to_ometiff", "a.tif", {"flavor": "imagej"}),
    "omezarr-0.5": Format("to_omezarr", "a.ome.zarr", {"levels": 2, "chunks": (32, 32), "shards": False}),
    "omezarr-0.4": Format("to_omezarr", "a.ome.zarr", {"version": "0.4", "levels": 2, "chunks": (32, 32)}),
    "omezarr-sharded": Format("to_omezarr", "a.ome.zarr", {"levels": 2, "chunks": (32, 32), "shards": True}),
    "omezarr-resumed": Format("to_omezarr", "a.ome.zarr", {"levels": 1, "chunks": (64, 64), "resume": True}),
    "omezarr-zip": Format("to_omezarr", "a.ozx", {"levels": 2, "chunks": (32, 32)}),
    "zarr": Format("to_zarr", "a.zarr", {"chunks": (32, 32)}),
}


def contents(path: Path) -> dict[str, bytes] | None:
    """Return the bytes of a file, or of all files of a folder, by their names; None where nothing is there."""
    if not path.exists():
        return None
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {file.relative_to(path.parent).as_posix(): file.read_bytes() for file in files}

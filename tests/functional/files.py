"""Files as the examples of users have them; written with tifffile alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def small(value: int = 0, shape: tuple[int, ...] = (1, 2, 2, 24, 32), dtype: str = "uint16") -> NDArray[Any]:
    """Return pixels that differ in every plane."""
    planes = np.arange(np.prod(shape[:3])).reshape(*shape[:3], 1, 1)
    return (np.zeros(shape) + planes * 10 + value).astype(dtype)


def ome(path: Path, pixels: NDArray[Any] | None = None, **metadata: Any) -> NDArray[Any]:
    """Write an OME-TIFF of T Z C Y X."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = small() if pixels is None else pixels
    if metadata:
        tifffile.imwrite(path, found, ome=True, photometric="minisblack", metadata={"axes": "TZCYX", **metadata})
    else:
        makers.ome_tiff(path, found)
    return found


def imagej(path: Path, pixels: NDArray[Any] | None = None, **metadata: Any) -> NDArray[Any]:
    """Write an ImageJ hyperstack of T Z C Y X."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = small() if pixels is None else pixels
    told = {"axes": "TZCYX", "unit": "um", **metadata}
    tifffile.imwrite(path, found, imagej=True, metadata=told, resolution=(2.0, 2.0))
    return found


def two_scenes(path: Path) -> None:
    """Write an OME-TIFF of two images."""
    with tifffile.TiffWriter(path, ome=True) as writer:
        for value in (1, 2):
            writer.write(small(value)[0, 0], photometric="minisblack", metadata={"axes": "CYX", "Name": f"pos{value}"})

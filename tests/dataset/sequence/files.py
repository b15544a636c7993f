"""Small files that tests of sequences are made of, each of one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

if TYPE_CHECKING:
    from pathlib import Path

    from omio.dataset.dataset import MicroscopyDataset


def write(
    folder: Path, names: dict[str, int], size: tuple[int, int] = (4, 5), dtype: str = "uint16", **tags: Any
) -> None:
    """Write files of one value each: name -> value."""
    for name, value in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, np.full(size, value, dtype), metadata=None, **tags)


def corners(image: MicroscopyDataset) -> Any:
    """Return the first pixel of every plane, T Z C."""
    return image.load()[:, :, :, 0, 0].tolist()


def read_npy(path: str) -> Any:
    """Read a format that omio does not know."""
    return np.load(path)

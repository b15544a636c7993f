"""Small pictures of what was written: one PNG file a job, for people.

They lie in files of their own, not in the report: a line of it stays short enough to read and search, and ten thousand
jobs do not make a hundred megabytes that every resume must parse.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.batch.running.setup import HIDDEN
from omio.store.atomic import as_write_errors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset

EDGE = 96
"""Pixels of the longer side."""
MOST_CHANNELS = 6
WINDOW = 4096
"""Most pixels a side that are looked at: of a larger plane without coarser levels the middle is shown."""
SAMPLED = 1 << 17
"""Most pixels a channel that are read."""
_PALETTE = ("#00FF00", "#FF00FF", "#00FFFF", "#FFFF00", "#FF4040", "#4080FF")
_SHADES = 64


def save_thumbnail(image: MicroscopyDataset, destination: str, output: Path) -> str | None:
    """Write a PNG of the middle plane; return its path relative to the output folder, None for an image without pixels.

    Reads at most `SAMPLED` pixels of each of `MOST_CHANNELS` channels, from the coarsest level that is large enough.
    """
    if 0 in image.shape:
        return None
    name = f"{HIDDEN}/thumbnails/{hashlib.blake2b(destination.encode(), digest_size=8).hexdigest()}.png"
    made, target = output / HIDDEN / "saving" / secrets.token_hex(8), output / name
    picture = _paint(image)
    with as_write_errors(target):
        for folder in (made.parent, target.parent):
            folder.mkdir(parents=True, exist_ok=True)
        _save(picture, made)
        made.replace(target)
    return name


def _save(picture: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    made = Image.fromarray(picture)
    made.thumbnail((EDGE, EDGE), Image.Resampling.BOX, reducing_gap=None)
    if made.mode == "RGB":
        made = made.quantize(_SHADES, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    made.save(path, "PNG")


def _paint(image: MicroscopyDataset) -> NDArray[np.uint8]:
    """Return Y X (one channel without a colour) or Y X 3."""
    pixels = _middle(image)
    if pixels.ndim == 4:  # samples of one channel
        return _scaled(pixels[0, ..., :3]) if pixels.shape[-1] >= 3 else _scaled(pixels[0, ..., 0])
    colors = image.facts.channels.get("color", (None,) * image.sizes["C"])[: len(pixels)]
    if len(pixels) == 1 and colors[0] is None:
        return _scaled(pixels[0])
    picture = np.zeros((*pixels.shape[1:], 3), np.float32)
    for number, (channel, color) in enumerate(zip(pixels, colors, strict=True)):
        shade = _rgb(color or _PALETTE[number % len(_PALETTE)])
        picture += _stretched(channel)[..., None] * shade
    return np.minimum(picture, 255).astype(np.uint8)


def _middle(image: MicroscopyDataset) -> NDArray[Any]:
    """Read the middle T and Z of a level that is just large enough, as C Y X [S]."""
    fitting = [level for level in image.levels if max(level.sizes["Y"], level.sizes["X"]) >= EDGE]
    level = fitting[-1] if fitting else image
    sizes = level.sizes
    step = max(1, math.ceil(math.sqrt(min(sizes["Y"], WINDOW) * min(sizes["X"], WINDOW) / SAMPLED)))
    chosen = {dim: _center(sizes[dim], step) for dim in "YX"}
    plane = level.isel(T=sizes["T"] // 2, Z=sizes["Z"] // 2, C=slice(MOST_CHANNELS), **chosen)
    return _averaged(plane.recipe.load()[0, 0])


def _averaged(pixels: NDArray[Any]) -> NDArray[Any]:
    """Join whole squares of pixels of C Y X [S] until the longer side is below four edges; the dtype is kept."""
    factor = max(pixels.shape[1:3]) // (2 * EDGE)
    height, width = pixels.shape[1] // max(factor, 1), pixels.shape[2] // max(factor, 1)
    if factor < 2 or not height or not width:
        return pixels
    whole = pixels[:, : height * factor, : width * factor]
    squares = whole.reshape(len(pixels), height, factor, width, factor, *pixels.shape[3:])
    kind = np.complex64 if pixels.dtype.kind == "c" else np.float32
    joined: NDArray[Any] = squares.mean((2, 4), dtype=kind).astype(pixels.dtype)
    return joined


def _center(size: int, step: int) -> slice:
    start = max(0, (size - WINDOW) // 2)
    return slice(start, min(size, start + WINDOW), step)


def _scaled(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8 and pixels.ndim == 3:  # colours are shown as they are
        return np.ascontiguousarray(pixels)
    return (_stretched(pixels) * 255).astype(np.uint8)


def _stretched(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Map the darkest and the brightest thousandths to 0 and 1; what is no number is dark."""
    values = np.abs(pixels) if pixels.dtype.kind == "c" else pixels
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = np.percentile(finite[:: 1 + len(finite) // 256, :: 1 + finite.shape[1] // 256], (0.5, 99.8))
    stretched: NDArray[np.float32] = np.clip((finite - low) / max(float(high - low), 1e-12), 0, 1)
    return stretched


def _rgb(color: str) -> NDArray[np.float32]:
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], np.float32)

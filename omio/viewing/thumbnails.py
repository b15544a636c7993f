"""Small pictures of an image for a page, made within a budget: bytes that are decoded, seconds, bytes of the page."""

from __future__ import annotations

import io
import math
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.dataset.text import bytes_text
from omio.errors import OmioError
from omio.raster.thumbnail import overview
from omio.viewing.pictures import fit, paint
from omio.viewing.projections import decoded_bytes, is_remote, samples_apart, sufficient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset
    from omio.lazy.recipe import Recipe
    from omio.raster.colors import Rgb

EDGES = (128, 104, 80, 64, 48)
"""Pixels of the longer side; the first with which all fit on the page."""
MOST_CHANNELS = 8
DECODED = 64 << 20
"""Most bytes that are decoded for all of them."""
SECONDS = 0.5
"""After which no further channel is read."""
PNG_BYTES = 30_000
"""Most bytes of all of them."""
_SHADES, _COLORS = 48, 160
"""Of a picture of one channel, and of several."""


@dataclass(frozen=True)
class Thumbnail:
    """A small picture: its label, the colour of what it shows, and a PNG file of some width and height."""

    label: str
    color: Rgb | None
    png: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Thumbnails:
    """What there is to see of an image.

    Attributes
    ----------
    pictures
        Of each channel that was read, then of all together where there are several.
    missing
        Why there are no more; empty where there are all.
    warned
        What was warned of while pixels were read.
    """

    pictures: tuple[Thumbnail, ...] = ()
    missing: str = ""
    warned: tuple[str, ...] = ()


def thumbnails(image: MicroscopyDataset, *, edges: tuple[int, ...] = EDGES, most: int = PNG_BYTES) -> Thumbnails:
    """Make pictures of the channels in the middle of T and Z; whatever reading raises is told, not raised."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pictures, missing = _attempt(samples_apart(image), edges, most)
    return Thumbnails(pictures, missing, tuple(dict.fromkeys(str(item.message) for item in caught)))


def _attempt(image: MicroscopyDataset, edges: tuple[int, ...], most: int) -> tuple[tuple[Thumbnail, ...], str]:
    try:
        level = sufficient(image, 2 * edges[0])
        if refused := _refusal(level):
            return (), refused
        planes = _read(level, 2 * edges[0])
        missing = _unread(image.sizes["C"], len(planes))
        return _small_enough(image, planes, edges, most), missing
    except Exception as error:  # a plug-in or a function of the user's reads here, and a page must not fail for that
        return (), f"pixels could not be read: {_cause(error)}"


def _cause(error: Exception) -> str:
    """Say what went wrong without the path, which is not the business of whoever the page is sent to."""
    if isinstance(error, OmioError):
        return ". ".join(part for part in (error.cause, error.remedy) if part)
    return str(error) or type(error).__name__


def _refusal(image: MicroscopyDataset) -> str:
    """Say why no pixel is read; empty where they may be."""
    if not all(image.shape):
        return "no pixels"
    recipe = image.recipe
    if is_remote(recipe):
        return "the file lies elsewhere: .thumbnail() reads it"
    if math.isinf(cost := _pixel_cost(recipe)):
        return "pixels are computed when asked: .thumbnail() computes them"
    if cost * min(image.sizes["C"], MOST_CHANNELS) > DECODED:
        return f"at least {bytes_text(int(cost))} must be decoded for a channel: .thumbnail() reads it"
    return ""


def _pixel_cost(recipe: Recipe) -> float:
    """Return how many bytes are decoded for one pixel."""
    return decoded_bytes(recipe, tuple(range(size // 2, size // 2 + 1) for size in recipe.shape))


def _read(image: MicroscopyDataset, most: int) -> dict[int, NDArray[Any]]:
    """Read channels until the time is over, one at least."""
    count = min(image.sizes["C"], MOST_CHANNELS)
    place = {"t": image.sizes["T"] // 2, "z": image.sizes["Z"] // 2}
    # of a projection each chunk costs as much as all that it is made of
    weight = _pixel_cost(image.recipe) / (math.prod(image.recipe.chunk) * image.dtype.itemsize)
    most_bytes = int(DECODED / count / max(1.0, weight))
    begun = time.monotonic()
    planes: dict[int, NDArray[Any]] = {}
    for number in range(count):
        if planes and time.monotonic() - begun > SECONDS:
            break
        planes[number] = overview(image, most, **place, c=number, max_bytes=most_bytes)
    return planes


def _unread(count: int, read: int) -> str:
    if read == count:
        return ""
    return f"{count - read} more" if read == MOST_CHANNELS else f"reading takes long: {count - read} more"


def _small_enough(
    image: MicroscopyDataset, planes: dict[int, NDArray[Any]], edges: tuple[int, ...], most: int
) -> tuple[Thumbnail, ...]:
    """Make pictures as large as all fit into so many bytes; the smallest in any case."""
    made: tuple[Thumbnail, ...] = ()
    for edge in edges:
        made = _make(image, planes, edge)
        if sum(len(picture.png) for picture in made) <= most:
            break
    return made


def _make(image: MicroscopyDataset, planes: dict[int, NDArray[Any]], edge: int) -> tuple[Thumbnail, ...]:
    small = {number: fit(plane, edge, edge) for number, plane in planes.items()}
    painting = paint(small, image.facts)
    shades = _SHADES if "S" not in image.sizes else _COLORS
    made = [_thumbnail(panel.label, panel.color, panel.pixels, shades) for panel in painting.panels]
    if len(made) > 1:
        made.append(_thumbnail("all", None, painting.whole, _COLORS))
    return tuple(made)


def _thumbnail(label: str, color: Rgb | None, pixels: NDArray[Any], colors: int) -> Thumbnail:
    return Thumbnail(label, color, _png(pixels, colors), pixels.shape[1], pixels.shape[0])


def _png(pixels: NDArray[Any], colors: int) -> bytes:
    """Write a picture, Y X 3, as a PNG file of few colours."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).quantize(colors, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()

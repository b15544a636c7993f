"""A scene as the server shows it: what is worked out once and kept."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from omio.dims import SAMPLES
from omio.errors import LayoutError
from omio.metadata.facts import channel_rows
from omio.raster.encoded import stored_format
from omio.raster.levels import tile_extent, virtual_levels

if TYPE_CHECKING:
    from collections.abc import Callable

    from omio.dataset import MicroscopyDataset


TILE = 256
"""Rows and columns of a tile where the file does not hold tiles that are shown as they are."""


class Shown:
    """A scene. What two threads work out at the same time is the same.

    Attributes
    ----------
    image
        Its pixels.
    stored
        Format of the pictures that its tiles lie in the file as; None where they are none.
    tile
        Rows and columns of a tile.

    Raises
    ------
    LayoutError
        There is no pixel to show.
    """

    def __init__(self, image: MicroscopyDataset) -> None:
        if not all(image.sizes.values()):
            raise LayoutError(f"an image without pixels: {' '.join(f'{dim} {n}' for dim, n in image.sizes.items())}")
        rows, columns = tile_extent(image)
        self.image = image
        self.stored = stored_format(image) if rows == columns else None
        self.tile = TILE if self.stored is None else rows
        self.limits: Callable[[int], tuple[float, float]] = cache(self._limits)
        self.extremes: Callable[[int], tuple[float, float]] = cache(self._extremes)

    @cached_property
    def digest(self) -> str:
        """Names these very pixels, as far as files and arrays say."""
        return self.image.recipe.digest

    @property
    def levels(self) -> int:
        """How many levels of tiles there are."""
        return virtual_levels(self.image.sizes["X"], self.image.sizes["Y"], self.tile)

    @cached_property
    def colors(self) -> tuple[str, ...]:
        """Colour of each channel, ``#RRGGBB``."""
        from omio.raster.colors import channel_color

        rows = channel_rows(self.image.facts)
        return tuple(
            "#{:02X}{:02X}{:02X}".format(*channel_color(row, number, len(rows))) for number, row in enumerate(rows)
        )

    def _limits(self, channel: int) -> tuple[float, float]:
        """Return the display limits of a channel over the whole image; those of RGB keep black and the hues.

        They are what the dtype can say, or as many bits of it as the image uses: cameras of 12 bits fill 16.
        """
        from omio.raster.contrast import image_limits

        if SAMPLES not in self.image.sizes:
            return image_limits(self.image, channel)
        if self.image.dtype.kind != "u":
            return image_limits(self.image, channel, "dtype")
        bits = 8 if self.image.dtype.itemsize == 1 else max(8, int(self.extremes(channel)[1]).bit_length())
        return 0.0, float((1 << bits) - 1)

    def _extremes(self, channel: int) -> tuple[float, float]:
        """Return the least and the greatest value that an overview of a channel has."""
        from omio.raster.contrast import image_limits

        return image_limits(self.image, channel, "minmax")

"""`Styled`: an image and how it shall look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import MemoryLimitError, OptionError, PolicyError, TileRangeError
from omio.indexing import simplify
from omio.lazy.pool import run_all
from omio.metadata.facts import channel_rows
from omio.naming import counted, span
from omio.raster.contrast import check_real, image_limits
from omio.raster.icc import icc_profile, to_srgb
from omio.raster.look import looks
from omio.raster.render import check_form, checked, paint, plane_limits
from omio.settings import memory_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.image import Image
    from omio.lazy.recipe import Recipe
    from omio.policies.style import Style
    from omio.raster.contrast import Function, Limits
    from omio.raster.look import Look
    from omio.raster.render import Form

BAND = 1 << 18
"""Pixels that are painted at a time by a thread."""
NOTEBOOK = 512
"""Longest side of the picture in a notebook."""


@dataclass(frozen=True, eq=False)
class Styled:
    """An image and how it shall look; nothing is read before it is rendered.

    Attributes
    ----------
    image
        T Z C Y X [S].
    style
        How; `omio.raster.render` tells the arithmetic.
    function
        Makes other pixels of the Y X [S] pixels of a channel before their contrast is judged. Each of its pixels may
        depend only on the one at the same place, or tiles do not fit together.

    Raises
    ------
    PolicyError, SelectionError
        Colours or channels that there are not; complex pixels.
    """

    image: Image
    style: Style
    function: Function | None = None

    def __post_init__(self) -> None:
        check_real(self.image.dtype)
        self.looks  # noqa: B018 - what the style cannot mean is an error now

    @cached_property
    def looks(self) -> Mapping[int, Look]:
        """How each shown channel is painted, by number."""
        return looks(channel_rows(self.image.facts), self.style, rgb=self.image.sizes.get("S", 1) > 1)

    @cached_property
    def limits(self) -> dict[int, Limits]:
        """Pixel values shown darkest and brightest in the whole image, by number of channel; see `raster.contrast`."""
        return {
            number: image_limits(self.image, number, look.clim, nodata=look.nodata, function=self._function)
            if isinstance(look.clim, str)
            else look.clim
            for number, look in self.looks.items()
        }

    def render(
        self, *, t: int = 0, z: int = 0, level: int | None = None, dtype: Form = "uint8", **region: Any
    ) -> NDArray[Any]:
        """Make the picture of a plane, or of a part of it.

        Parameters
        ----------
        t, z
            Which plane.
        level
            The whole plane at this virtual level, as `ds.tile` counts them: 0 is full, each halves the one before.
        dtype
            ``"uint8"``, ``"uint16"`` for finer steps, or ``"float32"`` for values of 0 to 1.
        **region
            Which part, at what size: x, y, max_width, and what else `ds.region` takes.

        Returns
        -------
        Y X and 3 samples, red, green and blue, or 4 with alpha where the style has ``nodata`` or ``clip=False``, or the
        image has it.

        Raises
        ------
        OptionError
            Another dtype, or both a level and a region.
        TileRangeError
            No such plane or level.
        MemoryLimitError
            A picture that takes more than `omio.config` allows.
        """
        check_form(dtype)
        if level is not None and region:
            raise OptionError("both level= and a region are given", remedy="max_width= says the size of a region.")
        recipe = self._part(region) if level is None else self._level(level)
        return self._painted(self._planes(recipe, t, z), dtype)

    def tile(
        self, level: int, x: int, y: int, *, t: int = 0, z: int = 0, dtype: Form = "uint8", **options: Any
    ) -> NDArray[Any]:
        """Make the picture of a tile, which fits to its neighbours; `options` are those of `ds.tile`: size, edge, …."""
        from omio.raster.tile import read_tile

        check_form(dtype)
        planes = {c: read_tile(self.image, level, x, y, t=t, z=z, c=c, **options) for c in self.looks}
        return self._painted(planes, dtype)

    def encode(
        self,
        format: str,  # noqa: A002 - the word of every library of pictures
        *,
        quality: int | None = None,
        subsampling: str | None = None,
        compression: str | int | None = None,
        **view: Any,
    ) -> bytes:
        """Render, and encode; `view` is what `render` takes, the rest what `omio.raster.encode.encode` takes."""
        from omio.raster.encode import encode

        return encode(self.render(**view), format, quality=quality, subsampling=subsampling, compression=compression)

    def _repr_png_(self) -> bytes:
        return self.encode("png", max_width=NOTEBOOK, max_height=NOTEBOOK)

    @cached_property
    def _function(self) -> Function | None:
        """What is done to the pixels of a channel before their contrast is judged."""
        if not self.style.icc:
            return self.function
        profile, then = icc_profile(self.image), self.function
        if profile is None:
            raise PolicyError("the file holds no colour profile", remedy="Leave out icc=True.")
        return lambda pixels: to_srgb(pixels, profile) if then is None else then(to_srgb(pixels, profile))

    def _changed(self, pixels: NDArray[Any]) -> NDArray[Any]:
        if self._function is None:
            return pixels
        found = self._function(pixels)
        if found.shape[:2] != pixels.shape[:2]:
            raise PolicyError(f"the function makes pixels of shape {found.shape} of {pixels.shape}")
        return found

    def _part(self, region: dict[str, Any]) -> Recipe:
        from omio.raster.region import region as cut

        return cut(self.image, **region).recipe if region else self.image.recipe

    def _level(self, level: int) -> Recipe:
        from omio.raster.pyramid import VirtualLevel, pyramid_of

        pyramid = pyramid_of(self.image)
        if not 0 <= level < pyramid.count:
            raise TileRangeError(f"no level {level}", remedy=counted(pyramid.count, "level"))
        return VirtualLevel(pyramid, level)

    def _planes(self, recipe: Recipe, t: int, z: int) -> dict[int, NDArray[Any]]:
        return dict(zip(self.looks, plane(recipe, t, z, list(self.looks)), strict=True))

    def _painted(self, planes: Mapping[int, NDArray[Any]], dtype: Form) -> NDArray[Any]:
        plain = {c: checked(self._changed(pixels)) for c, pixels in planes.items()}
        limits = self.limits if self.style.per == "image" else {c: plane_limits(plain[c], self.looks[c]) for c in plain}

        def painted(rows: slice) -> NDArray[Any]:
            return paint([(plain[c][rows], look, limits[c]) for c, look in self.looks.items()], self.style.blend, dtype)

        height, width = next(iter(plain.values())).shape[:2]
        step = max(1, BAND // max(1, width))
        bands = [slice(top, top + step) for top in range(0, height, step)]
        if len(bands) < 2:
            return painted(slice(None))
        picture = np.empty((height, width, painted(slice(0, 0)).shape[2]), dtype)

        def fill(rows: slice) -> None:
            picture[rows] = painted(rows)

        run_all(fill, bands)
        return picture


def plane(recipe: Recipe, t: int, z: int, channels: list[int]) -> NDArray[Any]:
    """Read channels of a plane: C Y X [S].

    Raises
    ------
    TileRangeError
        No such plane.
    MemoryLimitError
        More than `omio.config` allows, with the picture that is made of it.
    """
    wanted = (("t", [t]), ("z", [z]), ("c", channels))
    for (name, places), size in zip(wanted, recipe.shape, strict=False):
        if outside := [at for at in places if not 0 <= at < size]:
            raise TileRangeError(f"{name}={outside[0]} is outside of {span(size)}")
    height, width, *samples = recipe.shape[3:]
    needed = height * width * (len(channels) * math.prod(samples) * recipe.dtype.itemsize + 4)
    most = memory_limit()
    if most is not None and needed > most:
        raise MemoryLimitError(
            f"a picture of {width} x {height} pixels takes {needed:,} bytes, {most:,} are allowed",
            remedy="Give a region, max_width= or level=.",
        )
    chosen = simplify(np.array(channels, np.intp))
    pixels = recipe.load((range(t, t + 1), range(z, z + 1), chosen, *map(range, recipe.shape[3:])))
    found: NDArray[Any] = pixels[0, 0]
    return found

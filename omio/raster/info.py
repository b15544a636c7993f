"""What whoever shows an image tile by tile must know of it, ready for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from omio.raster.box import Frame, states_magnification
from omio.raster.levels import resolutions
from omio.raster.pyramid import pyramid_of

if TYPE_CHECKING:
    from omio.image import Image


class TileInfo(BaseModel):
    """Tiles, levels and planes of an image; unknown is None.

    Attributes
    ----------
    levels
        Number of virtual levels: 0 is full, of the last one tile is all.
    width, height
        Of the full image in pixels.
    tile_width, tile_height
        In pixels.
    stored
        How many full pixels one pixel joins along X, of each level that is stored.
    magnification, magnification_from
        Of full pixels, and whether the objective says it or it follows from the size of pixels, as scanners count.
    pixel_size
        µm along Y and X.
    dtype, samples
        Of the pixels; grey ones have one sample.
    sizes
        T, Z, C: how many planes there are along each.
    strides
        T, Z, C: how far apart their planes are where all planes are counted with C fastest, then Z, then T.
    channels
        Names; None where one has none.
    """

    model_config = ConfigDict(frozen=True)

    levels: int
    width: int
    height: int
    tile_width: int
    tile_height: int
    stored: tuple[float, ...]
    magnification: float | None
    magnification_from: Literal["objective", "pixel size"] | None
    pixel_size: dict[str, float | None]
    dtype: str
    samples: int
    sizes: dict[str, int]
    strides: dict[str, int]
    channels: tuple[str | None, ...]


def tile_info(image: Image) -> TileInfo:
    """Describe an image; no pixel is read."""
    facts, frame, pyramid = image.facts, Frame.of(image), pyramid_of(image)
    count = facts.sizes["C"]
    basis: Literal["objective", "pixel size"] = "objective" if states_magnification(facts) else "pixel size"
    return TileInfo(
        levels=pyramid.count,
        width=frame.extent[1],
        height=frame.extent[0],
        tile_width=pyramid.tile[1],
        tile_height=pyramid.tile[0],
        stored=tuple(level.factors[1] for level in resolutions(image)),
        magnification=frame.magnification,
        magnification_from=None if frame.magnification is None else basis,
        pixel_size=dict(zip("YX", frame.spacing, strict=True)),
        dtype=str(image.dtype),
        samples=facts.sizes.get("S", 1),
        sizes={dim: facts.sizes[dim] for dim in "TZC"},
        strides={"T": facts.sizes["Z"] * count, "Z": count, "C": 1},
        channels=facts.channels.get("name", (None,) * count),
    )

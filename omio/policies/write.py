"""`WritePolicy`: how a file is written."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from omio.policies.base import Policy

type Overwrite = Literal["error", "replace", "increment"]
type Downsampling = Literal["mean", "nearest", "mode"]
type Flavor = Literal["ome", "imagej"]


class WritePolicy(Policy):
    """How a TIFF is written.

    Attributes
    ----------
    compression
        Codec by name: none, zlib, zstd, lzw, lzma, packbits, jpeg, jpeg2000, jpeg-xl, webp, lerc, png. All but jpeg
        keep every pixel; zlib (deflate) is what every reader knows.
    compression_level
        Of the codec; None takes its default (1 for zlib: three times faster than 6, and with the predictor smaller).
    predictor
        None chooses: horizontal differences for integers, none for floats (Bio-Formats reads no floating point
        predictor), with the codecs that gain by it.
    tile
        (height, width) in pixels, multiples of 16; None writes strips; ``"auto"`` tiles of at most 512 x 512 that fill
        the plane well, and strips where it is narrower than a tile or uncompressed.
    levels
        Number of resolutions, the full one included; ``"auto"`` halves until a level fits into one tile; 1 is none;
        None takes as many as the source has.
    downsampling
        How a level is made of the one before: mean of 2 x 2 (integers to the nearest, halves up), nearest (the first
        of the four), or mode (the most frequent of the four, the first of equals: for labels).
    bigtiff
        None decides from an upper bound of the file's size.
    flavor
        ``ome`` or ``imagej`` (a hyperstack that plain Fiji opens with scale, unit, interval and channels).
    overwrite
        What to do with a file of that name: error, replace, or increment to a free name.
    verify
        Read the output again and record both digests.
    cast
        Another dtype to convert to, by name; None keeps the dtype. Integers that the new dtype cannot hold stop the
        writing: they are never wrapped.
    """

    kind: ClassVar[str] = "write"

    compression: str = "zlib"
    compression_level: int | None = None
    predictor: bool | None = None
    tile: tuple[int, int] | Literal["auto"] | None = "auto"
    levels: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    downsampling: Downsampling = "mean"
    bigtiff: bool | None = None
    flavor: Flavor = "ome"
    overwrite: Overwrite = "error"
    verify: bool = False
    cast: str | None = None

"""How images are written: `WritePolicy` for TIFF, `OmeZarrPolicy` and `ZarrPolicy` for Zarr, …."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from omio.errors import PolicyError
from omio.policies.base import Choice, Policy

type Overwrite = Literal["error", "replace", "increment"]
type OfFour = Literal["mean", "nearest", "mode", "median", "max", "min"]
"""Ways to make one pixel of 2 x 2."""
type Downsampling = OfFour | Literal["gaussian"]
type Flavor = Literal["ome", "imagej"]
type Length = Annotated[int, Field(ge=1)]
type Lengths = tuple[Length, Length, Length, Length, Length]
"""Of T, Z, C, Y, X."""
type ByDim = dict[Literal["T", "Z", "C", "Y", "X"], Length]
"""Lengths of some dims; the others are left open."""
SPELLINGS = {"codec": "compression", "downsample": "downsampling", "dtype": "cast"}
"""Words that are understood as well -> the field that they mean."""


class OutputPolicy(Policy):
    """What all targets share.

    Attributes
    ----------
    overwrite
        What to do where the name is taken: error, replace, or increment to a free name.
    cast
        Another dtype to convert to, by name; None keeps the dtype. Integers that the new dtype cannot hold stop the
        writing: they are never wrapped.

    Notes
    -----
    ``codec``, ``downsample`` and ``dtype`` are understood as ``compression``, ``downsampling`` and ``cast``.
    """

    default_kind: ClassVar[str] = "write"

    overwrite: Overwrite = "error"
    cast: str | None = None

    def __init__(self, **fields: Any) -> None:
        super().__init__(**_spelled(fields))

    @classmethod
    def resolve(cls, choice: Choice[Self] | None, **fields: Any) -> Self:
        """Return the policy that `choice` means; see `Policy.resolve`."""
        return super().resolve(_spelled(choice) if isinstance(choice, Mapping) else choice, **_spelled(fields))


def _spelled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by their own names."""
    twice = [f"{word} and {name}" for word, name in SPELLINGS.items() if word in fields and name in fields]
    if twice:
        raise PolicyError(f"{'; '.join(twice)} say the same", remedy="Give one of them.")
    return {SPELLINGS.get(word, word): value for word, value in fields.items()}


class PyramidPolicy(OutputPolicy):
    """What targets with several levels share.

    Attributes
    ----------
    levels
        How many there are, the full one included; ``"auto"`` halves until a level fits into one tile or chunk; 1 is
        none; None takes as many as the source has.
    downsampling
        How a level is made of the one before: mean of 2 x 2 (integers to the nearest, halves up), nearest (the first
        of the four), mode (the most frequent of the four, the first of equals: for labels), median (mean of the two in
        the middle, rounded as means are), max, min, or, for Zarr, gaussian (the binomial weights 1 3 3 1 along Y and X,
        centred on the 2 x 2 pixels that the mean takes, edges repeated).
    overwrite, cast
        See `OutputPolicy`.
    """

    levels: Annotated[int, Field(ge=1)] | Literal["auto"] | None = None
    downsampling: Downsampling = "mean"


class WritePolicy(PyramidPolicy):
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
    levels, downsampling, overwrite, cast
        See `PyramidPolicy`.
    bigtiff
        None decides from an upper bound of the file's size.
    flavor
        ``ome`` or ``imagej`` (a hyperstack that plain Fiji opens with scale, unit, interval and channels).
    verify
        Read the output again and record both digests.
    storage_options
        For URLs, as fsspec takes them; not kept in provenance.
    """

    kind: ClassVar[str] = "write"

    compression: str = "zlib"
    compression_level: int | None = None
    predictor: bool | None = None
    tile: tuple[int, int] | Literal["auto"] | None = "auto"
    downsampling: OfFour = "mean"
    bigtiff: bool | None = None
    flavor: Flavor = "ome"
    verify: bool = False
    storage_options: dict[str, Any] | None = Field(None, exclude=True, repr=False)


class OmeZarrPolicy(PyramidPolicy):
    """How OME-Zarr is written.

    Attributes
    ----------
    version
        Of the OME-Zarr specification: 0.5 lies in Zarr 3, 0.4 in Zarr 2.
    compression
        Codec by name: blosc-zstd, blosc-lz4, zstd, gzip, none. Blosc shuffles bits first; all keep every pixel.
    compression_level
        Of the codec; None takes its default (1 for blosc-zstd: with shuffled bits three times faster than 3 with
        shuffled bytes, and smaller).
    chunks
        Lengths of chunks: of T, Z, C, Y, X, of Y and X, or dim by dim, ``{"Y": 256, "X": 256}``; what is left open, or
        ``"auto"``, is chosen: planes of at most 512 x 512, and for small planes several along Z.
    shards
        Chunks that share a file. True: those that are written at once; lengths like those of `chunks`: such shards,
        made of whole chunks; False: none. ``"auto"`` is True where chunks would take more than a thousand files and
        folders, in ``.ozx`` files and at URLs. Needs version 0.5; a shard is made in memory.
    resume
        Go on where an earlier call with the same pixels, policy and name was interrupted, and keep what is done should
        this one be. Only for folders.
    storage_options
        For URLs, as fsspec takes them; not kept in provenance.
    levels, downsampling, overwrite, cast
        See `PyramidPolicy`.
    """

    kind: ClassVar[str] = "omezarr"

    version: Literal["0.4", "0.5"] = "0.5"
    compression: str = "blosc-zstd"
    compression_level: int | None = None
    chunks: ByDim | tuple[int, int] | Lengths | Literal["auto"] | None = "auto"
    shards: bool | ByDim | tuple[int, int] | Lengths | Literal["auto"] = "auto"
    resume: bool = False
    storage_options: dict[str, Any] | None = Field(None, exclude=True, repr=False)


class ZarrPolicy(OutputPolicy):
    """How plain Zarr is written.

    Attributes
    ----------
    layout
        ``dataset``: the form of xarray, a group with the array ``image`` and its coordinates, which `xarray.open_zarr`
        opens; ``array``: one array alone without dims of length 1 (but Y and X), which `zarr.open` and
        `dask.array.from_zarr` open.
    zarr_format
        3, or 2 for older readers.
    compression, compression_level
        See `OmeZarrPolicy`; ``blosc-zstd`` at level 3 is what Zarr's tutorials write.
    chunks
        Lengths of chunks dim by dim, ``{"Y": 100, "X": 100}``, of Y and X, or of T, Z, C, Y, X; what is left open, or
        None, is chosen: planes of at most 512 x 512.
    shards
        True puts the chunks that are written at once into one file: fewer files. Needs Zarr 3.
    overwrite, cast
        See `OutputPolicy`.
    """

    kind: ClassVar[str] = "zarr"

    layout: Literal["dataset", "array"] = "dataset"
    zarr_format: Literal[2, 3] = 3
    compression: str = "blosc-zstd"
    compression_level: int | None = None
    chunks: dict[Literal["T", "Z", "C", "Y", "X"], Annotated[int, Field(ge=1)]] | tuple[int, int] | Lengths | None = (
        None
    )
    shards: bool = False


class ReferencePolicy(OutputPolicy):
    """How references to the chunks of files are written: a virtual Zarr.

    Attributes
    ----------
    zarr_format
        Of the virtual Zarr; None: 3, and 2 for Parquet, which knows no other.
    url
        What stands before the names of files, such as ``"s3://bucket/plates"``; None: names are relative to the folder
        of the reference.
    base
        Folder that names are counted from where there is a `url`; None: that of the reference.
    overwrite
        See `OutputPolicy`.
    """

    kind: ClassVar[str] = "reference"

    zarr_format: Literal[2, 3] | None = None
    url: str | None = None
    base: str | None = None

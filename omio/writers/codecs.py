"""Codecs for the segments of a TIFF, by name: what each holds, its levels, and the TIFF code readers know it by."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from omio.errors import PolicyError, UnwritableError
from omio.naming import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.policies.write import WritePolicy

type Options = Mapping[str, Any]


@dataclass(frozen=True)
class Codec:
    """One way to compress a segment.

    Attributes
    ----------
    name
        As users and reports say it.
    tag
        TIFF Compression.
    function
        Of imagecodecs; None copies the bytes.
    options, rgb_options
        Its arguments, and further ones where there are three samples.
    level_name
        Its argument that says how hard to try; None where there is none.
    levels
        Levels it knows, both included.
    level
        Level where none is asked for.
    predictor
        Whether differences of neighbours can be taken first: codecs of bytes, not those of pictures.
    dtypes
        Names of the dtypes it holds; None for all.
    samples
        Numbers of samples it holds; None for all.
    growth
        By how much it enlarges at most what it cannot compress.
    is_lossy
        It changes pixels.
    """

    name: str
    tag: int
    function: str | None
    options: Options = field(default_factory=dict)
    rgb_options: Options = field(default_factory=dict)
    level_name: str | None = None
    levels: tuple[int, int] = (0, 0)
    level: int | None = None
    predictor: bool = False
    dtypes: frozenset[str] | None = None
    samples: frozenset[int] | None = None
    growth: float = 1.02
    is_lossy: bool = False

    def encode(self, segment: NDArray[Any], level: int | None) -> bytes:
        """Return the bytes of a contiguous segment of rows, columns [, samples]."""
        if self.function is None:
            return segment.tobytes()
        function, options = self.function, {**self.options, **(self.rgb_options if segment.ndim == 3 else {})}
        if self.level_name is not None:
            options[self.level_name] = self.level if level is None else level
        if function == "deflate_encode" and options["level"] == 1 and imagecodecs.ISAL.available:
            function, options = _FAST_DEFLATE
        encoded: bytes = getattr(imagecodecs, function)(segment, **options)
        return encoded


_FAST_DEFLATE = ("isal_encode", {"level": 2})
"""Deflate at level 1: Intel's library gives the same stream format 2.5 times as fast as libdeflate (on zeros 19 times)
and within a few percent of its size, measured on microscope images."""
_SMALL = frozenset(("uint8", "uint16"))
_LERC = frozenset(("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"))
_GRAY_RGB = frozenset((1, 3))
_YCBCR = {"colorspace": "RGB", "outcolorspace": "YCBCR", "subsampling": (1, 1)}
_REVERSIBLE = {"codecformat": "J2K", "reversible": True, "numthreads": 1}


def _bytes(name: str, tag: int, function: str, levels: tuple[int, int], level: int) -> Codec:
    return Codec(name, tag, function, level_name="level", levels=levels, level=level, predictor=True)


def _picture(name: str, tag: int, function: str, options: Options, **more: Any) -> Codec:
    return Codec(name, tag, function, options, **{"dtypes": _SMALL, "samples": _GRAY_RGB, "growth": 2.0, **more})


_CODECS = (
    Codec("none", 1, None, growth=1.0),
    _bytes("zlib", 8, "deflate_encode", (0, 12), 1),
    _bytes("zstd", 50000, "zstd_encode", (1, 22), 3),
    Codec("lzw", 5, "lzw_encode", predictor=True, growth=1.6),
    _bytes("lzma", 34925, "lzma_encode", (0, 9), 6),
    Codec("packbits", 32773, "packbits_encode", {"axis": -1}),
    _picture(
        "jpeg",
        7,
        "jpeg8_encode",
        {},
        rgb_options=_YCBCR,
        level_name="level",
        levels=(1, 100),
        level=90,
        dtypes=frozenset(("uint8",)),
        is_lossy=True,
    ),
    _picture("jpeg2000", 34712, "jpeg2k_encode", _REVERSIBLE),
    _picture(
        "jpeg-xl",
        50002,
        "jpegxl_encode",
        {"lossless": True, "numthreads": 1},
        level_name="effort",
        levels=(1, 9),
        level=3,
    ),
    _picture("webp", 50001, "webp_encode", {"lossless": True}, dtypes=frozenset(("uint8",)), samples=frozenset((3,))),
    _picture("lerc", 34887, "lerc_encode", {"level": 0}, dtypes=_LERC),
    _picture("png", 34933, "png_encode", {}, level_name="level", levels=(0, 9), level=6),
)
CODECS = {codec.name: codec for codec in _CODECS}
_SPELLINGS = {
    "deflate": "zlib",
    "adobe_deflate": "zlib",
    "zip": "zlib",
    "jpegxl": "jpeg-xl",
    "jxl": "jpeg-xl",
    "jpeg-2000": "jpeg2000",
}


def codec_of(policy: WritePolicy) -> Codec:
    """Return the codec that a policy names.

    Raises
    ------
    PolicyError
        For an unknown name or level; the text lists those that exist.
    """
    spelled = policy.compression.lower().removesuffix("-lossless").replace("_", "-")
    codec = CODECS.get(_SPELLINGS.get(spelled, spelled))
    if codec is None:
        raise PolicyError(f"no compression {policy.compression!r}", remedy=listed(CODECS, policy.compression))
    level = policy.compression_level
    if level is not None and not (codec.level_name and codec.levels[0] <= level <= codec.levels[1]):
        known = "has the levels {} to {}".format(*codec.levels) if codec.level_name else "has no levels"
        raise PolicyError(f"compression_level={level}: {codec.name} {known}")
    return codec


def unknown(dtype: np.dtype[Any], casts: Mapping[str, str]) -> UnwritableError:
    """Return the error for a dtype that the format does not know, with the cast that comes nearest."""
    nearest = casts.get(dtype.name)
    remedy = f'Use cast="{nearest}" where the values fit.' if nearest else None
    return UnwritableError(f"the format has no pixels of {dtype}", remedy=remedy)


def check(codec: Codec, dtype: np.dtype[Any], samples: int) -> None:
    """Raise `UnwritableError` where a codec cannot hold these pixels."""
    if codec.dtypes is not None and dtype.name not in codec.dtypes:
        remedy = f'Use compression="zlib", or cast to {" or ".join(sorted(codec.dtypes))}.'
        raise UnwritableError(f"{codec.name} does not hold {dtype}", remedy=remedy)
    if codec.samples is not None and samples not in codec.samples:
        held = " or ".join(map(str, sorted(codec.samples)))
        raise UnwritableError(
            f"{codec.name} holds {held} samples a pixel, not {samples}", remedy='Use compression="zlib".'
        )


def predictor_of(policy: WritePolicy, codec: Codec, dtype: np.dtype[Any]) -> int:
    """Return the TIFF Predictor: 1 none, 2 horizontal differences of integers, 3 floating point.

    Where the policy leaves it open integers get 2; floats get none, for Bio-Formats reads no predictor 3.

    Raises
    ------
    PolicyError
        Where one is asked for that codec or dtype cannot have.
    """
    kind = 2 if dtype.kind in "iu" else 3 if dtype.kind == "f" else 1
    if policy.predictor and (not codec.predictor or kind == 1):
        raise PolicyError(f"predictor=True: {codec.name} of {dtype} has none")
    wanted = kind == 2 if policy.predictor is None else policy.predictor
    return kind if wanted and codec.predictor else 1


@dataclass(frozen=True)
class Encoder:
    """Turns a segment of native pixels into the bytes of the file.

    Attributes
    ----------
    codec, level
        As chosen.
    predictor
        TIFF Predictor.
    """

    codec: Codec
    level: int | None
    predictor: int

    def __call__(self, segment: NDArray[Any]) -> bytes:
        """Encode rows, columns [, samples]; bool is packed to bits, each row to whole bytes."""
        if segment.dtype == bool:
            segment = np.packbits(segment, axis=1)
        if self.codec.function is None and sys.byteorder == "little":
            return self.codec.encode(segment, self.level)
        stored = _scratch(segment.shape, segment.dtype)
        if self.predictor == 3:
            imagecodecs.floatpred_encode(segment, axis=1, out=stored)
            return self.codec.encode(stored, self.level)
        if self.predictor == 2:
            imagecodecs.delta_encode(segment, axis=1, out=stored)
        else:
            np.copyto(stored, segment)
        if sys.byteorder == "big" and self.codec.dtypes is None:
            stored.byteswap(inplace=True)
        if self.codec.name == "packbits":  # TIFF packs each row by itself
            stored = stored.reshape(len(stored), -1).view(np.uint8)
        return self.codec.encode(stored, self.level)


_local = threading.local()


def _scratch(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return this thread's array of that shape: new memory for each segment would cost more than a predictor."""
    array: NDArray[Any] | None = getattr(_local, "array", None)
    if array is None or array.shape != shape or array.dtype != dtype:
        _local.array = array = np.empty(shape, dtype)
    return array

"""Pictures as bytes of a file: PNG, JPEG, WebP, TIFF, BMP, GIF. No format changes a pixel without being asked."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import OptionError, UnwritableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

type Pixels = NDArray[Any]

QUALITY = 95
SUBSAMPLING = ("444", "422", "420")
STYLE = 'ds.style(...).encode("{}") makes 8-bit colours.'


@dataclass(frozen=True)
class Format:
    """What a format can hold.

    Attributes
    ----------
    encode
        Makes bytes of pixels and options.
    dtypes
        Of its pixels; empty: all.
    samples
        How many a pixel may have.
    longest
        Most rows and columns.
    options
        Of `encode` that it knows.
    """

    encode: Callable[..., bytes]
    dtypes: tuple[str, ...]
    samples: tuple[int, ...]
    longest: int
    options: tuple[str, ...] = ()


def encode(
    pixels: Pixels,
    format: str,  # noqa: A002 - the word of every library of pictures
    *,
    quality: int | None = None,
    subsampling: str | None = None,
    compression: str | int | None = None,
) -> bytes:
    """Encode Y X [S] pixels as they are.

    Parameters
    ----------
    pixels
        Gray, RGB or RGBA. PNG and TIFF hold 8 and 16 bits, TIFF also floats and any number of samples; the
        others hold 8 bits.
    format
        ``"png"``, ``"jpeg"`` (or ``"jpg"``), ``"webp"``, ``"tiff"`` (``"tif"``), ``"bmp"`` or ``"gif"``. PNG, TIFF and
        BMP keep every pixel; WebP does without `quality`; GIF keeps 256 colours.
    quality
        1 to 100, for JPEG (95 by default) and WebP.
    subsampling
        Of colours in JPEG: ``"444"`` (all kept, the default), ``"422"`` or ``"420"``.
    compression
        PNG: 0 to 9, 1 by default, which is fastest. TIFF: a codec, ``"zlib"`` by default, such as ``"lzw"``,
        ``"zstd"`` or ``"none"``.

    Raises
    ------
    UnwritableError
        Pixels that the format cannot hold.
    OptionError
        An unknown format, or an option that it does not know.
    """
    name = format_name(format)
    kind = FORMATS[name]
    given = {"quality": quality, "subsampling": subsampling, "compression": compression}
    options = {option: value for option, value in given.items() if value is not None}
    _check_options(name, kind, options)
    _check(pixels, name, kind)
    return kind.encode(np.ascontiguousarray(pixels), **options)


def format_name(text: str) -> str:
    """Return the name of a format that may be given by the ending of a file.

    Raises
    ------
    OptionError
        There is none.
    """
    name = {"jpg": "jpeg", "tif": "tiff"}.get(str(text).lower(), str(text).lower())
    if name not in FORMATS:
        raise OptionError(f"no format {text!r}", remedy=f"There are {', '.join(FORMATS)}.")
    return name


def _check_options(name: str, kind: Format, options: Mapping[str, Any]) -> None:
    if unknown := set(options) - set(kind.options):
        raise OptionError(
            f"{name} knows no {', '.join(sorted(unknown))}", remedy=f"It knows {', '.join(kind.options) or 'none'}."
        )
    quality = options.get("quality", 1)
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise OptionError(f"quality={quality!r}", remedy="Give 1 to 100.")
    if options.get("subsampling", "444") not in SUBSAMPLING:
        raise OptionError(f"subsampling={options['subsampling']!r}", remedy=f"Use {', '.join(SUBSAMPLING)}.")


def _check(pixels: Pixels, name: str, kind: Format) -> None:
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    why, remedy = None, STYLE.format(name)
    if not pixels.size:
        why, remedy = (
            "a picture without pixels",
            "Choose a part that lies in the image.",
        )
    elif kind.dtypes and pixels.dtype.name not in kind.dtypes:
        why = f"{pixels.dtype} pixels"
    elif kind.samples and samples not in kind.samples:
        why = f"{samples} samples"
        remedy = "PNG, WebP and TIFF hold transparency." if samples == 4 else remedy
    elif max(pixels.shape[:2]) > kind.longest:
        why = f"{pixels.shape[1]} x {pixels.shape[0]} pixels, at most {kind.longest} a side"
        remedy = "Choose a region, max_width= or level=."
    if why is not None:
        raise UnwritableError(f"{name} cannot hold {why}", remedy=remedy)


def _squeezed(pixels: Pixels) -> Pixels:
    plane = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    return plane.copy() if 1 in plane.shape else plane  # codecs refuse strides that numpy leaves on dims of length 1


def _png(pixels: Pixels, compression: str | int = 1) -> bytes:
    import imagecodecs

    if isinstance(compression, bool) or not isinstance(compression, int) or not 0 <= compression <= 9:
        raise OptionError(f"compression={compression!r}", remedy="PNG knows 0 to 9.")
    return bytes(imagecodecs.png_encode(_squeezed(pixels), level=compression))


def _jpeg(pixels: Pixels, quality: int = QUALITY, subsampling: str = "444") -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(_squeezed(pixels), level=quality, subsampling=subsampling))


def _webp(pixels: Pixels, quality: int | None = None) -> bytes:
    import imagecodecs

    color = _squeezed(pixels)
    if color.ndim == 2:
        color = np.repeat(color[..., None], 3, axis=2)
    return bytes(imagecodecs.webp_encode(color, level=quality, lossless=quality is None))


def _tiff(pixels: Pixels, compression: str | int = "zlib") -> bytes:
    import tifffile

    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    color = samples in (3, 4)
    codec = None if compression == "none" else compression
    buffer = io.BytesIO()
    try:
        tifffile.imwrite(
            buffer,
            _squeezed(pixels),
            photometric="rgb" if color else "minisblack",
            planarconfig="contig" if pixels.ndim == 3 and samples > 1 else None,
            extrasamples=("unassalpha",) if samples == 4 else None,
            compression=codec,
            predictor=codec in ("zlib", "lzw", "zstd") and pixels.dtype.kind in "iu" and pixels.dtype.itemsize < 8,
            metadata=None,
        )
    except (ValueError, TypeError, RuntimeError) as error:
        raise OptionError(f"compression={compression!r}: {error}") from error
    return buffer.getvalue()


def _by_pillow(name: str) -> Callable[[Pixels], bytes]:
    def encoded(pixels: Pixels) -> bytes:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(_squeezed(pixels)).save(buffer, name)
        return buffer.getvalue()

    return encoded


_INTEGERS, _BYTES, _FLAT, _ANY = ("uint8", "uint16"), ("uint8",), (1, 3), (1, 3, 4)

FORMATS: Mapping[str, Format] = {
    "png": Format(_png, _INTEGERS, _ANY, 1_000_000, ("compression",)),
    "jpeg": Format(_jpeg, _BYTES, _FLAT, 65_500, ("quality", "subsampling")),
    "webp": Format(_webp, _BYTES, _ANY, 16_383, ("quality",)),
    "tiff": Format(_tiff, (), (), 2**31 - 1, ("compression",)),
    "bmp": Format(_by_pillow("BMP"), _BYTES, _FLAT, 65_500),
    "gif": Format(_by_pillow("GIF"), _BYTES, _FLAT, 65_500),
}
"""What pictures can be encoded as."""

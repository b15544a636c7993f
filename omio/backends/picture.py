"""Small pictures: PNG, JPEG, WebP, BMP and GIF, read whole by Pillow; PNG of 16 bits a sample by imagecodecs.

Pixels are those that are seen: palettes become colours, and pictures are turned upright as their EXIF says, as the
Orientation tag of TIFF is. The resolution in their headers is that of screens and printers, never of the specimen: it
stays in ``original``. The formats: PNG (W3C, third edition), JFIF 1.02, EXIF 2.32, RFC 9649, GIF89a.
"""

from __future__ import annotations

import importlib
import io
import struct
import threading
import zlib
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from omio.backends.base import Backend, Confidence
from omio.backends.rawfile import Stream, open_raw
from omio.backends.tiff.orientation import FLIPS, is_turned, upright_shape
from omio.errors import DamagedFileError, MemoryLimitError, SceneError, UnsupportedFormatError
from omio.indexing import orthogonal, to_numpy
from omio.lazy.leaf import FileRecipe
from omio.metadata.facts import Facts
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.indexing import Key

MOST_PIXELS = 100_000_000
"""Of a picture that is opened without being asked for more: files of a few kilobytes may claim any number."""
_SCENE = "0"
_FORMATS = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile", (b"\x89PNG\r\n\x1a\n",)),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile", (b"\xff\xd8\xff",)),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile", (b"GIF87a", b"GIF89a")),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile", (b"RIFF",)),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile", (b"BM",)),
}
"""Module and class of Pillow, and first bytes; no other plug-in of Pillow ever sees a file."""
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    LookupError,
    EOFError,
    AttributeError,
    TypeError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow and imagecodecs raise at damaged files."""
_SAMPLES = {"1": None, "L": None, "I;16": None, "LA": 2, "RGB": 3, "RGBA": 4}
"""Modes of Pillow that are read as they are, and samples per pixel; None: no dim S."""
_PNG_COLORS = {0: None, 2: 3, 4: 2, 6: 4}
"""Colour type of PNG -> samples per pixel."""
_ORIENTATION, _DATE, _EXIF_IFD, _DATE_TAKEN = 274, 306, 0x8769, 36867


class Look(NamedTuple):
    """What the header of a picture says of its pixels.

    Attributes
    ----------
    kind
        Of the file.
    mode
        Of Pillow, that pixels are converted to; for PNG of 16 bits a sample, which Pillow cuts to 8, the dtype.
    frames
        How many pictures follow each other.
    extent
        Rows and columns as stored.
    samples
        Per pixel; None: no dim S.
    orientation
        Of EXIF, 1 to 8.
    """

    kind: str
    mode: str
    frames: int
    extent: tuple[int, int]
    samples: int | None
    orientation: int

    @property
    def is_wide(self) -> bool:
        """Whether it is a PNG of 16 bits a sample."""
        return self.mode == "uint16"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its pixels."""
        return np.dtype({"1": bool, "uint16": np.uint16}.get(self.mode, np.uint8))

    @property
    def shape(self) -> tuple[int, ...]:
        """T Z C Y X [S], upright."""
        tail = () if self.samples is None else (self.samples,)
        return (self.frames, 1, 1, *upright_shape(*self.extent, self.orientation), *tail)


class PictureBackend(Backend):
    """Reads PNG, JPEG, WebP, BMP and GIF; the pictures of an animation lie along T.

    Options
    -------
    max_pixels
        Of one picture, `MOST_PIXELS` unless said otherwise.
    upright
        False: leave pixels as they are stored, whatever EXIF says.
    """

    name = "picture"
    extensions = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
    reads_urls = True
    option_names = ("max_pixels", "upright")

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with closing(open_picture(self.stamp.path)) as file:
            found = file.look(self.options.extra.get("max_pixels", MOST_PIXELS))
        self._look = found if self.options.extra.get("upright", True) else found._replace(orientation=1)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Ask the first bytes."""
        return Confidence.NO if kind_of(head) is None else Confidence.CONTENT

    def scenes(self) -> tuple[str, ...]:
        """Return "0"."""
        return (_SCENE,)

    def array(self, scene: str, level: int = 0) -> FileRecipe:
        """Return the recipe; a picture is read whole."""
        del level
        self._check(scene)
        shape = self._look.shape
        unit = (1, *shape[1:])
        return FileRecipe(open_picture, self.stamp, (), tuple(self._look), shape, self._look.dtype, unit, self.name)

    def metadata(self, scene: str) -> Facts:
        """Return when it was taken, where EXIF says so; all else lies in ``original``."""
        self._check(scene)
        with closing(open_picture(self.stamp.path)) as file:
            date = file.taken()
        return Facts.of(self._look.shape, acquired=date, original=Original(partial(load_original, self.stamp.path)))

    def _check(self, scene: str) -> None:
        if scene != _SCENE:
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There is {_SCENE}.")

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return format, mode and orientation."""
        self._check(scene)
        return {"format": self._look.kind, "mode": self._look.mode, "orientation": self._look.orientation}


def kind_of(head: bytes) -> str | None:
    """Return the format of a picture by its first bytes."""
    for kind, (_, _, magics) in _FORMATS.items():
        if head.startswith(magics):
            is_other = (kind == "WebP" and head[8:12] != b"WEBP") or (kind == "BMP" and not _is_bmp(head))
            return None if is_other else kind
    return None


def _is_bmp(head: bytes) -> bool:
    """Whether the header behind BM has one of the lengths that there are, which tells it from text."""
    return head[14:18] in {length.to_bytes(4, "little") for length in (12, 16, 40, 52, 56, 64, 108, 124)}


class PictureFile:
    """An open picture, that one thread at a time decodes.

    Parameters
    ----------
    file
        Its bytes.
    path
        For errors; None: it has none.
    """

    def __init__(self, file: io.BufferedIOBase, path: str | None, close: Callable[[], None]) -> None:
        self._path, self._close, self._file = path, close, file
        self._lock = threading.Lock()
        self._last: tuple[int, NDArray[Any]] | None = None
        head = file.read(26)
        kind = kind_of(head)
        if kind is None:
            raise UnsupportedFormatError("is no PNG, JPEG, WebP, BMP or GIF", path=path)
        self.kind = kind
        # IHDR comes first in every PNG: bits a sample, and colour type
        self._is_wide = kind == "PNG" and head[24:25] == b"\x10"
        self._png_color = head[25] if self._is_wide and len(head) > 25 else 0
        module, name, _ = _FORMATS[kind]
        file.seek(0)
        self._image = self._guarded(lambda: getattr(importlib.import_module(module), name)(file))

    def _guarded[T](self, call: Callable[[], T]) -> T:
        from PIL.Image import DecompressionBombError

        try:
            return call()
        except (*_FAULTS, DecompressionBombError) as error:
            cause = f"{self.kind}: {error or type(error).__name__}"
            raise DamagedFileError(cause, path=self._path) from error

    def look(self, most: int = MOST_PIXELS) -> Look:
        """Say what the header tells; no pixel is decoded.

        Raises
        ------
        MemoryLimitError
            It claims more pixels than `most`.
        """
        width, height = self._image.size
        if width * height > most:
            cause = f"claims {width} x {height} pixels, more than {most:,}"
            raise MemoryLimitError(cause, path=self._path, remedy=f"If that is true: max_pixels={width * height}.")
        frames = self._guarded(lambda: int(getattr(self._image, "n_frames", 1)))
        orientation = self._exif().get(_ORIENTATION, 1)
        turned = orientation if orientation in FLIPS else 1
        if self._is_wide:
            if frames > 1:
                raise UnsupportedFormatError("is an animation of 16 bits a sample", path=self._path)
            return Look(self.kind, "uint16", 1, (height, width), _PNG_COLORS.get(self._png_color), turned)
        mode = self._mode(frames)
        return Look(self.kind, mode, frames, (height, width), _SAMPLES[mode], turned)

    def _mode(self, frames: int) -> str:
        """Return the mode of Pillow that shows what is seen; animations change their palette on the way."""
        image = self._image
        has_alpha = "transparency" in image.info or image.mode.endswith(("A", "a"))
        if frames == 1 and image.mode in _SAMPLES:
            return str(image.mode)
        return "RGBA" if has_alpha and image.mode not in ("L", "1") else "RGB"

    def _exif(self) -> Any:
        from PIL import Image

        found = Image.Exif()
        if data := self._image.info.get("exif"):
            self._guarded(lambda: found.load(data))
        return found

    def taken(self) -> str | None:
        """Return when it was taken or made, ISO 8601, as EXIF says."""
        exif = self._exif()
        stated = self._guarded(lambda: exif.get_ifd(_EXIF_IFD).get(_DATE_TAKEN) or exif.get(_DATE))
        try:
            return datetime.strptime(str(stated).strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()
        except ValueError:
            return None

    def described(self) -> dict[str, Any]:
        """Return what the header says besides: texts, resolution, EXIF by tag name."""
        from PIL.ExifTags import TAGS

        exif = self._exif()
        tags = self._guarded(lambda: {**exif, **exif.get_ifd(_EXIF_IFD)})
        known = {name: value for name, value in self._image.info.items() if name not in ("exif", "icc_profile")}
        return {**known, "EXIF": {TAGS.get(tag, str(tag)): _short(value) for tag, value in tags.items()}}

    def read(self, where: tuple[Any, ...], key: Key, out: NDArray[Any]) -> None:
        """Fill `out`: T is the number of a picture."""
        look = Look(*where)
        for place, number in enumerate(key[0]):
            pixels = self.frame(look, int(number))
            out[place] = orthogonal(map(to_numpy, key[3:]), pixels)

    def frame(self, look: Look, number: int) -> NDArray[Any]:
        """Decode one picture, Y X [S], upright; the last one is kept."""
        with self._lock:
            if self._last is None or self._last[0] != number:
                self._last = None
                self._last = number, self._decoded(look, number)
            pixels = self._last[1]
        rows, columns = (slice(None, None, -1) if flip else slice(None) for flip in FLIPS[look.orientation])
        stored = pixels[rows, columns]
        return stored.swapaxes(0, 1) if is_turned(look.orientation) else stored

    def _decoded(self, look: Look, number: int) -> NDArray[Any]:
        pixels = self._guarded(self._wide if look.is_wide else lambda: self._narrow(look.mode, number))
        expected = look.extent if look.samples is None else (*look.extent, look.samples)
        if pixels.shape != expected or pixels.dtype != look.dtype:
            cause = f"holds {pixels.dtype} of shape {pixels.shape}, its header says {look.dtype} of {expected}"
            raise DamagedFileError(cause, path=self._path, place=f"picture {number}")
        return pixels

    def _narrow(self, mode: str, number: int) -> NDArray[Any]:
        self._image.seek(number)
        return np.asarray(self._image if self._image.mode == mode else self._image.convert(mode))

    def _wide(self) -> NDArray[Any]:
        import imagecodecs

        self._file.seek(0)
        found: NDArray[Any] = imagecodecs.png_decode(self._file.read())
        return found

    def close(self) -> None:
        """Release the file; idempotent."""
        self._image.close()
        self._close()


def _short(value: Any) -> Any:
    return f"{len(value)} bytes" if isinstance(value, bytes) and len(value) > 256 else value


def open_picture(path: str) -> PictureFile:
    """Open the picture at a path or `Url`; the header is read."""
    raw = open_raw(path)
    try:
        return PictureFile(io.BufferedReader(Stream(raw)), path, raw.close)
    except BaseException:
        raw.close()
        raise


def load_original(path: str) -> dict[str, Any]:
    """Read all that a picture says besides its pixels."""
    with closing(open_picture(path)) as file:
        return file.described()


def decode(data: bytes) -> NDArray[Any]:
    """Return the first picture of an encoded file, Y X [S].

    Raises
    ------
    UnsupportedFormatError, DamagedFileError, MemoryLimitError
        As for `PictureBackend`.
    """
    with closing(PictureFile(io.BytesIO(data), None, lambda: None)) as file:
        return file.frame(file.look(), 0)

"""What kind of TIFF a file is: its content decides, never its name."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import OmioError
from omio.lazy.leaf import FileStamp, lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omio.backends.tiff.document import TiffDocument

_OPENING = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(\w+:)?OME[\s>]", re.DOTALL)
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _has_tag(*codes: int) -> Callable[[TiffDocument], bool]:
    return lambda document: any(code in document.first.tags for code in codes)


def _is_ome(document: TiffDocument) -> bool:
    text = document.description
    if text.rstrip("\0 \t\r\n").endswith("OME>") and "<" in text:
        return True
    return _OPENING.match(text[:4096]) is not None  # cut off, which its backend tells


def _is_ndtiff(document: TiffDocument) -> bool:
    return _has_tag(51123)(document) and (Path(document.path).parent / "NDTiff.index").is_file()


def _is_slide(document: TiffDocument) -> bool:
    page = document.first
    return page.is_svs or page.is_scn or page.is_qpi or page.is_philips


def _is_imagej(document: TiffDocument) -> bool:
    return document.first.imagej_description is not None


def _is_shaped(document: TiffDocument) -> bool:
    text = document.first.shaped_description
    if text is None:
        return False
    try:
        return text.startswith("shape=") or "shape" in json.loads(text)
    except ValueError:
        return False


DIALECTS: tuple[tuple[str, Callable[[TiffDocument], bool]], ...] = (
    ("lsm", _has_tag(34412)),
    ("stk", _has_tag(33628)),
    ("ndtiff", _is_ndtiff),
    ("ome", _is_ome),
    ("micromanager", _has_tag(51123)),
    ("sem", _has_tag(34118, 34680, 34682, 37706, 33560)),
    ("svs", _is_slide),
    ("imagej", _is_imagej),
    ("shaped", _is_shaped),
)
"""Name and test of each dialect; the first that fits is the file's."""


def dialect_of(document: TiffDocument) -> str:
    """Return the name of the first dialect that fits, else ``"plain"``."""
    return next((name for name, fits in DIALECTS if fits(document)), "plain")


@contextmanager
def open_document(stamp: FileStamp) -> Iterator[TiffDocument]:
    """Hold a file open, in the state it was stamped in; tifffile is imported now, not before."""
    from omio.backends.tiff.document import TiffDocument

    with lease(TiffDocument, stamp) as document:
        yield document


def sniff(path: Path, head: bytes) -> str | None:
    """Return the dialect of a file from its head; None where it is no TIFF, ``"damaged"`` where it does not open."""
    if not head.startswith(MAGIC):
        return None
    try:
        with open_document(FileStamp.of(path)) as document:
            return document.dialect
    except (OmioError, OSError):
        return "damaged"

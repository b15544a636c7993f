"""Whether a Zarr hierarchy is what its documents say: by yaozarrs, and in what it does not look at."""

from __future__ import annotations

import math
import posixpath
import warnings
from contextlib import suppress
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem, FSMap
from pydantic import ValidationError

from omio.backends.zarr.backend import OmeZarrBackend
from omio.backends.zarr.reader import ArrayPlace, ZarrReader, grid_of
from omio.backends.zarr.tree import IMAGES
from omio.backends.zarr.upgrade import ome_of, version_of
from omio.checks.omexml import check_xml
from omio.errors import OmioError, UnsupportedFormatError
from omio.lazy.leaf import lease
from omio.metadata.problems import problems

if TYPE_CHECKING:
    import zarr

    from omio.backends.base import OpenOptions
    from omio.backends.zarr.hierarchy import ZarrBackend
    from omio.backends.zarr.store import StoreStamp
    from omio.checks.report import Findings

NAMED = 3
"""So many missing chunks are named of any number."""
STRUCTURED = ("0.4", "0.5")
"""Versions that yaozarrs validates."""
XML = "OME/METADATA.ome.xml"


def check_zarr(kind: type[ZarrBackend], path: str, options: OpenOptions, findings: Findings) -> None:
    """Check documents, structure, and which chunks are there."""
    reader = None
    with findings.watched():
        reader = kind(path, options)
        if isinstance(reader, OmeZarrBackend):
            _check_documents(reader, findings)
            _check_xml(reader.stamp, findings)
    if reader is None:
        return
    if isinstance(reader, OmeZarrBackend):
        with findings.watched():
            for scene in reader.scenes():
                with findings.watched(scene):
                    _check_image(reader, scene, findings)
    with findings.watched():
        _check_chunks(reader, findings)


class _Files(AbstractFileSystem):  # type: ignore[misc]
    """The files of a hierarchy as fsspec names them, read by omio: nothing outside is, and zip files are folders."""

    cachable = False

    def __init__(self, stamp: StoreStamp) -> None:
        super().__init__()
        self._stamp = stamp

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        """Return a file."""
        content = _content(self._stamp, path.lstrip("/"))
        if content is None:
            raise FileNotFoundError(path)
        return content[start:end]


def _content(stamp: StoreStamp, key: str) -> bytes | None:
    with lease(ZarrReader, stamp, *stamp.outside) as reader:
        return reader.contents([key])[0]


def _check_documents(reader: OmeZarrBackend, findings: Findings) -> None:
    """Have yaozarrs validate the documents, and what they say of the structure."""
    ome = ome_of(reader.documents[""].attributes)
    version = version_of(ome) or "none"
    if version not in STRUCTURED and not _is_series(ome):
        known = " and ".join(STRUCTURED)
        findings.warning("", f"is of version {version} of OME-Zarr; only {known} are compared with the specification")
        return
    from yaozarrs import ZarrGroup, validate_zarr_store
    from yaozarrs._storage import StorageValidationError, StorageValidationWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            validate_zarr_store(ZarrGroup(FSMap("", _Files(reader.stamp))))
        except StorageValidationError as error:
            findings.errors([_told(item) for item in error.errors() if item["type"] not in SOURCES])
        except ValidationError as error:
            findings.errors([(_dotted(item["loc"]), item["msg"]) for item in error.errors()])
        except NotImplementedError as error:
            findings.warning("", str(error))
        except FOREIGN as error:
            if isinstance(error, OmioError):
                raise
            findings.error("", f"its documents cannot be validated: {type(error).__name__}: {error}")
    for item in caught:
        if isinstance(item.message, StorageValidationWarning):
            for place, text in map(_told, item.message.warnings()):
                findings.warning(place, text)


SOURCES = ("label_image_source_not_found", "label_image_source_invalid")
"""What yaozarrs says of the images of labels, for which it looks in the file system and not in the hierarchy."""
FOREIGN = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError)
"""What a validator that trusts documents raises where they are not what it thinks."""


def _is_series(ome: dict[str, Any]) -> bool:
    """Whether the root is that of a series, which before 0.5 has no version of its own."""
    return "bioformats2raw.layout" in ome


def _told(detail: Any) -> tuple[str, str]:
    inner = detail.get("ctx", {}).get("error")
    more = f": {problems(inner)}" if isinstance(inner, ValidationError) else ""
    return _dotted(detail["loc"]), f"{detail['msg']}{more}"


def _dotted(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place))


def _check_xml(stamp: StoreStamp, findings: Findings) -> None:
    content = _content(stamp, XML)
    if content is not None:
        check_xml(content, findings, XML)


def _check_image(reader: OmeZarrBackend, scene: str, findings: Findings) -> None:
    """Compare what an image says of its channels and levels with its arrays."""
    _, image = reader.image(scene)
    shapes = [dict(zip("TZCYXS", reader.array(scene, level).shape, strict=False)) for level in range(len(image.paths))]
    for axis in image.axes:
        wrong = [level for level, scale in enumerate(axis.scale) if scale <= 0]
        if wrong:
            findings.error(scene, f"the scale along {axis.dim} of level {wrong[0]} is {axis.scale[wrong[0]]:g}")
    for text in image.contradictions([[shape[dim] for dim in image.dims] for shape in shapes]):
        findings.error(scene, text)
    for name, place in reader.labels(scene).items():
        _check_label(reader, name, place, shapes[0], findings)
    stored = shapes[0]["C"] * shapes[0].get("S", 1)  # samples are channels in OME-Zarr
    if image.channels and "C" in image.dims and len(image.channels) != stored:
        findings.error(scene, f"omero describes {len(image.channels)} channels, and the image has {stored}")


def _check_label(reader: OmeZarrBackend, name: str, place: str, shape: dict[str, int], findings: Findings) -> None:
    """Compare a label image with the image that it belongs to, and look whether that is where it says."""
    label = dict(zip("TZCYX", reader.array(place).shape, strict=False))
    unlike = [dim for dim in "ZYX" if label[dim] != shape[dim]]
    if unlike:
        findings.warning(place, f"label {name!r} is not as long as its image along {', '.join(unlike)}")
    told = ome_of(reader.documents[place].attributes).get("image-label")
    source = told.get("source") if isinstance(told, dict) else None
    image = source.get("image") if isinstance(source, dict) else None
    if isinstance(image, str):
        at = posixpath.normpath(posixpath.join(place, image))
        if IMAGES not in ome_of(reader.documents["" if at == "." else at].attributes):
            findings.error(place, f"its image is said to be {image!r}, where no image is")


def _check_chunks(reader: ZarrBackend, findings: Findings) -> None:
    """Count the chunks (shards, where there are some) that are not there; they read as the fill value."""
    with lease(ZarrReader, reader.stamp, *reader.stamp.outside) as hierarchy:
        for place in hierarchy.arrays():
            with findings.watched(place), suppress(UnsupportedFormatError):  # arrays of text, as tables have
                where = ArrayPlace.of(place, (), reader.documents[place].array or {})
                text = _missing(hierarchy.array(where), hierarchy.chunks(where))
                if text:
                    findings.warning(place, text)


def _missing(array: zarr.Array[Any], there: frozenset[str]) -> str | None:
    """Say how many chunks are not there, and name the first."""
    grid = grid_of(array)
    count = math.prod(grid) - len(there)
    if not count:
        return None
    metadata: Any = array.metadata
    keys = (metadata.encode_chunk_key(place) for place in product(*map(range, grid)))
    named = ", ".join(islice((key for key in keys if key not in there), NAMED))
    kind = "shards" if array.shards else "chunks"
    more = ", …" if count > NAMED else ""
    return f"{count} of {math.prod(grid)} {kind} are missing and read as {array.fill_value}: {named}{more}"

"""`CziBackend`: Carl Zeiss Image files."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omio.backends.base import Backend
from omio.backends.czi import facts
from omio.backends.czi.attachments import PICTURES, Attachment, Picture, find_picture, list_attachments, time_stamps
from omio.backends.czi.catalog import OWN_DIMS, Part, scene_keys
from omio.backends.czi.checks import PIXEL_TYPES
from omio.backends.czi.decode import compression_name
from omio.backends.czi.document import CziDocument, open_document
from omio.backends.czi.ledger import Ledger
from omio.backends.czi.planes import note_sources, plane_columns
from omio.backends.czi.segments import MAGIC
from omio.backends.czi.xmltree import MalformedXmlError, parse, parse_image, to_dict
from omio.errors import DamagedFileError, DamagedFileWarning, OmioWarning, SceneError, SelectionError
from omio.indexing import distinct
from omio.lazy.leaf import FileRecipe, FileStamp, lease
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.czi.xmltree import Element
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Columns

_PICTURE_NAMES = {"Thumbnail": "thumbnail", "Label": "label", "SlidePreview": "macro"}
_EMBEDDED = ("CZI", "ZISRAW")


@dataclass(frozen=True)
class Source:
    """Which CZI: a file, or one that lies inside another; and whether damage is an error. Small and picklable."""

    stamp: FileStamp
    base: int = 0
    size: int = 0
    strict: bool = True

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the document is opened with."""
        return self.base, self.size, self.strict

    def lease(self) -> AbstractContextManager[CziDocument]:
        """Hold the document open."""
        return lease(open_document, self.stamp, *self.arguments)

    def recipe(self, where: Any, shape: tuple[int, ...], dtype: np.dtype[Any], unit: tuple[int, ...]) -> FileRecipe:
        """Return the recipe of something in it."""
        native = dtype.newbyteorder("=")
        return FileRecipe(open_document, self.stamp, self.arguments, where, shape, native, unit, CziBackend.name)


class CziBackend(Backend):
    """Reads CZI: scenes, mosaics, pyramids, RGB, line scans; raw, JPEG, LZW, JPEG XR and zstd.

    Shape and dims come from the sub-block directory alone. `scenes` says how keys are made; the XML is read for them
    and for `metadata`.
    """

    name: ClassVar[str] = "czi"
    extensions: ClassVar[tuple[str, ...]] = (".czi",)
    magic: ClassVar[tuple[bytes, ...]] = (MAGIC,)
    reads_urls: ClassVar[bool] = True

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        self._source = Source(self.stamp, strict=self.options.strict)
        with self._source.lease() as document:
            self._parts = tuple(document.parts)

    @classmethod
    def _inside(cls, source: Source) -> CziBackend:
        """Read a CZI that lies inside another."""
        self = cls.__new__(cls)
        Backend.__init__(self, source.stamp.path)
        self._source = source
        with source.lease() as document:
            self._parts = tuple(document.parts)
        return self

    @cached_property
    def _root(self) -> Element | None:
        with self._source.lease() as document:
            return _image_xml(document, strict=self._source.strict)

    @cached_property
    def _told(self) -> set[str]:
        return set()

    @cached_property
    def _keys(self) -> dict[str, Part]:
        return scene_keys(self._parts, facts.scene_names(self._root))

    @cached_property
    def _attached(self) -> list[Attachment]:
        with self._source.lease() as document:
            try:
                return list_attachments(document.file, document.header.attachments)
            except DamagedFileError as error:
                warnings.warn(f"{error}; attachments are left out", DamagedFileWarning, stacklevel=2)
                return []

    def scenes(self) -> tuple[str, ...]:
        """Return the keys of the images, by scene; `omio.backends.czi.catalog` says how they are made."""
        return tuple(self._keys)

    def _part(self, scene: str) -> Part:
        if scene not in self._keys:
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {', '.join(self._keys)}.")
        return self._keys[scene]

    def level_count(self, scene: str) -> int:
        """Return how many levels a scene has: full size, and the pyramid as far as it is whole."""
        with self._source.lease() as document:
            return document.level_count(self._part(scene))

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a scene: uncovered pixels are 0, of overlapping tiles the higher M is on top.

        Planes that were not recorded (some channels are taken at some Z or T only) are 0; one warning counts them.

        Raises
        ------
        SelectionError
            There is no such level.
        """
        part = self._part(scene)
        with self._source.lease() as document:
            count = document.level_count(part) if level else 1
            if not 0 <= level < count:
                raise SelectionError(f"no level {level}", path=self.path, place=scene, remedy=f"There are {count}.")
            layout = document.layout(part, level)
        if not level:
            self._tell_missing(scene, layout.missing, math.prod(layout.shape[:3]))
        samples = layout.shape[5:]
        unit = (1, 1, 1, *(min(pair) for pair in zip(layout.tile, layout.shape[3:5], strict=True)), *samples)
        return self._source.recipe((part, level), layout.shape, layout.dtype, unit)

    def _tell_missing(self, scene: str, missing: int, planes: int) -> None:
        if missing and scene not in self._told:
            self._told.add(scene)
            text = f"{self.path}: scene {scene}: {missing} of {planes} planes were not recorded; they are 0"
            warnings.warn(text, OmioWarning, stacklevel=3)

    def metadata(self, scene: str) -> Facts:
        """Return what the document and the directory say of a scene; facts of planes are read when asked."""
        part, root = self._part(scene), self._root
        ledger = Ledger()
        begun = facts.acquired(root, ledger)
        stamps = self._stamps(begun)
        with self._source.lease() as document:
            layout, grid = document.layout(part), document.grid(part)
            exposures = facts.exposures(root, grid.channels)
            note_sources(document, layout, begun, stamps, exposures, ledger)
        timing, place = _timing(root, grid.first["T"], grid.count["T"], stamps)
        found = Facts.of(
            layout.shape,
            pixel_size=facts.pixel_size(root, self.path, ledger),
            channels=facts.channels(root, grid.channels, ledger),
            planes=PlaneTable(partial(_planes, self._source, part, begun, stamps, exposures), grid.planes),
            name=facts.image_name(root, facts.scene_names(root).get(part.scene, (None, None)), ledger),
            description=facts.description(root, ledger),
            acquired=begun,
            objective=facts.objective(root, ledger),
            stage_position=facts.stage_position(root, part.scene, ledger),
            original=Original(partial(_original, self._source, part)),
            **timing,
        )
        if place is not None:
            ledger.note("T" if found.axes["T"].spacing is None else "time_increment", place)
        return found.with_sources(ledger.sources)

    def _stamps(self, begun: str | None) -> NDArray[np.float64] | None:
        with self._source.lease() as document:
            stamps = time_stamps(document.file, self._attached)
        return None if stamps is None else facts.seconds(stamps, begun)

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return the attached pictures: ``thumbnail``, ``label``, ``macro`` (the slide preview) and others by name."""
        found: dict[str, tuple[Recipe, Facts]] = {}
        for item in self._attached:
            made = self._associated(item)
            name = _PICTURE_NAMES.get(item.name, item.safe_name)
            while name in found:
                name += "'"
            if made is not None:
                found[name] = made
        return found

    def _associated(self, item: Attachment) -> tuple[Recipe, Facts] | None:
        try:
            if item.kind in _EMBEDDED:
                source = Source(self.stamp, self._source.base + item.offset, item.size, self._source.strict)
                inner = CziBackend._inside(source)
                scene = inner.scenes()[0]
                return inner.array(scene), inner.metadata(scene)
            if item.kind.upper() in PICTURES:
                with self._source.lease() as document:
                    return self._picture(find_picture(document.file, item))
        except DamagedFileError as error:
            warnings.warn(f"{error}; the attachment is left out", DamagedFileWarning, stacklevel=2)
        return None

    def _picture(self, picture: Picture) -> tuple[Recipe, Facts]:
        height, width, samples = picture.shape
        shape = (1, 1, 1, height, width, *((samples,) if samples > 1 else ()))
        return self._source.recipe(picture, shape, np.dtype(np.uint8), shape), Facts.of(shape)

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the file stores a scene: compression, sub-blocks, tiles, pixel type, planes without tiles, …."""
        part = self._part(scene)
        with self._source.lease() as document:
            layout, columns = document.layout(part), document.columns
            rows = distinct(layout.row)
            mosaic = columns.starts("M")[rows]
            return {
                "compression": tuple(compression_name(int(code)) for code in distinct(columns.compression[rows])),
                "subblocks": len(rows),
                "mosaic_tiles": len(distinct(mosaic[mosaic >= 0])),
                "pixel_type": PIXEL_TYPES[part.pixel_type].name,
                "missing_planes": layout.missing,
                "levels": document.level_count(part),
                "version": ".".join(map(str, document.header.version)),
            }


def _image_xml(document: CziDocument, *, strict: bool) -> Element | None:
    """Parse what the document says of the image; None where there is no document."""
    remedy = "Open it with strict=False to read the pixels without metadata."
    try:
        xml = document.xml
        return parse_image(xml) if xml else None
    except MalformedXmlError as error:
        problem = document.file.damaged(f"the XML is malformed: {error}", "metadata", remedy)
    except DamagedFileError as error:
        problem = document.file.damaged(error.cause, "metadata", remedy)
    if strict:
        raise problem
    warnings.warn(f"{problem.path}: {problem.cause}; there is no metadata", DamagedFileWarning, stacklevel=2)
    return None


def _timing(
    root: Element | None, first: int, count: int, stamps: NDArray[np.float64] | None
) -> tuple[dict[str, Any], str | None]:
    """Find the seconds of frames, and where: the interval of the document, its list, or the time stamps attached."""
    step = facts.time_increment(root)
    if step is not None:
        return {"time_increment": step}, "T Positions Interval"
    if count == 1:
        return {}, None
    offsets = facts.time_offsets(root, first, count)
    if offsets is not None:
        step = facts.even_step(offsets)
        regular = {"time_increment": step, "origin": {"T": float(offsets[0])}}
        return {"times": offsets} if step is None else regular, "T Positions List"
    if stamps is None or len(stamps) < first + count:
        return {}, None
    chosen = stamps[first : first + count]
    return {"times": chosen - chosen[0]}, "attachment TimeStamps"


def _planes(
    source: Source, part: Part, begun: str | None, stamps: NDArray[np.float64] | None, exposures: list[float | None]
) -> Columns:
    with source.lease() as document:
        return plane_columns(document, document.layout(part), begun, stamps, exposures)


def _original(source: Source, part: Part) -> dict[str, Any]:
    """Return the whole document, and what the directory says that no field holds."""
    with source.lease() as document:
        grid, index = document.grid(part), document.parts[part].full.index
        further = {letter: int(values[0]) for letter, values in index.items() if letter not in OWN_DIMS}
        directory = {
            "origin": dict(grid.origin),
            "first": {**grid.first, "C": int(grid.channels[0])},
            "scene": part.scene,
            "further": further | dict(part.further),
            "missing_planes": document.layout(part).missing,
        }
        try:
            content = to_dict(parse(document.xml)) if document.xml else {}
        except (MalformedXmlError, DamagedFileError) as error:
            content = {"error": str(error)}
        return {"ImageDocument": content, "SubBlockDirectory": directory}

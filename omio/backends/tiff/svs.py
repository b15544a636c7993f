"""Slide scanners: Aperio SVS and its kin, pyramids of tiles with label, macro and thumbnail beside them.

Which pages are levels, focal planes, channels or further pictures is tifffile's finding: Aperio (SVS), Leica (SCN),
PerkinElmer (QPI) and Philips. The description of an Aperio page lists ``key = value``: MPP in µm per pixel, AppMag
the objective's magnification, Date and Time of the scan; the others are XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.backends.tiff.base import TiffBackend, load_tags
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.tags import acquired, resolution
from omio.backends.tiff.where import stack_of
from omio.errors import DamagedFileError, SceneError
from omio.indexing import full_key
from omio.lazy.view import view
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.units import positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tifffile import TiffPageSeries

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.document import TiffDocument
    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import Recipe

BESIDE = frozenset({"label", "macro", "thumbnail", "overview", "other"})
"""Tifffile's names of series that are no scene."""
LEICA = "scn"
"""Leica's images have names that users gave."""
APERIO = "Aperio "


@dataclass(frozen=True)
class Slide:
    """A series of a slide file.

    Attributes
    ----------
    name
        As tifffile or the file names it.
    is_beside
        A picture beside the slide: label, macro, thumbnail.
    outer
        Lengths of T, Z and C.
    order
        Order in which pages follow these, slowest first.
    levels
        Pages of each level, the full one first.
    frames
        Height and width of each level; less than a page where that is padded.
    size_um
        µm per pixel of level 0, Y and X, where the file says.
    magnification
        Of the objective.
    """

    name: str
    is_beside: bool
    outer: dict[str, int]
    order: str
    levels: tuple[tuple[int, ...], ...]
    frames: tuple[tuple[int, int], ...]
    size_um: tuple[float | None, float | None]
    magnification: float | None


class SvsBackend(TiffBackend):
    """Reads slides of Aperio, Leica, PerkinElmer and Philips scanners."""

    name = "svs"
    extensions = (".svs", ".scn", ".qptiff", ".tif", ".tiff")
    dialects = ("svs",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with self.document() as document:
            if self.options.strict:
                document.check_chain()
            found = document.memo(slides_in)
        self._beside = [slide for slide in found if slide.is_beside]
        main = [slide for slide in found if not slide.is_beside]
        if not main:
            raise DamagedFileError("it holds no slide, only pictures beside it", path=path)
        names = [slide.name for slide in main]
        is_named = len(main) > 1 and len(set(names)) == len(names)
        self._scenes = dict(zip(names if is_named else map(str, range(len(main))), main, strict=True))

    def scenes(self) -> tuple[str, ...]:
        """Return "0", or the names of the slide's regions."""
        return tuple(self._scenes)

    def _slide(self, scene: str) -> Slide:
        try:
            return self._scenes[scene]
        except KeyError:
            known = ", ".join(self._scenes)
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {known}.") from None

    def level_count(self, scene: str) -> int:
        """Count the full resolution and the coarser ones."""
        return len(self._slide(scene).levels)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a level."""
        return self._recipe(self._slide(scene), level)

    def _recipe(self, slide: Slide, level: int = 0) -> Recipe:
        pages = slide.levels[level]
        recipe = self.recipe(slide.outer, stack_of(pages, slide.order, slide.outer), page=pages[0])
        t, z, c, _, _, *samples = recipe.shape
        return view(recipe, full_key((t, z, c, *slide.frames[level], *samples)))

    def metadata(self, scene: str) -> Facts:
        """Return pixel size, objective, channels and date; all else lies in ``original``."""
        slide = self._slide(scene)
        stated = {dim: size for dim, size in zip("YX", slide.size_um, strict=True) if size is not None}
        sources = {f"pixel_size.{dim}": "file: slide description" for dim in stated}
        if not stated:
            with self.document() as document:
                stated, sources = resolution(document.page(slide.levels[0][0]))
        objective = {"magnification": slide.magnification} if slide.magnification else None
        return self._facts(slide, pixel_size=stated, objective=objective, sources=sources)

    def _facts(self, slide: Slide, **known: Any) -> Facts:
        page = slide.levels[0][0]
        shape = self._recipe(slide).shape
        with self.document() as document:
            date = scanned(document)
            rows = channel_rows(document, slide) if shape[2] > 1 else ()
        original = Original(partial(load_original, self.stamp, page))
        return Facts.of(shape, channels=rows, acquired=date, original=original, **known)

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return label, macro, thumbnail and other pictures of the slide, by these names."""
        found: dict[str, tuple[Recipe, Facts]] = {}
        for slide in self._beside:
            name = slide.name.lower()
            found[name if name not in found else f"{name} {len(found)}"] = (self._recipe(slide), self._facts(slide))
        return found

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the full resolution is stored."""
        return self.page_details(self._slide(scene).levels[0][0])


def slides_in(document: TiffDocument) -> tuple[Slide, ...]:
    """Return the series of a file as tifffile finds them.

    Raises
    ------
    DamagedFileError
        Where tifffile can make nothing of the pages, or they lie where the engine does not look.
    """
    from omio.backends.tiff.codecs import FAULTS

    try:
        return tuple(_slide(series) for series in document.tiff.series)
    except (*FAULTS, NotImplementedError, SyntaxError) as error:
        cause, remedy = f"its series cannot be made out: {error}", 'backend="tiff" reads its pages as they lie.'
        raise DamagedFileError(cause, path=document.path, remedy=remedy) from error


def _slide(series: TiffPageSeries) -> Slide:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    outer = {dim: int(sizes[dim]) for dim in "TZC" if dim in sizes}
    strange = [dim for dim in series.axes if dim not in "TZCYXS"]
    if strange:
        raise ValueError(f"dims {', '.join(strange)}")
    levels = tuple(tuple(_page(page) for page in level.pages) for level in series.levels)
    frames = tuple((int(level.sizes["Y"]), int(level.sizes["X"])) for level in series.levels)
    order = "".join(dim for dim in series.axes if dim in outer)
    # tifffile divides the width that it multiplied
    x, y = (round(size, 9) for size in series.mpp) if series.mpp is not None else (None, None)
    magnification = positive(series.attrs.get("magnification"))
    is_beside = series.kind != LEICA and series.name.lower() in BESIDE
    return Slide(series.name, is_beside, outer, order, levels, frames, (positive(y), positive(x)), magnification)


def _page(page: Any) -> int:
    if page is None or not isinstance(page.index, int):
        raise ValueError("a level lies outside of the chain of pages")
    return int(page.index)


def scanned(document: TiffDocument) -> str | None:
    """Return when the slide was scanned: Aperio's Date (month first) and Time, else the DateTime tag."""
    known = aperio(document.description)
    text = f"{known.get('Date', '')} {known.get('Time', '')}"
    for form in ("%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return acquired(document.first)


def aperio(description: str) -> dict[str, str]:
    """Return the ``key = value`` entries of an Aperio description, its free text as "Header"."""
    if not description.startswith(APERIO):
        return {}
    header, *entries = description.split("|")
    pairs = (entry.partition("=") for entry in entries)
    return {"Header": header.strip()} | {key.strip(): value.strip() for key, _, value in pairs}


def channel_rows(document: TiffDocument, slide: Slide) -> list[dict[str, Any]]:
    """Return name and colour of each channel from the XML of PerkinElmer's pages."""
    places = stack_of(slide.levels[0], slide.order, slide.outer).pages(document, *(range(n) for n in _first(slide)))
    rows = []
    for page in places.ravel():
        text = document.page(int(page)).description
        found = {key: re.search(rf"<{key}>([^<]*)</{key}>", text) for key in ("Name", "Color")}
        row: dict[str, Any] = {"name": found["Name"][1].strip() or None} if found["Name"] else {}
        parts = re.findall(r"\d+", found["Color"][1]) if found["Color"] else []
        if len(parts) == 3 and all(int(part) < 256 for part in parts):
            row["color"] = "#{:02X}{:02X}{:02X}".format(*map(int, parts))
        rows.append(row)
    return rows


def _first(slide: Slide) -> tuple[int, int, int]:
    return 1, 1, slide.outer.get("C", 1)


def load_original(stamp: FileStamp, page: int) -> dict[str, Any]:
    """Read all tags of a page, and the entries of an Aperio description by name."""
    found = load_tags(stamp, page, 0)
    with open_document(stamp) as document:
        entries = aperio(document.page(page).description or "")
    return {**found, "Aperio": entries} if entries else found
